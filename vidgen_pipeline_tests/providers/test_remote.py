"""What all remote providers share: settings, retirement, key checks, prices."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import pytest
from dagster import OpExecutionContext, job, op

from vidgen_pipeline.domain.errors import (
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderRetired,
    ProviderUnavailable,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.providers import Category, Tokens
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.retrying import Timing
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck, RemoteProvider, Work
from vidgen_pipeline.providers.wire import BEARER, Credentials, KeyPlace, Phase, WireReply, WireRequest
from vidgen_pipeline_tests.providers.canary import CANARY, assert_no_canary
from vidgen_pipeline_tests.providers.catalogue_rows import catalogue_of
from vidgen_pipeline_tests.providers.vendor_double import Behaviour, FakeTime, Vendor, answers, vendor

T = TypeVar("T")

ROWS = """
[acme]
name = "Acme"
category = "video_ai"
adapter = "-:-"
recommended_model = "draw-1"
replacement = "Zenith"
[[acme.models]]
name = "draw-1"
price = { kind = "per_second", amount = "0.084", as_of = 2026-09-01, source = "test" }
[[acme.models]]
name = "draw-0"
retires_on = 2026-09-24
price = { kind = "per_second", amount = "0.1", as_of = 2026-01-01, source = "test" }
[[acme.models]]
name = "write-1"
price = { kind = "per_token", amount = "10", unit_size = 1000000, as_of = 2026-09-01, source = "test" }
input_price = { kind = "per_token", amount = "2", unit_size = 1000000, as_of = 2026-09-01, source = "test" }
cached_input_price = { kind = "per_token", amount = "0.1", unit_size = 1000000, as_of = 2026-09-01, source = "test" }
cache_write_price = { kind = "per_token", amount = "2.5", unit_size = 1000000, as_of = 2026-09-01, source = "test" }
"""
TODAY = Timing(now=lambda: datetime(2026, 11, 24, tzinfo=UTC))
KEY = Credentials({"key": CANARY})


class AcmeProvider(RemoteProvider):
    """A vendor for tests."""

    provider_name: ClassVar[str] = "acme"
    category: ClassVar[Category] = Category.VIDEO_AI
    vendor_url: ClassVar[str] = "http://127.0.0.1:1"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {OutOfCredit: ("1101", "1102"), ContentRejected: ("1301",)}

    quality: str = "high"

    async def ask_about_key(self) -> KeyCheck:
        request = WireRequest(method="GET", path="/account", phase=Phase.CHECK)
        return await self.door.send(request, lambda reply: KeyCheck(valid=True, message=reply.json()["plan"]))

    def estimate(self, work: Work) -> Cost:
        seconds = sum(5 if length <= 5000 else 10 for length in work.clips_ms)
        return self.price(seconds, {"seconds": seconds})

    @staticmethod
    def error_code(reply: WireReply) -> str:
        return str(reply.at("code") or "")


def network(url: str | None = None, rows: str = ROWS, timing: Timing = TODAY) -> Network:
    return Network(catalogue=catalogue_of(rows), sandbox_url=url, timing=timing)


def connected(
    provider: AcmeProvider, use: Callable[[AcmeProvider], Awaitable[T]], at: Network, key: Credentials = KEY
) -> T:
    async def run() -> T:
        async with provider.connected(key, network=at) as ready:
            return await use(ready)

    return asyncio.run(run())


def check(*script: Behaviour) -> tuple[KeyCheck, Vendor]:
    async def run() -> tuple[KeyCheck, Vendor]:
        async with vendor(*script) as double:
            timing = FakeTime().timing()
            async with AcmeProvider().connected(KEY, network=network(double.url, timing=timing)) as ready:
                return await ready.validate_key(), double

    return asyncio.run(run())


def test_a_key_is_checked_by_a_free_request():
    good, double = check(answers({"plan": "pro"}))
    assert good == KeyCheck(valid=True, message="pro")
    assert double.seen[0].headers["authorization"] == f"Bearer {CANARY}"
    assert double.seen[0].target == "/acme/account"
    bad, _ = check(answers({"message": "unknown key"}, 401))
    assert (bad.valid, bad.message) == (False, "Acme does not accept the key. It says: unknown key.")
    empty, _ = check(answers({"code": 1101, "message": "in arrears"}, 429))
    assert empty.valid
    assert "no credit left" in empty.message
    with pytest.raises(ProviderDown):
        check(answers({}, 503))


def test_errors_are_told_by_the_vendors_codes_also_in_a_200():
    assert AcmeProvider.kind_of_error(WireReply(status=200, content=b'{"code": 1301}')) is ContentRejected
    assert AcmeProvider.kind_of_error(WireReply(status=429, content=b'{"code": "1102"}')) is OutOfCredit
    assert AcmeProvider.kind_of_error(WireReply(status=429, content=b'{"code": 1302}')) is None
    assert AcmeProvider.kind_of_error(WireReply(status=200, content=b"\x00\x01")) is None


def test_a_vendor_may_say_in_its_own_way_how_long_to_wait():
    class SlowProvider(AcmeProvider):
        @staticmethod
        def seconds_to_wait(reply: WireReply) -> float | None:
            return float(reply.at("wait"))

    time = FakeTime()

    async def run() -> KeyCheck:
        async with vendor(answers({"wait": 4}, 429), answers({"plan": "pro"})) as double:
            at = network(double.url, timing=time.timing())
            async with SlowProvider().connected(KEY, network=at) as ready:
                return await ready.validate_key()

    assert asyncio.run(run()).valid
    assert time.waits == [4.5]


def test_prices_are_the_catalogues():
    async def use(ready: AcmeProvider) -> None:
        assert ready.estimate(Work(clips_ms=(4000, 6000))) == Cost(amount=Decimal("1.26"), usage={"seconds": 15})
        assert ready.price(1, {}, model="write-1").amount == Decimal("0.00001")
        assert ready.price(Decimal("0.000001"), {}).amount == Decimal("0.000001")

    connected(AcmeProvider(), use, network())


def test_each_kind_of_token_has_its_price():
    async def use(ready: AcmeProvider) -> None:
        cost = ready.price_tokens(Tokens(read=430, written=701))
        assert cost == Cost(amount=Decimal("0.00787"), usage={"input_tokens": 430, "output_tokens": 701})
        cached = ready.price_tokens(Tokens(read=430, cached=300, kept=100, written=701))
        assert cached.amount == Decimal("0.00735")  # 30 at 2, 300 at 0.1, 100 at 2.5 and 701 at 10 a million
        assert cached.usage["cached_input_tokens"] == 300

    connected(AcmeProvider(model="write-1"), use, network())


def test_the_model_is_the_recommended_one_unless_the_operator_names_another():
    async def name(ready: AcmeProvider) -> str:
        return ready.chosen_model.name

    assert connected(AcmeProvider(), name, network()) == "draw-1"
    assert connected(AcmeProvider(model="write-1"), name, network()) == "write-1"
    with pytest.raises(InvalidInput, match=r"no model 'draw-9'\. Choose one of: draw-1, draw-0, write-1"):
        connected(AcmeProvider(model="draw-9"), name, network())


def test_what_has_ended_is_never_asked_but_where_something_stands_in_for_it():
    async def use(ready: AcmeProvider) -> str:
        return ready.door.base_url

    old = AcmeProvider(model="draw-0")
    with pytest.raises(ProviderRetired, match=r"draw-0 of Acme ended on 24 September 2026\. Choose Zenith"):
        connected(old, use, network())
    before = Timing(now=lambda: datetime(2026, 9, 23, tzinfo=UTC))
    assert connected(old, use, network(timing=before)) == "http://127.0.0.1:1"
    assert connected(old, use, network("http://127.0.0.1:8900")) == "http://127.0.0.1:8900/acme"
    compatible = AcmeProvider(model="draw-0", base_url="http://localhost:9")
    assert connected(compatible, use, network()) == "http://localhost:9"
    gone = ROWS.replace("[acme]", "[acme]\nretired_on = 2025-12-31", 1)
    with pytest.raises(ProviderRetired, match="Acme ended on 31 December 2025"):
        connected(AcmeProvider(), use, network(rows=gone))


def test_without_a_key_nothing_is_asked():
    async def use(_: AcmeProvider) -> None:
        raise AssertionError("never reached")

    for key in (Credentials({}), Credentials({"secret_key": "x" * 20})):
        with pytest.raises(ProviderUnavailable, match="There is no key for Acme"):
            connected(AcmeProvider(), use, network(), key)


def test_unconnected_it_does_nothing_and_without_a_ledger_it_pays_nothing():
    with pytest.raises(ProviderUnavailable, match="not connected"):
        _ = AcmeProvider().door

    async def use(ready: AcmeProvider) -> None:
        with pytest.raises(ProviderUnavailable, match="without a ledger"):
            await ready.buy(
                WireRequest(method="POST", path="/x", phase=Phase.SUBMIT, paid=True),
                lambda reply: reply.json(),
                cost=lambda _: Cost(),
            )

    connected(AcmeProvider(), use, network())


def test_the_fingerprint_is_of_what_changes_the_result_and_test_mode_is_not_the_real_thing():
    async def fingerprint(ready: AcmeProvider) -> dict[str, Any]:
        return ready.fingerprint()

    real = connected(AcmeProvider(), fingerprint, network())
    assert real == {"provider": "acme", "model": "draw-1", "quality": "high"}
    patient = AcmeProvider(timeout_seconds=5, concurrency=9, model="draw-1")
    assert connected(patient, fingerprint, network()) == real
    assert connected(AcmeProvider(quality="low"), fingerprint, network()) != real
    assert connected(AcmeProvider(base_url="http://localhost:9"), fingerprint, network()) != real
    assert connected(AcmeProvider(), fingerprint, network("http://127.0.0.1:8900")) == {**real, "test_mode": True}


def test_connecting_changes_nothing_about_the_operators_settings_and_shows_no_key():
    provider = AcmeProvider(quality="low")

    async def use(ready: AcmeProvider) -> None:
        assert (ready.quality, ready.provider_name) == ("low", "acme")
        for shown in (repr(ready), str(ready), str(ready.model_dump()), repr(ready.door), repr(ready.door.__dict__)):
            assert_no_canary(shown)

    connected(provider, use, network())
    with pytest.raises(ProviderUnavailable):
        _ = provider.door


@op(required_resource_keys={"acme"})
def look(context: OpExecutionContext) -> None:
    assert context.resources.acme.concurrency == 7


def test_it_is_a_resource_of_dagster_with_its_settings_and_no_secret():
    @job(resource_defs={"acme": AcmeProvider(concurrency=7)})
    def looking() -> None:
        look()

    assert looking.execute_in_process().success
    schema = AcmeProvider.to_config_schema().as_field().config_type
    assert set(schema.fields) == {"base_url", "model", "timeout_seconds", "concurrency", "quality"}  # type: ignore[attr-defined]

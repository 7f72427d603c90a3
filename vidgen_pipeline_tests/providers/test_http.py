"""The door over real sockets, against a vendor that misbehaves in every way."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import trustme

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    InvalidInput,
    NoSuchJob,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import WorkContext, on_scene
from vidgen_pipeline.providers.wire import Credentials, FilePart, KeyPlace, Phase, WireReply, WireRequest
from vidgen_pipeline_tests.providers.canary import CANARY, assert_error_clean, assert_no_canary, assert_record_clean
from vidgen_pipeline_tests.providers.vendor_double import (
    Behaviour,
    FakeTime,
    Kept,
    Vendor,
    answers,
    bomb,
    closes_after_reading,
    closes_before_reading,
    drips,
    drips_headers,
    never_stops,
    says_nothing,
    speaks_no_http,
    vendor,
)

T = TypeVar("T")

WORK = WorkContext(user_id=uuid4(), video_id=uuid4(), step="voice", attempt=3)
HEADER_KEY = (KeyPlace(header="X-Api-Key"),)
QUERY_KEY = (KeyPlace(query="key"),)
HALF_GZIP = gzip.compress(b"x" * 9999)[:30]


def _own_errors(reply: WireReply) -> type[VidgenError] | None:
    """This vendor refuses a text in a 200, and has a 429 that means money."""
    return {"refused": ContentRejected, "no_money": OutOfCredit}.get(str(reply.at("code")))


@contextlib.asynccontextmanager
async def open_door(
    url: str,
    *,
    network: Network | None = None,
    time: FakeTime | None = None,
    log: Kept | None = None,
    places: tuple[KeyPlace, ...] = HEADER_KEY,
    timeout_seconds: float = 5,
) -> AsyncIterator[Door]:
    network = network or Network(log=log or Kept(), timing=(time or FakeTime()).timing())
    async with Door(
        network,
        provider="acme",
        base_url=url,
        key_places=places,
        credentials=Credentials({"key": CANARY}),
        judge=Judge("Acme", _own_errors),
        context=WORK,
        timeout_seconds=timeout_seconds,
    ) as door:
        yield door


def get(phase: Phase = Phase.READ, **fields: Any) -> WireRequest:
    return WireRequest(method="GET", path="/v1/things", phase=phase, **fields)


def run_at(work: Callable[[Vendor], Awaitable[T]], *script: Behaviour) -> T:
    async def run() -> T:
        async with vendor(*script) as double:
            return await work(double)

    return asyncio.run(run())


MISBEHAVIOURS: list[tuple[str, Behaviour, type[ProviderError], int, int | None]] = [
    ("401", answers({"message": f"bad key {CANARY}"}, 401), AuthFailed, 1, 401),
    ("402", answers({"error": {"message": "pay"}}, 402), OutOfCredit, 1, 402),
    ("403", answers(b"<html><title>Forbidden</title></html>", 403), AuthFailed, 1, 403),
    ("404", answers({}, 404), ProviderError, 1, 404),
    ("422", answers({"detail": [{"msg": "Field required"}]}, 422), ProviderError, 1, 422),
    ("429 for money", answers({"code": "no_money"}, 429), OutOfCredit, 1, 429),
    ("a refusal in a 200", answers({"code": "refused", "message": "no"}), ContentRejected, 1, 200),
    ("500", answers({"message": "oops"}, 500), ProviderDown, 4, 500),
    ("502 as a web page", answers(b"<html><body>nginx</body></html>", 502), ProviderDown, 4, 502),
    ("503", answers(b"", 503), ProviderDown, 4, 503),
    ("529", answers({}, 529), ProviderDown, 4, 529),
    ("closes before reading", closes_before_reading, ProviderDown, 4, None),
    ("closes after reading", closes_after_reading, ProviderDown, 4, None),
    ("stops in the middle", answers({"long": "x" * 999}, cut=100), ProviderDown, 4, 200),
    ("speaks no HTTP", speaks_no_http, ProviderDown, 4, None),
    ("a byte now and then", drips, ProviderDown, 4, 200),
    ("headers for ever", drips_headers, ProviderDown, 4, None),
    ("says nothing", says_nothing, ProviderDown, 4, None),
    ("garbage", answers(b"\x00\xff\x13garbage"), BadReply, 3, 200),
    ("a web page", answers(b"<html>Just a moment...</html>"), BadReply, 3, 200),
    ("empty", answers(b""), BadReply, 3, 200),
    ("nested too deep", answers(b"[" * 100 + b"]" * 100), BadReply, 3, 200),
    ("nested far too deep", answers(b"[" * 200_000), BadReply, 3, 200),
    ("NaN", answers(b'{"value": NaN}'), BadReply, 3, 200),
    ("never stops", never_stops, BadReply, 1, 200),
    ("a gzip bomb", bomb(), BadReply, 1, 200),
    ("broken gzip", answers(b"no gzip", headers={"Content-Encoding": "gzip"}), BadReply, 3, 200),
    ("half of a gzip", answers(HALF_GZIP, headers={"Content-Encoding": "gzip"}), ProviderDown, 4, 200),
    ("an encoding nobody asked for", answers(b"x", headers={"Content-Encoding": "br"}), BadReply, 3, 200),
    ("a redirect", answers(b"", 302, {"Location": "http://169.254.169.254/"}), BadReply, 3, 302),
    ("a redirect to nowhere", answers(b"", 302, {"Location": "http://[::1"}), ProviderDown, 4, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "kind", "requests", "status"),
    [case[1:] for case in MISBEHAVIOURS],
    ids=[case[0] for case in MISBEHAVIOURS],
)
@pytest.mark.parametrize("places", [HEADER_KEY, QUERY_KEY], ids=["key in a header", "key in the query"])
def test_every_misbehaviour_has_its_error_its_tries_and_its_records(
    behaviour: Any,
    kind: type[ProviderError],
    requests: int,
    status: int | None,
    places: tuple[KeyPlace, ...],
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    log, time = Kept(), FakeTime()

    async def work(double: Vendor) -> VidgenError:
        timeout = {drips: 0.4, drips_headers: 0.1, says_nothing: 0.1}.get(behaviour, 30)
        async with open_door(double.url, log=log, time=time, places=places, timeout_seconds=timeout) as door:
            with pytest.raises(VidgenError) as caught:
                await door.send(get(query={"q": "fox"}, max_reply_bytes=1_000_000), lambda reply: reply.json())
            assert double.connections == requests
            assert_no_canary(repr(door))
            return caught.value

    with on_scene(7):
        error = run_at(work, behaviour)
    assert type(error) is kind
    assert error.provider == "acme"
    assert "Acme" in error.message
    assert_error_clean(error)
    assert_no_canary(caplog.text)
    assert len(time.waits) == requests - 1
    assert [record.try_number for record in log.records] == list(range(1, requests + 1))
    for record in log.records:
        assert_record_clean(record)
        assert (record.provider, record.method, record.endpoint, record.phase) == ("acme", "GET", "/v1/things", "read")
        assert (record.status_code, record.error_code, record.scene) == (status, kind.code, 7)
        assert record.context == WORK
        assert record.error_message == str(error)
        assert record.duration_ms >= 0
        assert record.request_body == {"query": {"q": "fox"}}


def test_the_key_goes_out_and_is_shown_by_its_ending_only():
    log = Kept()

    async def work(double: Vendor) -> Vendor:
        async with open_door(double.url, log=log) as door:
            assert await door.send(get(), lambda reply: reply.json()) == {"ok": True}
        async with open_door(double.url, log=log, places=QUERY_KEY) as door:
            await door.send(get(query={"q": "a b&c=ü", "safe": True, "page": 2}), lambda reply: reply.json())
        return double

    double = run_at(work, answers({"ok": True}, headers={"X-Request-Id": "req-1", "Set-Cookie": "session=abcdef"}))
    assert double.seen[0].headers["x-api-key"] == CANARY
    assert double.seen[0].target == "/v1/things"
    assert "cookie" not in double.seen[1].headers
    assert double.seen[1].target.endswith("key=canary%2F7Q%2Bxk%3D9Zr%26Lw2Vt8")
    assert double.seen[1].target.startswith("/v1/things?q=a+b%26c%3D%C3%BC&safe=true&page=2&")
    first, second = log.records
    assert first.request_headers == {"X-Api-Key": "***2Vt8"}
    assert first.vendor_request_id == "req-1"
    assert first.response_headers["set-cookie"] == "***cdef"
    assert first.response_body == {"ok": True}
    assert second.request_headers == {}
    assert second.request_body == {"query": {"q": "a b&c=ü", "safe": "true", "page": "2"}}
    for record in log.records:
        assert_record_clean(record)


def test_a_key_that_the_vendor_repeats_is_masked_in_the_record_and_in_the_error():
    log = Kept()
    said = {"message": f"the key {CANARY} (Basic dXNlcjpjYW5hcnkvN1EreGs9OVpyJkx3MlZ0OA==) is bad", "you_sent": CANARY}

    async def work(double: Vendor) -> VidgenError:
        async with open_door(double.url, log=log) as door:
            with pytest.raises(AuthFailed) as caught:
                await door.send(get(), lambda reply: reply.json())
            return caught.value

    error = run_at(work, answers(said, 401, {"X-Echo": CANARY}))
    assert_error_clean(error)
    assert "***2Vt8" in error.message
    assert log.records[0].response_body["you_sent"] == "***2Vt8"
    assert_record_clean(log.records[0])


def test_a_signed_key_is_made_anew_for_each_request_and_masked():
    log = Kept()
    made: list[float] = []

    def sign(parts: Any, now: float) -> str:
        made.append(now)
        return f"Bearer signed-by-{parts['key'][:6]}-{len(made)}-xyzw"

    places = (KeyPlace(header="Authorization", make=sign, needs=("key",)),)

    async def work(double: Vendor) -> Vendor:
        async with open_door(double.url, log=log, places=places) as door:
            await door.send(get(), lambda reply: reply.json())
            await door.send(get(), lambda reply: reply.json())
        return double

    double = run_at(work, answers({"echo": "you sent signed-by-canary-1-xyzw"}, headers={"Set-Cookie": "a=b"}))
    assert [seen.headers["authorization"][-6:] for seen in double.seen] == ["1-xyzw", "2-xyzw"]
    assert "cookie" not in double.seen[1].headers
    assert log.records[0].request_headers == {"Authorization": "***"}
    assert "signed-by" not in str(log.records[0].response_body)


def test_a_vendor_that_recovers_is_asked_until_it_answers():
    time, log = FakeTime(), Kept()

    async def work(double: Vendor) -> Any:
        async with open_door(double.url, time=time, log=log) as door:
            return await door.send(get(), lambda reply: reply.json(), cost=lambda _: Cost(usage={"tokens": 5}))

    value = run_at(work, closes_after_reading, answers({}, 503), answers({"ok": 1}))
    assert value == {"ok": 1}
    assert time.waits == [0.375, 0.75]
    assert [record.error_code for record in log.records] == ["provider_down", "provider_down", None]
    assert [record.cost.usage for record in log.records] == [{}, {}, {"tokens": 5}]


def test_nothing_listens():
    time = FakeTime()

    async def work() -> VidgenError:
        async with open_door("http://127.0.0.1:1", time=time) as door:
            with pytest.raises(ProviderDown, match="could not be reached") as caught:
                await door.send(get(), lambda reply: reply.json())
            return caught.value

    assert_error_clean(asyncio.run(work()))
    assert len(time.waits) == 3


def test_too_many_requests_are_waited_for_as_long_as_the_vendor_says():
    time = FakeTime()

    async def work(double: Vendor) -> Any:
        async with open_door(double.url, time=time) as door:
            return await door.send(get(), lambda reply: reply.json())

    limited = [answers({}, 429, {"Retry-After": "7"}) for _ in range(3)]
    assert run_at(work, *limited, answers({}, 429), answers({"ok": 1})) == {"ok": 1}
    assert time.waits[:3] == [7.5, 7.5, 7.5]
    assert len(time.waits) == 4


def test_a_wait_beyond_all_patience_is_left_to_the_person():
    time = FakeTime()

    async def work(double: Vendor) -> RateLimited:
        async with open_door(double.url, time=time) as door:
            with pytest.raises(RateLimited) as caught:
                await door.send(get(), lambda reply: reply.json())
            assert double.connections == 1
            return caught.value

    assert run_at(work, answers({}, 429, {"Retry-After": "86400"})).retry_after == 86400
    assert time.waits == []


def test_polls_are_patient_and_end_at_their_deadline():
    time = FakeTime()

    async def work(double: Vendor) -> str:
        async with open_door(double.url, time=time) as door:
            ready = await door.poll(
                get(Phase.POLL), lambda reply: reply.json().get("url"), every_seconds=5, deadline_seconds=600
            )
            with pytest.raises(ProviderDown, match="did not finish within 10 minutes"):
                await door.poll(get(Phase.POLL), lambda _: None, every_seconds=5, deadline_seconds=600)
            assert isinstance(ready, str)
            return ready

    running = answers({})
    broken = [closes_after_reading, answers({}, 502), answers(b"garbage"), answers({}, 404)]
    slow = answers({}, headers={"Retry-After": "30"})
    assert run_at(work, running, *broken, slow, running, answers({"url": "here"})) == "here"
    assert time.waits[0] == 5
    assert 30 in time.waits
    assert 600 <= time.now < 1300


def test_a_request_may_be_made_anew_for_each_try():
    async def work(double: Vendor) -> list[str]:
        numbers = iter(range(10))

        def made(phase: Phase) -> WireRequest:
            return WireRequest(method="GET", path="/x", headers={"trace": str(next(numbers))}, phase=phase)

        async with open_door(double.url) as door:
            assert await door.send(lambda: made(Phase.CHECK), lambda reply: reply.json()["url"]) == "here"
            await door.poll(
                lambda: made(Phase.POLL), lambda reply: reply.json()["url"], every_seconds=5, deadline_seconds=60
            )
        return [seen.headers["trace"] for seen in double.seen]

    traces = run_at(work, answers({}, 503), answers({"url": "here"}), answers({}, 503), answers({"url": "here"}))
    assert len(traces) == len(set(traces)) == 4


def test_a_job_that_is_not_known_is_asked_for_again_for_a_while():
    async def work(double: Vendor) -> int:
        async with open_door(double.url, time=FakeTime()) as door:
            ask: dict[str, Any] = {"every_seconds": 5, "deadline_seconds": 600}
            assert await door.poll(get(Phase.POLL), lambda reply: reply.json()["url"], **ask) == "here"
            before = double.connections
            with pytest.raises(NoSuchJob):
                await door.poll(get(Phase.POLL), lambda reply: reply.json()["url"], hidden_seconds=12, **ask)
            return double.connections - before

    assert run_at(work, answers({}, 404), answers({}, 404), answers({"url": "here"}), answers({}, 404)) == 4


def test_a_poll_that_never_makes_sense_fails_after_three_tries():
    async def work(double: Vendor) -> int:
        async with open_door(double.url) as door:
            with pytest.raises(BadReply):
                await door.poll(
                    get(Phase.POLL), lambda reply: reply.json()["url"], every_seconds=5, deadline_seconds=600
                )
            return double.connections

    assert run_at(work, answers({"no": "url"})) == 3


def test_an_outage_of_half_an_hour_costs_one_try_a_minute_and_ends_well():
    time = FakeTime()

    async def outage(visit: Any) -> None:
        await (answers({"url": "x"}) if time.now > 1800 else answers({}, 503))(visit)

    async def work(double: Vendor) -> tuple[int, int]:
        network = Network(timing=time.timing())
        async with open_door(double.url, network=network) as door:
            tries_before = 0

            async def look() -> None:
                nonlocal tries_before
                with pytest.raises(ProviderDown):
                    await door.send(get(), lambda reply: reply.json())
                tries_before = double.connections
                with pytest.raises(ProviderDown, match=r"did not finish|trouble"):
                    await door.poll(get(Phase.POLL), lambda _: 1, every_seconds=1, deadline_seconds=1)
                with pytest.raises(ProviderDown, match="left alone"):
                    await door.send(get(), lambda reply: reply.json())

            await look()
            url = await door.poll(
                get(Phase.POLL), lambda reply: reply.json()["url"], every_seconds=5, deadline_seconds=3600
            )
            assert url == "x"
            return tries_before, double.connections

    before, after = run_at(work, outage)
    assert before == 4
    assert after - before <= 32
    assert 1800 <= time.now <= 1900


def test_the_breaker_is_of_one_provider_and_account():
    time = FakeTime()

    async def work(double: Vendor) -> None:
        network = Network(timing=time.timing())
        async with open_door(double.url, network=network) as door:
            for _ in range(2):
                with pytest.raises(ProviderDown):
                    await door.send(get(), lambda reply: reply.json())
        assert double.connections == 5
        async with Door(
            network, provider="acme", base_url=double.url, key_places=HEADER_KEY, judge=Judge("Acme", _own_errors),
            credentials=Credentials({"key": "another"}), context=WORK, timeout_seconds=5,
        ) as other:  # fmt: skip
            with pytest.raises(ProviderDown):
                await other.send(get(), lambda reply: reply.json())
        assert double.connections == 9

    run_at(work, answers({}, 500))


def test_refusals_do_not_open_the_breaker():
    async def work(double: Vendor) -> int:
        async with open_door(double.url) as door:
            for _ in range(8):
                with pytest.raises(AuthFailed):
                    await door.send(get(), lambda reply: reply.json())
            return double.connections

    assert run_at(work, answers({}, 401)) == 8


def test_a_paid_request_has_no_other_way_than_the_ledger():
    async def work(double: Vendor) -> int:
        async with open_door(double.url) as door:
            with pytest.raises(ValueError, match="ledger"):
                await door.send(
                    WireRequest(method="POST", path="/v1/x", phase=Phase.SUBMIT, paid=True), lambda reply: reply.json()
                )
            return double.connections

    assert run_at(work, answers({})) == 0


def test_bodies_go_out_as_they_are_meant_and_are_logged_masked(tmp_path: Path):
    log = Kept()
    upload = tmp_path / "clip.bin"
    upload.write_bytes(b"\x00\x01" * 1_000_000)
    picture = FilePart(file_name="i.png", media_type="image/png", content=b"\x89PNG")

    async def work(double: Vendor) -> Vendor:
        async with open_door(double.url, log=log) as door:
            for fields in (
                {"json": {"text": "Füchse", "api_key": CANARY, "n": 1}},
                {"form": {"a": "1", "token": "abcdefghijklmnop"}},
                {"form": {"a": "1"}, "files": {"image": picture}},
                {"content": b"raw bytes", "headers": {"Content-Type": "text/plain"}},
                {"content": upload},
            ):  # fmt: skip
                request = WireRequest(method="POST", path="/v1/x", phase=Phase.READ, **fields)
                await door.send(request, lambda reply: reply.json())
        return double

    double = run_at(work, answers({}))
    as_json, form, multipart, raw, file = double.seen
    assert as_json.json() == {"text": "Füchse", "api_key": CANARY, "n": 1}
    assert form.body == b"a=1&token=abcdefghijklmnop"
    assert b'name="image"; filename="i.png"' in multipart.body
    assert raw.body == b"raw bytes"
    assert file.body == upload.read_bytes()
    assert "transfer-encoding" not in file.headers
    bodies = [record.request_body for record in log.records]
    assert bodies[0] == {"text": "Füchse", "api_key": "***2Vt8", "n": 1}
    assert bodies[1] == {"a": "1", "token": "***mnop"}
    assert bodies[2]["image"]["size_bytes"] == 4
    assert bodies[3] == "raw bytes"
    assert bodies[4] == {"type": "file", "size_bytes": 2_000_000}


def test_what_can_not_be_sent_is_no_connection_at_all():
    async def work(double: Vendor) -> int:
        async with open_door(double.url) as door:
            broken = ({"json": {"a": float("nan")}}, {"json": {"a": object()}}, {"headers": {"X-A": "line\r\nbreak"}})
            for fields in broken:
                with pytest.raises(ProviderError, match="could not be put together"):
                    await door.send(get(**fields), lambda reply: reply.json())
            return len(double.seen)

    assert run_at(work, answers({})) == 0


def test_an_address_from_a_vendor_gets_no_key_and_must_be_public():
    log = Kept()

    async def work(double: Vendor) -> int:
        async with open_door(double.url, log=log) as door:
            for url in (f"{double.url}/put?sig=1", "https://127.0.0.1/put?sig=1", "https://localhost/put?sig=1"):
                with pytest.raises(BadReply, match="not fetched from"):
                    await door.send(
                        WireRequest(method="PUT", url=url, phase=Phase.READ, content=b"x"), lambda reply: reply.status
                    )
        before = double.connections
        network = Network(sandbox_url=double.url, timing=FakeTime().timing(), log=log)
        async with open_door(double.url, network=network) as door:
            request = WireRequest(method="PUT", url=f"{double.url}/put?sig=1", phase=Phase.READ, content=b"x")
            assert await door.send(request, lambda reply: reply.status) == 200
        assert "x-api-key" not in double.seen[0].headers
        return before

    assert run_at(work, answers({})) == 0
    assert all("sig" not in record.endpoint for record in log.records)
    assert [record.test_mode for record in log.records] == [False, False, False, True]


def test_a_bomb_is_put_out_before_it_fills_the_memory():
    async def work(double: Vendor) -> int:
        async with open_door(double.url) as door:
            tracemalloc.start()
            with pytest.raises(BadReply):
                await door.send(get(max_reply_bytes=1_000_000), lambda reply: reply.json())
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return peak

    assert run_at(work, bomb()) < 8_000_000


def test_a_request_that_is_stopped_has_a_record_if_any_of_it_left():
    log = Kept()

    async def work(double: Vendor) -> None:
        arrived, asked = asyncio.Event(), asyncio.Event()

        async def holds(visit: Any) -> None:
            await visit.read()
            arrived.set()
            await asyncio.sleep(3600)

        async def never(_: str, __: int) -> list[str]:
            asked.set()
            return await asyncio.Future()

        double.script[:] = [holds]
        network = Network(log=log, timing=FakeTime().timing(), resolver=never)
        async with open_door(double.url, network=network) as door:
            elsewhere = WireRequest(method="PUT", url="https://uploads.example.test/1", phase=Phase.READ)
            for request, under_way in ((get(), arrived), (elsewhere, asked)):
                task = asyncio.create_task(door.send(request, lambda reply: reply.json()))
                await under_way.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task

    run_at(work, says_nothing)
    assert [(record.endpoint, record.error_code) for record in log.records] == [("/v1/things", "cancelled")]


def test_a_stranger_who_can_not_prove_who_it_is_gets_nothing():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(tls)  # by an authority that nobody trusts

    async def work() -> None:
        async with vendor(answers({}), tls=tls) as double:
            async with open_door(double.url) as door:
                with pytest.raises(ProviderDown, match="can't prove that it is Acme"):
                    await door.send(get(), lambda reply: reply.json())
            assert double.seen == []

    asyncio.run(work())


def test_base_urls_are_https_but_on_this_machine_and_test_mode_beats_all():
    live, test = Network(), Network(sandbox_url="http://127.0.0.1:8900/")
    own = "https://api.acme.test"
    assert live.base_url("acme", own, None) == own
    assert live.base_url("acme", own, "https://proxy.example.test/acme/") == "https://proxy.example.test/acme"
    assert live.base_url("acme", own, "http://localhost:9000") == "http://localhost:9000"
    assert test.base_url("acme", own, "https://proxy.example.test") == "http://127.0.0.1:8900/acme"
    for bad in ("http://proxy.example.test", "ftp://127.0.0.1", "https://u:p@x.test", "https://x.test/?a=b", "x.test"):
        with pytest.raises(InvalidInput):
            live.base_url("acme", own, bad)


def test_reading_a_large_answer_does_not_hold_the_loop():
    """While five megabytes are read and masked, other tasks go on."""
    turns = 0

    async def work(double: Vendor) -> int:
        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with open_door(double.url) as door:
            counting = asyncio.create_task(count())
            before = 0

            def read(reply: WireReply) -> int:
                nonlocal before
                before = turns
                value = reply.json()
                deadline = 50
                while turns < before + deadline:  # ends only if the loop goes on meanwhile
                    pass
                return len(value)

            length = await door.send(get(), read)
            counting.cancel()
            return length

    assert run_at(work, answers(["words"] * 500_000)) == 500_000

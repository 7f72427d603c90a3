"""Nothing is paid twice: crashes, lost answers, races and cancelling, against a vendor that counts its charges."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    Cancelled,
    ContentRejected,
    NotFound,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    RateLimited,
    ResultExpired,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.providers.jobs import Job, buy_job
from vidgen_pipeline.providers.network.records import on_scene
from vidgen_pipeline.providers.paid import Bought, buy_reply
from vidgen_pipeline.providers.wire import Phase, WireRequest
from vidgen_pipeline.runtime.postgres.databases import Databases
from vidgen_pipeline.services.provider_calls import allow_paying_again
from vidgen_pipeline.services.reviewing import unknown_calls
from vidgen_pipeline_tests.providers.canary import CANARY, assert_error_clean, assert_no_canary, assert_record_clean
from vidgen_pipeline_tests.providers.vendor_double import (
    Behaviour,
    Vendor,
    Visit,
    answers,
    closes_after_reading,
    closes_before_reading,
    drips,
    says_nothing,
    vendor,
)
from vidgen_pipeline_tests.services.paying import (
    CANCELLABLE,
    FINDABLE,
    MP4,
    PRICE,
    Crash,
    House,
    JobVendor,
    a_job,
    a_line,
    read_line,
)

T = TypeVar("T")

SPOKEN = answers({"spoken": "rain", "echo": CANARY}, headers={"Request-Id": "r1"})


@pytest.fixture(scope="module")
def calls_engine(server: Databases) -> Iterator[Engine]:
    """One database for all tests here: each has a user and a video of its own."""
    admin = open_engine(server.dagster_url, pooled=False).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE test_calls TEMPLATE vidgen"))
    engine = open_engine(make_url(server.vidgen_url).set(database="test_calls").render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE test_calls WITH (FORCE)"))


@pytest.fixture
def house(calls_engine: Engine, tmp_path: Path) -> House:
    return House(calls_engine, tmp_path)


def at(work: Callable[[Vendor], Awaitable[T]], *script: Behaviour) -> T:
    async def run() -> T:
        async with vendor(*script) as double:
            return await work(double)

    return asyncio.run(run())


async def speak(house: House, double: Vendor, crash: str = "", **door: Any) -> Bought[str]:
    async with house.door(double.url, **door) as opened:
        return await buy_reply(opened, house.ledger(crash), a_line(), read_line, lambda _: PRICE)


async def draw(house: House, double: Vendor, into: Path, crash: str = "", **recovery: Any) -> Bought[Any]:
    async with house.door(double.url) as opened:
        return await buy_job(opened, house.ledger(crash), a_job(into, **recovery), into)


def test_the_same_line_is_paid_for_once(house: House):
    async def work(double: Vendor) -> tuple[Bought[str], Bought[str]]:
        with on_scene(2):
            first = await speak(house, double)
            house.next_attempt()
            return first, await speak(house, double)

    async def run(double: Vendor) -> tuple[Bought[str], Bought[str], int]:
        first, again = await work(double)
        return first, again, len(double.seen)

    first, again, requests = at(run, SPOKEN)
    assert requests == 1
    assert (first.value, again.value) == ("rain", "rain")
    assert (first.cost, again.cost) == (PRICE, PRICE)
    row = house.rows()[0]
    assert (row["status"], row["unit"], row["provider"], row["model"]) == ("done", "scene-2", "acme", "say-1")
    assert (row["cost_amount"], row["cost_currency"], row["usage"]) == (Decimal("0.42"), "USD", {"seconds": 5})
    assert row["sent_at"] is not None
    assert row["finished_at"] is not None
    assert house.log.records[0].call_id == row["id"]
    assert house.log.records[0].cost == PRICE
    (kept,) = (house.scratch / "artifacts").rglob("*.txt")
    assert_no_canary(kept.read_text())
    content = base64.b64decode(json.loads(kept.read_text())["content_base64"]).decode()
    assert json.loads(content) == {"spoken": "rain", "echo": "***2Vt8"}


def test_another_scene_another_text_and_another_vendor_are_other_work(house: House):
    async def work(double: Vendor) -> int:
        async with house.door(double.url) as door:
            for scene, words in ((1, "Rain."), (2, "Rain."), (2, "Snow.")):
                with on_scene(scene):
                    await buy_reply(door, house.ledger(), a_line(words), read_line, lambda _: PRICE)
        return len(double.seen)

    assert at(work, SPOKEN) == 3


@pytest.mark.parametrize(
    ("behaviour", "kind", "status"),
    [
        (closes_before_reading, SubmitUnknown, "unknown"),
        (closes_after_reading, SubmitUnknown, "unknown"),
        (says_nothing, SubmitUnknown, "unknown"),
        (drips, SubmitUnknown, "unknown"),
        (answers({"spoken": "x" * 500}, cut=50), SubmitUnknown, "unknown"),
        (answers({}, 500), SubmitUnknown, "unknown"),
        (answers({}, 502), SubmitUnknown, "unknown"),
        (answers(b"<html>", 503), SubmitUnknown, "unknown"),
        (answers({}, 504), SubmitUnknown, "unknown"),
        (answers({}, 408), SubmitUnknown, "unknown"),
        (answers(b"garbage"), SubmitUnknown, "unknown"),
        (answers({"wrong": "schema"}), SubmitUnknown, "unknown"),
        (answers(b""), SubmitUnknown, "unknown"),
        (answers({}, 302, {"Location": "/elsewhere"}), SubmitUnknown, "unknown"),
        (answers({}, 400), ProviderError, "failed"),
        (answers({}, 401), AuthFailed, "failed"),
        (answers({}, 402), OutOfCredit, "failed"),
        (answers({}, 422), ProviderError, "failed"),
        (answers({}, 429, {"Retry-After": "9999"}), RateLimited, "failed"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)) if callable(value) else str(value),
)
def test_a_paid_request_leaves_once_whatever_the_answer(
    behaviour: Behaviour, kind: type[VidgenError], status: str, house: House
):
    async def work(double: Vendor) -> tuple[VidgenError, int]:
        with pytest.raises(VidgenError) as caught:
            await speak(house, double, timeout_seconds=0.3 if behaviour in {says_nothing, drips} else 20)
        return caught.value, double.connections

    error, connections = at(work, behaviour)
    assert type(error) is kind
    assert connections == 1
    assert house.statuses() == [status]
    assert house.rows()[0]["error_code"] == error.code
    assert_error_clean(error)
    for record in house.log.records:
        assert_record_clean(record)
    house.next_attempt()

    async def again(double: Vendor) -> int:
        if status == "unknown":
            with pytest.raises(SubmitUnknown) as caught:
                await speak(house, double)
            assert caught.value.reference == str(house.rows()[0]["id"])
            assert caught.value.provider == "acme"
            assert double.connections == 0
            allow_paying_again(house.engine, house.user_id, house.rows()[0]["id"])
        assert (await speak(house, double)).value == "rain"
        return len(double.seen)

    assert at(again, SPOKEN) == 1
    assert house.statuses() == ["written_off" if status == "unknown" else "failed", "done"]


def test_a_limit_is_waited_for_and_nothing_is_lost(house: House):
    async def work(double: Vendor) -> int:
        assert (await speak(house, double)).value == "rain"
        return len(double.seen)

    assert at(work, answers({}, 429, {"Retry-After": "5"}), answers({}, 429), SPOKEN) == 3
    assert house.time.waits[0] == 5.5
    assert house.statuses() == ["done"]


def test_what_never_left_is_tried_again_and_is_not_unknown(house: House):
    async def work() -> None:
        async with house.door("http://127.0.0.1:1") as door:
            with pytest.raises(ProviderDown, match="could not be reached"):
                await buy_reply(door, house.ledger(), a_line(), read_line, lambda _: PRICE)

    asyncio.run(work())
    assert len(house.log.records) == 4
    assert house.statuses() == ["failed"]


CRASHES = ["before open", "after open", "before sent", "after sent", "before done", "after done"]


@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_while_a_line_is_bought(crash: str, house: House):
    async def work(double: Vendor) -> int:
        with pytest.raises(Crash):
            await speak(house, double, crash)
        house.next_attempt()
        if crash in {"after sent", "before done"}:  # nobody can know whether it was charged
            with pytest.raises(SubmitUnknown):
                await speak(house, double)
            assert house.statuses() == ["unknown"]
            requests = len(double.seen)
            allow_paying_again(house.engine, house.user_id, house.rows()[0]["id"])
            assert (await speak(house, double)).value == "rain"
            return requests
        assert (await speak(house, double)).value == "rain"
        return len(double.seen)

    assert at(work, SPOKEN) == (0 if crash == "after sent" else 1)


JOB_CRASHES = [*CRASHES[:4], "before accepted", "after accepted", "before done", "after done"]


@pytest.mark.parametrize("recovery", [{}, FINDABLE], ids=["not findable", "findable"])
@pytest.mark.parametrize("crash", JOB_CRASHES)
def test_a_crash_while_a_job_is_bought(crash: str, recovery: dict[str, Any], house: House, tmp_path: Path):
    studio = JobVendor()

    async def work(double: Vendor) -> None:
        with pytest.raises(Crash):
            await draw(house, double, tmp_path, crash, **recovery)
        house.next_attempt()
        lost = crash in {"after sent", "before accepted"}
        if lost and not (recovery and crash == "before accepted"):
            with pytest.raises(SubmitUnknown):
                await draw(house, double, tmp_path, **recovery)
        else:
            bought = await draw(house, double, tmp_path, **recovery)
            assert bought.value.path.read_bytes() == MP4
            assert bought.cost == PRICE
            assert house.statuses() == ["done"]

    at(work, studio.behave)
    assert studio.charged == (0 if crash == "after sent" else 1)
    assert len(studio.submits) <= 1


def test_a_finished_job_comes_from_the_store_or_from_its_number(house: House, tmp_path: Path):
    studio = JobVendor()

    async def work(double: Vendor) -> None:
        first = await draw(house, double, tmp_path)
        polls = studio.polls
        house.next_attempt()
        first.value.path.unlink()
        again = await draw(house, double, tmp_path)
        assert again.value.path.read_bytes() == MP4
        assert studio.polls == polls
        for kept in (tmp_path / "artifacts").rglob("*.mp4"):
            kept.unlink()
        third = await draw(house, double, tmp_path)
        assert third.value.path.read_bytes() == MP4
        assert studio.polls == polls + 1

    at(work, studio.behave)
    assert studio.charged == 1


def test_a_finished_line_whose_answer_is_gone_is_not_paid_again_unasked(house: House, tmp_path: Path):
    async def work(double: Vendor) -> int:
        await speak(house, double)
        for kept in (tmp_path / "artifacts").rglob("*.txt"):
            kept.unlink()
        with pytest.raises(SubmitUnknown, match="no longer here"):
            await speak(house, double)
        assert len(double.seen) == 1
        [doubtful] = unknown_calls(house.engine, house.user_id, house.video_id)
        allow_paying_again(house.engine, house.user_id, doubtful.id)
        assert (await speak(house, double)).value == "rain"
        return len(double.seen)

    assert at(work, SPOKEN) == 2
    assert [row["cost_amount"] for row in house.rows()] == [PRICE.amount] * 2


def test_a_finished_job_that_is_gone_on_both_sides_is_left_to_the_person(house: House, tmp_path: Path):
    studio = JobVendor()

    async def work(double: Vendor) -> None:
        await draw(house, double, tmp_path)
        for kept in (tmp_path / "artifacts").rglob("*.mp4"):
            kept.unlink()
        studio.hidden_polls = 1000
        with pytest.raises(SubmitUnknown, match="does not know now"):
            await draw(house, double, tmp_path)
        studio.hidden_polls = 0
        [doubtful] = unknown_calls(house.engine, house.user_id, house.video_id)
        allow_paying_again(house.engine, house.user_id, doubtful.id)
        assert (await draw(house, double, tmp_path)).value.size_bytes == len(MP4)

    at(work, studio.behave)
    assert house.statuses() == ["written_off", "done"]


def test_a_lost_submit_is_found_by_our_reference(house: House, tmp_path: Path):
    studio = JobVendor(lose_submits=1)

    async def work(double: Vendor) -> None:
        assert (await draw(house, double, tmp_path, **FINDABLE)).value.size_bytes == len(MP4)

    at(work, studio.behave)
    assert (studio.charged, len(studio.submits), studio.finds) == (1, 1, 1)
    row = house.rows()[0]
    assert (row["status"], row["job_id"]) == ("done", "job-1")
    assert studio.submits[0].json()["reference"] == str(row["id"])


def test_a_submit_that_is_surely_not_there_is_sent_again_under_the_same_reference(house: House, tmp_path: Path):
    studio = JobVendor(forget_submits=1)

    async def work(double: Vendor) -> None:
        await draw(house, double, tmp_path, **FINDABLE, absent_is_proof=True)

    at(work, studio.behave)
    assert (studio.charged, len(studio.submits), studio.finds) == (1, 2, 2)
    assert studio.submits[0].body == studio.submits[1].body
    assert 10 in house.time.waits


def test_a_submit_that_is_not_listed_is_left_to_the_person(house: House, tmp_path: Path):
    studio = JobVendor(forget_submits=1)

    async def work(double: Vendor) -> None:
        with pytest.raises(SubmitUnknown, match="no proof"):
            await draw(house, double, tmp_path, **FINDABLE)

    at(work, studio.behave)
    assert (studio.charged, len(studio.submits)) == (0, 1)
    assert house.statuses() == ["unknown"]


@pytest.mark.parametrize("lost", [{"lose_submits": 1}, {"forget_submits": 1}])
def test_where_a_reference_makes_nothing_twice_the_submit_is_repeated(
    lost: dict[str, Any], house: House, tmp_path: Path
):
    studio = JobVendor(**lost)

    async def work(double: Vendor) -> None:
        await draw(house, double, tmp_path, repeatable=True)

    at(work, studio.behave)
    assert (studio.charged, len(studio.submits)) == (1, 2)
    assert house.statuses() == ["done"]


def test_a_repeat_that_is_refused_says_nothing_of_the_first_one(house: House, tmp_path: Path):
    studio = JobVendor(lose_submits=1, broke_after_submits=1)

    async def work(double: Vendor) -> None:
        with pytest.raises(OutOfCredit):
            await draw(house, double, tmp_path, repeatable=True)

    at(work, studio.behave)
    assert (studio.charged, len(studio.submits)) == (1, 2)
    assert house.statuses() == ["unknown"]


def test_a_repeat_that_is_stopped_while_it_waits_leaves_the_first_in_doubt(house: House, tmp_path: Path):
    async def work(double: Vendor) -> None:
        waiting = asyncio.Event()

        async def sleep(_: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        patient, house.time.sleep = house.time.sleep, sleep  # type: ignore[method-assign, assignment]
        await _cancel_when(asyncio.create_task(draw(house, double, tmp_path, repeatable=True)), waiting)
        house.time.sleep = patient  # type: ignore[method-assign]
        assert house.statuses() == ["sent"]
        house.next_attempt()
        double.script[:] = [studio.behave]
        await draw(house, double, tmp_path, repeatable=True)

    studio = JobVendor()
    at(work, closes_after_reading, answers({}, 429))
    assert house.statuses() == ["done"]
    assert studio.charged == 1


def test_a_job_is_asked_for_where_it_was_given(house: House, tmp_path: Path):
    """The base URL is changed while a job is under way: it is polled at its old address, by its old number."""
    studio, other = JobVendor(), JobVendor()

    async def work(double: Vendor) -> None:
        with pytest.raises(Crash):
            await draw(house, double, tmp_path, "after accepted")
        house.next_attempt()
        async with vendor(other.behave) as elsewhere:
            job = a_job(tmp_path)
            async with house.door(elsewhere.url) as door:
                with pytest.raises(BadReply):  # its file lies at the first vendor, which is not this sandbox
                    await buy_job(door, house.ledger(), job, tmp_path)
            assert elsewhere.connections == 0

    at(work, studio.behave)
    assert studio.polls == 3
    assert house.rows()[0]["status"] == "accepted"


def test_work_whose_request_differs_each_time_is_known_by_its_identity(house: House, tmp_path: Path):
    """A render of files that are uploaded first: each upload gets another address, and none is made in vain."""
    studio, uploads = JobVendor(), 0

    def job(what: str) -> Job[str]:
        async def submit(reference: str) -> WireRequest:
            nonlocal uploads
            uploads += 1
            body = {"reference": reference, "source": f"https://uploads.test/{uploads}"}
            return WireRequest(method="POST", path="/jobs", json=body, phase=Phase.SUBMIT, paid=True, model="draw-1")

        return replace(a_job(tmp_path), submit=submit, identity=what)

    async def work(double: Vendor) -> None:
        async with house.door(double.url) as door:
            with pytest.raises(TypeError, match="identity"):
                await buy_job(door, house.ledger(), job(""), tmp_path)
            with pytest.raises(Crash):
                await buy_job(door, house.ledger("after accepted"), job("a timeline"), tmp_path)
            house.next_attempt()
            await buy_job(door, house.ledger(), job("a timeline"), tmp_path)
            await buy_job(door, house.ledger(), job("a timeline"), tmp_path)
            assert uploads == 1
            await buy_job(door, house.ledger(), job("another"), tmp_path)

    at(work, studio.behave)
    assert (uploads, studio.charged) == (2, 2)


def test_a_job_that_fails_may_be_bought_again(house: House, tmp_path: Path):
    studio = JobVendor(refuse_jobs=True)

    async def work(double: Vendor) -> None:
        with pytest.raises(ContentRejected, match="a policy") as caught:
            await draw(house, double, tmp_path)
        assert_error_clean(caught.value)
        assert caught.value.provider == "acme"
        (row,) = house.rows()
        assert (row["status"], row["error_code"]) == ("failed", "content_rejected")
        assert_no_canary(row["error_message"])
        studio.refuse_jobs = False
        await draw(house, double, tmp_path)

    at(work, studio.behave)
    assert house.statuses() == ["failed", "done"]


def test_an_address_that_ran_out_is_asked_for_once_more(house: House, tmp_path: Path):
    studio = JobVendor(expired_files=1)

    async def work(double: Vendor) -> None:
        await draw(house, double, tmp_path)
        house.next_attempt()
        studio.expired_files = 5
        with pytest.raises(ResultExpired):
            async with house.door(double.url) as door:
                await buy_job(door, house.ledger(), a_job(tmp_path, "a bear"), tmp_path)

    at(work, studio.behave)
    assert house.statuses() == ["done", "accepted"]


def test_a_job_that_takes_too_long_is_gone_on_with_later(house: House, tmp_path: Path):
    studio = JobVendor(running_polls=500)

    async def work(double: Vendor) -> None:
        with pytest.raises(ProviderDown, match="did not finish within 30 minutes"):
            await draw(house, double, tmp_path)
        assert house.statuses() == ["accepted"]
        house.next_attempt()
        studio.running_polls = 0
        await draw(house, double, tmp_path)

    at(work, studio.behave)
    assert studio.charged == 1


def test_of_two_tasks_that_want_the_same_one_pays(house: House):
    async def work(double: Vendor) -> int:
        async with house.door(double.url) as door:
            ledger = house.ledger()
            bought = await asyncio.gather(
                *(buy_reply(door, ledger, a_line(), read_line, lambda _: PRICE) for _ in range(5))
            )
        assert {one.value for one in bought} == {"rain"}
        return len(double.seen)

    assert at(work, SPOKEN) == 1


def test_what_is_of_no_use_may_be_bought_again(house: House):
    async def work(double: Vendor) -> int:
        bought = await speak(house, double)
        await house.ledger().failed(bought.call, ContentRejected("Not what was asked for."))
        await speak(house, double)
        return len(double.seen)

    assert at(work, SPOKEN) == 2
    assert [(row["status"], row["cost_amount"]) for row in house.rows()] == [
        ("failed", Decimal("0.42")),
        ("done", Decimal("0.42")),
    ]


async def _cancel_when(task: asyncio.Task[Any], ready: asyncio.Event) -> None:
    await ready.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_cancelling_waits_for_the_answer_to_a_paid_request(house: House):
    async def work(double: Vendor) -> int:
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def slow(visit: Visit) -> None:
            arrived.set()
            await go_on.wait()
            await SPOKEN(visit)

        double.script[:] = [slow]
        task = asyncio.create_task(speak(house, double))
        await arrived.wait()
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert house.statuses() == ["done"]
        house.next_attempt()
        assert (await speak(house, double)).value == "rain"
        return len(double.seen)

    assert at(work, SPOKEN) == 1


def test_cancelling_between_two_tries_leaves_nothing_in_doubt(house: House):
    async def work(double: Vendor) -> int:
        waiting = asyncio.Event()

        async def sleep(_: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        house.time.sleep = sleep  # type: ignore[method-assign, assignment]
        await _cancel_when(asyncio.create_task(speak(house, double)), waiting)
        assert house.statuses() == ["failed"]
        house.next_attempt()
        assert (await speak(house, double)).value == "rain"
        return len(double.seen)

    assert at(work, answers({}, 429), SPOKEN) == 2
    assert house.rows()[0]["error_code"] == "cancelled"


@pytest.mark.parametrize("can_cancel", [True, False])
def test_cancelling_a_running_job(can_cancel: bool, house: House, tmp_path: Path):
    async def work(double: Vendor) -> None:
        polled = asyncio.Event()
        studio.on_poll = polled.set
        recovery = CANCELLABLE if can_cancel else {}
        await _cancel_when(asyncio.create_task(draw(house, double, tmp_path, **recovery)), polled)

    studio = JobVendor(running_polls=10_000)
    at(work, studio.behave)
    assert studio.cancelled == (["job-1"] if can_cancel else [])
    assert house.statuses() == ["failed" if can_cancel else "accepted"]
    house.next_attempt()
    studio.running_polls = 0

    async def again(double: Vendor) -> None:
        with_old_address = house.rows()[-1]["base_url"]
        if not can_cancel:  # the vendor listens elsewhere now, as after a restart of this test's double
            with house.engine.begin() as connection:
                connection.execute(
                    text("UPDATE provider_calls SET base_url = :new WHERE base_url = :old"),
                    {"new": double.url, "old": with_old_address},
                )
        await draw(house, double, tmp_path)

    at(again, studio.behave)
    assert len(studio.submits) == (2 if can_cancel else 1)


def test_an_overtaken_worker_pays_for_nothing_but_its_facts_are_kept(house: House, tmp_path: Path):
    studio = JobVendor()

    async def work(double: Vendor) -> None:
        old = house.ledger()
        async with house.door(double.url) as door:
            job = a_job(tmp_path)
            call = await old.open_call(
                unit="",
                inputs_hash=job.submit("").fingerprint("acme"),  # type: ignore[union-attr]
                provider="acme",
                model="draw-1",
                base_url=double.url,
            )
            await old.sent(call)
            house.next_attempt()
            with pytest.raises(SubmitUnknown):
                await buy_job(door, house.ledger(), job, tmp_path)
            with pytest.raises(Cancelled):
                await old.accepted(call, "job-7")  # its answer comes late: the number is written down all the same
            assert (house.rows()[0]["status"], house.rows()[0]["job_id"]) == ("accepted", "job-7")
            bought = await buy_job(door, house.ledger(), job, tmp_path)
            assert bought.value.size_bytes == len(MP4)
            with pytest.raises(Cancelled):
                await old.open_call(unit="", inputs_hash="other", provider="acme", model="m", base_url="u")
            with pytest.raises(Cancelled):
                await old.failed(call, BadReply("no"))
            with pytest.raises(Cancelled):
                await old.sent(call)

    at(work, studio.behave)
    assert house.statuses() == ["done"]
    assert studio.submits == []


def test_a_request_whose_worker_ended_is_in_doubt_at_once_until_its_late_answer_says_more(house: House):
    async def work(double: Vendor) -> None:
        late, refused = house.ledger(), house.ledger()
        calls = []
        for ledger, inputs_hash in ((late, "late"), (refused, "refused")):
            calls.append(
                await ledger.open_call(
                    unit="", inputs_hash=inputs_hash, provider="acme", model="m", base_url=double.url
                )
            )
            await ledger.sent(calls[-1])
        house.next_attempt()
        assert [call.id for call in unknown_calls(house.engine, house.user_id, house.video_id)] == [
            call.id for call in calls
        ]
        assert all("before the answer" in row["error_message"] for row in house.rows())
        with pytest.raises(Cancelled):
            await late.done(calls[0], PRICE)
        with pytest.raises(Cancelled):
            await refused.failed(calls[1], BadReply("No."))

    at(work, SPOKEN)
    assert house.statuses() == ["done", "failed"]
    assert unknown_calls(house.engine, house.user_id, house.video_id) == []


def test_what_a_vendor_said_is_written_down_when_the_database_is_back(house: House):
    failures = 2

    async def work(double: Vendor) -> None:
        async with house.door(double.url) as door:
            ledger = house.ledger()
            call = await ledger.open_call(unit="", inputs_hash="h", provider="acme", model="m", base_url=double.url)
            await ledger.sent(call)

            @event.listens_for(house.engine, "do_execute")
            def away(_: Any, statement: str, *__: Any) -> None:
                nonlocal failures
                if failures and statement.startswith("UPDATE provider_calls"):
                    failures -= 1
                    raise OperationalError(statement, {}, Exception("the database is away"))

            await ledger.accepted(call, "job-1")
            event.remove(house.engine, "do_execute", away)
            assert door.provider == "acme"

    at(work, SPOKEN)
    assert failures == 0
    assert house.rows()[0]["job_id"] == "job-1"


def test_test_mode_and_real_work_know_nothing_of_each_other(house: House):
    async def work(double: Vendor) -> int:
        async with house.door(double.url) as door:
            await buy_reply(door, house.ledger(test_mode=True), a_line(), read_line, lambda _: PRICE)
            await buy_reply(door, house.ledger(), a_line(), read_line, lambda _: PRICE)
        return len(double.seen)

    assert at(work, SPOKEN) == 2
    assert [row["test_mode"] for row in house.rows()] == [True, False]


def test_of_twenty_calls_opened_at_once_there_is_one(house: House):
    ledger = house.ledger()

    def open_one(_: int) -> Any:
        return asyncio.run(
            ledger.open_call(unit="scene-1", inputs_hash="h", provider="acme", model="m", base_url="u")
        ).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(open_one, range(20)))) == 1
    assert house.statuses() == ["intent"]


def test_only_the_owner_may_let_an_unknown_call_be_paid_again(house: House):
    async def work(double: Vendor) -> None:
        with pytest.raises(SubmitUnknown):
            await speak(house, double)

    at(work, closes_after_reading)
    call_id = house.rows()[0]["id"]
    for user_id, wanted in ((uuid4(), call_id), (house.user_id, uuid4())):
        with pytest.raises(NotFound):
            allow_paying_again(house.engine, user_id, wanted)
    assert house.statuses() == ["unknown"]
    allow_paying_again(house.engine, house.user_id, call_id)
    with pytest.raises(NotFound):
        allow_paying_again(house.engine, house.user_id, call_id)


def test_a_disk_that_is_full_does_not_hide_what_was_paid(house: House, tmp_path: Path):
    async def work(double: Vendor) -> None:
        artifacts = tmp_path / "artifacts"
        artifacts.write_text("a file where the store's folder should be")
        with pytest.raises(VidgenError, match="can't be written"):
            await speak(house, double)

    at(work, SPOKEN)
    row = house.rows()[0]
    assert (row["status"], row["cost_amount"], row["outcome"]) == ("done", Decimal("0.42"), None)

"""Long jobs that are looked for, asked for and charged in ways of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import ContentRejected, NoSuchJob, ProviderError, SubmitUnknown
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.jobs import FailedJob, Job, buy_job
from vidgen_pipeline.providers.network.records import on_scene
from vidgen_pipeline.providers.paid import Claims, PaidCall
from vidgen_pipeline.providers.wire import Phase, WireReply, WireRequest
from vidgen_pipeline.services.provider_calls import allow_paying_again
from vidgen_pipeline_tests.providers.vendor_double import Vendor, vendor
from vidgen_pipeline_tests.services.paying import FINDABLE, House, JobVendor, a_job


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


def at(studio: JobVendor, work: Callable[[Vendor], Awaitable[None]]) -> None:
    async def run() -> None:
        async with vendor(studio.behave) as double:
            await work(double)

    asyncio.run(run())


async def draw(house: House, double: Vendor, into: Path, scene: int = 0, **wire: Any) -> None:
    job = replace(a_job(into), **wire)
    async with house.door(double.url) as door:
        with on_scene(scene):
            await buy_job(door, house.ledger(), job, into)


def listing(*job_ids: str) -> dict[str, Any]:
    """A vendor whose list shows these jobs, whatever is asked for."""
    return {**FINDABLE, "read_found": lambda *_: job_ids}


def test_a_job_of_another_call_is_never_taken(house: House, tmp_path: Path):
    studio = JobVendor()

    async def work(double: Vendor) -> None:
        await draw(house, double, tmp_path)
        studio.lose_submits = 1
        await draw(house, double, tmp_path, scene=1, **listing("job-1", "job-2"))

    at(studio, work)
    assert [row["job_id"] for row in house.rows()] == ["job-1", "job-2"]
    assert (studio.charged, studio.finds) == (2, 1)


def test_of_several_jobs_none_is_taken(house: House, tmp_path: Path):
    studio = JobVendor(lose_submits=1)

    async def work(double: Vendor) -> None:
        with pytest.raises(SubmitUnknown, match="may be this one or another"):
            await draw(house, double, tmp_path, **listing("job-1", "job-7"), absent_is_proof=True)

    at(studio, work)
    assert (house.statuses(), len(studio.submits), studio.finds) == (["unknown"], 1, 2)


@pytest.mark.parametrize("guessed", [False, True])
def test_what_is_guessed_is_not_taken_while_another_call_is_in_doubt(guessed: bool, house: House, tmp_path: Path):
    studio = JobVendor(forget_submits=1)

    async def work(double: Vendor) -> None:
        with pytest.raises(SubmitUnknown):
            await draw(house, double, tmp_path, **listing())
        studio.lose_submits = 1
        if guessed:
            with pytest.raises(SubmitUnknown):
                await draw(house, double, tmp_path, scene=1, **listing("job-1"), guessed=True)
        else:
            await draw(house, double, tmp_path, scene=1, **listing("job-1"))

    at(studio, work)
    assert house.statuses() == ["unknown", "unknown" if guessed else "done"]
    assert (studio.charged, len(studio.submits)) == (1, 2)


def test_the_ledger_knows_which_jobs_are_taken_and_whether_another_is_in_doubt(house: House):
    async def run() -> list[Claims]:
        ledger = house.ledger()

        async def call(unit: str, model: str = "m", base_url: str = "https://a.test") -> PaidCall:
            opened = await ledger.open_call(
                unit=unit, inputs_hash=str(uuid4()), provider="acme", model=model, base_url=base_url
            )
            await ledger.sent(opened)
            return opened

        ours = await call("scene-0")
        seen = [await ledger.claims(ours, ["a", "b"])]
        await ledger.accepted(await call("scene-1"), "a")
        await ledger.accepted(await call("scene-2", base_url="https://b.test"), "b")
        await call("scene-3", model="another")
        seen.append(await ledger.claims(ours, ["a", "b"]))
        await call("scene-4")
        seen.append(await ledger.claims(ours, []))
        return seen

    assert asyncio.run(run()) == [
        Claims(),
        Claims(frozenset({"a"}), in_doubt=False),
        Claims(frozenset(), in_doubt=True),
    ]


def test_no_such_job_is_an_answer_to_who_looks_for_one(house: House, tmp_path: Path):
    def read_found(call: PaidCall, reply: WireReply) -> list[str]:
        raise NoSuchJob("There is none.")

    studio = JobVendor(forget_submits=1)
    at(
        studio,
        lambda double: draw(house, double, tmp_path, **{**FINDABLE, "read_found": read_found}, absent_is_proof=True),
    )
    assert (house.statuses(), len(studio.submits), studio.finds) == (["done"], 2, 2)


@pytest.mark.parametrize(
    ("hidden_polls", "hidden_seconds", "known"), [(3, 20.0, True), (5, 20.0, False), (1, 0, False)]
)
def test_a_job_may_be_hidden_for_a_while_after_its_submit(
    hidden_polls: int, hidden_seconds: float, known: bool, house: House, tmp_path: Path
):
    studio = JobVendor(hidden_polls=hidden_polls)

    async def work(double: Vendor) -> None:
        if known:
            await draw(house, double, tmp_path, hidden_seconds=hidden_seconds)
            return
        with pytest.raises(SubmitUnknown, match="it took on a job that it does not know now") as caught:
            await draw(house, double, tmp_path, hidden_seconds=hidden_seconds)
        assert caught.value.reference == str(house.rows()[0]["id"])

    at(studio, work)
    assert house.statuses() == ["done" if known else "unknown"]
    assert studio.charged == 1


@pytest.mark.parametrize("refused", [False, True])
def test_a_job_that_vanished_and_came_back_is_gone_on_with(refused: bool, house: House, tmp_path: Path):
    studio = JobVendor(hidden_polls=10)

    async def work(double: Vendor) -> None:
        for _ in range(2):
            with pytest.raises(SubmitUnknown):
                await draw(house, double, tmp_path, hidden_seconds=0.0)
            house.next_attempt()
        studio.hidden_polls, studio.refuse_jobs = 0, refused
        if refused:
            with pytest.raises(ContentRejected):
                await draw(house, double, tmp_path)
        else:
            await draw(house, double, tmp_path)

    at(studio, work)
    assert house.statuses() == ["failed" if refused else "done"]
    assert (len(studio.submits), studio.charged) == (1, 1)


def test_only_a_person_has_a_job_that_vanished_paid_for_again(house: House, tmp_path: Path):
    studio = JobVendor(hidden_polls=1)

    async def work(double: Vendor) -> None:
        with pytest.raises(SubmitUnknown) as caught:
            await draw(house, double, tmp_path, hidden_seconds=0.0)
        allow_paying_again(house.engine, house.user_id, UUID(caught.value.reference))
        await draw(house, double, tmp_path)

    at(studio, work)
    assert house.statuses() == ["written_off", "done"]
    assert len(studio.submits) == 2


def test_each_poll_is_a_request_of_its_own(house: House, tmp_path: Path):
    studio, traces = JobVendor(running_polls=3), iter(range(100))

    def ask(job_id: str) -> WireRequest:
        headers = {"trace": str(next(traces))}
        return WireRequest(method="GET", path=f"/jobs/{job_id}", headers=headers, phase=Phase.POLL)

    async def work(double: Vendor) -> None:
        await draw(house, double, tmp_path, ask=ask)
        sent = [seen.headers["trace"] for seen in double.seen if "trace" in seen.headers]
        assert len(sent) == studio.polls == len(set(sent)) == 4

    at(studio, work)


def test_what_a_failed_job_cost_is_written_down(house: House, tmp_path: Path):
    spent = Cost(amount=Decimal("0.60"), usage={"credits": 60})
    studio = JobVendor(refuse_jobs=True)

    def read_state(reply: WireReply) -> FailedJob:
        return FailedJob(error=ProviderError("Acme drew something else."), cost=spent)

    job: Job[Any] = replace(a_job(tmp_path), read_state=read_state)

    async def work(double: Vendor) -> None:
        async with house.door(double.url) as door:
            with pytest.raises(ProviderError, match="something else"):
                await buy_job(door, house.ledger(), job, tmp_path)

    at(studio, work)
    (row,) = house.rows()
    assert (row["status"], row["cost_amount"], row["usage"]) == ("failed", Decimal("0.60"), {"credits": 60})
    assert [record.cost for record in house.log.records if record.cost.amount] == [spent]

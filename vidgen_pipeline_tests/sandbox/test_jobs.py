"""A job's life: through its states by being asked for, or by the clock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from vidgen_pipeline.sandbox.clock import Clock
from vidgen_pipeline.sandbox.jobs import Job, Jobs, JobState
from vidgen_pipeline_tests.sandbox.desk import FILM, Desk


def test_a_job_waits_works_and_ends(desk: Desk):
    film = desk.film()
    assert (film["state"], film["progress"], film["url"]) == ("waiting", 0, None)
    seen = [desk.look(film) for _ in range(4)]
    assert [look["state"] for look in seen] == ["waiting", "filming", "done", "done"]
    assert [look["progress"] for look in seen] == [pytest.approx(1 / 3), pytest.approx(2 / 3), 1, 1]
    assert desk.client.get(seen[-1]["url"]).status_code == 200


@pytest.mark.parametrize(
    ("pending", "states"),
    [(0, ["done"]), (1, ["filming", "done"]), (3, ["waiting", "filming", "filming", "done"])],
)
def test_the_pace_can_be_set(desk: Desk, pending: int, states: list[str]):
    desk.control("jobs", pending_polls=pending)
    film = desk.film()
    assert [desk.look(film)["state"] for _ in states] == states


def test_time_moves_a_job_too(desk: Desk):
    desk.control("jobs", pending_polls=1000, speed=2)
    film = desk.film()
    assert desk.look(film)["state"] == "waiting"
    desk.control("clock", advance_seconds=20)
    assert desk.look(film)["state"] == "filming"
    desk.control("clock", advance_seconds=20)
    assert desk.look(film)["state"] == "done"


def test_a_list_is_newest_first_and_moves_nothing(desk: Desk):
    films = [desk.film(name=name) for name in ("first", "second", "third")]
    for _ in range(5):
        listed = desk.toy("GET", "/v1/films?limit=2").json()
    assert [film["name"] for film in listed] == ["third", "second"]
    assert desk.look(films[0])["state"] == "waiting"


def test_a_cancelled_job_is_given_back_and_stays_cancelled(desk: Desk):
    film = desk.film()
    assert desk.toy("DELETE", f"/v1/films/{film['id']}").json()["state"] == "stopped"
    assert [desk.look(film)["state"] for _ in range(4)] == ["stopped"] * 4
    assert desk.charges()[0]["refunded_at"]
    assert desk.toy("DELETE", f"/v1/films/{film['id']}").status_code == 409


def test_a_finished_job_is_paid_for(desk: Desk):
    film = desk.finished(desk.film())
    assert desk.toy("DELETE", f"/v1/films/{film['id']}").status_code == 409
    assert desk.charges()[0]["refunded_at"] is None


def test_the_same_order_twice_is_two_jobs_and_two_charges(desk: Desk):
    answers = [desk.toy("POST", "/v1/films", json={**FILM, "name": "same"}) for _ in range(2)]
    assert len({answer.json()["id"] for answer in answers}) == 2
    assert [charge["reference"] for charge in desk.charges()] == ["same", "same"]


def _started(jobs: Jobs, work: asyncio.Future[Path]) -> Job:
    async def wait() -> Path:
        return await work

    return jobs.start(wait, provider="toy", account="me")


def test_work_that_takes_long_is_running_until_it_is_done(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vidgen_pipeline.sandbox.jobs._PATIENCE_SECONDS", 0.01)

    async def life() -> list[JobState]:
        jobs, work = Jobs(Clock()), asyncio.get_running_loop().create_future()
        jobs.pending_polls = 0
        job = _started(jobs, work)
        states = [(await jobs.look_at(job)).state for _ in range(2)]
        work.set_result(Path("film.mp4"))
        states.append((await jobs.look_at(job)).state)
        assert job.file == Path("film.mp4")
        return states

    assert asyncio.run(life()) == [JobState.RUNNING, JobState.RUNNING, JobState.SUCCEEDED]


def test_work_that_fails_here_fails_the_job(caplog: pytest.LogCaptureFixture):
    async def life() -> JobState:
        jobs, work = Jobs(Clock()), asyncio.get_running_loop().create_future()
        jobs.pending_polls = 0
        job = _started(jobs, work)
        work.set_exception(OSError("no disk"))
        return (await jobs.look_at(job)).state

    assert asyncio.run(life()) is JobState.FAILED
    assert "no disk" in caplog.text


def test_clearing_stops_all_work():
    async def life() -> bool:
        jobs, work = Jobs(Clock()), asyncio.get_running_loop().create_future()
        job = _started(jobs, work)
        await asyncio.sleep(0)
        await jobs.clear()
        assert jobs.find("toy", "me", job.id) is None
        return work.cancelled()

    assert asyncio.run(life())

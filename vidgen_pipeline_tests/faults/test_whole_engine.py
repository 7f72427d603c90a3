"""The real engine (database, code server, daemon, webserver) with the real doubles: what its operator sees and does."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import text

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.orchestration.launching import launch_now
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import databases
from vidgen_pipeline_tests.conftest import folder_open_to_all
from vidgen_pipeline_tests.faults.engine import Up
from vidgen_pipeline_tests.faults.invariants import Witness, tables_with_key
from vidgen_pipeline_tests.faults.stage import ENDS, Stage, all_of_it, somebody
from vidgen_pipeline_tests.faults.tally import TALLY
from vidgen_pipeline_tests.runtime.test_server import free_port
from vidgen_pipeline_tests.sandbox.desk import Desk

CODE_SERVER, DAEMON = 0, 1


class Engine:
    """The engine and whom it makes videos for."""

    def __init__(self, stage: Stage, dagster_url: str) -> None:
        self.stage = stage
        self.dagster_url = dagster_url
        self.port = free_port()
        self._started: Up | None = None

    @property
    def up(self) -> Up:
        assert self._started is not None
        return self._started

    def start(self) -> None:
        """Have it up."""
        self._started = Up(self.stage.home, self.port, {**self.stage.environment(), "VIDGEN_DATABASE_URL": ""})
        self.up.hear("vidgen is up")

    def close(self) -> None:
        """Stop it."""
        if self._started is not None:
            self._started.close()

    def make(self, *anew: Step) -> UUID:
        """A video that is wanted now, and begins at once; or a sensor was quicker to begin it."""
        video_id = self.stage.queue(*anew)
        launch_now(self.stage.home, video_id, self.stage.user_id, self.stage.look(video_id).launches)
        return video_id

    def make_and_hold(self) -> UUID:
        """A video whose clip is being made, and is not finished until the sandbox is told so."""
        self.stage.desk.control("jobs", pending_polls=1000)
        video_id = self.make(Step.VIDEO_AI)
        self.is_at(video_id, Step.VIDEO_AI)
        return video_id

    def becomes(self, video_id: UUID, status: VideoStatus) -> None:
        """Wait until the video is in this state; fail when it has ended in another."""

        def it_is() -> bool:
            seen = self.stage.look(video_id)
            assert seen.status is status or seen.status not in ENDS, seen.error_message
            return seen.status is status

        self.stage.until(it_is, f"a video that is {status}", self.tell)

    def is_at(self, video_id: UUID, step: Step) -> None:
        """Wait until the step has a job at its vendor."""
        asked = lambda: self.stage.desk.requests(provider="kling", phase="poll")  # noqa: E731
        self.stage.until(lambda: self.stage.look(video_id).current_step is step and asked(), f"a {step}", self.tell)

    def worker_of(self, video_id: UUID) -> int:
        """The process that makes it."""
        query = text("SELECT worker FROM generation_attempts WHERE video_id = :id ORDER BY attempt DESC LIMIT 1")
        with self.stage.engine.connect() as connection:
            return int(str(connection.scalar(query, {"id": video_id})).split("|")[1])

    def resumed(self, video_id: UUID, starts: int) -> None:
        """Wait until it was started so often."""
        started = lambda: sum(event["kind"] == "started" for event in self.stage.events(video_id))  # noqa: E731
        self.stage.until(lambda: started() >= starts, "a new start", self.tell)

    def tell(self) -> str:
        """What it says of itself."""
        return "\n".join(log.read_text()[-1500:] for log in self.stage.home.logs.glob("*.log"))


@pytest.fixture(scope="module")
def engine_up(desk: Desk) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch, folder_open_to_all() as folder:
        for name in ("VIDGEN_DATABASE_URL", "VIDGEN_DAGSTER_DATABASE_URL", "VIDGEN_PG_USERS_LOCK"):
            patch.delenv(name, raising=False)
        home = Home(folder / "home")
        with databases(home) as addresses:
            desk.control("reset")
            engine = open_engine(addresses.vidgen_url)
            no_workers = cast("Any", None)  # the engine has its own
            user_id = somebody(engine, home)
            stage = Stage(engine, addresses.vidgen_url, home, desk, no_workers, TALLY, user_id)
            made = Engine(stage, addresses.dagster_url)
            try:
                made.start()
                yield made
            finally:
                made.close()
                engine.dispose()


@pytest.fixture
def running(engine_up: Engine) -> Iterator[Engine]:
    """The engine, which is looked at afterwards."""
    engine_up.stage.desk.control("reset")
    engine_up.stage.desk.control("jobs", pending_polls=0)
    witness = Witness(engine_up.stage)
    yield engine_up
    witness.check()
    dagsters = open_engine(engine_up.dagster_url, pooled=False)
    assert tables_with_key(dagsters) == []


def test_what_an_operator_sees_and_does_in_the_pages(running: Engine):
    stage, up = running.stage, running.up
    TALLY.faults["vendor: moderation, in the engine"] += 1
    stage.desk.fault("moderation", provider="kling", phase="submit")
    refused = running.make()
    running.becomes(refused, VideoStatus.FAILED)
    [(failed_run, _)] = up.runs(refused)
    stage.until(lambda: up.runs(refused) == [(failed_run, "FAILURE")], "a failed run", running.tell)
    again = up.run_again_from_failure(failed_run)
    stage.until(lambda: (again, "SUCCESS") in up.runs(refused), "a run that ends well", running.tell)
    assert stage.look(refused).status is VideoStatus.COMPLETED
    reused = {step.name for step in stage.look(refused).steps if step.name not in _steps_begun(stage, refused, 2)}
    assert {Step.SCRIPT, Step.VOICE, Step.MEDIA, Step.SUBTITLES} <= reused  # not even looked at again

    TALLY.faults["no progress for half an hour"] += 1
    stage.desk.fault("job_stuck", provider="kling", phase="submit")
    stuck = running.make(Step.VIDEO_AI)
    running.is_at(stuck, Step.VIDEO_AI)
    with stage.engine.begin() as connection:
        long_ago = "UPDATE videos SET last_step_updated_at = now() - interval '31 minutes' WHERE id = :id"
        connection.execute(text(long_ago), {"id": stuck})
    running.becomes(stuck, VideoStatus.CANCELLED)
    assert (stage.look(stuck).error_message or "").startswith("Generation timed out after 30 minutes")
    stage.until(
        lambda: [status for _, status in up.runs(stuck)] == ["CANCELED"], "a run that was stopped", running.tell
    )

    ticks = up.ticks()
    assert {"due_videos", "stuck_videos", "lost_videos", "reconcile"} <= set(ticks)
    said = {name: [tick["skipReason"] or tick["cursor"] or "" for tick in of_it] for name, of_it in ticks.items()}
    assert any("Generation timed out after 30 minutes" in reason for reason in said["stuck_videos"])
    assert any("Every generation gets on." in reason for reason in said["stuck_videos"])
    for name in ("due_videos", "lost_videos", "reconcile"):
        assert said[name], name
        assert all(said[name]), said[name]
    assert not [tick for of_it in ticks.values() for tick in of_it if tick["status"] == "FAILURE"]


def test_a_video_goes_on_by_itself_when_its_worker_is_killed(running: Engine):
    stage = running.stage
    TALLY.faults["worker killed, in the engine"] += 1
    video_id = running.make_and_hold()
    os.kill(running.worker_of(video_id), signal.SIGKILL)
    killed_at = time.monotonic()
    running.resumed(video_id, 2)
    TALLY.measured("worker killed, in the engine: goes on by itself", time.monotonic() - killed_at)
    stage.desk.control("jobs", pending_polls=0)
    running.becomes(video_id, VideoStatus.COMPLETED)


if all_of_it():

    @pytest.mark.parametrize("turn", range(4))
    @pytest.mark.parametrize("number", [CODE_SERVER, DAEMON])
    def test_a_part_of_the_engine_is_killed(number: int, turn: int, running: Engine):
        stage = running.stage
        TALLY.faults[f"{'code server' if number == CODE_SERVER else 'daemon'} killed"] += 1
        video_id = running.make_and_hold()
        os.kill(running.up.child(number), signal.SIGKILL)
        if turn % 2:  # and the worker as well, so that the new one has to find out
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.worker_of(video_id), signal.SIGKILL)
            killed_at = time.monotonic()
            running.resumed(video_id, 2)
            TALLY.measured("a part of the engine and the worker killed: goes on", time.monotonic() - killed_at)
        stage.desk.control("jobs", pending_polls=0)
        running.becomes(video_id, VideoStatus.COMPLETED)
        running.up.hear("is started again in")

    @pytest.mark.parametrize("turn", range(4))
    def test_all_of_it_is_killed_and_brought_up_again(turn: int, running: Engine):
        stage = running.stage
        TALLY.faults["everything killed"] += 1
        video_id = running.make_and_hold()
        running.up.kill_all(stage.mark)
        stage.desk.control("jobs", pending_polls=0)
        running.start()
        back_at = time.monotonic()
        running.resumed(video_id, 2)
        TALLY.measured("everything killed: goes on after it is up again", time.monotonic() - back_at)
        running.becomes(video_id, VideoStatus.COMPLETED)


def _steps_begun(stage: Stage, video_id: UUID, attempt: int) -> set[str]:
    """The steps that this attempt has begun."""
    return {
        event["step"]
        for event in stage.events(video_id)
        if (event["attempt"], event["kind"]) == (attempt, "step_started")
    }

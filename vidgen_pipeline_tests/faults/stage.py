"""A place where videos are made by workers that die, with all that bears witness."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import AspectRatio, MusicMood, Step, VideoRequest, VideoStatus
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.budgets import set_budget
from vidgen_pipeline.services.integrations import set_integration
from vidgen_pipeline.services.lifecycle import cancel, generate_now, retry
from vidgen_pipeline.services.reconciling import LiveRun, Runs, reconcile
from vidgen_pipeline.services.reviewing import ReviewChoice, review
from vidgen_pipeline.services.scheduling import claim_due
from vidgen_pipeline.services.startup import prepare
from vidgen_pipeline.services.vault import open_vault
from vidgen_pipeline.services.videos import VideoView, plan_video, show_video
from vidgen_pipeline.services.watching import settle_lost_ones
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.faults.surroundings import ANSWER_SECONDS, PIXELS
from vidgen_pipeline_tests.faults.tally import Tally
from vidgen_pipeline_tests.faults.workers import MARK, PATIENCE_SECONDS, Ended, Nursery, Order, Worker, nursery
from vidgen_pipeline_tests.providers.canary import CANARY
from vidgen_pipeline_tests.sandbox.desk import Desk

KEY = f"sandbox-{CANARY}"
VENDORS = {
    Category.SCRIPT: "anthropic",
    Category.VOICE: "elevenlabs",
    Category.MEDIA: "pexels",
    Category.VIDEO_AI: "kling",
}
PAID = {Step.SCRIPT: "anthropic", Step.VOICE: "elevenlabs", Step.VIDEO_AI: "kling"}
ENDS = {VideoStatus.COMPLETED, VideoStatus.FAILED, VideoStatus.CANCELLED, VideoStatus.NEEDS_REVIEW}


@dataclass
class Stage:
    """A user whose videos are made; one case after the other, each with `case` around it."""

    engine: Engine
    database_url: str
    home: Home
    desk: Desk
    workers: Nursery
    tally: Tally
    user_id: UUID
    mark: str = field(default_factory=lambda: uuid4().hex)

    @property
    def store(self) -> ArtifactStore:
        return ArtifactStore(self.home.artifacts)

    @property
    def log(self) -> Path:
        """What the last worker had to say."""
        return self.home.logs / f"worker-{self.tally.workers}.log"

    def queue(self, *anew: Step, **changes: Any) -> UUID:
        """A short video, wanted now.

        Steps `anew` are made anew, and others taken over from an earlier video where their inputs are the same; if none
        are named, all are made anew.
        """
        self.forget(*anew)
        request = a_request(fresh=not anew, **changes)
        video_id = plan_video(self.engine, self.user_id, request, title="Bees")
        generate_now(self.engine, self.user_id, video_id)
        self.tally.videos += 1
        return video_id

    def clear(self) -> None:
        """Stop what a case that failed has left under way, so that the next one can begin."""
        self.workers.kill_all()
        settle_lost_ones(self.engine, self.home.scratch)
        query = text("SELECT id FROM videos WHERE user_id = :user_id AND status = 'queued' AND deleted_at IS NULL")
        with self.engine.connect() as connection:
            left = connection.scalars(query, {"user_id": self.user_id}).all()
        for video_id in left:
            cancel(self.engine, self.user_id, video_id)

    def forget(self, *steps: Step) -> None:
        """Let nothing that these steps have made before be taken over."""
        stale = text("UPDATE generation_steps SET inputs_hash = 'forgotten' WHERE step = ANY (:steps)")
        with self.engine.begin() as connection:
            connection.execute(stale, {"steps": list(steps)})
        shutil.rmtree(self.home.cache, ignore_errors=True)

    def start(self, video_id: UUID, *, pixels: int = 180, answer_seconds: float = 30, **how: Any) -> Worker:
        """What the sensors do: settle what is lost, claim what is due, and start its run."""
        settle_lost_ones(self.engine, self.home.scratch)
        [launch] = claim_due(self.engine).launches
        assert launch.video_id == video_id
        self.tally.workers += 1
        return self.workers.start(
            Order(
                video_id=str(video_id),
                user_id=str(self.user_id),
                launch=launch.number,
                environment={
                    **self.environment(),
                    PIXELS: str(pixels),
                    ANSWER_SECONDS: str(answer_seconds),
                },
                log=str(self.log),
                **how,
            )
        )

    def run(self, video_id: UUID, **how: Any) -> Ended:
        """As `start`, until the worker has ended."""
        return self.start(video_id, **how).wait()

    def finish(self, video_id: UUID) -> VideoView:
        """Let it go on until it is completed."""
        for _ in range(6):
            seen = self.look(video_id)
            if seen.status is VideoStatus.COMPLETED:
                return seen
            self.ask_for_it(video_id)
            self.run(video_id)
        raise AssertionError(f"It does not end: {self.look(video_id)}\n{self.log.read_text()[-4000:]}")

    def ask_for_it(self, video_id: UUID) -> None:
        """Do what is left to the owner, who pays again where nobody knows what became of it."""
        settle_lost_ones(self.engine, self.home.scratch)
        status = self.look(video_id).status
        if status is VideoStatus.NEEDS_REVIEW:
            review(self.engine, self.user_id, video_id, ReviewChoice.PAY_AGAIN)
        elif status in {VideoStatus.FAILED, VideoStatus.CANCELLED}:
            retry(self.engine, self.user_id, video_id)
        elif status is VideoStatus.QUEUED:
            self._look_for_its_run(video_id)

    def _look_for_its_run(self, video_id: UUID) -> None:
        """What the sensor does that compares videos and runs, where two minutes later there is no run for a video."""
        long_ago = text("UPDATE videos SET launched_at = launched_at - interval '2 minutes' WHERE id = :id")
        with self.engine.begin() as connection:
            connection.execute(long_ago, {"id": video_id})
        reconcile(self.engine, NoRuns(), self.home.scratch)

    def look(self, video_id: UUID) -> VideoView:
        return show_video(self.engine, self.user_id, video_id)

    def events(self, video_id: UUID) -> list[dict[str, Any]]:
        """All that happened to it, oldest first."""
        query = text("SELECT * FROM video_events WHERE video_id = :id ORDER BY number")
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query, {"id": video_id})]

    def until(self, true: Callable[[], Any], what: str, tell: Callable[[], str] | None = None) -> Any:
        """Wait until something is true, and give it; else `tell` what is known."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends_at:
            if found := true():
                return found
            time.sleep(0.3 if tell else 0.02)  # what is told by the whole engine takes its time
        told = tell() if tell else self.log.read_text()[-4000:]
        raise AssertionError(f"It never came to be: {what}.\n{told}")

    def until_at_vendor(self, provider: str, phase: str, **more: Any) -> dict[str, Any]:
        """Wait until a request that meets a fault is there."""

        def met() -> dict[str, Any] | None:
            found = [visit for visit in self.desk.requests(provider=provider, phase=phase) if visit["fault"]]
            return found[-1] if found else None

        return dict(self.until(met, f"a {phase} at {provider}"))

    def children(self, name: str) -> list[int]:
        """Living programs that our workers started, by a part of their name."""
        return [pid for pid, command in marked(self.mark) if name in command]

    def environment(self) -> Mapping[str, str]:
        return {
            "VIDGEN_DATABASE_URL": self.database_url,
            "VIDGEN_HOME": str(self.home.root),
            "VIDGEN_SANDBOX_URL": self.desk.url,
            MARK: self.mark,
        }


def a_request(**changes: Any) -> VideoRequest:
    """A few seconds: one scene, spoken, and shown as a clip."""
    plain = VideoRequest(
        prompt="How bees find their way home",
        target_length_ms=6_000,
        language="en",
        aspect_ratio=AspectRatio.SQUARE,
        music_mood=MusicMood.NONE,
        selected_providers={**VENDORS, Category.ASSEMBLY: "ffmpeg"},
    )
    return plain.model_copy(update=changes)


class NoRuns(Runs):
    """The engine's runs, all of which have ended."""

    def live(self) -> Sequence[LiveRun]:
        return ()

    def has_live(self, video_id: UUID, launch: int) -> bool:
        return False

    def is_over(self, run_id: str) -> bool:
        return True

    def end(self, run_id: str, reason: str, *, gone: bool) -> bool:
        return False


ENGINE = (
    "dagster api grpc",
    "multiprocessing.resource_tracker",  # the code server's
    "dagster._daemon",
    "dagster_webserver",
    "postgres",
    "runtime.server import up",
)
"""Parts of the engine in their command lines: they are there for long, and no worker's."""


def orphans(mark: str) -> list[tuple[int, str]]:
    """Living programs of workers."""
    return [(pid, command) for pid, command in marked(mark) if not any(part in command for part in ENGINE)]


def marked(mark: str) -> list[tuple[int, str]]:
    """The living programs that have this mark in their environment, and their command lines."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    if command:  # a zombie has none
                        found.append((int(folder.name), command))
    return found


@contextlib.contextmanager
def sandbox_program() -> Iterator[Desk]:
    """The sandbox as a program of its own; a person at its control desk."""
    command = [sys.executable, "-m", "vidgen_pipeline", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            desk = Desk(program.stdout.readline().strip())
            yield desk
            desk.client.close()
        finally:
            program.terminate()


@contextlib.contextmanager
def stage(engine: Engine, database_url: str, home: Home, desk: Desk, tally: Tally) -> Iterator[Stage]:
    """A stage on this database and home."""
    home.create()
    user_id = somebody(engine, home)
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    with nursery(environment, home.logs / "nursery.log") as workers:
        yield Stage(engine, database_url, home, desk, workers, tally, user_id)


def somebody(engine: Engine, home: Home) -> UUID:
    """The user, with keys that must be seen nowhere and a limit for money."""
    user_id = prepare(engine)
    vault = open_vault(home)
    for provider in VENDORS.values():
        set_integration(engine, user_id, vault, provider, {"key": KEY})
    set_budget(engine, user_id, BudgetPeriod.DAY, Decimal(10_000))
    return user_id


def all_of_it() -> bool:
    """Whether every case is run, as `vidgen test --faults` wants it."""
    return os.environ.get("VIDGEN_FAULTS") == "all"

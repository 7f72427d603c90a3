"""A person stops a video, whatever its worker waits for just then: how soon it has ended, and what is left of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from vidgen_pipeline.database.slots import try_slot
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services.lifecycle import cancel
from vidgen_pipeline_tests.faults.conftest import Case
from vidgen_pipeline_tests.faults.stage import Stage, all_of_it
from vidgen_pipeline_tests.faults.workers import Worker

QUICK = ["a request", "between two polls", "a place", "a paid answer"]
WAITS = [*QUICK, "the answer to a poll", "ffmpeg"] if all_of_it() else QUICK
ROUNDS = range(5) if all_of_it() else range(1)


@pytest.mark.parametrize("turn", ROUNDS)
@pytest.mark.parametrize("wait", WAITS)
def test_stopping_while_it_waits_for(wait: str, turn: int, case: Case):
    with case(f"cancelled: waiting for {wait}") as stage, _waiting(stage, wait) as (video_id, worker):
        asked_at = time.monotonic()
        cancel(stage.engine, stage.user_id, video_id)
        _has_stopped(stage, video_id)
        stage.tally.measured(f"cancelled while it waits for: {wait}", time.monotonic() - asked_at)
        assert worker.wait().killed_by == 0
        assert stage.children("ffmpeg") == []


@pytest.mark.parametrize("turn", ROUNDS)
def test_stopping_between_two_steps(turn: int, case: Case, tmp_path: Path):
    """The wish comes when a step's result is stored, and the next step has not begun."""
    with case("cancelled: between two steps") as stage:
        go_on = tmp_path / "go"
        video_id = stage.queue(Step.VOICE)
        worker = stage.start(video_id, death={"step": Step.VOICE, "point": "stored", "pause": str(go_on)})
        stage.until(lambda: go_on.with_suffix(".reached").exists(), "the end of the voice's step")
        cancel(stage.engine, stage.user_id, video_id)
        asked_at = time.monotonic()
        go_on.touch()
        _has_stopped(stage, video_id)
        stage.tally.measured("cancelled between two steps", time.monotonic() - asked_at)
        assert worker.wait().killed_by == 0


def _has_stopped(stage: Stage, video_id: UUID) -> None:
    seen = stage.until(
        lambda: (seen := stage.look(video_id)).status is not VideoStatus.PROCESSING and seen, "the end of the video"
    )
    assert seen.status is VideoStatus.CANCELLED
    assert seen.error_message.startswith("Stopped during ")


@contextmanager
def _waiting(stage: Stage, what: str) -> Iterator[tuple[UUID, Worker]]:
    """A worker that waits for this."""
    if what == "a place":
        with stage.engine.begin() as connection:
            connection.execute(text("UPDATE pipeline_settings SET renders_at_once = 1"))
        taken = try_slot(stage.engine, "renders", 1)
        assert taken is not None
        video_id = stage.queue(Step.ASSEMBLY)
        worker = stage.start(video_id)
        waiting = text("SELECT waiting_for FROM videos WHERE id = :id AND waiting_for IS NOT NULL")
        stage.until(lambda: _scalar(stage, waiting, video_id), "a video that waits for a place")
        yield video_id, worker
        taken.give_back()
        assert _scalar(stage, text("SELECT count(*) FROM slot_waiters WHERE video_id = :id"), video_id) == 0
    elif what == "ffmpeg":
        video_id = stage.queue(Step.ASSEMBLY, target_length_ms=20_000)
        worker = stage.start(video_id, pixels=1080)
        stage.until(lambda: stage.look(video_id).current_step is Step.ASSEMBLY and stage.children("ffmpeg"), "ffmpeg")
        yield video_id, worker
    elif what == "a paid answer":  # which is waited for as long as answers are: else nobody would know what was paid
        stage.desk.fault("stall_after_accepting", provider="elevenlabs", phase="submit")
        video_id = stage.queue(Step.VOICE)
        worker = stage.start(video_id, answer_seconds=4)
        stage.until_at_vendor("elevenlabs", "submit")
        yield video_id, worker
    else:
        provider, step = ("pexels", Step.MEDIA) if what == "a request" else ("kling", Step.VIDEO_AI)
        if what != "between two polls":
            phase = {"phase": "poll"} if provider == "kling" else {}
            stage.desk.fault("stall_before_accepting", provider=provider, **phase)
        else:
            stage.desk.fault("job_stuck", provider=provider, phase="submit")
        video_id = stage.queue(step)
        worker = stage.start(video_id)
        polls = lambda: stage.desk.requests(provider=provider, **({"phase": "poll"} if provider == "kling" else {}))  # noqa: E731
        stage.until(lambda: polls() and (what != "between two polls" or polls()[-1]["outcome"] == "answered"), what)
        yield video_id, worker


def _scalar(stage: Stage, query: object, video_id: UUID) -> object:
    with stage.engine.connect() as connection:
        return connection.scalar(query, {"id": video_id})  # type: ignore[call-overload]

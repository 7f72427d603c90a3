"""Generations that don't get on: the worker died, nothing moves any more, or nobody heeds the wish to stop.

Each is settled in a transaction of its own, by whoever notices first: a sensor, or the owner's next video. The files of
the step at work are removed before that transaction ends: afterwards a new run may have made new ones.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from vidgen_pipeline.database import watching as rows
from vidgen_pipeline.database.tables import GenerationAttempt, Video
from vidgen_pipeline.database.watching import UnderWay
from vidgen_pipeline.domain.errors import Cancelled, TimedOut, VidgenError, WorkerLost
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.runtime.worker import is_gone
from vidgen_pipeline.services.endings import end_attempt
from vidgen_pipeline.services.reservations import release
from vidgen_pipeline.storage.scratch import remove_work

WORKER_DEAD_AFTER_SECONDS = 60
NO_PROGRESS_MINUTES = 30
UNHEEDED_AFTER_SECONDS = 60
MOST_RESUMES = 2
MOST_AT_A_TIME = 25

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settled:
    """What became of a generation that did not get on, and the run that made it, which is to be ended."""

    video_id: str
    run_id: str
    worker_is_gone: bool
    sentence: str


def is_lost(attempt: GenerationAttempt | UnderWay, silent_seconds: float) -> bool:
    """Whether the attempt's worker is gone: it died on this machine, or gave no sign of life for long."""
    return silent_seconds >= WORKER_DEAD_AFTER_SECONDS or is_gone(attempt.worker)


def settle_lost(session: Session, video: Video) -> str:
    """What becomes of a video whose worker is gone. The caller has locked its row. Returns a sentence.

    It is queued to go on where it was, twice at the most; then it has failed. One that was asked to stop is cancelled.
    """
    step = Step(video.current_step) if video.current_step else None
    at = f" during {step.replace('_', ' ')}" if step else ""
    if video.cancel_requested_at is not None:
        stopped = Cancelled(f"Stopped{at}, as was asked.")
        _end(session, video, VideoStatus.CANCELLED, step, stopped)
        return str(stopped)
    if video.resumes < MOST_RESUMES:
        sentence = (
            f"The program that made this video ended without a word{at}."
            f" It goes on by itself where it was ({video.resumes + 1} of {MOST_RESUMES} times)."
        )
        rows.queue_again(session, video, step=step, message=sentence)
        release(session, video.id)
        return sentence
    lost = WorkerLost(
        f"The program that made this video ended without a word{at}, {MOST_RESUMES + 1} times in a row.",
        remedy="Retry it: finished steps are kept. If that happens again, the logs may say why; often memory runs out.",
    )
    _end(session, video, VideoStatus.FAILED, step, lost)
    return str(lost)


def settle_lost_ones(engine: Engine, scratch: Path, *, over: Callable[[UnderWay], bool] | None = None) -> list[Settled]:
    """Settle every generation whose worker is gone; also one that is `over` by what another knows of it."""

    def lost(seen: UnderWay) -> bool:
        return is_lost(seen, seen.silent_seconds) or (over is not None and over(seen))

    def settle(session: Session, seen: UnderWay) -> str | None:
        video = rows.lock_as_seen(session, seen)
        return None if video is None else settle_lost(session, video)

    with Session(engine) as session:
        found = [seen for seen in rows.under_way(session) if lost(seen)]
    return _settle_each(engine, found[:MOST_AT_A_TIME], scratch, settle)


def cancel_stuck_ones(engine: Engine, scratch: Path) -> list[Settled]:
    """Cancel every generation that has not got on for 30 minutes, though it does not wait for a place."""
    limits = {"no_progress_minutes": NO_PROGRESS_MINUTES, "dead_seconds": WORKER_DEAD_AFTER_SECONDS}

    def settle(session: Session, seen: UnderWay) -> str | None:
        video = rows.lock_if_stuck(session, seen, **limits)
        if video is None:
            return None
        step = Step(video.current_step) if video.current_step else None
        at = f" It hung during {step.replace('_', ' ')}." if step else ""
        error = TimedOut(
            f"Generation timed out after {NO_PROGRESS_MINUTES} minutes.{at}",
            remedy="Retry it: finished steps are kept. If it hangs again, choose another provider for that step.",
        )
        _end(session, video, VideoStatus.CANCELLED, step, error)
        return str(error)

    with Session(engine) as session:
        found = rows.stuck(session, most=MOST_AT_A_TIME, **limits)
    return _settle_each(engine, found, scratch, settle)


def cancel_unheeded_ones(engine: Engine, scratch: Path) -> list[Settled]:
    """Cancel what was asked to stop a minute ago and is still being made: its worker lives, and does not listen."""

    def settle(session: Session, seen: UnderWay) -> str | None:
        video = rows.lock_as_seen(session, replace(seen, silent_seconds=0.0))
        if video is None:
            return None
        error = Cancelled("Stopped, as was asked.")
        _end(session, video, VideoStatus.CANCELLED, Step(video.current_step) if video.current_step else None, error)
        return str(error)

    with Session(engine) as session:
        found = rows.unheeded(session, seconds=UNHEEDED_AFTER_SECONDS, most=MOST_AT_A_TIME)
    return _settle_each(engine, found, scratch, settle)


def _settle_each(
    engine: Engine, found: list[UnderWay], scratch: Path, settle: Callable[[Session, UnderWay], str | None]
) -> list[Settled]:
    settled: list[Settled] = []
    for seen in found:
        try:
            with Session(engine) as session, session.begin():
                sentence = settle(session, seen)
                if sentence is None:  # it got on after all, or somebody else was quicker
                    continue
                remove_work(scratch, seen.video_id)
        except SQLAlchemyError:
            logger.exception("Video %s, which does not get on, could not be settled.", seen.video_id)
            continue
        logger.warning("Video %s, attempt %d: %s", seen.video_id, seen.attempt, sentence)
        settled.append(Settled(str(seen.video_id), seen.run_id, is_gone(seen.worker), sentence))
    return settled


def _end(session: Session, video: Video, status: VideoStatus, step: Step | None, error: VidgenError) -> None:
    end_attempt(
        session,
        video.id,
        video.attempt,
        status,
        step=step,
        message=str(error),
        error_code=error.code,
        error_message=str(error),
        error_details={"step": step, "provider": None, "remedy": error.remedy},
    )

"""What goes wrong with videos that are under way, as the tables show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Double, Select, and_, cast, func, or_, select, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.generation import close_attempt
from vidgen_pipeline.database.tables import GenerationAttempt, Video
from vidgen_pipeline.database.transitions import change_status
from vidgen_pipeline.domain.video import Step, VideoStatus

_PROCESSING = Video.status == VideoStatus.PROCESSING
_SILENT_SECONDS = cast(func.extract("epoch", func.now() - func.coalesce(Video.heartbeat_at, Video.updated_at)), Double)


@dataclass(frozen=True)
class UnderWay:
    """A video that is processing, who works on it, and seconds since that worker's last sign of life."""

    video_id: UUID
    attempt: int
    run_id: str
    worker: str
    silent_seconds: float


@dataclass(frozen=True)
class RunRow:
    """What the tables say of a run's video (None: there is none, or it was deleted) and of the attempt it claimed."""

    status: VideoStatus | None
    launches: int
    attempt_now: int
    attempt: int | None
    worker: str | None
    over_for_seconds: float | None

    @property
    def at_work(self) -> bool:
        """The run makes the video."""
        return self.status is VideoStatus.PROCESSING and self.attempt == self.attempt_now


def _under_way() -> Select[tuple[UUID, int, str, str, float]]:
    return (
        select(Video.id, Video.attempt, GenerationAttempt.run_id, GenerationAttempt.worker, _SILENT_SECONDS)
        .join(
            GenerationAttempt,
            and_(GenerationAttempt.video_id == Video.id, GenerationAttempt.attempt == Video.attempt),
        )
        .where(_PROCESSING)
    )


def _stuck(no_progress_minutes: int, dead_seconds: int) -> ColumnElement[bool]:
    return and_(
        Video.last_step_updated_at < func.now() - timedelta(minutes=no_progress_minutes),
        # One that waits for its turn makes no progress, and that is no fault; dead ones are found by their silence.
        or_(
            Video.waiting_for.is_(None),
            Video.heartbeat_at < func.now() - timedelta(seconds=dead_seconds),
        ),
    )


def under_way(session: Session) -> list[UnderWay]:
    """Everything that is processing."""
    return [UnderWay(*row) for row in session.execute(_under_way().order_by(Video.heartbeat_at)).tuples()]


def stuck(session: Session, *, no_progress_minutes: int, dead_seconds: int, most: int) -> list[UnderWay]:
    """What is processing and has not got on for so long, though it does not wait for a place."""
    query = _under_way().where(_stuck(no_progress_minutes, dead_seconds)).order_by(Video.last_step_updated_at)
    return [UnderWay(*row) for row in session.execute(query.limit(most)).tuples()]


def unheeded(session: Session, *, seconds: int, most: int) -> list[UnderWay]:
    """What is processing though it was asked to stop so long ago."""
    asked = Video.cancel_requested_at < func.now() - timedelta(seconds=seconds)
    return [UnderWay(*row) for row in session.execute(_under_way().where(asked).limit(most)).tuples()]


def lock_as_seen(session: Session, seen: UnderWay) -> Video | None:
    """The video's row, locked, if the same attempt still makes it and has shown no new sign of life."""
    query = select(Video).where(
        Video.id == seen.video_id,
        Video.attempt == seen.attempt,
        _PROCESSING,
        seen.silent_seconds <= _SILENT_SECONDS,
    )
    return session.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def lock_if_stuck(session: Session, seen: UnderWay, *, no_progress_minutes: int, dead_seconds: int) -> Video | None:
    """The video's row, locked, if the same attempt still makes it and still does not get on."""
    query = select(Video).where(
        Video.id == seen.video_id,
        Video.attempt == seen.attempt,
        _PROCESSING,
        _stuck(no_progress_minutes, dead_seconds),
    )
    return session.scalars(query.with_for_update(skip_locked=True)).one_or_none()


def queue_again(session: Session, video: Video, *, step: Step | None, message: str) -> bool:
    """Put the video back into the queue to go on where it was; its attempt is over. The caller has locked its row."""
    attempt = video.attempt
    changed = change_status(
        session,
        video.id,
        VideoStatus.QUEUED,
        kind="resumed",
        sources=(VideoStatus.PROCESSING,),
        fence=attempt,
        step=step,
        message=message,
        launches=Video.launches + 1,
        queued_at=func.now(),
        resumes=Video.resumes + 1,
        run_id=None,
        current_step=None,
        step_progress=0,
        waiting_for=None,
    )
    if changed is None:
        return False
    close_attempt(session, video.id, attempt, "lost", message)
    return True


def launched_long_ago(session: Session, *, seconds: int, most: int) -> Sequence[tuple[UUID, int]]:
    """Queued videos whose run was asked for so long ago and has not claimed them: (id, launch)."""
    query = (
        select(Video.id, Video.launches)
        .where(
            Video.status == VideoStatus.QUEUED,
            Video.deleted_at.is_(None),
            Video.launched >= Video.launches,
            Video.launched_at < func.now() - timedelta(seconds=seconds),
        )
        .order_by(Video.launched_at)
        .limit(most)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


_OF_RUNS = text("""
    SELECT runs.run_id, videos.status, videos.launches, videos.attempt, attempts.attempt, attempts.worker,
        extract(epoch FROM now() - coalesce(attempts.ended_at, attempts.started_at))
    FROM unnest(CAST(:run_ids AS text[]), CAST(:video_ids AS uuid[])) AS runs (run_id, video_id)
    LEFT JOIN videos ON videos.id = runs.video_id AND videos.deleted_at IS NULL
    LEFT JOIN generation_attempts AS attempts ON attempts.run_id = runs.run_id
""")


def rows_of_runs(session: Session, videos: Mapping[str, UUID]) -> dict[str, RunRow]:
    """What the tables say of each run, by its id: all of one moment, as a run may just be claiming its video."""
    asked = {"run_ids": list(videos), "video_ids": list(videos.values())}
    return {
        run_id: RunRow(
            status=VideoStatus(status) if status is not None else None,
            launches=launches or 0,
            attempt_now=attempt_now or 0,
            attempt=attempt,
            worker=worker,
            over_for_seconds=None if seconds is None else float(seconds),
        )
        for run_id, status, launches, attempt_now, attempt, worker, seconds in session.execute(_OF_RUNS, asked)
    }

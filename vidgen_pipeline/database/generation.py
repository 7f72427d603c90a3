"""A generation's life as its worker writes it.

Each change is one conditional UPDATE with the attempt as fence: a run that was overtaken, cancelled or declared dead
changes nothing, and learns so from the count. Each change of status leaves a row in `video_events`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.provider_calls import doubt_sent
from vidgen_pipeline.database.tables import GenerationAttempt, GenerationStep, ProviderCall, User, Video
from vidgen_pipeline.database.transitions import add_event, change_status
from vidgen_pipeline.domain.video import Step, VideoStatus

_NOW = func.now()


def lock_video(session: Session, video_id: UUID) -> Video | None:
    """The video's row, locked until the transaction ends."""
    query = select(Video).where(Video.id == video_id, Video.deleted_at.is_(None)).with_for_update()
    return session.scalars(query).one_or_none()


def attempt_of_run(session: Session, run_id: str) -> int | None:
    """The attempt that this run claimed, if it ever claimed one."""
    return session.scalars(select(GenerationAttempt.attempt).where(GenerationAttempt.run_id == run_id)).one_or_none()


def worker_of(session: Session, video: Video) -> str | None:
    """The worker of the video's present attempt."""
    query = select(GenerationAttempt.worker).where(
        GenerationAttempt.video_id == video.id, GenerationAttempt.attempt == video.attempt
    )
    return session.scalars(query).one_or_none()


def processing_video(session: Session, user_id: UUID) -> tuple[Video, GenerationAttempt, float] | None:
    """The user's video that is being generated, its attempt, and seconds since its worker's last sign of life."""
    query = (
        select(Video, GenerationAttempt, func.extract("epoch", _NOW - Video.heartbeat_at))
        .join(
            GenerationAttempt,
            (GenerationAttempt.video_id == Video.id) & (GenerationAttempt.attempt == Video.attempt),
        )
        .where(Video.user_id == user_id, Video.status == VideoStatus.PROCESSING)
    )
    row = session.execute(query).one_or_none()
    return (row[0], row[1], float(row[2])) if row else None


def claim(
    session: Session, video: Video, *, run_id: str, worker: str, estimated_usd: Decimal, by_hand: bool = False
) -> int:
    """Make the run the video's worker; returns the attempt it works under.

    Started `by_hand`, a generation may resume as often as a new one. The caller holds the row's lock and has seen that
    its status allows this. Raises IntegrityError when another video of the same user is being generated: the database's
    own rule.
    """
    attempt = video.attempt + 1
    change_status(
        session,
        video.id,
        VideoStatus.PROCESSING,
        kind="started",
        attempt=attempt,
        run_id=run_id,
        estimated_usd=estimated_usd,
        current_step=None,
        step_progress=0,
        waiting_for=None,
        generation_started_at=_NOW,
        last_step_updated_at=_NOW,
        heartbeat_at=_NOW,
        cancel_requested_at=None,
        completed_at=None,
        error_code=None,
        error_message=None,
        error_details=None,
        resumes=0 if by_hand else Video.resumes,
    )
    session.execute(update(User).where(User.id == video.user_id).values(last_started_at=_NOW))
    session.add(GenerationAttempt(run_id=run_id, video_id=video.id, attempt=attempt, worker=worker))
    return attempt


def begin_step(session: Session, video_id: UUID, attempt: int, step: Step, inputs_hash: str) -> bool:
    """Note that the step is being worked on. False when the attempt no longer owns the video."""
    beginning = {"current_step": step, "step_progress": 0, "waiting_for": None, "last_step_updated_at": _NOW}
    if not _touch(session, video_id, attempt, **beginning):
        return False
    fresh = {
        "attempt": attempt,
        "status": "running",
        "inputs_hash": inputs_hash,
        "output": None,
        "provider": None,
        "model": None,
        "cost_usd": Decimal(0),
        "estimated_usd": None,
        "reused": False,
        "error_message": None,
        "started_at": _NOW,
        "finished_at": None,
    }
    session.execute(
        insert(GenerationStep)
        .values(video_id=video_id, step=step, **fresh)
        .on_conflict_do_update(index_elements=["video_id", "step"], set_=fresh)
    )
    add_event(session, video_id, attempt, "step_started", VideoStatus.PROCESSING, step=step)
    return True


def finished_step(
    session: Session, user_id: UUID, video_id: UUID, step: Step, inputs_hash: str, *, any_video: bool
) -> GenerationStep | None:
    """A finished step of this user with the very same inputs: this video's own, else (`any_video`) the newest."""
    query = (
        select(GenerationStep)
        .join(Video, Video.id == GenerationStep.video_id)
        .where(
            Video.user_id == user_id,
            GenerationStep.step == step,
            GenerationStep.inputs_hash == inputs_hash,
            GenerationStep.status == "done",
        )
        .order_by((GenerationStep.video_id == video_id).desc(), GenerationStep.finished_at.desc())
        .limit(1)
    )
    if not any_video:
        query = query.where(GenerationStep.video_id == video_id)
    return session.scalars(query).one_or_none()


def finished_steps(session: Session, video_id: UUID) -> frozenset[Step]:
    """The steps of this video that have a result."""
    query = select(GenerationStep.step).where(GenerationStep.video_id == video_id, GenerationStep.status == "done")
    return frozenset(Step(step) for step in session.scalars(query))


def note_estimate(session: Session, video_id: UUID, attempt: int, step: Step, amount: Decimal) -> None:
    """What the step is expected to cost, in USD, from what is known when it begins."""
    session.execute(
        update(GenerationStep)
        .where(GenerationStep.video_id == video_id, GenerationStep.step == step, GenerationStep.attempt == attempt)
        .values(estimated_usd=amount)
    )


def describe_step(
    session: Session,
    video_id: UUID,
    attempt: int,
    step: Step,
    *,
    provider: str | None,
    model: str | None,
    cost_usd: Decimal,
    reused: bool,
) -> None:
    """Write down who did the step and what it cost, before its output is stored."""
    session.execute(
        update(GenerationStep)
        .where(GenerationStep.video_id == video_id, GenerationStep.step == step, GenerationStep.attempt == attempt)
        .values(provider=provider, model=model, cost_usd=cost_usd, reused=reused)
    )


def store_output(session: Session, video_id: UUID, attempt: int, step: Step, output: dict[str, Any]) -> bool:
    """Finish the step with its output. False when the attempt no longer owns the video."""
    if not _touch(session, video_id, attempt, step_progress=1, last_step_updated_at=_NOW):
        return False
    session.execute(
        update(GenerationStep)
        .where(GenerationStep.video_id == video_id, GenerationStep.step == step, GenerationStep.attempt == attempt)
        .values(status="done", output=output, finished_at=_NOW)
    )
    add_event(session, video_id, attempt, "step_finished", VideoStatus.PROCESSING, step=step)
    return True


def has_stored(session: Session, video_id: UUID, attempt: int, step: Step, output: dict[str, Any]) -> bool:
    """Whether this attempt finished the step with this very output."""
    query = select(GenerationStep.output).where(
        GenerationStep.video_id == video_id, GenerationStep.step == step, GenerationStep.attempt == attempt
    )
    return session.scalars(query).one_or_none() == output


def load_output(session: Session, video_id: UUID, step: Step) -> dict[str, Any] | None:
    """What the step made for this video, if it is finished."""
    query = select(GenerationStep.output).where(
        GenerationStep.video_id == video_id, GenerationStep.step == step, GenerationStep.status == "done"
    )
    return session.scalars(query).one_or_none()


def show_progress(session: Session, video_id: UUID, attempt: int, share: float, *, moved: bool) -> bool:
    """Sign of life. `moved` says that the step really got on. False when the attempt no longer owns the video."""
    moving = {"step_progress": share, "last_step_updated_at": _NOW} if moved else {}
    return _touch(session, video_id, attempt, **moving)


def show_waiting(session: Session, video_id: UUID, attempt: int, waiting_for: str | None) -> bool:
    """What the step waits for, in words; None when it waits no longer, which is progress."""
    going_on = {"last_step_updated_at": _NOW} if waiting_for is None else {}
    return _touch(session, video_id, attempt, waiting_for=waiting_for, **going_on)


def cancel_requested(session: Session, video_id: UUID) -> bool:
    """Whether the owner asked for the work to stop, or deleted the video."""
    query = select(Video.cancel_requested_at, Video.deleted_at).where(Video.id == video_id)
    row = session.execute(query).one_or_none()
    return row is None or row[0] is not None or row[1] is not None


def finish(
    session: Session,
    video_id: UUID,
    attempt: int,
    status: VideoStatus,
    *,
    message: str = "",
    step: Step | None = None,
    **values: Any,
) -> Video | None:
    """End the attempt with the video in this state. None when it no longer owns the video, or that has ended."""
    changed = change_status(
        session,
        video_id,
        status,
        kind=status,
        fence=attempt,
        step=step,
        message=message,
        cost_usd=spent_on(video_id),
        waiting_for=None,
        **values,
    )
    if changed is None:
        return None
    close_attempt(session, video_id, attempt, status, message)
    return changed


def close_attempt(session: Session, video_id: UUID, attempt: int, outcome: str, message: str) -> None:
    """Note how the attempt ended; a step it was at did not get finished, and a paid request was not answered."""
    doubt_sent(session, video_id)
    session.execute(
        update(GenerationStep)
        .where(GenerationStep.video_id == video_id, GenerationStep.status == "running")
        .values(status="failed", error_message=message, finished_at=_NOW)
    )
    session.execute(
        update(GenerationAttempt)
        .where(
            GenerationAttempt.video_id == video_id,
            GenerationAttempt.attempt == attempt,
            GenerationAttempt.ended_at.is_(None),  # one that waited for its next run, or for its owner, has its outcome
        )
        .values(ended_at=_NOW, outcome=outcome)
    )


def spent_on(video_id: UUID) -> ScalarSelect[Decimal | None]:
    """What the video's paid calls have cost so far, in all its attempts; test mode costs nothing."""
    query = select(func.coalesce(func.sum(ProviderCall.cost_amount), 0)).where(
        ProviderCall.video_id == video_id, ~ProviderCall.test_mode
    )
    return query.scalar_subquery()


def _touch(session: Session, video_id: UUID, attempt: int, **values: Any) -> bool:
    changed = session.execute(
        update(Video)
        .where(Video.id == video_id, Video.attempt == attempt, Video.status == VideoStatus.PROCESSING)
        .values(heartbeat_at=_NOW, updated_at=_NOW, **values)
        .returning(Video.id)
    )
    return changed.first() is not None

"""The ledger of paid calls.

Opening a call and taking on an older one needs the video: both are fenced by the attempt. What a vendor has said (its
job's number, that it is done, what it cost) is a fact, and is written down for whoever comes next even by a worker that
has lost the video meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from vidgen_pipeline.database.tables import ProviderCall, Video
from vidgen_pipeline.domain.errors import SubmitUnknown
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.video import Step, VideoStatus

_NOW = func.now()
_ABOUT_THE_SAME_TIME = timedelta(minutes=10)  # no submit takes longer
_LIVE = ("intent", "sent", "accepted", "done", "unknown")


@dataclass(frozen=True, kw_only=True)
class CallKey:
    """A piece of paid work. There is one live or finished call for it."""

    video_id: UUID
    step: Step
    unit: str
    inputs_hash: str
    test_mode: bool


def owns_video(session: Session, video_id: UUID, attempt: int) -> bool:
    """Whether the attempt still makes the video; if so, nobody takes it over until the transaction ends."""
    query = (
        select(Video.id)
        .where(Video.id == video_id, Video.attempt == attempt, Video.status == VideoStatus.PROCESSING)
        .with_for_update(read=True)
    )
    return session.scalars(query).first() is not None


def take_call(session: Session, key: CallKey, attempt: int) -> ProviderCall | None:
    """The live or finished call for this work, now the attempt's own. One sent and never answered becomes unknown.

    A scene that has none takes over one that an earlier attempt made for the same thing in another scene: scenes move
    when a script is edited. Each is taken once an attempt, so that two scenes with the same words have two.
    """
    calls = (
        select(ProviderCall)
        .where(
            ProviderCall.video_id == key.video_id,
            ProviderCall.step == key.step,
            ProviderCall.inputs_hash == key.inputs_hash,
            ProviderCall.test_mode == key.test_mode,
            ProviderCall.status.in_(_LIVE),
        )
        .with_for_update()
    )
    call = session.scalars(calls.where(ProviderCall.unit == key.unit)).one_or_none()
    if call is None:  # no limit: the row that it would be may be taken while it is waited for
        of_earlier = calls.where(ProviderCall.attempt < attempt)
        call = session.scalars(of_earlier.order_by(ProviderCall.created_at, ProviderCall.id)).first()
    if call is not None:
        call.attempt, call.unit = attempt, key.unit
        if call.status == "sent":
            call.status = "unknown"
    return call


def add_call(
    session: Session, key: CallKey, user_id: UUID, attempt: int, *, provider: str, model: str, base_url: str
) -> UUID | None:
    """A new call's id, or None when another one for the same work was added at the same moment."""
    new = (
        insert(ProviderCall)
        .values(
            user_id=user_id,
            video_id=key.video_id,
            step=key.step,
            unit=key.unit,
            attempt=attempt,
            inputs_hash=key.inputs_hash,
            test_mode=key.test_mode,
            provider=provider,
            model=model,
            base_url=base_url,
        )
        .on_conflict_do_nothing()
        .returning(ProviderCall.id)
    )
    return session.scalars(new).one_or_none()


def mark_sent(session: Session, call_id: UUID, attempt: int) -> bool:
    """It is about to leave. False when the attempt no longer holds it.

    One that is sent already is so by the same attempt, whose first commit went through though its answer was lost.
    """
    return _change(session, call_id, ("intent", "sent", "unknown"), attempt=attempt, status="sent", sent_at=_NOW)


def mark_accepted(session: Session, call_id: UUID, job_id: str) -> bool:
    """The vendor's number for it. A number that is there already stands."""
    return _change(session, call_id, ("intent", "sent", "unknown"), status="accepted", job_id=job_id)


def mark_done(
    session: Session,
    call_id: UUID,
    *,
    cost_amount: Decimal,
    cost_currency: str,
    usage: dict[str, int],
    outcome: dict[str, Any] | None,
) -> bool:
    """It is finished, at this cost, with this outcome."""
    return _change(
        session,
        call_id,
        ("sent", "accepted", "unknown", "done"),
        status="done",
        cost_amount=cost_amount,
        cost_currency=cost_currency,
        usage=usage,
        outcome=outcome,
        error_code=None,
        error_message=None,
        finished_at=_NOW,
    )


def mark_failed(
    session: Session, call_id: UUID, attempt: int, *, code: str, message: str, charged: Cost | None = None
) -> bool:
    """It came to nothing, or to nothing of use; the same work may be paid for anew.

    What it cost stays, and is as `charged` says where that is given. An unknown one was given up with its attempt, and
    this is its late answer.
    """
    spent: dict[str, Any] = {}
    if charged is not None:
        spent = {"cost_amount": charged.amount, "cost_currency": charged.currency, "usage": dict(charged.usage)}
    return _change(
        session,
        call_id,
        ("intent", "sent", "accepted", "done", "unknown"),
        attempt=attempt,
        status="failed",
        error_code=code,
        error_message=message,
        finished_at=_NOW,
        **spent,
    )


def mark_unknown(session: Session, call_id: UUID, attempt: int, *, code: str, message: str) -> bool:
    """Its answer was lost."""
    return _change(
        session, call_id, ("sent",), attempt=attempt, status="unknown", error_code=code, error_message=message
    )


def doubt_sent(session: Session, video_id: UUID) -> None:
    """The video's worker is gone: what it had sent and got no answer to becomes unknown, for its owner to see."""
    message = "Its worker ended before the answer came."
    sent = update(ProviderCall).where(ProviderCall.video_id == video_id, ProviderCall.status == "sent")
    session.execute(sent.values(status="unknown", error_code=SubmitUnknown.code, error_message=message))


def mark_vanished(session: Session, call_id: UUID, attempt: int, *, code: str, message: str) -> bool:
    """What it made is gone here, or its vendor does not know its job. Cost and number are kept, for that may change."""
    return _change(
        session,
        call_id,
        ("accepted", "done"),
        attempt=attempt,
        status="unknown",
        error_code=code,
        error_message=message,
    )


def taken_jobs(session: Session, call_id: UUID, job_ids: Sequence[str]) -> Sequence[str]:
    """Those of the jobs at this call's vendor that other calls have. Of any user: an account may be shared."""
    mine, other = aliased(ProviderCall), ProviderCall
    query = (
        select(other.job_id)
        .join(mine, (mine.provider == other.provider) & (mine.base_url == other.base_url))
        .where(mine.id == call_id, other.id != call_id, other.job_id.in_(job_ids))
    )
    return [job_id for job_id in session.scalars(query) if job_id]


def others_in_doubt(session: Session, call_id: UUID) -> bool:
    """Whether another call of the same model was sent at about the same time, and has no number yet."""
    mine, other = aliased(ProviderCall), ProviderCall
    query = (
        select(other.id)
        .join(mine, (mine.provider == other.provider) & (mine.model == other.model) & (mine.base_url == other.base_url))
        .where(
            mine.id == call_id,
            other.id != call_id,
            other.job_id.is_(None),
            other.status.in_(("sent", "unknown")),
            other.sent_at.between(mine.sent_at - _ABOUT_THE_SAME_TIME, mine.sent_at + _ABOUT_THE_SAME_TIME),
        )
    )
    return session.scalars(query.limit(1)).first() is not None


def cost_of(session: Session, call_id: UUID) -> Decimal:
    """What the call has cost, as far as is known; the row is locked."""
    query = select(ProviderCall.cost_amount).where(ProviderCall.id == call_id).with_for_update()
    return session.scalars(query).one_or_none() or Decimal(0)


def find_outcome(session: Session, call_id: UUID) -> dict[str, Any] | None:
    """Where the outcome of a finished call is kept."""
    return session.scalars(select(ProviderCall.outcome).where(ProviderCall.id == call_id)).one_or_none()


def write_off(session: Session, user_id: UUID, call_id: UUID) -> bool:
    """Let an unknown call of the user be paid for again. False when it is no unknown call of theirs."""
    changed = session.execute(
        update(ProviderCall)
        .where(ProviderCall.id == call_id, ProviderCall.user_id == user_id, ProviderCall.status == "unknown")
        .values(status="written_off", finished_at=_NOW)
        .returning(ProviderCall.id)
    )
    return changed.first() is not None


def calls_of_video(session: Session, user_id: UUID, video_id: UUID) -> Sequence[ProviderCall]:
    """The paid calls of a user's video, oldest first."""
    query = (
        select(ProviderCall)
        .where(ProviderCall.user_id == user_id, ProviderCall.video_id == video_id)
        .order_by(ProviderCall.created_at, ProviderCall.id)
    )
    return session.scalars(query).all()


def _change(
    session: Session, call_id: UUID, before: Sequence[str], *, attempt: int | None = None, **values: Any
) -> bool:
    """Change a call that is in one of the states `before` and, where `attempt` is given, held by that attempt."""
    statement = update(ProviderCall).where(ProviderCall.id == call_id, ProviderCall.status.in_(before))
    if attempt is not None:
        statement = statement.where(ProviderCall.attempt == attempt)
    changed = session.execute(
        statement.values(**values).returning(ProviderCall.id), execution_options={"synchronize_session": False}
    )
    return changed.first() is not None

"""Plans that recur."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import RecurringPlan, Video


def plans_of(session: Session, user_id: UUID) -> Sequence[RecurringPlan]:
    """A user's plans, newest first."""
    query = (
        select(RecurringPlan)
        .where(RecurringPlan.user_id == user_id, RecurringPlan.deleted_at.is_(None))
        .order_by(RecurringPlan.created_at.desc(), RecurringPlan.id)
    )
    return session.scalars(query).all()


def plan_called(session: Session, user_id: UUID, name: str) -> RecurringPlan | None:
    """A user's plan by its name, locked."""
    query = select(RecurringPlan).where(
        RecurringPlan.user_id == user_id, RecurringPlan.name == name, RecurringPlan.deleted_at.is_(None)
    )
    return session.scalars(query.with_for_update()).one_or_none()


def next_due(session: Session, before: datetime, *, not_these: Sequence[UUID]) -> RecurringPlan | None:
    """Of all plans whose next time comes before the given moment the earliest that nobody works on, locked."""
    query = (
        select(RecurringPlan)
        .where(
            RecurringPlan.enabled,
            RecurringPlan.deleted_at.is_(None),
            RecurringPlan.next_at <= before,
            RecurringPlan.id.not_in(not_these),
        )
        .order_by(RecurringPlan.next_at, RecurringPlan.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).one_or_none()


def has_video_for(session: Session, plan_id: UUID, planned_for: datetime) -> bool:
    """Whether the plan has made its video for this time."""
    query = select(Video.id).where(Video.recurring_plan_id == plan_id, Video.planned_for == planned_for)
    return session.scalars(query).first() is not None

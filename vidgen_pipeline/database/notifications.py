"""The outbox of notices: written in the transaction that made them true, read by their owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notification_tables import Notification, NotificationSettings
from vidgen_pipeline.domain.notifications import NotificationType


def add_notification(
    session: Session,
    user_id: UUID,
    kind: NotificationType,
    *,
    title: str,
    body: str,
    once_key: str,
    video_id: UUID | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Put a notice into the user's outbox, unless the same (`once_key`) is there already."""
    session.execute(
        insert(Notification)
        .values(
            user_id=user_id,
            type=kind,
            video_id=video_id,
            title=title,
            body=body,
            data=data or {},
            once_key=once_key,
        )
        .on_conflict_do_nothing()
    )


def latest_notifications(
    session: Session,
    user_id: UUID,
    *,
    unread_only: bool,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Notification]:
    """The user's notices, newest first; with `before` (time and id of the last one seen) those that follow it."""
    query = (
        select(Notification)
        .where(Notification.user_id == user_id)
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .limit(limit)
    )
    if unread_only:
        query = query.where(Notification.read_at.is_(None))
    if before is not None:
        query = query.where(tuple_(Notification.created_at, Notification.id) < before)
    return session.scalars(query).all()


def mark_read(session: Session, user_id: UUID, ids: Sequence[UUID]) -> int:
    """Mark these notices of the user's as read; returns how many were not before."""
    changed = session.execute(
        update(Notification)
        .where(Notification.user_id == user_id, Notification.id.in_(ids), Notification.read_at.is_(None))
        .values(read_at=func.now())
        .returning(Notification.id)
    )
    return len(changed.all())


def count_notifications(session: Session, user_id: UUID) -> tuple[int, int]:
    """How many notices the user has, and how many of them are unread."""
    query = select(func.count(), func.count().filter(Notification.read_at.is_(None))).where(
        Notification.user_id == user_id
    )
    total, unread = session.execute(query).one()
    return int(total), int(unread)


def notification_settings(session: Session, user_id: UUID, *, locked: bool = False) -> NotificationSettings:
    """Where the user is told of what, made with the defaults at the first call."""
    session.execute(insert(NotificationSettings).values(user_id=user_id).on_conflict_do_nothing())
    query = select(NotificationSettings).where(NotificationSettings.user_id == user_id)
    return session.scalars(query.with_for_update() if locked else query).one()

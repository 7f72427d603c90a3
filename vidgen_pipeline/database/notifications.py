"""The outbox of notices: written in the transaction that made them true."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notification_tables import Notification
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

"""A person's notices inside the product, and where else they are told of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func
from sqlalchemy.orm import Session

from vidgen_pipeline.database import notifications as rows
from vidgen_pipeline.database.notification_tables import Notification, NotificationSettings
from vidgen_pipeline.domain.notifications import Channel, NotificationType, checked_types
from vidgen_pipeline.services.mail import checked_address


@dataclass(frozen=True, kw_only=True)
class NotificationView:
    """A notice as its owner sees it."""

    id: UUID
    type: NotificationType
    title: str
    body: str
    video_id: UUID | None
    data: Mapping[str, Any]
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True)
class Counts:
    """How many notices a person has, and how many of them are unread."""

    total: int
    unread: int


@dataclass(frozen=True)
class SettingsView:
    """Where a person is told of what. A channel that is missing in `channels` is told of everything."""

    email: str | None
    channels: Mapping[str, Sequence[str]]


def list_notifications(
    engine: Engine,
    user_id: UUID,
    *,
    unread_only: bool = False,
    after: NotificationView | tuple[datetime, UUID] | None = None,
    limit: int = 20,
) -> list[NotificationView]:
    """The user's notices, newest first. `after` is the last one of the page before, or its time and id."""
    before = (after.created_at, after.id) if isinstance(after, NotificationView) else after
    with Session(engine) as session:
        found = rows.latest_notifications(session, user_id, unread_only=unread_only, before=before, limit=limit)
        return [_view(row) for row in found]


def mark_read(engine: Engine, user_id: UUID, ids: Sequence[UUID]) -> int:
    """Mark notices as read; returns how many were not before. Only named ones: others may have come meanwhile."""
    with Session(engine) as session, session.begin():
        return rows.mark_read(session, user_id, ids)


def count_notifications(engine: Engine, user_id: UUID) -> Counts:
    """How many notices the user has."""
    with Session(engine) as session:
        return Counts(*rows.count_notifications(session, user_id))


def notification_settings(engine: Engine, user_id: UUID) -> SettingsView:
    """Where the user is told of what."""
    with Session(engine) as session, session.begin():
        return _settings_view(rows.notification_settings(session, user_id))


def set_email(engine: Engine, user_id: UUID, address: str | None) -> SettingsView:
    """Tell the user by e-mail at this address from now on, or no longer. Raises InvalidInput."""
    checked = checked_address(address) if address is not None else None
    with Session(engine) as session, session.begin():
        own = rows.notification_settings(session, user_id, locked=True)
        own.email, own.updated_at = checked, func.now()
        session.flush()
        return _settings_view(own)


def set_channel(engine: Engine, user_id: UUID, channel: Channel, types: Sequence[str] | None) -> SettingsView:
    """Tell the channel of these types only, or (None) of all. Raises InvalidInput for a type that there is not."""
    checked = checked_types(types) if types is not None else None
    with Session(engine) as session, session.begin():
        own = rows.notification_settings(session, user_id, locked=True)
        others = {name: told for name, told in own.channels.items() if name != channel}
        own.channels = others if checked is None else {**others, channel.value: [kind.value for kind in checked]}
        own.updated_at = func.now()
        session.flush()
        return _settings_view(own)


def _view(row: Notification) -> NotificationView:
    return NotificationView(
        id=row.id,
        type=NotificationType(row.type),
        title=row.title,
        body=row.body,
        video_id=row.video_id,
        data=row.data,
        created_at=row.created_at,
        read_at=row.read_at,
    )


def _settings_view(row: NotificationSettings) -> SettingsView:
    return SettingsView(row.email, dict(row.channels))

"""Notices on their way out: written down before anything is sent, and claimed by whoever sends.

A claim is a lease: `next_try_at` moves into the future, and the try is counted. Who records how it went names the try
it was, so that one whose lease ran out changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notification_tables import (
    Notification,
    NotificationDelivery,
    NotificationSettings,
    Webhook,
)
from vidgen_pipeline.database.tables import User
from vidgen_pipeline.domain.notifications import Channel, is_told

_NOW = func.now()


@dataclass(frozen=True, kw_only=True)
class Target:
    """A webhook as a delivery needs it; the secrets are still encrypted."""

    webhook_id: UUID
    url: str
    secret: bytes = field(repr=False)
    old_secret: bytes | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Due:
    """A claimed delivery with all that is needed to make it. `tries` counts the present one."""

    id: UUID
    tries: int
    channel: Channel
    user_id: UUID
    user_name: str
    notification_id: UUID
    type: str
    title: str
    body: str
    data: dict[str, Any]
    created_at: datetime
    email: str | None
    target: Target | None


def write_deliveries(session: Session, *, operator: bool, most: int) -> int:
    """Write down where undispatched notices go, oldest first, at most so many; returns how many were looked at.

    `operator` says whether the operator has a channel. Several programs may do this at once.
    """
    query = (
        select(Notification)
        .where(Notification.dispatched_at.is_(None))
        .order_by(Notification.created_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    notices = session.scalars(query).all()
    users = {notice.user_id for notice in notices}
    settings = {
        row.user_id: row
        for row in session.scalars(select(NotificationSettings).where(NotificationSettings.user_id.in_(users)))
    }
    webhooks = session.scalars(select(Webhook).where(Webhook.user_id.in_(users), Webhook.enabled)).all()
    for notice in notices:
        own = settings.get(notice.user_id)
        hooks = [hook for hook in webhooks if hook.user_id == notice.user_id]
        rows = _rows(notice, own, hooks, operator=operator)
        if rows:
            session.execute(insert(NotificationDelivery).values(rows).on_conflict_do_nothing())
    session.execute(
        update(Notification).where(Notification.id.in_([notice.id for notice in notices])).values(dispatched_at=_NOW)
    )
    return len(notices)


def _rows(
    notice: Notification, own: NotificationSettings | None, hooks: Sequence[Webhook], *, operator: bool
) -> list[dict[str, Any]]:
    channels = own.channels if own else {}
    rows: list[dict[str, Any]] = []
    if own and own.email and is_told(channels, Channel.EMAIL, notice.type):
        rows.append({"channel": Channel.EMAIL, "webhook_id": None})
    if operator and is_told(channels, Channel.OPERATOR, notice.type):
        rows.append({"channel": Channel.OPERATOR, "webhook_id": None})
    if is_told(channels, Channel.WEBHOOK, notice.type):
        wanted = [hook for hook in hooks if not hook.types or notice.type in hook.types]
        rows += [{"channel": Channel.WEBHOOK, "webhook_id": hook.id} for hook in wanted]
    return [{"notification_id": notice.id, **row} for row in rows]


def claim_due(session: Session, *, most: int, lease: timedelta) -> list[Due]:
    """Claim deliveries whose time has come, at most so many: each recipient's first before anybody's second."""
    due = (NotificationDelivery.status == "pending", NotificationDelivery.next_try_at <= _NOW)
    turn = func.row_number().over(
        partition_by=(NotificationDelivery.channel, NotificationDelivery.webhook_id, Notification.user_id),
        order_by=NotificationDelivery.next_try_at,
    )
    turns = (
        select(NotificationDelivery.id, turn.label("turn"))
        .join(Notification, Notification.id == NotificationDelivery.notification_id)
        .where(*due)
        .subquery()
    )
    chosen = (
        select(NotificationDelivery.id)
        .join(turns, turns.c.id == NotificationDelivery.id)
        .where(*due)  # once more: another program may have claimed one since the turns were counted
        .order_by(turns.c.turn, NotificationDelivery.next_try_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=NotificationDelivery)
    )
    ids = session.scalars(chosen).all()
    session.execute(
        update(NotificationDelivery)
        .where(NotificationDelivery.id.in_(ids))
        .values(tries=NotificationDelivery.tries + 1, next_try_at=_NOW + lease)
    )
    return sorted(_read(session, ids), key=lambda due: ids.index(due.id))


def _read(session: Session, ids: Sequence[UUID]) -> list[Due]:
    query = (
        select(
            NotificationDelivery, Notification, User.name, NotificationSettings.email, Webhook,
            Webhook.old_secret_until > _NOW,
        )
        .join(Notification, Notification.id == NotificationDelivery.notification_id)
        .join(User, User.id == Notification.user_id)
        .outerjoin(NotificationSettings, NotificationSettings.user_id == Notification.user_id)
        .outerjoin(
            Webhook,
            (Webhook.id == NotificationDelivery.webhook_id)
            & (Webhook.user_id == Notification.user_id)
            & Webhook.enabled,
        )
        .where(NotificationDelivery.id.in_(ids))
    )  # fmt: skip
    return [
        Due(
            id=delivery.id,
            tries=delivery.tries,
            channel=Channel(delivery.channel),
            user_id=notice.user_id,
            user_name=name,
            notification_id=notice.id,
            type=notice.type,
            title=notice.title,
            body=notice.body,
            data=notice.data,
            created_at=notice.created_at,
            email=email,
            target=Target(
                webhook_id=hook.id, url=hook.url, secret=hook.secret, old_secret=hook.old_secret if both else None
            )
            if hook
            else None,
        )
        for delivery, notice, name, email, hook, both in session.execute(query)
    ]


def mark_sent(session: Session, due: Due) -> bool:
    """The delivery was made. False when its lease had run out and somebody else has it."""
    return _end_try(session, due, status="sent", sent_at=_NOW, last_error="")


def put_off(session: Session, due: Due, error: str, wait: timedelta) -> bool:
    """The try failed; the next is due after `wait`. False as for `mark_sent`."""
    return _end_try(session, due, next_try_at=_NOW + wait, last_error=error)


def give_up(session: Session, due: Due, error: str) -> bool:
    """The try failed, and there is no other. False as for `mark_sent`."""
    return _end_try(session, due, status="dead", last_error=error)


def hand_back(session: Session, due: Due) -> bool:
    """The try was not made: it does not count, and is due at once. False as for `mark_sent`."""
    return _end_try(session, due, tries=due.tries - 1, next_try_at=_NOW)


def _end_try(session: Session, due: Due, **values: Any) -> bool:
    changed = session.execute(
        update(NotificationDelivery)
        .where(
            NotificationDelivery.id == due.id,
            NotificationDelivery.status == "pending",
            NotificationDelivery.tries == due.tries,
        )
        .values(**values)
        .returning(NotificationDelivery.id)
    )
    return changed.first() is not None

"""A person's own addresses for webhooks. Every function takes the user first: a stranger's id is an unknown id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, delete, func, literal, or_, select, text, update
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notification_tables import NotificationDelivery, Webhook

_NOW = func.now()


@dataclass(frozen=True, kw_only=True)
class StoredSecrets:
    """A webhook's secrets as they are stored: the present one and, while rotating, the one before."""

    webhook_id: UUID
    user_id: UUID
    secret: bytes
    old_secret: bytes | None


def insert_webhook(
    session: Session, user_id: UUID, webhook_id: UUID, *, url: str, secret: bytes, types: Sequence[str]
) -> None:
    """Add a webhook. Its id is made by the caller, because its secret is bound to it."""
    session.add(Webhook(id=webhook_id, user_id=user_id, url=url, secret=secret, types=list(types)))
    session.flush()


def webhooks_of(session: Session, user_id: UUID) -> Sequence[Webhook]:
    """The user's webhooks, oldest first."""
    query = select(Webhook).where(Webhook.user_id == user_id).order_by(Webhook.created_at, Webhook.id)
    return session.scalars(query).all()


def find_webhooks(session: Session, user_id: UUID, prefix: str, limit: int = 2) -> Sequence[Webhook]:
    """The user's webhooks whose id starts with `prefix` (hex digits and dashes)."""
    query = (
        select(Webhook)
        .where(Webhook.user_id == user_id, text("webhooks.id::text LIKE :prefix"))
        .params(prefix=f"{prefix}%")
        .limit(limit)
    )
    return session.scalars(query).all()


def delete_webhook(session: Session, user_id: UUID, webhook_id: UUID) -> None:
    """Remove a webhook, and with it what was on its way there."""
    session.execute(delete(Webhook).where(Webhook.user_id == user_id, Webhook.id == webhook_id))


def replace_secret(session: Session, user_id: UUID, webhook_id: UUID, secret: bytes, *, overlap: timedelta) -> None:
    """Give the webhook a new secret; the present one stays valid beside it for so long."""
    session.execute(
        update(Webhook)
        .where(Webhook.user_id == user_id, Webhook.id == webhook_id)
        .values(secret=secret, old_secret=Webhook.secret, old_secret_until=_NOW + overlap, updated_at=_NOW)
    )


def enable(session: Session, user_id: UUID, webhook_id: UUID) -> None:
    """Deliver to the webhook again."""
    session.execute(
        update(Webhook)
        .where(Webhook.user_id == user_id, Webhook.id == webhook_id)
        .values(enabled=True, disabled_reason="", failures_in_a_row=0, updated_at=_NOW)
    )


def note_success(session: Session, user_id: UUID, webhook_id: UUID) -> None:
    """The webhook took something in."""
    session.execute(
        update(Webhook)
        .where(Webhook.user_id == user_id, Webhook.id == webhook_id, Webhook.failures_in_a_row > 0)
        .values(failures_in_a_row=0)
    )


def note_failure(
    session: Session, user_id: UUID, webhook_id: UUID, *, reason: str, most: int, at_once: bool
) -> Webhook | None:
    """The webhook failed. It is disabled after the `most`-th time in a row, or `at_once`; it is returned then only."""
    failures = Webhook.failures_in_a_row + 1
    over = or_(failures >= most, literal(at_once))
    changed = session.scalars(
        update(Webhook)
        .where(Webhook.user_id == user_id, Webhook.id == webhook_id, Webhook.enabled)
        .values(
            failures_in_a_row=failures,
            enabled=~over,
            disabled_reason=case((over, reason), else_=""),
            updated_at=_NOW,
        )
        .returning(Webhook),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if changed is None or changed.enabled:
        return None
    session.execute(
        update(NotificationDelivery)
        .where(NotificationDelivery.webhook_id == webhook_id, NotificationDelivery.status == "pending")
        .values(status="dead", last_error=reason)
    )
    return changed


def secrets_of_all(session: Session) -> list[StoredSecrets]:
    """The stored secrets of all webhooks of all users: for a new master key."""
    query = select(Webhook.id, Webhook.user_id, Webhook.secret, Webhook.old_secret)
    return [
        StoredSecrets(webhook_id=row[0], user_id=row[1], secret=row[2], old_secret=row[3])
        for row in session.execute(query)
    ]


def exchange_secrets(session: Session, old: StoredSecrets, new: StoredSecrets) -> bool:
    """Put the newly encrypted secrets in place of the old; False when those have changed meanwhile."""
    changed = session.execute(
        update(Webhook)
        .where(
            Webhook.user_id == old.user_id,
            Webhook.id == old.webhook_id,
            Webhook.secret == old.secret,
            Webhook.old_secret.is_not_distinct_from(old.old_secret),
        )
        .values(secret=new.secret, old_secret=new.old_secret)
        .returning(Webhook.id)
    )
    return changed.first() is not None

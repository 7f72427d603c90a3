"""A person's webhooks: add, list, test, give a new secret, remove."""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import webhooks as rows
from vidgen_pipeline.database.deliveries import Target
from vidgen_pipeline.database.notification_tables import Webhook
from vidgen_pipeline.domain.errors import Conflict, NotFound
from vidgen_pipeline.domain.notifications import checked_types
from vidgen_pipeline.providers.network.pool import Resolver
from vidgen_pipeline.services.vault import Vault
from vidgen_pipeline.services.webhook_sending import WebhookMessage, check_webhook_url, send_webhook

MOST_PER_USER = 20
BOTH_SECRETS_FOR = timedelta(hours=24)
TEST_TYPE = "webhook_test"

_SECRET_BYTES = 32
_ID_PREFIX = re.compile(r"[0-9a-f-]{4,36}")
_SEE_ALL = "See them all with: vidgen webhooks list"


@dataclass(frozen=True, kw_only=True)
class WebhookView:
    """A webhook as its owner sees it. No types: it is told of all. While two secrets are valid, until when."""

    id: UUID
    url: str
    types: tuple[str, ...]
    enabled: bool
    disabled_reason: str
    failures_in_a_row: int
    created_at: datetime
    old_secret_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class WebhookSecret:
    """A webhook's secret, `whsec_…`. It is shown this once."""

    webhook: WebhookView
    secret: str = field(repr=False)


def add_webhook(engine: Engine, user_id: UUID, vault: Vault, url: str, *, types: Sequence[str] = ()) -> WebhookSecret:
    """Tell this address of notices of these types, or of all, from now on.

    Raises InvalidInput for an address that nothing is sent to or a type that there is not, Conflict when there are too
    many.
    """
    check_webhook_url(url)
    wanted = checked_types(types)
    webhook_id, secret = uuid.uuid4(), _new_secret()
    with Session(engine) as session, session.begin():
        if len(rows.webhooks_of(session, user_id)) >= MOST_PER_USER:
            raise Conflict(f"There are {MOST_PER_USER} webhooks already.", remedy="Remove one first.")
        stored = vault.encrypt(secret.encode(), user_id=user_id, purpose=_purpose(webhook_id))
        rows.insert_webhook(session, user_id, webhook_id, url=url, secret=stored, types=wanted)
        return WebhookSecret(webhook=_view(_find(session, user_id, str(webhook_id))), secret=secret)


def list_webhooks(engine: Engine, user_id: UUID) -> list[WebhookView]:
    """The user's webhooks, oldest first."""
    with Session(engine) as session:
        return [_view(row) for row in rows.webhooks_of(session, user_id)]


def remove_webhook(engine: Engine, user_id: UUID, written: str) -> WebhookView:
    """Remove the webhook whose id begins so. What was on its way there is dropped. Raises NotFound."""
    with Session(engine) as session, session.begin():
        view = _view(_find(session, user_id, written))
        rows.delete_webhook(session, user_id, view.id)
        return view


def rotate_webhook(engine: Engine, user_id: UUID, vault: Vault, written: str) -> WebhookSecret:
    """Give the webhook a new secret. For a day messages are signed with both. Raises NotFound."""
    secret = _new_secret()
    with Session(engine) as session, session.begin():
        found = _find(session, user_id, written)
        stored = vault.encrypt(secret.encode(), user_id=user_id, purpose=_purpose(found.id))
        rows.replace_secret(session, user_id, found.id, stored, overlap=BOTH_SECRETS_FOR)
        session.refresh(found)
        return WebhookSecret(webhook=_view(found), secret=secret)


async def try_webhook(
    engine: Engine, user_id: UUID, vault: Vault, written: str, *, resolver: Resolver | None = None
) -> WebhookView:
    """Send the webhook a message of the type `webhook_test` now. One that was switched off is on again if it arrives.

    Raises NotFound, Undelivered.
    """
    with Session(engine) as session:
        found = _find(session, user_id, written)
        both = found.old_secret_until is not None and found.old_secret_until > datetime.now(UTC)
        target = Target(
            webhook_id=found.id, url=found.url, secret=found.secret, old_secret=found.old_secret if both else None
        )
    message = WebhookMessage(
        id=uuid.uuid4(), type=TEST_TYPE, happened_at=datetime.now(UTC), data={"webhook_id": str(target.webhook_id)}
    )
    await send_webhook(target.url, signing_secrets(vault, user_id, target), message, resolver=resolver)
    with Session(engine) as session, session.begin():
        rows.enable(session, user_id, target.webhook_id)
        return _view(_find(session, user_id, str(target.webhook_id)))


def signing_secrets(vault: Vault, user_id: UUID, target: Target) -> list[str]:
    """The secrets that are valid now, the newest first. Raises SecretUnreadable."""
    stored = [target.secret, *([target.old_secret] if target.old_secret else [])]
    purpose = _purpose(target.webhook_id)
    return [vault.decrypt(secret, user_id=user_id, purpose=purpose).decode() for secret in stored]


def reencrypt_webhooks(engine: Engine, vault: Vault) -> int:
    """Encrypt the secrets of all webhooks with the present master key; returns how many webhooks that changed."""
    changed = 0
    with Session(engine) as session:
        stored = rows.secrets_of_all(session)
    for old in stored:
        present = (old.secret, *([old.old_secret] if old.old_secret else []))
        if all(vault.is_current(secret) for secret in present):
            continue
        purpose = _purpose(old.webhook_id)
        new = replace(
            old,
            secret=vault.rotate(old.secret, user_id=old.user_id, purpose=purpose),
            old_secret=vault.rotate(old.old_secret, user_id=old.user_id, purpose=purpose) if old.old_secret else None,
        )
        with Session(engine) as session, session.begin():
            changed += rows.exchange_secrets(session, old, new)
    return changed


def _find(session: Session, user_id: UUID, written: str) -> Webhook:
    prefix = written.strip().lower()
    found = rows.find_webhooks(session, user_id, prefix) if _ID_PREFIX.fullmatch(prefix) else []
    if len(found) != 1:
        which = "More than one webhook's id starts" if found else "No webhook's id starts"
        raise NotFound(f"{which} with '{prefix}'.", remedy=_SEE_ALL)
    return found[0]


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def _purpose(webhook_id: UUID) -> str:
    return f"webhook:{webhook_id}"


def _view(row: Webhook) -> WebhookView:
    return WebhookView(
        id=row.id,
        url=row.url,
        types=tuple(row.types),
        enabled=row.enabled,
        disabled_reason=row.disabled_reason,
        failures_in_a_row=row.failures_in_a_row,
        created_at=row.created_at,
        old_secret_until=row.old_secret_until,
    )

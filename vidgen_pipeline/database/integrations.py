"""People's own accounts at providers. Every function takes the user first: another's account is one that is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.account_tables import Integration

_NOW = func.now()
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class StoredCredentials:
    """An account's credentials as they are stored."""

    user_id: UUID
    provider: str
    credentials: bytes


def put_integration(
    session: Session, user_id: UUID, provider: str, *, credentials: bytes, ending: str, fingerprint: str
) -> None:
    """The user's account at this provider, switched on; in place of one that was there."""
    new = {
        "credentials": credentials,
        "ending": ending,
        "fingerprint": fingerprint,
        "enabled": True,
        "set_at": _NOW,
        "last_used_at": None,
        "checked_at": None,
        "check_outcome": None,
        "check_message": "",
    }
    session.execute(
        insert(Integration)
        .values(user_id=user_id, provider=provider, **new)
        .on_conflict_do_update(index_elements=["user_id", "provider"], set_=new)
    )


def integrations_of(session: Session, user_id: UUID) -> Sequence[Integration]:
    """The user's accounts, by provider."""
    query = select(Integration).where(Integration.user_id == user_id).order_by(Integration.provider)
    return session.scalars(query, execution_options={"populate_existing": True}).all()


def find_integration(session: Session, user_id: UUID, provider: str) -> Integration | None:
    """The user's account at this provider."""
    query = select(Integration).where(Integration.user_id == user_id, Integration.provider == provider)
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()


def delete_integration(session: Session, user_id: UUID, provider: str) -> bool:
    """Forget the account. False when there was none."""
    gone = (
        delete(Integration)
        .where(Integration.user_id == user_id, Integration.provider == provider)
        .returning(Integration.id)
    )
    return session.scalars(gone).one_or_none() is not None


def switch_integration(session: Session, user_id: UUID, provider: str, *, on: bool) -> bool:
    """Use the account from now on, or leave it alone. False when there is none."""
    changed = (
        update(Integration)
        .where(Integration.user_id == user_id, Integration.provider == provider)
        .values(enabled=on)
        .returning(Integration.id)
    )
    return session.scalars(changed).one_or_none() is not None


def note_use(session: Session, user_id: UUID, provider: str) -> None:
    """The key goes out now; written at most once a minute."""
    session.execute(
        update(Integration)
        .where(
            Integration.user_id == user_id,
            Integration.provider == provider,
            or_(Integration.last_used_at.is_(None), Integration.last_used_at < _NOW - _NOTED_EVERY),
        )
        .values(last_used_at=_NOW)
    )


def note_check(session: Session, user_id: UUID, provider: str, *, fingerprint: str, outcome: str, message: str) -> bool:
    """What a check of this very key showed. False when the key is another one by now."""
    noted = (
        update(Integration)
        .where(
            Integration.user_id == user_id,
            Integration.provider == provider,
            Integration.fingerprint == fingerprint,
        )
        .values(checked_at=_NOW, check_outcome=outcome, check_message=message)
        .returning(Integration.id)
    )
    return session.scalars(noted).one_or_none() is not None


def credentials_of_all(session: Session, *, provider: str | None = None) -> list[StoredCredentials]:
    """The stored credentials of all users, or of all who have this provider: for a new master key or a new name."""
    query = select(Integration.user_id, Integration.provider, Integration.credentials)
    if provider is not None:
        query = query.where(Integration.provider == provider)
    return [StoredCredentials(user_id=row[0], provider=row[1], credentials=row[2]) for row in session.execute(query)]


def exchange_credentials(session: Session, old: StoredCredentials, new: bytes) -> bool:
    """Put the newly encrypted credentials in place of the old; False when those have changed meanwhile."""
    changed = (
        update(Integration)
        .where(
            Integration.user_id == old.user_id,
            Integration.provider == old.provider,
            Integration.credentials == old.credentials,
        )
        .values(credentials=new)
        .returning(Integration.id)
    )
    return session.scalars(changed).one_or_none() is not None


def rename_provider(session: Session, old: StoredCredentials, provider: str, credentials: bytes) -> bool:
    """Keep the account under another provider's id, for which its credentials were encrypted anew.

    An account that the user has there already stays, and the old one goes. Whether it was kept.
    """
    if find_integration(session, old.user_id, provider) is not None:
        delete_integration(session, old.user_id, old.provider)
        return False
    changed = (
        update(Integration)
        .where(
            Integration.user_id == old.user_id,
            Integration.provider == old.provider,
            Integration.credentials == old.credentials,
        )
        .values(provider=provider, credentials=credentials)
        .returning(Integration.id)
    )
    return session.scalars(changed).one_or_none() is not None

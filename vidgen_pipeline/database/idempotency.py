"""Requests that may be sent again: who works on one, and what was answered. The user comes first, as everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from vidgen_pipeline.database.tables import Base


class IdempotencyKey(Base):
    """A key that a client gave its request, and the answer, once there is one."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    claim: Mapped[UUID]
    claimed_at: Mapped[datetime]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A request that came before under the same key. Without a status, it is still being worked on."""

    request_hash: bytes
    status: int | None
    headers: dict[str, str]
    body: bytes


def claim_key(
    session: Session,
    user_id: UUID,
    key: str,
    *,
    request_hash: bytes,
    claim: UUID,
    now: datetime,
    kept_for: timedelta,
    given_up_after: timedelta,
) -> Kept | None:
    """Take the key for a request; of any number who try at once, one does. Else what came before under it.

    An answer is kept so long; work that was begun and not ended is given up so much later, and may be begun anew.
    """
    session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.user_id == user_id, IdempotencyKey.claimed_at < now - kept_for)
    )
    begun = {"request_hash": request_hash, "claim": claim, "claimed_at": now}
    statement = insert(IdempotencyKey).values(user_id=user_id, key=key, **begun)
    taken = session.scalars(
        statement.on_conflict_do_update(
            index_elements=["user_id", "key"],
            set_=begun,
            where=IdempotencyKey.status.is_(None)
            & (IdempotencyKey.request_hash == request_hash)
            & or_(IdempotencyKey.claimed_at < now - given_up_after, IdempotencyKey.claim == claim),
        ).returning(IdempotencyKey.claim)
    ).one_or_none()
    if taken is not None:
        return None
    query = select(IdempotencyKey).where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
    row = session.scalars(query).one_or_none()
    if row is None:  # whoever had it let it go at this very moment: the client comes again
        return Kept(request_hash=request_hash, status=None, headers={}, body=b"")
    return Kept(request_hash=row.request_hash, status=row.status, headers=dict(row.headers or {}), body=row.body or b"")


def keep_answer(
    session: Session, user_id: UUID, key: str, claim: UUID, *, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Write down the answer, if the work is still this claim's."""
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key, IdempotencyKey.claim == claim)
        .values(status=status, headers=headers, body=body)
    )


def let_go(session: Session, user_id: UUID, key: str, claim: UUID) -> None:
    """Nothing was done: the key may be used again."""
    session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.user_id == user_id,
            IdempotencyKey.key == key,
            IdempotencyKey.claim == claim,
            IdempotencyKey.status.is_(None),
        )
    )

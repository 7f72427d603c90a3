"""People with accounts, for tests."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Engine, text

from vidgen_pipeline.domain.accounts import Role
from vidgen_pipeline.services.accounts import create_user
from vidgen_pipeline.services.passwords import hash_password

PASSWORD = "seven blue kites at noon"


@cache
def password_hash() -> str:
    return asyncio.run(hash_password(PASSWORD))


def somebody(engine: Engine, name: str, *, role: Role = Role.USER, email: str | None = None) -> UUID:
    """A user whose password is PASSWORD."""
    user_id = create_user(engine, name, email=email, role=role).user.id
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE users SET password_hash = :hash WHERE id = :id"), {"hash": password_hash(), "id": user_id}
        )
        connection.execute(text("DELETE FROM password_links WHERE user_id = :id"), {"id": user_id})
    return user_id


def last_seen(engine: Engine, session_id: UUID) -> datetime:
    with engine.connect() as connection:
        seen: datetime = connection.execute(
            text("SELECT last_seen_at FROM sessions WHERE id = :id"), {"id": session_id}
        ).scalar_one()
    return seen

"""Logins: a random token in a cookie, its hash in the database, an end on its own and at any time by its owner."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import accounts as rows
from vidgen_pipeline.database.account_tables import LoginSession
from vidgen_pipeline.domain.accounts import Caller, NotAuthenticated, Role, scopes_of
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.domain.text import one_line

IDLE = timedelta(hours=24)
LONGEST = timedelta(days=14)
MOST_PER_USER = 50

_NOTED_EVERY = timedelta(minutes=1)
_TOKEN_BYTES = 32
_LONGEST_TOKEN = 100
_LONGEST_AGENT, _LONGEST_IP = 200, 64


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Where a login comes from: an address, and what the browser calls itself."""

    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionView:
    """A login as its owner sees it."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str
    user_agent: str
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class NewSession:
    """A login that was just made. The token goes into the cookie and is kept nowhere."""

    id: UUID
    user_id: UUID
    token: str = field(repr=False)
    expires_at: datetime


def open_session(session: Session, user_id: UUID, visitor: Visitor, *, now: datetime) -> NewSession:
    """A new login of the user; of very many, the oldest end."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row = rows.insert_session(
        session,
        user_id,
        token_hash=hash_of(token),
        now=now,
        expires_at=now + LONGEST,
        ip=one_line(visitor.ip, _LONGEST_IP),
        user_agent=one_line(visitor.user_agent, _LONGEST_AGENT),
    )
    rows.delete_sessions(session, user_id, newest_kept=MOST_PER_USER)
    return NewSession(id=row.id, user_id=user_id, token=token, expires_at=row.expires_at)


def caller_of_session(engine: Engine, token: str, *, now: datetime | None = None) -> Caller:
    """Who is logged in with this token. Raises NotAuthenticated."""
    now = now or datetime.now(UTC)
    if not 0 < len(token) <= _LONGEST_TOKEN:
        raise _not_logged_in()
    with Session(engine) as session, session.begin():
        found = rows.session_with_user(session, hash_of(token), now=now, idle=IDLE)
        if found is None:
            raise _not_logged_in()
        login, user = found
        if login.last_seen_at < now - _NOTED_EVERY:
            rows.touch_session(session, login.id, now=now, at_most_every=_NOTED_EVERY)
        role = Role(user.role)
        return Caller(
            user_id=user.id,
            name=user.name,
            role=role,
            scopes=scopes_of(role),
            by_token=False,
            credential_id=login.id,
        )


def list_sessions(
    engine: Engine, user_id: UUID, *, current: UUID | None = None, now: datetime | None = None
) -> Sequence[SessionView]:
    """The user's logins, newest first; `current` is the id of the one that asks."""
    with Session(engine) as session:
        found = rows.sessions_of(session, user_id, now=now or datetime.now(UTC), idle=IDLE)
        return [_view(row, current) for row in found]


def revoke_session(engine: Engine, user_id: UUID, session_id: UUID) -> None:
    """End one of the user's logins. Raises NotFound."""
    with Session(engine) as session, session.begin():
        if not rows.delete_sessions(session, user_id, only=session_id):
            raise NotFound("There is no login of yours with this id.")


def revoke_all_sessions(engine: Engine, user_id: UUID) -> int:
    """End all of the user's logins; returns how many there were."""
    with Session(engine) as session, session.begin():
        return rows.delete_sessions(session, user_id)


def log_out(engine: Engine, token: str) -> bool:
    """End the login with this token. False when there was none."""
    with Session(engine) as session, session.begin():
        return rows.delete_session_by_token(session, hash_of(token))


def form_token(token: str) -> str:
    """What a page's forms carry to show that they are ours: made of the login's token, and telling nothing of it."""
    return hmac.new(token.encode(), b"vidgen form", hashlib.sha256).hexdigest()


def is_form_token(token: str, written: str) -> bool:
    """Whether a form carries what it must."""
    return hmac.compare_digest(form_token(token).encode(), written.encode("utf-8", "surrogatepass"))


def hash_of(token: str) -> bytes:
    """What is kept of a token: it is random and long, so that its plain SHA-256 can't be searched back."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _view(row: LoginSession, current: UUID | None) -> SessionView:
    return SessionView(
        id=row.id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        ip=row.ip,
        user_agent=row.user_agent,
        is_current=row.id == current,
    )


def _not_logged_in() -> NotAuthenticated:
    return NotAuthenticated("You are not logged in, or not any more.", remedy="Log in.")

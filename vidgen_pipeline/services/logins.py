"""Logging in, and setting the password to do it with.

Whatever is wrong, the answer is the same and comes after the same work, so that nobody learns which names there are.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import accounts as rows
from vidgen_pipeline.database.tables import User
from vidgen_pipeline.domain.accounts import NotAuthenticated, TooManyTries
from vidgen_pipeline.domain.errors import InvalidInput, NotFound
from vidgen_pipeline.domain.text import one_line
from vidgen_pipeline.services.accounts import UserView, existing_user, view_of_user
from vidgen_pipeline.services.passwords import check_password, hash_password, matches
from vidgen_pipeline.services.rate_limits import forget_tries, network_of, rate_limit
from vidgen_pipeline.services.sessions import NewSession, Visitor, hash_of, open_session

TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS = 10, 20
SECONDS_PER_TRY_AT_ACCOUNT, SECONDS_PER_TRY_FROM_ADDRESS = 60, 15

_LONGEST_TYPED = 320
_BY_ACCOUNT, _BY_ADDRESS = "login:account", "login:address"
_TOO_MANY = "There were too many tries."


def link_user(engine: Engine, link_token: str, *, now: datetime | None = None) -> UserView:
    """Whose password this link sets. Raises NotFound for one that is not valid, or not any more."""
    with Session(engine) as session:
        user_id = rows.link_owner(session, hash_of(link_token), now or datetime.now(UTC))
        if user_id is None:
            raise _no_link()
        return view_of_user(existing_user(session, user_id))


async def set_password_by_link(
    engine: Engine, link_token: str, password: str, visitor: Visitor, *, now: datetime | None = None
) -> NewSession:
    """Set the password of the link's user, end their other logins, and log them in. The link is used up.

    Raises NotFound for a link that is not valid, InvalidInput for a password that is too easy (the link stays).
    """
    now = now or datetime.now(UTC)
    user = await asyncio.to_thread(link_user, engine, link_token, now=now)  # who has no link costs no hash
    check_password(password, name=user.name, email=user.email or "")
    hashed = await hash_password(password)

    def write() -> NewSession:
        with Session(engine) as session, session.begin():
            user_id = rows.take_link(session, hash_of(link_token), now)
            if user_id is None:
                raise _no_link()
            return _renewed(session, user_id, hashed, visitor, now)

    return await asyncio.to_thread(write)


async def change_password(
    engine: Engine, user_id: UUID, old: str, new: str, visitor: Visitor, *, now: datetime | None = None
) -> NewSession:
    """Change the user's password; all their logins end, and a new one begins.

    Raises InvalidInput for a wrong old one or a new one that is too easy, TooManyTries.
    """
    now = now or datetime.now(UTC)

    def begin() -> User:
        _try_account(engine, f"password of {user_id}", now)
        with Session(engine) as session:
            return existing_user(session, user_id)

    user = await asyncio.to_thread(begin)
    check_password(new, name=user.name, email=user.email or "")
    valid, _ = await matches(old, user.password_hash)
    if not valid:
        raise InvalidInput("The present password is another one.", remedy="Type it again.")
    hashed = await hash_password(new)

    def write() -> NewSession:
        with Session(engine) as session, session.begin():
            return _renewed(session, user_id, hashed, visitor, now)

    return await asyncio.to_thread(write)


async def log_in(
    engine: Engine, name: str, password: str, visitor: Visitor, *, now: datetime | None = None
) -> NewSession:
    """Log in by name or e-mail address. Always a new session, whatever was before.

    Raises NotAuthenticated, in the same words and after the same work whatever is wrong, and TooManyTries, which comes
    for names that nobody has just as it does for others.
    """
    now = now or datetime.now(UTC)
    name = _printable(name)
    user = await asyncio.to_thread(_who_tries, engine, name, visitor, now)
    stored = user.password_hash if user is not None and user.disabled_at is None else None
    valid, renewed = await matches(password, stored)
    if not valid or user is None or stored is None:
        raise _wrong_login()
    return await asyncio.to_thread(_let_in, engine, user.id, name, (stored, renewed), visitor, now)


def _who_tries(engine: Engine, name: str, visitor: Visitor, now: datetime) -> User | None:
    """Count a try to log in, and find the user it is for. Raises TooManyTries."""
    rate = 1 / SECONDS_PER_TRY_FROM_ADDRESS
    decision = rate_limit(engine, _BY_ADDRESS, network_of(visitor.ip), rate, TRIES_PER_ADDRESS, now=now)
    if not decision.allowed:
        raise TooManyTries(_TOO_MANY, retry_after=decision.retry_after_s)
    _try_account(engine, name, now)
    with Session(engine) as session:
        return rows.user_called(session, name)


def _let_in(
    engine: Engine, user_id: UUID, name: str, hashes: tuple[str, str | None], visitor: Visitor, now: datetime
) -> NewSession:
    """Begin the session of a user whose password was right, if nothing has changed meanwhile."""
    stored, renewed = hashes
    with Session(engine) as session, session.begin():
        user = rows.find_user(session, user_id, for_update=True)
        if user is None or user.disabled_at is not None or user.password_hash != stored:
            raise _wrong_login()
        if renewed is not None:
            rows.replace_hash(session, user_id, stored, renewed)
        new = open_session(session, user_id, visitor, now=now)
    forget_tries(engine, _BY_ACCOUNT, name.casefold())
    return new


def _renewed(session: Session, user_id: UUID, hashed: str, visitor: Visitor, now: datetime) -> NewSession:
    user = existing_user(session, user_id, for_update=True)
    if user.disabled_at is not None:
        raise NotAuthenticated("This user is disabled.", remedy="Ask the operator.")
    rows.write_password(session, user_id, hashed, now)
    rows.delete_sessions(session, user_id)
    return open_session(session, user_id, visitor, now=now)


def _try_account(engine: Engine, account: str, now: datetime) -> None:
    rate = 1 / SECONDS_PER_TRY_AT_ACCOUNT
    decision = rate_limit(engine, _BY_ACCOUNT, account.casefold(), rate, TRIES_PER_ACCOUNT, now=now)
    if not decision.allowed:
        raise TooManyTries(_TOO_MANY, retry_after=decision.retry_after_s)


def _no_link() -> NotFound:
    return NotFound("This link is not valid, or not any more.", remedy="Ask for a new one: vidgen users link NAME")


def _wrong_login() -> NotAuthenticated:
    return NotAuthenticated("The name or the password is wrong.", remedy="Type them again.")


def _printable(name: str) -> str:
    """The name as it was typed, without what no name holds and the database can't ask for."""
    return one_line(name, _LONGEST_TYPED).encode("utf-8", "replace").decode().strip()

"""Users: who there is, what they are here, and the links with which they set a password."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import accounts as rows
from vidgen_pipeline.database.tables import User
from vidgen_pipeline.database.users import LOCAL_USER_NAME, generation_settings, local_user_id
from vidgen_pipeline.domain.accounts import Role
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound
from vidgen_pipeline.domain.text import one_line
from vidgen_pipeline.services.mail import checked_address
from vidgen_pipeline.services.sessions import IDLE, hash_of

LINK_LASTS = timedelta(hours=24)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")
_LINK_BYTES = 32
_TOKENS_KEPT = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class UserView:
    """A user as an admin sees them. The one called `local` is also whom the command line works for."""

    id: UUID
    name: str
    email: str | None
    role: Role
    has_password: bool
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Invited:
    """A user, and the token of the link with which they set their password: for 24 hours, once."""

    user: UserView
    link_token: str = field(repr=False)
    expires_at: datetime


def first_admin_link(engine: Engine, *, now: datetime | None = None) -> str | None:
    """The token of a link with which the admin sets their password; None when somebody has one.

    The admin is the user of the command line, so that both see the same videos. A link made before this one, at an
    earlier start, is worth nothing any more.
    """
    now = now or datetime.now(UTC)
    with Session(engine) as session, session.begin():
        if rows.anybody_has_a_password(session):
            return None
        return _make_link(session, local_user_id(session), now)


def create_user(
    engine: Engine, name: str, *, email: str | None = None, role: Role = Role.USER, now: datetime | None = None
) -> Invited:
    """Add a user, who sets a password by the link. Raises InvalidInput, Conflict when name or address is taken."""
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"'{one_line(name, 80)}' can't be a user's name.",
            remedy="It has 2 to 64 letters from a to z, digits, and . _ - within.",
        )
    address = checked_address(email) if email else None
    with Session(engine) as session, session.begin():
        user_id = rows.insert_user(session, name=name, email=address, role=role)
        if user_id is None:
            raise Conflict("Another user has this name or address.", remedy="Choose another.")
        generation_settings(session, user_id)
        return _invite(session, existing_user(session, user_id), now or datetime.now(UTC))


def password_link(engine: Engine, user_id: UUID, *, now: datetime | None = None) -> Invited:
    """A new link for a user who has no password, or forgot it. The present one stays until it is used."""
    with Session(engine) as session, session.begin():
        return _invite(session, existing_user(session, user_id), now or datetime.now(UTC))


def list_users(engine: Engine) -> Sequence[UserView]:
    """All users. For admins."""
    with Session(engine) as session:
        return [view_of_user(user) for user in rows.all_users(session)]


def user_called(engine: Engine, name: str) -> UserView:
    """The user with this name or address. Raises NotFound."""
    with Session(engine) as session:
        user = rows.user_called(session, name.strip())
        if user is None:
            raise NotFound(f"There is no user called '{one_line(name, 80)}'.", remedy="See them with: vidgen users")
        return view_of_user(user)


def show_user(engine: Engine, user_id: UUID) -> UserView:
    """One user. Raises NotFound."""
    with Session(engine) as session:
        return view_of_user(existing_user(session, user_id))


def set_user_email(engine: Engine, user_id: UUID, email: str | None) -> UserView:
    """The address with which the user may log in too, or none. Raises InvalidInput, Conflict when it is taken."""
    address = checked_address(email) if email else None
    with Session(engine) as session, session.begin():
        user = existing_user(session, user_id, for_update=True)
        if address is not None and rows.email_is_taken(session, address, user_id):
            raise Conflict("Another user has this address.", remedy="Choose another.")
        user.email = address
        session.flush()
        return view_of_user(user)


def set_role(engine: Engine, user_id: UUID, role: Role) -> UserView:
    """Make a user an admin, or no longer; their logins end. Raises Conflict for the last admin."""
    with Session(engine) as session, session.begin():
        admins = rows.lock_admins(session)
        user = existing_user(session, user_id, for_update=True)
        if user.role != role:
            if role is not Role.ADMIN:
                _refuse_last_admin(admins, user)
            user.role = role
            rows.delete_sessions(session, user_id)
        return view_of_user(user)


def set_disabled(engine: Engine, user_id: UUID, *, disabled: bool, now: datetime | None = None) -> UserView:
    """Let a user in no more, or again. Their logins end. Raises Conflict for the last admin."""
    with Session(engine) as session, session.begin():
        admins = rows.lock_admins(session)
        user = existing_user(session, user_id, for_update=True)
        if disabled:
            if user.name == LOCAL_USER_NAME:
                raise Conflict("The command line works for this user, who can't be disabled.")
            _refuse_last_admin(admins, user)
            rows.delete_sessions(session, user_id)
        user.disabled_at = (user.disabled_at or now or datetime.now(UTC)) if disabled else None
        session.flush()
        return view_of_user(user)


def forget_what_has_ended(engine: Engine, *, now: datetime) -> int:
    """Remove logins, links and tokens that ended and buckets that are full: for the night. Returns how many rows."""
    with Session(engine) as session, session.begin():
        return rows.forget_what_has_ended(session, now=now, idle=IDLE, tokens_kept=_TOKENS_KEPT)


def _invite(session: Session, user: User, now: datetime) -> Invited:
    token = _make_link(session, user.id, now)
    return Invited(user=view_of_user(user), link_token=token, expires_at=now + LINK_LASTS)


def _make_link(session: Session, user_id: UUID, now: datetime) -> str:
    token = secrets.token_urlsafe(_LINK_BYTES)
    rows.put_link(session, user_id, hash_of(token), now=now, lasts=LINK_LASTS)
    return token


def existing_user(session: Session, user_id: UUID, *, for_update: bool = False) -> User:
    """The user, locked if they are to be changed. Raises NotFound."""
    user = rows.find_user(session, user_id, for_update=for_update)
    if user is None:
        raise NotFound("There is no such user.", remedy="See them with: vidgen users")
    return user


def _refuse_last_admin(admins: frozenset[UUID], user: User) -> None:
    if admins == {user.id}:
        raise Conflict("This is the last admin.", remedy="Make another user an admin first.")


def view_of_user(user: User) -> UserView:
    """A user as an admin sees them."""
    return UserView(
        id=user.id,
        name=user.name,
        email=user.email,
        role=Role(user.role),
        has_password=user.password_hash is not None,
        disabled=user.disabled_at is not None,
        created_at=user.created_at,
    )

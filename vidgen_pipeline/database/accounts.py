"""Users who log in, their sessions, tokens and password links. Times are the caller's, so that they can be tested."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.account_tables import ApiToken, LoginSession, PasswordLink, RateLimit
from vidgen_pipeline.database.tables import User


def find_user(session: Session, user_id: UUID, *, for_update: bool = False) -> User | None:
    """The user, locked if they are to be changed."""
    query = select(User).where(User.id == user_id)
    return session.scalars(query.with_for_update() if for_update else query).one_or_none()


def user_called(session: Session, written: str) -> User | None:
    """The user with this login name or e-mail address, in whatever case."""
    folded = func.lower(written)
    query = select(User).where(or_(func.lower(User.name) == folded, func.lower(User.email) == folded))
    # A name holds no @, so the two can't be two people's.
    return session.scalars(query).one_or_none()


def all_users(session: Session) -> Sequence[User]:
    """Every user, in the order in which they came."""
    return session.scalars(select(User).order_by(User.created_at, User.id)).all()


def insert_user(session: Session, *, name: str, email: str | None, role: str) -> UUID | None:
    """A new user's id; None when the name or the address is somebody's already."""
    new = insert(User).values(name=name, email=email, role=role).on_conflict_do_nothing().returning(User.id)
    return session.scalars(new).one_or_none()


def email_is_taken(session: Session, email: str, by_other_than: UUID) -> bool:
    """Whether somebody else has this address."""
    query = select(exists().where(func.lower(User.email) == func.lower(email), User.id != by_other_than))
    return bool(session.scalars(query).one())


def anybody_has_a_password(session: Session) -> bool:
    """Whether somebody can log in."""
    return bool(session.scalars(select(exists().where(User.password_hash.is_not(None)))).one())


def lock_admins(session: Session) -> frozenset[UUID]:
    """The enabled admins, none of whom anybody else changes until the transaction ends. Before any user is locked."""
    query = select(User.id).where(User.role == "admin", User.disabled_at.is_(None)).order_by(User.id)
    return frozenset(session.scalars(query.with_for_update()).all())


def enabled_users(session: Session, most: int) -> Sequence[UUID]:
    """The ids of up to so many users who are not disabled."""
    return session.scalars(select(User.id).where(User.disabled_at.is_(None)).limit(most)).all()


def write_password(session: Session, user_id: UUID, password_hash: str, now: datetime) -> None:
    """The user's new password. Links that were made to set one are worth nothing any more."""
    session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash, password_changed_at=now))
    session.execute(delete(PasswordLink).where(PasswordLink.user_id == user_id))


def replace_hash(session: Session, user_id: UUID, old_hash: str, new_hash: str) -> None:
    """The same password, hashed as is done now; unless it was changed meanwhile."""
    session.execute(
        update(User).where(User.id == user_id, User.password_hash == old_hash).values(password_hash=new_hash)
    )


def put_link(session: Session, user_id: UUID, token_hash: bytes, *, now: datetime, lasts: timedelta) -> None:
    """The user's one link; one that was made before is worth nothing any more."""
    values = {"token_hash": token_hash, "created_at": now, "expires_at": now + lasts}
    session.execute(
        insert(PasswordLink)
        .values(user_id=user_id, **values)
        .on_conflict_do_update(index_elements=["user_id"], set_=values)
    )


def link_owner(session: Session, token_hash: bytes, now: datetime) -> UUID | None:
    """Whose link this is, if it is valid."""
    query = select(PasswordLink.user_id).where(PasswordLink.token_hash == token_hash, PasswordLink.expires_at > now)
    return session.scalars(query).one_or_none()


def take_link(session: Session, token_hash: bytes, now: datetime) -> UUID | None:
    """Use the link up; of any number who try at once, one gets the user."""
    used = (
        delete(PasswordLink)
        .where(PasswordLink.token_hash == token_hash, PasswordLink.expires_at > now)
        .returning(PasswordLink.user_id)
    )
    return session.scalars(used).one_or_none()


def insert_session(
    session: Session,
    user_id: UUID,
    *,
    token_hash: bytes,
    now: datetime,
    expires_at: datetime,
    ip: str,
    user_agent: str,
) -> LoginSession:
    """A new login."""
    row = LoginSession(
        user_id=user_id,
        token_hash=token_hash,
        created_at=now,
        last_seen_at=now,
        expires_at=expires_at,
        ip=ip,
        user_agent=user_agent,
    )
    session.add(row)
    session.flush()
    return row


def session_with_user(
    session: Session, token_hash: bytes, *, now: datetime, idle: timedelta
) -> tuple[LoginSession, User] | None:
    """The login with this token and its user, if it is valid and they are not disabled."""
    query = (
        select(LoginSession, User)
        .join(User, User.id == LoginSession.user_id)
        .where(LoginSession.token_hash == token_hash, _lives(now, idle), User.disabled_at.is_(None))
    )
    found = session.execute(query).one_or_none()
    return None if found is None else (found[0], found[1])


def sessions_of(session: Session, user_id: UUID, *, now: datetime, idle: timedelta) -> Sequence[LoginSession]:
    """The user's valid logins, newest first."""
    query = (
        select(LoginSession)
        .where(LoginSession.user_id == user_id, _lives(now, idle))
        .order_by(LoginSession.created_at.desc(), LoginSession.id)
    )
    return session.scalars(query).all()


def touch_session(session: Session, session_id: UUID, *, now: datetime, at_most_every: timedelta) -> None:
    """Note that the login is in use, not more often than that."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.last_seen_at < now - at_most_every)
        .values(last_seen_at=now)
    )


def delete_sessions(
    session: Session, user_id: UUID, *, only: UUID | None = None, newest_kept: int | None = None
) -> int:
    """End the user's logins: all, `only` one, or all but the newest so many. Returns how many there were."""
    ended = delete(LoginSession).where(LoginSession.user_id == user_id)
    if only is not None:
        ended = ended.where(LoginSession.id == only)
    if newest_kept is not None:
        newest = (
            select(LoginSession.id)
            .where(LoginSession.user_id == user_id)
            .order_by(LoginSession.created_at.desc(), LoginSession.id)
            .limit(newest_kept)
        )
        ended = ended.where(LoginSession.id.not_in(newest))
    return len(session.scalars(ended.returning(LoginSession.id)).all())


def delete_session_by_token(session: Session, token_hash: bytes) -> bool:
    """End the login with this token. False when there was none."""
    ended = delete(LoginSession).where(LoginSession.token_hash == token_hash).returning(LoginSession.id)
    return session.scalars(ended).one_or_none() is not None


def insert_token(session: Session, user_id: UUID, **columns: Any) -> ApiToken:
    """A new token."""
    row = ApiToken(user_id=user_id, **columns)
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def token_with_user(session: Session, public_id: str, now: datetime) -> tuple[ApiToken, User] | None:
    """The token with this public part and its user, if both are valid. Its secret is the caller's to compare."""
    query = (
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(
            ApiToken.public_id == public_id,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now,
            User.disabled_at.is_(None),
        )
    )
    found = session.execute(query).one_or_none()
    return None if found is None else (found[0], found[1])


def touch_token(session: Session, token_id: UUID, *, now: datetime, at_most_every: timedelta) -> bool:
    """Note that the token is in use, not more often than that. Whether it was noted."""
    noted = (
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < now - at_most_every),
        )
        .values(last_used_at=now)
        .returning(ApiToken.id)
    )
    return session.scalars(noted).one_or_none() is not None


def tokens_of(session: Session, user_id: UUID) -> Sequence[ApiToken]:
    """The user's tokens that are not revoked, newest first; expired ones too, for their owner to see why."""
    query = (
        select(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    )
    return session.scalars(query).all()


def revoke_token(session: Session, user_id: UUID, token_id: UUID, now: datetime) -> bool:
    """End a token of the user's. False when it is none, or ended already."""
    ended = (
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiToken.id)
    )
    return session.scalars(ended).one_or_none() is not None


def forget_what_has_ended(session: Session, *, now: datetime, idle: timedelta, tokens_kept: timedelta) -> int:
    """Remove logins, links and old tokens that are worth nothing any more, and buckets long full. How many."""
    worthless: Collection[Any] = (
        delete(LoginSession).where(~_lives(now, idle)).returning(LoginSession.id),
        delete(PasswordLink).where(PasswordLink.expires_at <= now).returning(PasswordLink.user_id),
        delete(ApiToken)
        .where(func.least(ApiToken.expires_at, ApiToken.revoked_at) < now - tokens_kept)
        .returning(ApiToken.id),
        delete(RateLimit).where(RateLimit.updated_at < now - timedelta(days=2)).returning(RateLimit.bucket),
    )
    return sum(len(session.execute(statement).all()) for statement in worthless)


def _lives(now: datetime, idle: timedelta) -> ColumnElement[bool]:
    return (LoginSession.expires_at > now) & (LoginSession.last_seen_at > now - idle)

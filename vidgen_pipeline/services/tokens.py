"""API tokens: `vgp_<12 id>_<43 secret>_<6 checksum>`. Only a hash is kept, and a mistyped one costs no query."""

from __future__ import annotations

import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import accounts as rows
from vidgen_pipeline.database.account_tables import ApiToken
from vidgen_pipeline.domain.accounts import Caller, Forbidden, NotAuthenticated, Role, Scope, scopes_of
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.text import one_line
from vidgen_pipeline.services.sessions import hash_of

PREFIX = "vgp_"
USUAL_DAYS, MOST_DAYS = 90, 366
MOST_PER_USER = 50

_NOTED_EVERY = timedelta(minutes=1)
_LONGEST_NAME = 100
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LETTERS, _SECRET_LETTERS, _SUM_LETTERS = 12, 43, 6  # 43 letters of 62 are 256 bits
_FORM = re.compile(r"(vgp_([0-9A-Za-z]{12})_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})")


@dataclass(frozen=True, kw_only=True)
class TokenView:
    """A token as its owner sees it. `shown` is its beginning, by which its owner recognises it."""

    id: UUID
    name: str
    shown: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    is_expired: bool


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A token that was just made. It is shown this once."""

    view: TokenView
    token: str = field(repr=False)


def create_token(
    engine: Engine,
    user_id: UUID,
    name: str,
    scopes: Iterable[str],
    *,
    days: int = USUAL_DAYS,
    now: datetime | None = None,
) -> NewToken:
    """A new token of the user's, good for these scopes and so many days.

    Raises InvalidInput, Forbidden for a scope that only an admin has, Conflict when there are too many.
    """
    now = now or datetime.now(UTC)
    name = one_line(name, _LONGEST_NAME).strip()
    if not name:
        raise InvalidInput("The token has no name.", remedy="Name what it is for, such as: laptop.")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput(f"A token can't be valid for {days} days.", remedy=f"Give 1 to {MOST_DAYS}.")
    wanted = _scopes(scopes)
    token, public_id = _new_token()
    with Session(engine) as session, session.begin():
        user = rows.find_user(session, user_id, for_update=True)
        if user is None:
            raise NotFound("There is no such user.")
        if not set(wanted) <= scopes_of(Role(user.role)):
            raise Forbidden(f"Only an admin has the scope '{Scope.LOGS_ADMIN}'.")
        if sum(row.expires_at > now for row in rows.tokens_of(session, user_id)) >= MOST_PER_USER:
            raise Conflict(f"There are {MOST_PER_USER} tokens already.", remedy="Revoke one first.")
        row = rows.insert_token(
            session,
            user_id,
            name=name,
            public_id=public_id,
            token_hash=hash_of(token),
            scopes=[scope.value for scope in wanted],
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        return NewToken(view=_view(row, now), token=token)


def caller_of_token(engine: Engine, written: str, *, now: datetime | None = None) -> Caller:
    """Who asks with this token, and for what it is good. Raises NotAuthenticated, the same for every wrong one."""
    form = _FORM.fullmatch(written)
    if form is None or checksum(form[1]) != form[3]:
        raise _refused()
    now = now or datetime.now(UTC)
    with Session(engine) as session, session.begin():
        found = rows.token_with_user(session, form[2], now)
        if found is None or not hmac.compare_digest(found[0].token_hash, hash_of(written)):
            raise _refused()
        token, user = found
        if token.last_used_at is None or token.last_used_at < now - _NOTED_EVERY:
            rows.touch_token(session, token.id, now=now, at_most_every=_NOTED_EVERY)
        role = Role(user.role)
        return Caller(
            user_id=user.id,
            name=user.name,
            role=role,
            # Who is no admin any more has no admin's token either.
            scopes=frozenset(map(Scope, token.scopes)) & scopes_of(role),
            by_token=True,
            credential_id=token.id,
        )


def list_tokens(engine: Engine, user_id: UUID, *, now: datetime | None = None) -> Sequence[TokenView]:
    """The user's tokens that are not revoked, newest first."""
    with Session(engine) as session:
        return [_view(row, now or datetime.now(UTC)) for row in rows.tokens_of(session, user_id)]


def revoke_token(engine: Engine, user_id: UUID, written: UUID | str, *, now: datetime | None = None) -> TokenView:
    """End a token of the user's: that with this id, or whose id, or the part of it that is shown, begins so.

    Raises NotFound when none or several do.
    """
    now = now or datetime.now(UTC)
    wanted = str(written).strip()
    with Session(engine) as session, session.begin():
        fitting = [row for row in rows.tokens_of(session, user_id) if _is_meant(row, wanted)]
        if len(fitting) != 1 or not rows.revoke_token(session, user_id, fitting[0].id, now):
            which = "More than one of your tokens begins" if len(fitting) > 1 else "No token of yours begins"
            raise NotFound(f"{which} with '{one_line(wanted, 40)}'.", remedy="See them all with: vidgen tokens list")
        return _view(fitting[0], now)


def checksum(text: str) -> str:
    """Six letters by which a mistyped or cut token is told from a real one."""
    number, letters = zlib.crc32(text.encode()), ""
    for _ in range(_SUM_LETTERS):
        number, digit = divmod(number, len(_LETTERS))
        letters = _LETTERS[digit] + letters
    return letters


def _new_token() -> tuple[str, str]:
    public_id, secret = (
        "".join(secrets.choice(_LETTERS) for _ in range(count)) for count in (_ID_LETTERS, _SECRET_LETTERS)
    )
    without_sum = f"{PREFIX}{public_id}_{secret}"
    return f"{without_sum}_{checksum(without_sum)}", public_id


def _is_meant(row: ApiToken, wanted: str) -> bool:
    least = 4
    if len(wanted.removeprefix(PREFIX)) < least:
        return False
    return str(row.id).startswith(wanted.lower()) or row.public_id.startswith(wanted.removeprefix(PREFIX))


def _scopes(written: Iterable[str]) -> list[Scope]:
    wanted = []
    for scope in dict.fromkeys(written):
        try:
            wanted.append(Scope(scope))
        except ValueError:
            raise unknown("scope", scope, [known.value for known in Scope]) from None
    if not wanted:
        raise InvalidInput("The token is good for nothing.", remedy=f"Give it a scope: {', '.join(Scope)}.")
    return sorted(wanted, key=list(Scope).index)


def _view(row: ApiToken, now: datetime) -> TokenView:
    return TokenView(
        id=row.id,
        name=row.name,
        shown=f"{PREFIX}{row.public_id}",
        scopes=tuple(map(Scope, row.scopes)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        is_expired=row.expires_at <= now,
    )


def _refused() -> NotAuthenticated:
    return NotAuthenticated("This token is not valid.", remedy="Make one with: vidgen tokens create")

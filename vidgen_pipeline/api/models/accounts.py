"""Logins, passwords and tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Whole, examples
from vidgen_pipeline.domain.accounts import Caller, Role, Scope
from vidgen_pipeline.services.sessions import NewSession, SessionView, form_token
from vidgen_pipeline.services.tokens import NewToken, TokenView

_Password = Annotated[SecretStr, Field(min_length=1, max_length=200)]
_TOKEN = {
    "id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f65", "name": "laptop", "shown": "vgp_0123456789ab",
    "scopes": ["videos:read", "videos:write"], "created_at": "2026-11-24T12:00:00Z",
    "expires_at": "2027-02-22T12:00:00Z", "last_used_at": None, "is_expired": False,
}  # fmt: skip
_SESSION = {
    "id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f66", "created_at": "2026-11-24T12:00:00Z",
    "last_seen_at": "2026-11-24T12:00:00Z", "expires_at": "2026-12-08T12:00:00Z", "ip": "127.0.0.1",
    "user_agent": "curl/8.5.0", "is_current": True,
}  # fmt: skip


class LoginGiven(Given):
    """A name, or e-mail address, and its password."""

    model_config = ConfigDict(
        **Strict, json_schema_extra=examples({"name": "local", "password": "correct horse battery staple"})
    )

    name: Annotated[str, Field(min_length=1, max_length=320)]
    password: _Password


class LinkGiven(Given):
    """The token of a link that sets a password, once, and the password."""

    model_config = ConfigDict(
        **Strict,
        json_schema_extra=examples({"link_token": "from-the-link", "password": "correct horse battery staple"}),
    )

    link_token: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    password: _Password


class PasswordGiven(Given):
    """The present password and a new one."""

    model_config = ConfigDict(
        **Strict,
        json_schema_extra=examples({"old": "correct horse battery staple", "new": "a horse of another colour, 1866"}),
    )

    old: _Password
    new: _Password


class LoggedIn(Shown):
    """A login that was just made. Its token is in the cookie; the csrf_token goes into requests that change things."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "id": _SESSION["id"],
                "user_id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f67",
                "expires_at": "2026-12-08T12:00:00Z",
                "csrf_token": "6f1ed002ab5595859014ebf0951522d9b8a1cf5ad4b5b0ff0e15ad6eb1a8e8a0",
            }
        ),
    )

    id: UUID
    user_id: UUID
    expires_at: datetime
    csrf_token: str

    @classmethod
    def of(cls, new: NewSession) -> Self:
        """As the service made it."""
        return cls(id=new.id, user_id=new.user_id, expires_at=new.expires_at, csrf_token=form_token(new.token))


class MeShown(Shown):
    """Who asks, and what their way in is good for. A login has a csrf_token."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "user_id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f67",
                "name": "local",
                "role": "admin",
                "scopes": ["videos:read", "videos:write", "settings", "logs:admin"],
                "by_token": True,
                "csrf_token": None,
            }
        ),
    )

    user_id: UUID
    name: str
    role: Role
    scopes: list[Scope]
    by_token: bool
    csrf_token: str | None

    @classmethod
    def of(cls, caller: Caller, csrf_token: str | None) -> Self:
        """As they are known here."""
        return cls(
            user_id=caller.user_id,
            name=caller.name,
            role=caller.role,
            scopes=[scope for scope in Scope if scope in caller.scopes],
            by_token=caller.by_token,
            csrf_token=csrf_token,
        )


class SessionShown(Shown):
    """A login."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str
    user_agent: str
    is_current: bool

    @classmethod
    def of(cls, view: SessionView) -> Self:
        """As the service says it."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class SessionList(Shown):
    """Your logins, newest first."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": [_SESSION]}))

    data: list[SessionShown]


class TokenGiven(Given):
    """A token to be made: what it is called, what it is good for, and for how many days."""

    model_config = ConfigDict(
        **Strict, json_schema_extra=examples({"name": "laptop", "scopes": ["videos:read"], "days": 90})
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10)]
    days: Annotated[Whole, Field(ge=1, le=366)] = 90


class TokenShown(Shown):
    """A token. `shown` is its beginning, by which its owner recognises it."""

    id: UUID
    name: str
    shown: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    is_expired: bool

    @classmethod
    def of(cls, view: TokenView) -> Self:
        """As the service says it."""
        return cls(**{name: getattr(view, name) for name in TokenShown.model_fields})


class NewTokenShown(TokenShown):
    """A token that was just made. It is shown this once."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({**_TOKEN, "token": "vgp_shown-this-once"}))

    token: str

    @classmethod
    def made(cls, new: NewToken) -> Self:
        """As the service made it."""
        return cls(**TokenShown.of(new.view).model_dump(), token=new.token)


class TokenList(Shown):
    """Your tokens, newest first."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": [_TOKEN]}))

    data: list[TokenShown]

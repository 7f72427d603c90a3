"""What admins see and change of everybody: the users, and the pause."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Yes, examples
from vidgen_pipeline.domain.accounts import Role
from vidgen_pipeline.services.accounts import Invited, UserView
from vidgen_pipeline.services.budgets import LONGEST_REASON, PauseView

_USER = {
    "id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f67", "name": "alice", "email": "alice@example.org", "role": "user",
    "has_password": False, "disabled": False, "created_at": "2026-11-24T12:00:00Z",
}  # fmt: skip


class UserGiven(Given):
    """A user to be added."""

    model_config = ConfigDict(
        **Strict, json_schema_extra=examples({"name": "alice", "email": "alice@example.org", "role": "user"})
    )

    name: Annotated[str, Field(min_length=2, max_length=64, description="Letters, digits, and . _ - within.")]
    email: Annotated[str, Field(min_length=3, max_length=320)] | None = Field(
        default=None, description="They may log in with it too."
    )
    role: Role = Role.USER


class RoleGiven(Given):
    """What a user is to be."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples({"role": "admin"}))

    role: Role


class UserShown(Shown):
    """A user. The one called `local` is also whom the command line works for."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples(_USER))

    id: UUID
    name: str
    email: str | None
    role: Role
    has_password: bool
    disabled: bool
    created_at: datetime

    @classmethod
    def of(cls, view: UserView) -> Self:
        """As the service says it."""
        return cls(**{name: getattr(view, name) for name in UserShown.model_fields})


class UserList(Shown):
    """All users, in the order in which they came."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": [_USER]}))

    data: list[UserShown]


class LinkShown(Shown):
    """A user, and what they set their password with, once: at `/set-password?link=…`, or `POST /password-links`."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {"user": _USER, "link_token": "shown-this-once", "expires_at": "2026-11-25T12:00:00Z"}
        ),
    )

    user: UserShown
    link_token: str
    expires_at: datetime

    @classmethod
    def of(cls, invited: Invited) -> Self:
        """As the service made it."""
        return cls(user=UserShown.of(invited.user), link_token=invited.link_token, expires_at=invited.expires_at)


class PauseGiven(Given):
    """Whether to pause, and why: the reason is the end of the sentence that people are told."""

    model_config = ConfigDict(
        **Strict, json_schema_extra=examples({"paused": True, "reason": "the disk is being changed until noon"})
    )

    paused: Yes
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""


class PauseShown(Shown):
    """Whether all is paused, and why. While it is, nothing new is started and nothing is paid for."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples({"paused": True, "reason": "the disk is being changed until noon"}),
    )

    paused: bool
    reason: str

    @classmethod
    def of(cls, view: PauseView) -> Self:
        """As the service says it."""
        return cls(paused=view.paused, reason=view.reason)

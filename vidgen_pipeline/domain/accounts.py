"""Who may do what: roles, the scopes of a way in, and the person or program that asks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from vidgen_pipeline.domain.errors import VidgenError


class Role(StrEnum):
    """What a user is here."""

    USER = "user"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a way in is good for. `logs:admin` shows all users' logs, and is an admin's alone."""

    VIDEOS_READ = "videos:read"
    VIDEOS_WRITE = "videos:write"
    SETTINGS = "settings"
    LOGS_ADMIN = "logs:admin"


def scopes_of(role: Role) -> frozenset[Scope]:
    """All that a user with this role may do."""
    return frozenset(Scope) if role is Role.ADMIN else frozenset(Scope) - {Scope.LOGS_ADMIN}


class NotAuthenticated(VidgenError):
    """Nobody knows who asks: no login, no token, or none that is valid. It never says which of them it was."""

    code: ClassVar[str] = "not_authenticated"


class Forbidden(VidgenError):
    """It is known who asks, and they may not do this."""

    code: ClassVar[str] = "forbidden"


class TooManyTries(VidgenError):
    """It was asked too often for now. `retry_after` is in seconds."""

    code: ClassVar[str] = "too_many_requests"

    def __init__(self, message: str, *, remedy: str = "", retry_after: float) -> None:
        super().__init__(message, remedy=remedy or f"Try again in {max(1, math.ceil(retry_after))} s.")
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks, and what their way in is good for. `credential_id` is that of the session or the token."""

    user_id: UUID
    name: str
    role: Role
    scopes: frozenset[Scope]
    by_token: bool
    credential_id: UUID

    @property
    def is_admin(self) -> bool:
        """Whether this is an admin with a way in that is good for all that admins may do."""
        return self.role is Role.ADMIN and Scope.LOGS_ADMIN in self.scopes

    def require(self, scope: Scope) -> None:
        """Raises Forbidden where the way in is not good for this."""
        if scope not in self.scopes:
            what = "This token is" if self.by_token else "You are"
            raise Forbidden(f"{what} not allowed to do this.", remedy=f"It takes the scope '{scope}'.")

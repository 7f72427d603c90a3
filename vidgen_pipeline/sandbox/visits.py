"""Every request the sandbox has seen, with its key masked: what came, what for, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from vidgen_pipeline.sandbox.faults import FaultKind

_SECRET_HEADERS = frozenset(
    ("authorization", "cookie", "x-api-key", "xi-api-key", "api-key", "x-goog-api-key", "x-user-id")
)
_SECRET_PARAMETERS = frozenset(("key", "api_key", "client_id", "sig"))
_KEPT = 20_000


@dataclass(kw_only=True)
class Visit:
    """One request and its fate. It is listed from the moment it arrives and completed as things happen."""

    number: int
    request_id: str
    time: datetime
    provider: str
    phase: str
    account: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body_bytes: int = 0
    status: int | None = None
    fault: str = ""
    outcome: str = "pending"
    ordained: FaultKind | None = None
    body_digest: Any = field(default_factory=hashlib.sha256, repr=False)

    def shown(self) -> dict[str, object]:
        """As JSON."""
        return {
            "number": self.number,
            "request_id": self.request_id,
            "time": self.time.isoformat(),
            "provider": self.provider,
            "phase": self.phase,
            "account": self.account,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": {"bytes": self.body_bytes, "sha256": self.body_digest.hexdigest()},
            "status": self.status,
            "fault": self.fault,
            "outcome": self.outcome,
        }


class Visits:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._visits: list[Visit] = []
        self._count = 0

    def next_number(self) -> int:
        """A number for one more request."""
        self._count += 1
        return self._count

    def add(self, visit: Visit) -> None:
        """Write a request down."""
        self._visits.append(visit)
        del self._visits[:-_KEPT]

    def rows(self, provider: str = "", phase: str = "", account: str = "") -> list[Visit]:
        """The requests to one provider, of one phase or account, or all."""
        return [
            visit
            for visit in self._visits
            if provider in {"", visit.provider} and phase in {"", visit.phase} and account in {"", visit.account}
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._visits.clear()


def masked_headers(headers: Iterable[tuple[str, str]], key: str | None) -> dict[str, str]:
    """Headers without secrets: the key, wherever it stands, and all that is in a header made for secrets."""
    return {
        name: _ending(key or value) if name in _SECRET_HEADERS or (key and key in value) else value
        for name, value in headers
    }


def masked_query(parameters: Iterable[tuple[str, str]], key: str | None) -> str:
    """A query without secrets."""
    return "&".join(
        f"{quote(name)}={_ending(value) if name in _SECRET_PARAMETERS or value == key else quote(value, safe='')}"
        for name, value in parameters
    )


def _ending(secret: str) -> str:
    return f"***{secret[-4:]}" if len(secret) > 8 else "***"

"""What the API works with. All is handed in: a test's clock and database are as good as the real ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from vidgen_pipeline.orchestration.launching import launch_now
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.vault import Vault, open_vault
from vidgen_pipeline.storage.artifacts import ArtifactStore


class Bucket(StrEnum):
    """What a request counts as where it is limited how often one may ask."""

    READ = "read"
    WRITE = "write"
    GENERATE = "generate"
    ESTIMATE = "estimate"
    LOGIN = "login"


@dataclass(frozen=True)
class Limit:
    """So many at once, and so many a second after that."""

    burst: int
    rate: float


LIMITS: Mapping[Bucket, Limit] = {
    Bucket.READ: Limit(300, 10),
    Bucket.WRITE: Limit(60, 1),
    Bucket.GENERATE: Limit(20, 0.1),
    Bucket.ESTIMATE: Limit(60, 2),
    Bucket.LOGIN: Limit(30, 0.2),
}
"""By user; logins by address."""


@dataclass(frozen=True, kw_only=True)
class ApiContext:
    """The database, the files, the folders, the clock, and how a queued video is started at once."""

    engine: Engine
    store: ArtifactStore
    home: Home
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    launch: Callable[[Home, UUID, UUID, int], object] = launch_now
    sandbox_url: str | None = field(default_factory=lambda: os.environ.get("VIDGEN_SANDBOX_URL") or None)
    limits: Mapping[Bucket, Limit] = field(default_factory=lambda: LIMITS)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)

    @property
    def vault(self) -> Vault:
        """The vault as it is now: its keys may be changed while we run."""
        return open_vault(self.home)


def _context(request: Request) -> ApiContext:
    context: ApiContext = request.app.state.context
    return context


Context = Annotated[ApiContext, Depends(_context)]

"""Everything a running sandbox remembers, and how it forgets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from vidgen_pipeline.sandbox.assets import Assets
from vidgen_pipeline.sandbox.clock import Clock
from vidgen_pipeline.sandbox.faults import Faults
from vidgen_pipeline.sandbox.files import Files
from vidgen_pipeline.sandbox.jobs import Jobs
from vidgen_pipeline.sandbox.ledger import Ledger
from vidgen_pipeline.sandbox.media import Media
from vidgen_pipeline.sandbox.visits import Visits

T = TypeVar("T")


class Sandbox:
    """The state behind all doubles. Media that were made stay in `folder` over a reset: they are worth time only."""

    def __init__(self, folder: Path) -> None:
        self.uploads = folder / "uploads"
        self.uploads.mkdir(parents=True, exist_ok=True)
        self.clock = Clock()
        self.ledger = Ledger()
        self.visits = Visits()
        self.faults = Faults()
        self.jobs = Jobs(self.clock)
        self.files = Files(self.clock)
        self.assets = Assets(self.files, self.uploads)
        self.media = Media(folder / "media")
        self._memories: dict[tuple[str, str, type[Any]], Any] = {}

    def memory(self, provider: str, account: str, kind: type[T]) -> T:
        """The object of class `kind` that a double keeps for an account; made when first asked for."""
        key = (provider, account, kind)
        if key not in self._memories:
            self._memories[key] = kind()
        found: T = self._memories[key]
        return found

    async def reset(self) -> None:
        """Forget all that happened."""
        await self.jobs.clear()
        for part in (self.ledger, self.visits, self.faults, self.files, self._memories):
            part.clear()
        self.clock.reset()
        for upload in self.uploads.iterdir():
            upload.unlink()

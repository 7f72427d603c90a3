"""A clip maker at work at its double: what it made, what was charged for it, and how often it was asked."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from vidgen_pipeline.providers.base import ClipRequest, ProviderResult
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import on_scene
from vidgen_pipeline.providers.remote import KeyCheck
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.wire import Credentials
from vidgen_pipeline.sandbox.keys import account_of
from vidgen_pipeline_tests.services.paying import House


@dataclass
class Studio:
    """Asks with a key of its own, so that nothing of another test is counted."""

    url: str
    house: House
    folder: Path
    key: str = ""
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=30)
        self.open_account("sandbox")

    def open_account(self, words: str) -> None:
        """Ask with a new key from now on, one that begins with these words."""
        self.key = f"{words}-{uuid4().hex[:12]}"

    @property
    def account(self) -> str:
        """The name under which the sandbox keeps our account."""
        return account_of(self.key).id

    def make(
        self, adapter: ClipProvider, request: ClipRequest, *, parts: dict[str, str] | None = None, scene: int = 0
    ) -> ProviderResult[Path]:
        """The clip, made for a scene."""

        async def run() -> ProviderResult[Path]:
            ledger = self.house.ledger(test_mode=True)
            async with adapter.connected(self._credentials(parts), network=self._network(), ledger=ledger) as maker:
                with on_scene(scene):
                    return await maker.make_clip(request, self.folder)

        return asyncio.run(run())

    def make_and_stop(self, adapter: ClipProvider, request: ClipRequest) -> None:
        """Begin with a clip, and stop once the vendor has been asked how it is."""

        async def run() -> None:
            ledger = self.house.ledger(test_mode=True)
            async with adapter.connected(self._credentials(None), network=self._network(), ledger=ledger) as maker:
                task = asyncio.create_task(maker.make_clip(request, self.folder))
                while not await asyncio.to_thread(self.requests, adapter, "poll"):
                    assert not task.done()
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        asyncio.run(run())

    def check_key(self, adapter: ClipProvider, key: str) -> KeyCheck:
        async def run() -> KeyCheck:
            async with adapter.connected(Credentials({"key": key}), network=self._network()) as maker:
                return await maker.validate_key()

        return asyncio.run(run())

    def fault(self, adapter: ClipProvider, kind: str, phase: str, **order: Any) -> None:
        """Have something go wrong with our next request of this phase."""
        order = {"provider": adapter.provider_name, "account": self.account, **order}
        answer = self.client.post("/_control/faults", json={"kind": kind, "phase": phase, **order})
        assert answer.status_code < 300, answer.text

    def charges(self, adapter: ClipProvider) -> list[dict[str, Any]]:
        """What was charged, also what was given back."""
        query = {"provider": adapter.provider_name, "account": self.account}
        return list(self.client.get("/_control/ledger", params=query).json()["charges"])

    def paid(self, adapter: ClipProvider) -> Decimal:
        """What was charged and kept, USD."""
        kept = (charge for charge in self.charges(adapter) if charge["refunded_at"] is None)
        return sum((Decimal(charge["amount_usd"]) for charge in kept), Decimal(0))

    def requests(self, adapter: ClipProvider, phase: str) -> list[dict[str, Any]]:
        query = {"provider": adapter.provider_name, "account": self.account, "phase": phase}
        return list(self.client.get("/_control/requests", params=query).json()["requests"])

    def _network(self) -> Network:
        return Network(log=self.house.log, timing=self.house.time.timing(), sandbox_url=self.url)

    def _credentials(self, parts: dict[str, str] | None) -> Credentials:
        return Credentials(parts or {"key": self.key})

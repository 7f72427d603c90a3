"""Scripts written over a real socket: a video, its ledger, and the doubles of the vendors that write."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.script import Brief, Script
from vidgen_pipeline.providers.base import ProviderResult
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.remote import KeyCheck
from vidgen_pipeline.providers.script.writing import ScriptWriter
from vidgen_pipeline.providers.wire import Credentials
from vidgen_pipeline_tests.services.paying import House

TOPIC = "How bees find their way home"


def brief(**fields: Any) -> Brief:
    return Brief(**{"topic": TOPIC, "language": "en", **fields})


def length_ms(script: Script) -> int:
    return sum(scene.estimated_ms for scene in script.scenes)


@dataclass
class Studio:
    house: House
    url: str

    def network(self, url: str | None = None) -> Network:
        return Network(sandbox_url=url or self.url, log=self.house.log, timing=self.house.time.timing())

    def write(
        self, writer: ScriptWriter, key: str = "sandbox-writer-1", url: str | None = None, **fields: Any
    ) -> ProviderResult[Script]:
        async def run() -> ProviderResult[Script]:
            ledger = self.house.ledger(test_mode=True)
            async with writer.connected(Credentials({"key": key}), network=self.network(url), ledger=ledger) as ready:
                return await ready.write(brief(**fields))

        return asyncio.run(run())

    def check(self, writer: ScriptWriter, key: str) -> KeyCheck:
        async def run() -> KeyCheck:
            async with writer.connected(Credentials({"key": key}), network=self.network()) as ready:
                return await ready.validate_key()

        return asyncio.run(run())

    def fault(self, provider: str, kind: str, **more: Any) -> None:
        self._control("faults", {"provider": provider, "kind": kind, **more})

    def charges(self) -> list[dict[str, Any]]:
        return list(self._control("ledger")["charges"])

    def requests(self) -> list[dict[str, Any]]:
        return list(self._control("requests")["requests"])

    def reset(self) -> None:
        self._control("reset", {})

    def spent(self) -> Cost:
        """What the ledger of this video says, over all of its calls."""
        total = Cost()
        for row in self.house.rows():
            total += Cost(amount=row["cost_amount"] or 0, usage=row["usage"] or {})
        return total

    def _control(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{self.url}/_control/{path}", data=data)) as answer:  # noqa: S310 - our own loopback port
            return json.load(answer)

"""What tests of the stock sites share: scenes to find media for, and a provider at work on one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.providers.media.stock_ranking import Rendition, StockItem
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.wire import Credentials, WireReply
from vidgen_pipeline_tests.providers.vendor_double import FakeTime, Kept
from vidgen_pipeline_tests.sandbox.desk import KEY, Desk

T = TypeVar("T")


def scene(*terms: str, **changes: Any) -> MediaQuery:
    """A scene in portrait; small, so that the doubles have little to draw."""
    facts: dict[str, Any] = {
        "scene_index": 0, "scene_count": 3, "search_terms": terms or ("harbour dawn", "fishing boats"), "seed": "s",
        "narration": "Boats leave the harbour at dawn.", "width": 540, "height": 960, "duration_ms": 4_000,
    }  # fmt: skip
    return MediaQuery(**{**facts, **changes})


def item(number: int, words: str = "harbour dawn", *sizes: tuple[int, int], **changes: Any) -> StockItem:
    """A clip of ten seconds in these sizes."""
    facts: dict[str, Any] = {"kind": MediaKind.CLIP, "id": str(number), "words": words, "duration_ms": 10_000}
    files = tuple(Rendition(address=f"https://a.test/{w}x{h}", width=w, height=h) for w, h in sizes or ((1080, 1920),))
    return StockItem(**{**facts, "renditions": files, **changes})


def reply(body: str, **headers: str) -> WireReply:
    return WireReply(status=200, headers=headers, content=body.encode())


def at_work(
    provider: StockProvider,
    sites: Desk,
    work: Callable[[Any], Awaitable[T]],
    *,
    key: str = KEY,
    log: Kept | None = None,
) -> T:
    """What `work` makes of the provider while it is connected to its double. Waits take no time."""

    async def run() -> T:
        network = Network(sandbox_url=sites.url, timing=FakeTime().timing(), log=log or Kept())
        async with provider.connected(Credentials({"key": key}), network=network) as connected:
            return await work(connected)

    return asyncio.run(run())


def asked(sites: Desk, **which: str) -> list[tuple[str, dict[str, str]]]:
    """The paths and queries of what a site was asked, files left out."""
    seen = [visit for visit in sites.requests(**which) if visit["phase"] != "download"]
    return [(visit["path"], dict(parse_qsl(visit["query"]))) for visit in seen]

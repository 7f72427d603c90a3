"""Who waits for a user's next event is woken when it is there: one short query for all that wait in this process.

Reading is more robust than being told: no connection has to be kept open, and nothing is lost while it is gone. The
numbers of a video's events have no gap, and a user's events have places in the order in which they can be seen, so a
stream goes on exactly where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog
from sqlalchemy import Engine

from vidgen_pipeline.services.video_search import latest_places

LOOK_EVERY_SECONDS = 0.4


class EventFeed:
    """Looks for new events of the users for whom somebody waits, and rests while nobody does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: defaultdict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._seen: dict[UUID, int] = {}
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @contextlib.asynccontextmanager
    async def following(self, user_id: UUID) -> AsyncIterator[asyncio.Event]:
        """An event that is set when there is something new of the user's videos; who waits clears it before reading."""
        news = asyncio.Event()
        self._waiting[user_id].add(news)
        self._wanted.set()
        try:
            yield news
        finally:
            self._waiting[user_id].discard(news)
            if not self._waiting[user_id]:
                del self._waiting[user_id]
                self._seen.pop(user_id, None)

    async def _look(self) -> None:
        while True:
            if not self._waiting:
                self._wanted.clear()
                await self._wanted.wait()
            try:
                places = await asyncio.to_thread(latest_places, self._engine, list(self._waiting))
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look may do better
                structlog.get_logger("vidgen_pipeline.api").warning("events not read", error=type(error).__name__)
                places = {}
            for user_id, place in places.items():
                if self._seen.get(user_id) != place:
                    self._seen[user_id] = place
                    for news in self._waiting.get(user_id, ()):
                        news.set()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

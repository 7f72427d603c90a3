"""What stock sites have in common: a scene's terms are searched in turn, the best find is brought in and checked.

A site's adapter says how it is asked (`ask`, `ask_for_one`) and what it answers (`offers`).
"""

from __future__ import annotations

import asyncio
import secrets
from abc import abstractmethod
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, Field, PrivateAttr, model_validator

from vidgen_pipeline.domain.errors import (
    BadReply,
    ContentRejected,
    InvalidInput,
    MediaRejected,
    RateLimited,
    ResultExpired,
    VidgenError,
)
from vidgen_pipeline.domain.media import Attribution, MediaCandidate, MediaKind, MediaQuery
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.base import MediaProvider, ProviderResult
from vidgen_pipeline.providers.media.answer_cache import AnswerCache, MemoryCache, cache_key
from vidgen_pipeline.providers.media.clean_media import check_clip_called, size_handed_on, write_clean_photo
from vidgen_pipeline.providers.media.stock_ranking import (
    Rendition,
    StockItem,
    best_rendition,
    good_enough,
    ranked,
)
from vidgen_pipeline.providers.media.stock_terms import search_terms
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.remote import Connection, ErrorKinds, KeyCheck, RemoteProvider, Work
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest
from vidgen_pipeline.runtime.probe import probe_video

Item = TypeVar("Item", bound=BaseModel)

LARGEST_FILE_BYTES = {MediaKind.CLIP: 400_000_000, MediaKind.PHOTO: 80_000_000}

_MOST_TERMS = 3
_MOST_OFFERED = 40
_ROOM_TO_MOVE = 1.25  # a still is filmed while it is zoomed
_SIZE_TOLERANCE = 0.05
_FEWEST_ON_A_PAGE = 3  # that every site allows
_LISTS = ("hits", "results", "videos", "photos")
_NO_SCENE = MediaQuery(
    scene_index=0, scene_count=1, search_terms=(), narration="", width=1, height=1, duration_ms=1, seed=""
)


class Found(WireModel, Generic[Item]):
    """What a site answers, under whichever name it lists it; an answer that is one item alone is a list of one."""

    items: list[Item]

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, answer: Any) -> Any:
        if not isinstance(answer, dict):
            return answer
        return {"items": next((answer[name] for name in _LISTS if name in answer), [answer])}


class StockProvider(RemoteProvider, MediaProvider):
    """Offers photos and clips of a site. Its answers are kept for a day, in memory unless it is given a cache."""

    kinds: ClassVar[tuple[MediaKind, ...]] = (MediaKind.CLIP, MediaKind.PHOTO)
    site_url: ClassVar[str]
    licence: ClassVar[str]
    licence_url: ClassVar[str]
    file_hosts: ClassVar[tuple[str, ...]]
    error_kinds: ClassVar[ErrorKinds] = {ResultExpired: ("404",)}

    timeout_seconds: float = Field(default=20, gt=0, le=3600, description="How long one answer may take.")

    _cache: AnswerCache = PrivateAttr(default_factory=MemoryCache)
    _offered: dict[str, StockItem] = PrivateAttr(default_factory=dict)

    def with_cache(self, cache: AnswerCache) -> Self:
        """This provider, with its answers kept there."""
        provider = self.model_copy()
        provider._cache = cache  # noqa: SLF001 - one of our own
        return provider

    def working_with(self, connection: Connection) -> Self:
        provider = super().working_with(connection)
        provider._offered = {}  # noqa: SLF001 - one of our own; what was offered counts for one step
        return provider

    async def search(self, query: MediaQuery) -> list[MediaCandidate]:
        found: list[StockItem] = []
        refused: VidgenError | None = None
        for term, kind in product(search_terms(query, _MOST_TERMS), self.kinds):
            try:
                found += await self._items(self.ask(term, kind, query), kind)
            except (InvalidInput, ContentRejected) as error:  # this term only
                refused = error
            except RateLimited:
                if not found:
                    raise
                break
            if good_enough(found, query):
                break
        if refused is not None and not found:
            raise refused
        best = ranked(found, query)[:_MOST_OFFERED]
        self._offered.update({item.locator: item for item in best})
        return [self._candidate(item, _file_for(item, query)) for item in best if _fits_in(item)]

    async def fetch(self, candidate: MediaCandidate, query: MediaQuery, scratch: Path) -> ProviderResult[Path]:
        """Bring a photo in as a plain RGB JPEG, or a clip that was decoded to its end, of the size that was offered."""
        name = f"'{candidate.attribution.title}' from {self.facts.name}"
        try:
            item = self._offered.get(candidate.locator) or await self._look_up(candidate)
            try:
                file = await self._download(item, query, scratch)
            except ResultExpired:
                item = await self._look_up(candidate)
                file = await self._download(item, query, scratch)
            path = await _cleaned(file, candidate, name)
        except (BadReply, ResultExpired, MediaRejected) as error:
            said = error.message if isinstance(error, MediaRejected) else f"{name} can't be had: {error.message}"
            raise MediaRejected(said, remedy=error.remedy, provider=self.provider_name) from None
        await self.tell_used(item)
        return ProviderResult(data=path, model=self.chosen_model.name)

    async def ask_about_key(self) -> KeyCheck:
        # A word nobody searches: a cache before the site may answer for a common one, whatever the key.
        search = self.ask(f"keycheck-{secrets.token_hex(4)}", MediaKind.PHOTO, _NO_SCENE)
        small = {**search.query, "per_page": _FEWEST_ON_A_PAGE}
        return await self.door.send(replace(search, query=small, phase=Phase.CHECK), read_key_check)

    def estimate(self, work: Work) -> Cost:
        del work
        return FREE

    @staticmethod
    def error_code(reply: WireReply) -> str:
        return str(reply.status) if reply.status >= 400 else ""

    @abstractmethod
    def ask(self, term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
        """The search for a term."""

    @abstractmethod
    def ask_for_one(self, kind: MediaKind, number: str) -> WireRequest:
        """The question for one item, by its id."""

    @abstractmethod
    def offers(self, reply: WireReply, kind: MediaKind) -> list[StockItem]:
        """The items in an answer to `ask` or `ask_for_one`, in the site's order."""

    async def tell_used(self, item: StockItem) -> None:
        """Tell the site that an item is used, where its terms ask for that."""

    async def _items(self, request: WireRequest, kind: MediaKind) -> list[StockItem]:
        """What a search gives: from the cache, or from the site and then kept, also when it is nothing."""
        key = cache_key(self.door.base_url, request)
        kept = await asyncio.to_thread(self._cache.get, key)
        if kept is not None:
            with suppress(BadReply):  # as an older version of this program kept it
                return self.offers(WireReply(status=200, content=kept.encode()), kind)
        reply, items = await self.door.send(request, lambda reply: (reply, self.offers(reply, kind)))
        content = self.door.without_secrets(reply).content
        await asyncio.to_thread(self._cache.put, key, content.decode("utf-8", "replace"))
        return items

    async def _look_up(self, candidate: MediaCandidate) -> StockItem:
        """The item anew: its addresses may have run out."""
        kind, _, number = candidate.locator.partition("/")
        request = self.ask_for_one(MediaKind(kind), number)
        gone = ResultExpired(f"{self.facts.name} does not have it any more.")
        try:
            items = await self.door.send(request, lambda reply: self.offers(reply, MediaKind(kind)))
        except InvalidInput:
            raise gone from None
        for item in items:
            if item.locator == candidate.locator:
                return item
        raise gone

    async def _download(self, item: StockItem, query: MediaQuery, scratch: Path) -> Downloaded:
        return await self.door.download(
            _file_for(item, query).address,
            scratch,
            expect="video" if item.kind is MediaKind.CLIP else "image",
            allowed_hosts=self.file_hosts,
            max_bytes=LARGEST_FILE_BYTES[item.kind],
        )

    def _candidate(self, item: StockItem, file: Rendition) -> MediaCandidate:
        size = (file.width, file.height)
        width, height = size if item.kind is MediaKind.CLIP else size_handed_on(*size)
        return MediaCandidate(
            kind=item.kind,
            locator=item.locator,
            width=width,
            height=height,
            duration_ms=item.duration_ms,
            attribution=Attribution(
                title=item.title or f"{item.kind.value.capitalize()} {item.id}",
                author=item.author,
                author_url=item.author_url,
                licence=self.licence,
                licence_url=self.licence_url,
                source=self.facts.name,
                source_url=self.site_url,
                page_url=item.page_url,
            ),
        )


def read_key_check(reply: WireReply) -> KeyCheck:
    """What an answer says about the key, and about how much may still be asked."""
    reply.json()
    left, of = reply.headers.get("x-ratelimit-remaining", ""), reply.headers.get("x-ratelimit-limit", "")
    if not left.isdecimal() or not of.isdecimal():
        return KeyCheck(valid=True, message="The key works.")
    message = f"The key works. {left} of {of} requests are left for now."
    return KeyCheck(valid=True, message=message, detail={"requests left": left, "request limit": of})


def _fits_in(item: StockItem) -> bool:
    return any(file.size_bytes <= LARGEST_FILE_BYTES[item.kind] for file in item.renditions)


def _file_for(item: StockItem, query: MediaQuery) -> Rendition:
    room = 1.0 if item.kind is MediaKind.CLIP else _ROOM_TO_MOVE
    width, height = round(query.width * room), round(query.height * room)
    best = best_rendition(item, width, height, most_bytes=LARGEST_FILE_BYTES[item.kind])
    return best or item.renditions[0]


async def _cleaned(file: Downloaded, candidate: MediaCandidate, name: str) -> Path:
    """The file as it is handed on. Raises MediaRejected when it is damaged, or not of the size that was offered."""
    if candidate.kind is MediaKind.CLIP:
        path = file.path
        await check_clip_called(path, name)
        info = await asyncio.to_thread(probe_video, path)
        width, height = info.width, info.height
    else:
        path = file.path.with_suffix(".clean.jpg")
        width, height = await asyncio.to_thread(write_clean_photo, file.path, path)
    if not _close(width, candidate.width) or not _close(height, candidate.height):
        raise MediaRejected(f"{name} is {width}x{height}, but was offered as {candidate.width}x{candidate.height}.")
    return path


def _close(measured: int, offered: int) -> bool:
    return abs(measured - offered) <= max(2, _SIZE_TOLERANCE * offered)

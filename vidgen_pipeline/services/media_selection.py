"""The media step: a picture or clip for every scene, none shown twice while others are free.

What the user's last videos show is not free either, where it comes from a site that has enough of others.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import count
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.videos import shown_lately
from vidgen_pipeline.domain.errors import InvalidInput, MediaRejected
from vidgen_pipeline.domain.media import MediaAsset, MediaCandidate, MediaKind, MediaQuery, MediaSelection
from vidgen_pipeline.domain.money import FREE
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.providers.base import MediaProvider, ReportProgress
from vidgen_pipeline.providers.network.records import on_scene
from vidgen_pipeline.runtime.focus import find_focus
from vidgen_pipeline.runtime.together import all_or_nothing
from vidgen_pipeline.services.inputs import inputs_hash
from vidgen_pipeline.storage.artifacts import ArtifactStore

FETCHES_AT_ONCE = 2
LAST_VIDEOS = 20

_LEAST_CUT = 0.05
_SPOKEN_SLOWER = 1.1
_SILENCE_AND_FADE_MS = 700


class MediaSelector:
    """Chooses and fetches for one video.

    `named` maps a scene to the provider of the very file its script names. `fallback` serves a scene for which the
    provider has nothing (left). `shown` is what other videos show, by provider and locator: it is asked for last.
    """

    def __init__(
        self,
        provider: MediaProvider,
        named: Mapping[int, MediaProvider],
        *,
        store: ArtifactStore,
        scratch: Path,
        progress: ReportProgress,
        fallback: MediaProvider | None = None,
        shown: Collection[tuple[str, str]] = (),
    ) -> None:
        self._provider = provider
        self._fallback = fallback
        self._named = named
        self._shown = frozenset(shown)
        self._store = store
        self._scratch = scratch
        self._progress = progress
        self._uses: Counter[tuple[str, str]] = Counter()
        self._rejected: set[tuple[str, str]] = set()
        self._places = asyncio.Semaphore(FETCHES_AT_ONCE)
        self._fetched: dict[tuple[str, str], MediaAsset] = {}
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._numbers = count()
        self.warnings: list[str] = []
        self.model = ""
        self.cost = FREE

    async def select(
        self, script: Script, canvas: Canvas, seed: str, before: MediaSelection | None = None
    ) -> MediaSelection:
        """One asset a scene, in scene order. A scene that asks for what it asked for `before` keeps what it got."""
        queries = [_query(script, index, canvas, seed) for index in range(len(script.scenes))]
        asked = tuple(self._hash(query) for query in queries)
        assets = self._kept(asked, before)
        self._uses.update((asset.provider, asset.locator) for asset in assets.values())
        wanted = [query for query in queries if query.scene_index not in assets]
        # Choices are made in order, so that the same script always gets the same pictures; only fetching overlaps.
        choices = [await self._choose(query) for query in wanted]
        done = len(assets)

        async def fetch(query: MediaQuery, choice: tuple[MediaProvider, MediaCandidate]) -> None:
            nonlocal done
            async with self._places:
                with on_scene(query.scene_index):
                    assets[query.scene_index] = await self._fetch(query, *choice)
            done += 1
            self._progress(done / len(queries))

        async with all_or_nothing() as group:
            for query, choice in zip(wanted, choices, strict=True):
                group.create_task(fetch(query, choice))
        return MediaSelection(
            assets=tuple(assets[query.scene_index] for query in queries), asked=asked, warnings=tuple(self.warnings)
        )

    def _kept(self, asked: Sequence[str], before: MediaSelection | None) -> dict[int, MediaAsset]:
        """What scenes show that ask for the same as before. A fallback is not kept: there may be something by now."""
        if before is None:
            return {}
        known = zip(asked, before.asked, before.assets, strict=False)
        return {
            index: asset
            for index, (now, then, asset) in enumerate(known)
            if now == then and asset.provider == self._source(index).provider_name and self._store.has(asset.file)
        }

    def _hash(self, query: MediaQuery) -> str:
        fingerprint = self._source(query.scene_index).fingerprint()
        return inputs_hash(Step.MEDIA, {"query": query.model_dump(mode="json", exclude={"avoid"}), **fingerprint})

    def _source(self, scene_index: int) -> MediaProvider:
        return self._named.get(scene_index, self._provider)

    async def _choose(self, query: MediaQuery) -> tuple[MediaProvider, MediaCandidate]:
        for provider in filter(None, (self._source(query.scene_index), self._fallback)):
            offered = [
                candidate
                for candidate in await provider.search(self._avoiding(query, provider))
                if (provider.provider_name, candidate.locator) not in self._rejected
            ]
            if offered:
                best = self._least_used(provider, offered)
                self._uses[provider.provider_name, best.locator] += 1
                return provider, best
            self.warnings.append(f"{provider.provider_name} has nothing for scene {query.scene_index + 1}.")
        raise InvalidInput(
            f"There is no usable picture or clip for scene {query.scene_index + 1}.",
            remedy=" ".join(self.warnings),
        )

    def _avoiding(self, query: MediaQuery, provider: MediaProvider) -> MediaQuery:
        """The query, with what is shown elsewhere: in this video or in one before it."""
        taken = self._shown | {key for key, uses in self._uses.items() if uses}
        own = frozenset(locator for name, locator in taken if name == provider.provider_name)
        return query.model_copy(update={"avoid": own})

    def _least_used(self, provider: MediaProvider, offered: Sequence[MediaCandidate]) -> MediaCandidate:
        """The first of the least used ones: `min` keeps the provider's ranking among equals."""
        return min(offered, key=lambda candidate: self._uses[provider.provider_name, candidate.locator])

    async def _fetch(self, query: MediaQuery, provider: MediaProvider, candidate: MediaCandidate) -> MediaAsset:
        """The candidate as an asset or, when it turns out to be unusable, the next best one."""
        while True:
            key = (provider.provider_name, candidate.locator)
            async with self._locks[key]:  # a picture that two scenes show is fetched once
                if key not in self._fetched and key not in self._rejected:
                    try:
                        self._fetched[key] = await self._bring_in(query, provider, candidate)
                    except MediaRejected as error:
                        self._rejected.add(key)
                        self.warnings.append(error.message)
            if key in self._fetched:
                return self._fetched[key]
            provider, candidate = await self._choose(query)

    async def _bring_in(self, query: MediaQuery, provider: MediaProvider, candidate: MediaCandidate) -> MediaAsset:
        folder = self._scratch / f"media-{next(self._numbers)}"
        folder.mkdir(parents=True, exist_ok=True)
        fetched = await provider.fetch(candidate, query, folder)
        self.model, self.cost = fetched.model, self.cost + fetched.cost
        focus = None
        if candidate.kind is not MediaKind.BACKDROP and _cut_away(candidate, query) > _LEAST_CUT:
            focus = await asyncio.to_thread(find_focus, fetched.data, candidate.kind)
        return MediaAsset(
            kind=candidate.kind,
            file=await asyncio.to_thread(self._store.put_file, fetched.data),
            provider=provider.provider_name,
            locator=candidate.locator,
            width=candidate.width,
            height=candidate.height,
            duration_ms=candidate.duration_ms,
            focus=focus,
            attribution=candidate.attribution,
            accent_colour=candidate.accent_colour,
        )


def shown_in_last_videos(
    engine: Engine, user_id: UUID, video_id: UUID, *, test_mode: bool
) -> frozenset[tuple[str, str]]:
    """What the user's other videos that were made last show, as providers and locators; test mode has its own."""
    with Session(engine) as session:
        return frozenset(shown_lately(session, user_id, other_than=video_id, videos=LAST_VIDEOS, test_mode=test_mode))


def _cut_away(candidate: MediaCandidate, query: MediaQuery) -> float:
    """How much of the picture, 0 to 1, is not seen when it fills the canvas."""
    shape, wanted = candidate.width / candidate.height, query.width / query.height
    return 1 - min(shape / wanted, wanted / shape)


def search_language(script: Script) -> str:
    """The language of the script's search terms."""
    return script.search_language or script.language


def _query(script: Script, index: int, canvas: Canvas, seed: str) -> MediaQuery:
    scene = script.scenes[index]
    return MediaQuery(
        scene_index=index,
        scene_count=len(script.scenes),
        search_terms=scene.search_terms,
        language=search_language(script) if scene.search_terms else script.language,
        narration=scene.narration,
        width=canvas.width,
        height=canvas.height,
        # The voice may take its time, and the picture stands through the silence behind it and fades.
        duration_ms=round(scene.estimated_ms * _SPOKEN_SLOWER) + _SILENCE_AND_FADE_MS,
        seed=seed,
    )

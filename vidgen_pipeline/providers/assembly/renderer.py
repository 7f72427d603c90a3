"""Render the segments of a timeline, several at once, each by one ffmpeg; those that are known already are taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.timeline import Canvas, TimelineScene
from vidgen_pipeline.providers.assembly.clips import Clip
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.logo import PlacedLogo
from vidgen_pipeline.providers.assembly.parts import Part, check_segment
from vidgen_pipeline.providers.assembly.picture import segment_arguments, segment_feed
from vidgen_pipeline.providers.assembly.progress import Progress
from vidgen_pipeline.providers.assembly.segment_cache import SegmentCache
from vidgen_pipeline.providers.assembly.segment_key import SegmentKeys
from vidgen_pipeline.providers.assembly.segments import Segment, heaviest_first
from vidgen_pipeline.providers.assembly.stills import Still, still_of
from vidgen_pipeline.runtime.ffmpeg import run_ffmpeg
from vidgen_pipeline.runtime.memory import give_back_memory
from vidgen_pipeline.runtime.probe import load_photo, probe_video
from vidgen_pipeline.runtime.together import all_or_nothing

# Of the work on a segment, the rest being its check.
_RENDERING = 0.95


@dataclass(frozen=True, kw_only=True)
class SegmentRenderer:
    """What all segments of a video have in common. Files are written to `folder`.

    Segments are kept in `cache`, where there is one, under the names that `keys` gives, each as soon as it is checked:
    a render that is broken off, by a kill too, is taken up where it was.
    """

    canvas: Canvas
    local_file: Callable[[Artifact], Path]
    subtitles: Path
    fonts_config: Path
    encoder: Encoder
    folder: Path
    logo: PlacedLogo | None = None
    keys: SegmentKeys | None = None
    cache: SegmentCache | None = None

    async def render_all(
        self,
        segments: Sequence[Segment],
        *,
        workers: int,
        progress: Progress,
        on_part: Callable[[Segment, Part], None] = lambda segment, part: None,
    ) -> list[Part]:
        """Render and check every segment; in the video's order. `on_part` is told of each as soon as it is there.

        Raises RenderFailed naming the scene, MediaRejected when a scene's photo or clip can't be read, StorageFull.
        """
        places = asyncio.Semaphore(workers)
        # One thread for all photos: decoded, each fills hundreds of MB, which the next one takes over.
        decoding = ThreadPoolExecutor(1, thread_name_prefix="photo")
        # A still is seen in two segments: its own, and the end of the one before.
        still = lru_cache(maxsize=workers + 2)(self._still)
        clip = lru_cache(maxsize=None)(self._clip)

        async def placed(segment: Segment) -> Part:
            part = await made(segment)
            on_part(segment, part)
            return part

        async def made(segment: Segment) -> Part:
            async with places:
                advance = progress.part(f"segment {segment.number}", segment.frames)
                if part := await asyncio.to_thread(self._known, segment):
                    advance(1)
                    return part
                loop = asyncio.get_running_loop()
                stills = {
                    shot.scene.index: await loop.run_in_executor(decoding, still, shot.scene) for shot in segment.stills
                }
                clips = {shot.scene.index: await asyncio.to_thread(clip, shot.scene) for shot in segment.clips}
                return await self._render(segment, stills, clips, advance)

        try:
            async with all_or_nothing() as group:
                tasks = {segment.number: group.create_task(placed(segment)) for segment in heaviest_first(segments)}
        finally:
            decoding.shutdown(wait=False, cancel_futures=True)
        return [tasks[segment.number].result() for segment in segments]

    def _film(self, segment: Segment) -> Path:
        return self.folder / f"segment-{segment.number:05d}.mp4"

    def _known(self, segment: Segment) -> Part | None:
        if self.cache and self.keys:
            return self.cache.take(self.keys.of(segment), self._film(segment))
        return None

    async def _render(
        self,
        segment: Segment,
        stills: dict[int, Still],
        clips: dict[int, Clip],
        progress: Callable[[float], None],
    ) -> Part:
        film = self._film(segment)
        sheet = film.with_suffix(".sheet")
        try:
            await run_ffmpeg(
                segment_arguments(
                    segment,
                    canvas=self.canvas,
                    clips=clips,
                    subtitles=self.subtitles,
                    encoder=self.encoder,
                    target=film,
                    sheet=sheet,
                    logo=self.logo,
                ),
                fonts_config=self.fonts_config,
                feed=segment_feed(segment, stills),
                on_frame=lambda frame: progress(_RENDERING * frame / segment.frames),
            )
            part = await check_segment(film, sheet, segment.frames, self.canvas, self.encoder)
        except RenderFailed as error:
            number = segment.body.scene.index + 1
            raise RenderFailed(f"Scene {number} could not be rendered: {error.message}", remedy=error.remedy) from error
        if self.cache and self.keys:
            await asyncio.to_thread(self.cache.keep, self.keys.of(segment), part)
        progress(1)
        return part

    def _clip(self, scene: TimelineScene) -> Clip:
        path = self.local_file(scene.source.file)
        return Clip(path=path, info=probe_video(path))

    def _still(self, scene: TimelineScene) -> Still:
        path = self.local_file(scene.source.file)
        still = still_of(load_photo(path), self.canvas, scene.motion, scene.source.focus)
        give_back_memory()
        return still

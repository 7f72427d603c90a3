"""Render the segments of a timeline, several at once, each by one ffmpeg."""

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
from vidgen_pipeline.providers.assembly.picture import segment_arguments, segment_feed
from vidgen_pipeline.providers.assembly.progress import Progress
from vidgen_pipeline.providers.assembly.segments import Segment, heaviest_first
from vidgen_pipeline.providers.assembly.stills import Still, still_of
from vidgen_pipeline.runtime.ffmpeg import run_ffmpeg
from vidgen_pipeline.runtime.probe import load_photo, probe_video
from vidgen_pipeline.runtime.together import all_or_nothing


@dataclass(frozen=True, kw_only=True)
class SegmentRenderer:
    """What all segments of a video have in common. Files are written to `folder`."""

    canvas: Canvas
    local_file: Callable[[Artifact], Path]
    subtitles: Path
    fonts_config: Path
    encoder: Encoder
    folder: Path

    async def render_all(self, segments: Sequence[Segment], *, workers: int, progress: Progress) -> list[Path]:
        """Render every segment; their files in the video's order.

        Raises RenderFailed naming the scene, MediaRejected when a scene's photo or clip can't be read, StorageFull.
        """
        places = asyncio.Semaphore(workers)
        # One thread for all photos: decoded, each fills hundreds of MB, which the next one takes over.
        decoding = ThreadPoolExecutor(1, thread_name_prefix="photo")
        # A still is seen in two segments: its own, and the end of the one before.
        still = lru_cache(maxsize=workers + 2)(self._still)

        async def placed(segment: Segment) -> Path:
            async with places:
                loop = asyncio.get_running_loop()
                stills = {
                    shot.scene.index: await loop.run_in_executor(decoding, still, shot.scene) for shot in segment.stills
                }
                return await self._render(segment, stills, progress.part(f"segment {segment.number}", segment.frames))

        try:
            async with all_or_nothing() as group:
                tasks = [group.create_task(placed(segment)) for segment in heaviest_first(segments)]
        finally:
            decoding.shutdown(wait=False, cancel_futures=True)
        return sorted(task.result() for task in tasks)

    async def _render(self, segment: Segment, stills: dict[int, Still], progress: Callable[[float], None]) -> Path:
        target = self.folder / f"segment-{segment.number:05d}.mp4"
        clips = {shot.scene.index: await asyncio.to_thread(self._clip, shot.scene) for shot in segment.clips}
        try:
            await run_ffmpeg(
                segment_arguments(
                    segment,
                    canvas=self.canvas,
                    clips=clips,
                    subtitles=self.subtitles,
                    encoder=self.encoder,
                    target=target,
                ),
                fonts_config=self.fonts_config,
                feed=segment_feed(segment, stills),
                on_frame=lambda frame: progress(frame / segment.frames),
            )
        except RenderFailed as error:
            number = segment.body.scene.index + 1
            raise RenderFailed(f"Scene {number} could not be rendered: {error.message}", remedy=error.remedy) from error
        return target

    def _clip(self, scene: TimelineScene) -> Clip:
        path = self.local_file(scene.source.file)
        return Clip(path=path, info=probe_video(path))

    def _still(self, scene: TimelineScene) -> Still:
        return still_of(load_photo(self.local_file(scene.source.file)), self.canvas, scene.motion)

"""Render the segments of a timeline, several at once, each by one ffmpeg."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.assembly.clips import Clip
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.picture import segment_arguments, segment_feed
from vidgen_pipeline.providers.assembly.progress import Progress
from vidgen_pipeline.providers.assembly.segments import Segment, Shot, heaviest_first
from vidgen_pipeline.providers.assembly.stills import Still, still_of
from vidgen_pipeline.providers.assembly.together import all_or_nothing
from vidgen_pipeline.runtime.ffmpeg import run_ffmpeg
from vidgen_pipeline.runtime.probe import load_photo, probe_video


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
        # A still is seen in two segments: its own, and the end of the one before.
        still = lru_cache(maxsize=workers + 2)(self._still)
        # One photo at a time: decoded, a large one fills hundreds of MB.
        decoding = asyncio.Lock()

        async def stills_of(segment: Segment) -> dict[int, Still]:
            async with decoding:
                return {shot.scene.index: await asyncio.to_thread(still, shot) for shot in segment.stills}

        async def placed(segment: Segment) -> Path:
            async with places:
                advance = progress.part(f"segment {segment.number}", segment.frames)
                return await self._render(segment, await stills_of(segment), advance)

        async with all_or_nothing() as group:
            tasks = [group.create_task(placed(segment)) for segment in heaviest_first(segments)]
        return sorted(task.result() for task in tasks)

    async def _render(self, segment: Segment, stills: dict[int, Still], progress: Callable[[float], None]) -> Path:
        target = self.folder / f"segment-{segment.number:05d}.mp4"
        clips = {shot.scene.index: await asyncio.to_thread(self._clip, shot) for shot in segment.clips}
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

    def _clip(self, shot: Shot) -> Clip:
        path = self.local_file(shot.scene.source.file)
        return Clip(path=path, info=probe_video(path))

    def _still(self, shot: Shot) -> Still:
        photo = load_photo(self.local_file(shot.scene.source.file))
        return still_of(photo, self.canvas, shot.scene.motion)

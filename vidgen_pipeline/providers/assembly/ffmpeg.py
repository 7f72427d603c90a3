"""Assembly on this machine: ffmpeg renders a timeline scene by scene; the file is measured before it is given out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.audio import make_soundtrack
from vidgen_pipeline.providers.assembly.checks import Expected, check_finished
from vidgen_pipeline.providers.assembly.darkness import check_black
from vidgen_pipeline.providers.assembly.encoder import Encoder, Profile
from vidgen_pipeline.providers.assembly.joining import join
from vidgen_pipeline.providers.assembly.progress import Progress
from vidgen_pipeline.providers.assembly.renderer import SegmentRenderer
from vidgen_pipeline.providers.assembly.segments import plan_segments
from vidgen_pipeline.providers.assembly.thumbnail import make_thumbnail
from vidgen_pipeline.providers.base import AssemblyProvider, ProviderResult, RenderedVideo, ReportProgress
from vidgen_pipeline.runtime.fonts import write_fonts_config
from vidgen_pipeline.runtime.together import all_or_nothing
from vidgen_pipeline.subtitles.titles import title_events
from vidgen_pipeline.subtitles.writers import to_ass

_MODEL = "segments-1"
# Shares of the whole work, as measured; the pictures' is 1.
_SOUND_WEIGHT, _JOIN_WEIGHT, _CHECK_WEIGHT = 0.05, 0.02, 0.15


class FFmpegProvider(AssemblyProvider):
    """Renders a timeline with the ffmpeg that comes with the product."""

    provider_name: ClassVar[str] = "ffmpeg"

    workers: int = Field(
        default=min(2, os.cpu_count() or 1),
        ge=1,
        le=64,
        description="How many scenes are rendered at once. Each takes one processor core and about 300 MB of memory.",
    )
    crf: int = Field(
        default=20,
        ge=0,
        le=40,
        description="Quality of the picture: lower is better and larger. 18 is hard to tell from the original.",
    )
    profile: Profile = Field(
        default="fast",
        description="`fast` spends bits instead of time; `small` takes twice the time for two thirds of the size; "
        "`quality` takes six times as long.",
    )

    def fingerprint(self) -> dict[str, Any]:
        # The same file comes out, however many work on it.
        return {name: value for name, value in super().fingerprint().items() if name != "workers"}

    async def render(
        self,
        timeline: Timeline,
        *,
        local_file: Callable[[Artifact], Path],
        scratch: Path,
        progress: ReportProgress,
    ) -> ProviderResult[RenderedVideo]:
        segments = plan_segments(timeline)
        frames = timeline.frames
        parts = Progress(progress, frames * (1 + _SOUND_WEIGHT + _JOIN_WEIGHT + _CHECK_WEIGHT))
        renderer = await asyncio.to_thread(self._renderer, timeline, local_file, scratch, len(segments))
        video, thumbnail = scratch / "video.mp4", scratch / "thumbnail.jpg"

        async with all_or_nothing() as group:
            pictures = group.create_task(renderer.render_all(segments, workers=self.workers, progress=parts))
            advance = parts.part("sound", frames * _SOUND_WEIGHT)
            sounds = group.create_task(make_soundtrack(timeline, local_file, scratch, advance))
        sound = sounds.result()
        await join(pictures.result(), sound.path, timeline.canvas, video)
        parts.part("join", frames * _JOIN_WEIGHT)(1)

        expected = Expected.of(timeline, sound.expected_lufs)
        async with all_or_nothing() as group:
            advance = parts.part("check", frames * _CHECK_WEIGHT)
            check = group.create_task(check_finished(video, expected, advance, threads=self.workers))
            group.create_task(make_thumbnail(video, timeline, thumbnail))
        measured = check.result()
        await check_black(measured.black, timeline, local_file)
        progress(1.0)
        return ProviderResult(
            data=RenderedVideo(
                path=video,
                thumbnail=thumbnail,
                width=measured.width,
                height=measured.height,
                frames=measured.frames,
                duration_ms=measured.duration_ms,
                audio_duration_ms=measured.audio_duration_ms,
                loudness_lufs=measured.loudness.integrated,
                true_peak_dbtp=measured.loudness.true_peak,
            ),
            model=_MODEL,
        )

    def _renderer(
        self, timeline: Timeline, local_file: Callable[[Artifact], Path], scratch: Path, segment_count: int
    ) -> SegmentRenderer:
        subtitles = scratch / "text.ass"
        try:
            subtitles.write_text(to_ass(timeline.captions, timeline.canvas, title_events(timeline)), encoding="utf-8")
        except OSError as error:
            raise storage_error(error, subtitles) from error
        # A worker has a core of its own; a video of fewer scenes than workers shares the cores out.
        threads = max(1, self.workers // segment_count)
        return SegmentRenderer(
            canvas=timeline.canvas,
            local_file=local_file,
            subtitles=subtitles,
            fonts_config=write_fonts_config(scratch / "fonts", timeline.language),
            encoder=Encoder(profile=self.profile, crf=self.crf, threads=threads),
            folder=scratch,
        )

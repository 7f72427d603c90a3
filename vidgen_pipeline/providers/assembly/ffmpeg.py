"""Assembly on this machine: ffmpeg renders a timeline scene by scene; the file is measured before it is given out."""

from __future__ import annotations

import asyncio
import os
from bisect import bisect
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.audio import Soundtrack, make_soundtrack
from vidgen_pipeline.providers.assembly.checks import Expected, check_joined
from vidgen_pipeline.providers.assembly.darkness import check_black, check_still
from vidgen_pipeline.providers.assembly.encoder import Encoder, Profile
from vidgen_pipeline.providers.assembly.hardware import EncoderChoice, choose_encoder
from vidgen_pipeline.providers.assembly.joining import join
from vidgen_pipeline.providers.assembly.kept_files import KeptFiles
from vidgen_pipeline.providers.assembly.logo import placed_logo
from vidgen_pipeline.providers.assembly.parts import Part
from vidgen_pipeline.providers.assembly.progress import Progress
from vidgen_pipeline.providers.assembly.renderer import SegmentRenderer
from vidgen_pipeline.providers.assembly.segment_cache import SegmentCache
from vidgen_pipeline.providers.assembly.segment_key import SegmentKeys
from vidgen_pipeline.providers.assembly.segments import Segment, plan_segments
from vidgen_pipeline.providers.assembly.sheet import Sheets
from vidgen_pipeline.providers.assembly.sound_cache import SoundCache
from vidgen_pipeline.providers.assembly.thumbnail import make_thumbnail, thumbnail_frame
from vidgen_pipeline.providers.base import AssemblyProvider, ProviderResult, RenderedVideo, ReportProgress
from vidgen_pipeline.runtime.fonts import write_fonts_config
from vidgen_pipeline.runtime.together import all_or_nothing
from vidgen_pipeline.subtitles.styles import check_font
from vidgen_pipeline.subtitles.titles import title_events
from vidgen_pipeline.subtitles.writers import to_ass

_MODEL = "segments-1"
_CACHE_BYTES = 2_000_000_000
# How much of that the sound may take; it is a 25th of a video.
_SOUND_SHARE = 0.05
# Shares of the whole work, as measured; the pictures' is 1.
_SOUND_WEIGHT, _JOIN_WEIGHT, _CHECK_WEIGHT = 0.05, 0.02, 0.02


class FFmpegProvider(AssemblyProvider):
    """Renders a timeline with the ffmpeg that comes with the product."""

    provider_name: ClassVar[str] = "ffmpeg"

    workers: int = Field(
        default=min(2, os.cpu_count() or 1),
        ge=1,
        le=64,
        description="How many scenes are rendered at once. Each takes one processor core and about 300 MB of memory.",
    )
    crf: int | None = Field(
        default=None,
        ge=0,
        le=40,
        description="Quality of the picture: lower is better and larger. 18 is hard to tell from the original. "
        "Unset, it is the profile's own: 20, 21 or 19.",
    )
    profile: Profile = Field(
        default="fast",
        description="`fast` spends bits instead of time; `small` takes twice the time for two thirds of the size; "
        "`quality` takes six times as long.",
    )
    encoder: EncoderChoice = Field(
        default="auto",
        description="`auto` takes an encoder in hardware where a trial shows that it works, else x264; `software` is "
        "always x264; or the name of the one to try.",
    )
    cache_bytes: int = Field(
        default=_CACHE_BYTES,
        ge=0,
        description="How much of the disk rendered scenes and sound may take that are kept for later changes. "
        "0 keeps none.",
    )

    def fingerprint(self) -> dict[str, Any]:
        # The same file comes out, however many work on it and whatever is kept.
        return {name: value for name, value in super().fingerprint().items() if name not in {"workers", "cache_bytes"}}

    async def render(
        self,
        timeline: Timeline,
        *,
        local_file: Callable[[Artifact], Path],
        scratch: Path,
        progress: ReportProgress,
        cache: Path | None = None,
    ) -> ProviderResult[RenderedVideo]:
        segments = plan_segments(timeline)
        frames = timeline.frames
        parts = Progress(progress, frames * (1 + _SOUND_WEIGHT + _JOIN_WEIGHT + _CHECK_WEIGHT))
        # A worker has a core of its own; a video of fewer scenes than workers shares the cores out.
        threads = max(1, self.workers // len(segments))
        encoder = await choose_encoder(
            self.encoder, profile=self.profile, crf=self.crf, threads=threads, canvas=timeline.canvas
        )
        renderer = await asyncio.to_thread(self._renderer, timeline, local_file, scratch, encoder, cache)
        video, thumbnail = scratch / "video.mp4", scratch / "thumbnail.jpg"
        starts = [segment.start_frame for segment in segments]
        shown = bisect(starts, thumbnail_frame(timeline)) - 1

        def on_part(segment: Segment, part: Part) -> None:
            if segment.number == shown:
                group.create_task(make_thumbnail(part.path, timeline, thumbnail, first_frame=segment.start_frame))

        async with all_or_nothing() as group:
            advance = parts.part("sound", frames * _SOUND_WEIGHT)
            sounds = group.create_task(self._soundtrack(timeline, local_file, scratch, advance, cache))
            films = await renderer.render_all(segments, workers=self.workers, progress=parts, on_part=on_part)
            sheets = Sheets.of(
                [(start, film.sheet) for start, film in zip(starts, films, strict=True)], frames, timeline.canvas.fps
            )
            group.create_task(check_still(sheets.still(), timeline, local_file, scratch))
            sound = await sounds
            await join([film.path for film in films], sound.path, timeline.canvas, video)
            parts.part("join", frames * _JOIN_WEIGHT)(1)
            expected = Expected.of(timeline, sound.expected_lufs)
            measured = await asyncio.to_thread(
                check_joined, video, expected, films, sound.path, sound.loudness, sheets.black()
            )
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
        self,
        timeline: Timeline,
        local_file: Callable[[Artifact], Path],
        scratch: Path,
        encoder: Encoder,
        cache: Path | None,
    ) -> SegmentRenderer:
        check_font(timeline.captions.style)
        subtitles = scratch / "text.ass"
        text = to_ass(timeline.captions, timeline.canvas, title_events(timeline))
        try:
            subtitles.write_text(text, encoding="utf-8")
        except OSError as error:
            raise storage_error(error, subtitles) from error
        logo = timeline.logo
        keeps = cache is not None and self.cache_bytes
        return SegmentRenderer(
            canvas=timeline.canvas,
            local_file=local_file,
            subtitles=subtitles,
            fonts_config=write_fonts_config(scratch / "fonts", timeline.language, cache=cache if keeps else None),
            encoder=encoder,
            folder=scratch,
            logo=placed_logo(logo, local_file(logo.file), timeline.canvas, scratch / "logo.png") if logo else None,
            keys=SegmentKeys(timeline, encoder=encoder, subtitles=text) if keeps else None,
            cache=SegmentCache(self._kept(cache, "segments", 1 - _SOUND_SHARE)) if cache and keeps else None,
        )

    async def _soundtrack(
        self,
        timeline: Timeline,
        local_file: Callable[[Artifact], Path],
        scratch: Path,
        progress: Callable[[float], None],
        cache: Path | None,
    ) -> Soundtrack:
        if cache is None or not self.cache_bytes:
            return await make_soundtrack(timeline, local_file, scratch, progress)
        sounds = SoundCache(self._kept(cache, "sounds", _SOUND_SHARE))
        return await sounds.soundtrack(timeline, local_file, scratch, progress)

    def _kept(self, cache: Path, name: str, share: float) -> KeptFiles:
        return KeptFiles(cache / name, int(self.cache_bytes * share))

"""The assembly step: a timeline becomes one finished file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vidgen_pipeline.domain.captions import SubtitleFiles
from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.finished import FinishedVideo, attribution_text
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.timeline import Music, Timeline
from vidgen_pipeline.domain.video import MusicMood
from vidgen_pipeline.providers.base import AssemblyProvider, ProviderResult, ReportProgress
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.runtime.music import choose_track
from vidgen_pipeline.storage.artifacts import ArtifactStore

LONGEST_DRIFT_MS = 80


def choose_music(mood: MusicMood, seed: str, store: ArtifactStore) -> Music | None:
    """The track for a mood, always the same for the same seed."""
    if mood is MusicMood.NONE:
        return None
    track = choose_track(mood, seed)
    return Music(
        mood=mood,
        file=store.put_file(track.path),
        title=track.title,
        author=track.author,
        licence=track.licence,
        source=track.source,
    )


def voice_credit(narration: Narration) -> str:
    """Who speaks, and on what terms."""
    provider = catalogue()[narration.provider]
    return ", ".join(part for part in (provider.name, narration.voice, provider.licence) if part)


async def assemble(
    timeline: Timeline,
    provider: AssemblyProvider,
    subtitles: SubtitleFiles,
    *,
    voice: str,
    store: ArtifactStore,
    scratch: Path,
    progress: ReportProgress,
    cache: Path | None = None,
) -> ProviderResult[FinishedVideo]:
    """Render, hold the result against the timeline, and put everything that goes to the person into the store.

    In `cache` the renderer may keep what makes the next render shorter.
    """
    rendered = await provider.render(timeline, local_file=store.path, scratch=scratch, progress=progress, cache=cache)
    video = rendered.data
    for what, duration_ms in (("picture", video.duration_ms), ("sound", video.audio_duration_ms)):
        if abs(duration_ms - timeline.duration_ms) > LONGEST_DRIFT_MS:
            raise RenderFailed(
                f"The {what} of the rendered video lasts {duration_ms} ms, not the {timeline.duration_ms} ms planned.",
                provider=provider.provider_name,
            )
    credit = attribution_text(timeline, voice=voice)
    finished = FinishedVideo(
        title=timeline.title,
        video=await asyncio.to_thread(store.put_file, video.path),
        thumbnail=await asyncio.to_thread(store.put_file, video.thumbnail),
        attribution=await asyncio.to_thread(store.put_text, credit, "txt", scratch),
        srt=subtitles.srt,
        vtt=subtitles.vtt,
        ass=subtitles.ass,
        width=video.width,
        height=video.height,
        frames=video.frames,
        duration_ms=video.duration_ms,
        audio_duration_ms=video.audio_duration_ms,
        loudness_lufs=video.loudness_lufs,
        true_peak_dbtp=video.true_peak_dbtp,
        words=sum(len(cue.words) for cue in timeline.captions.cues),
        scenes=len(timeline.scenes),
    )
    return ProviderResult(data=finished, model=rendered.model, cost=rendered.cost)

"""The finished video and what was measured on it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.timeline import Timeline


class FinishedVideo(BaseModel):
    """Files of a finished video. Loudness in LUFS (integrated), true peak in dBTP, sizes in px, times in ms."""

    model_config = ConfigDict(frozen=True)

    title: str
    video: Artifact
    thumbnail: Artifact
    attribution: Artifact
    srt: Artifact
    vtt: Artifact
    ass: Artifact
    width: int
    height: int
    frames: int
    duration_ms: int
    audio_duration_ms: int
    loudness_lufs: float
    true_peak_dbtp: float
    words: int
    scenes: int


def attribution_text(timeline: Timeline, *, voice: str) -> str:
    """Who made what is seen and heard, and on what terms: to be published with the video."""
    lines = [timeline.title, "", "Pictures"]
    for scene in timeline.scenes:
        credit = scene.source.attribution
        parts = [credit.title or scene.source.kind.value]
        parts += [f"by {credit.author}"] if credit.author else []
        parts += [part for part in (credit.licence, credit.licence_url, credit.source, credit.page_url) if part]
        lines.append(f"  Scene {scene.index + 1}: " + ", ".join(parts))
    lines += ["", "Voice", f"  {voice}"]
    if timeline.music:
        music = timeline.music
        author = f" by {music.author}" if music.author else ""
        lines += ["", "Music", f"  {music.title}{author}, {music.licence}, {music.source}"]
    return "\n".join(lines) + "\n"

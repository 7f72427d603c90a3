"""The finished video and what was measured on it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.media import MediaAsset, MediaKind
from vidgen_pipeline.domain.timeline import Timeline

_CALLED = {MediaKind.PHOTO: "Photo", MediaKind.CLIP: "Video", MediaKind.BACKDROP: "Background"}


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
        made = _made_at(scene.source) if credit.source_url else f"by {credit.author}" if credit.author else ""
        source = "" if credit.source_url else credit.source
        licence = _linked(credit.licence, credit.licence_url)
        parts = (credit.title or scene.source.kind.value, made, licence, source, credit.page_url)
        lines.append(f"  Scene {scene.index + 1}: " + ", ".join(part for part in parts if part))
    lines += ["", "Voice", f"  {voice}"]
    if timeline.music:
        music = timeline.music
        author = f" by {music.author}" if music.author else ""
        lines += ["", "Music", f"  {music.title}{author}, {music.licence}, {music.source}"]
    return "\n".join(lines) + "\n"


def _made_at(source: MediaAsset) -> str:
    """Who made a picture or clip and at which site it was found, with the links that sites ask for."""
    credit = source.attribution
    author = f" by {_linked(credit.author, credit.author_url)}" if credit.author else ""
    return f"{_CALLED[source.kind]}{author} on {_linked(credit.source, credit.source_url)}"


def _linked(name: str, address: str) -> str:
    return f"{name} ({address})" if name and address else name or address

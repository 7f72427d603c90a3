"""The subtitles step: words in time become captions, and the same captions as files."""

from __future__ import annotations

from pathlib import Path

from vidgen_pipeline.domain.captions import Captions, SubtitleFiles
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline.subtitles.cues import build_cues
from vidgen_pipeline.subtitles.styles import caption_style
from vidgen_pipeline.subtitles.writers import to_ass, to_srt, to_vtt


def make_captions(
    narration: Narration, *, language: str, canvas: Canvas, style_name: str, store: ArtifactStore, scratch: Path
) -> SubtitleFiles:
    """Captions in the named style, with their SRT, VTT and ASS files in the store."""
    style = caption_style(style_name)
    cues = build_cues(narration, language=language, canvas=canvas, style=style)
    captions = Captions(language=language, style=style, cues=cues)
    return SubtitleFiles(
        captions=captions,
        srt=store.put_text(to_srt(captions), "srt", scratch),
        vtt=store.put_text(to_vtt(captions), "vtt", scratch),
        ass=store.put_text(to_ass(captions, canvas), "ass", scratch),
    )

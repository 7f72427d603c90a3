"""The subtitles step: words in time become captions, and the same captions as files."""

from __future__ import annotations

from pathlib import Path

from vidgen_pipeline.domain.captions import Captions, CaptionStyle, SubtitleFiles
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline.subtitles.cues import build_cues
from vidgen_pipeline.subtitles.styles import OwnStyles, caption_style, check_font, with_highlight
from vidgen_pipeline.subtitles.writers import to_ass, to_srt, to_vtt


def chosen_style(name: str, highlight: str | None, own: OwnStyles | None = None) -> CaptionStyle:
    """The named style, one of the four or of the person's own, with its own highlight where `highlight` is None.

    Raises InvalidInput when there is none of this name or it can't be read, MissingTool when its font is not here.
    """
    style = with_highlight(caption_style(name, own), highlight)
    check_font(style)
    return style


def make_captions(
    narration: Narration, *, language: str, canvas: Canvas, style: CaptionStyle, store: ArtifactStore, scratch: Path
) -> SubtitleFiles:
    """Captions in the style, with their SRT, VTT and ASS files in the store. Raises MissingTool without its font."""
    check_font(style)
    cues = build_cues(narration, language=language, canvas=canvas, style=style)
    captions = Captions(language=language, style=style, cues=cues)
    return SubtitleFiles(
        captions=captions,
        srt=store.put_text(to_srt(captions), "srt", scratch),
        vtt=store.put_text(to_vtt(captions), "vtt", scratch),
        ass=store.put_text(to_ass(captions, canvas), "ass", scratch),
    )

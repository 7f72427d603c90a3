"""Captions as subtitle files: ASS to be burnt in, SRT and WebVTT for players."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pysubs2

from vidgen_pipeline.domain.captions import Captions, Cue
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.subtitles.drawing import rounded_rectangle, shape_style, shape_text, text_style
from vidgen_pipeline.subtitles.escape import srt_text, vtt_text
from vidgen_pipeline.subtitles.highlights import caption_events, tick
from vidgen_pipeline.subtitles.layout import DrawnCue, caption_area, caption_typeface, lay_out, px
from vidgen_pipeline.subtitles.spacing import joined, spaced
from vidgen_pipeline.subtitles.titles import TITLE_STYLES, TitleEvent, draw_title

_BOX_LAYER = 0
_BOX_RADIUS = 0.30  # em


def to_ass(captions: Captions, canvas: Canvas, titles: Sequence[TitleEvent] = ()) -> str:
    """The captions, with the word being spoken as the style shows it, and the titles, in the canvas's px.

    Every line is an event of its own for each of its states, placed exactly: only colours differ between states, so
    nothing moves. A word stays lit until the next begins, so that a short pause does not make the caption flicker.
    """
    style = captions.style
    area = caption_area(canvas, style)
    face = caption_typeface(style, captions.language)
    file = pysubs2.SSAFile()
    file.info.update(
        {
            "PlayResX": str(canvas.width),
            "PlayResY": str(canvas.height),
            "WrapStyle": "2",
            "ScaledBorderAndShadow": "yes",
            "Kerning": "yes",
            "YCbCr Matrix": "None",
        }
    )
    file.styles.clear()
    file.styles["Caption"] = text_style(
        face, area.em, style.colour, style.outline_colour, px(style.outline_width, canvas)
    )
    if style.background_colour:
        file.styles["Box"] = shape_style(style.background_colour, style.background_opacity)
    if titles:
        file.styles.update(TITLE_STYLES)
    for cue in captions.cues:
        drawn = lay_out(cue, area, style, captions.language)
        if drawn:
            if style.background_colour:
                file.events.append(_box_event(cue, drawn))
            file.events += caption_events(cue, drawn, captions, area, face)
    for title in titles:
        file.events += draw_title(title)
    return str(file.to_string("ass", header_notice=""))


def to_srt(captions: Captions) -> str:
    """The captions as SRT: each cue's lines as plain text."""
    file = pysubs2.SSAFile()
    for cue in captions.cues:
        lines = [joined(line) for line in cue.lines]
        file.events += _events(cue, map(srt_text, lines))
    return str(file.to_string("srt", keep_ssa_tags=True))


def to_vtt(captions: Captions) -> str:
    """The captions as WebVTT, each word with the time at which it is spoken."""
    file = pysubs2.SSAFile()
    for cue in captions.cues:
        lines = []
        latest = cue.start_ms
        for line in cue.lines:
            text = ""
            for position, space, word in spaced(line):
                stamp = ""
                if latest < line[position].start_ms < cue.end_ms:
                    latest = line[position].start_ms
                    stamp = f"<{_timestamp(latest)}>"
                text += space + stamp + vtt_text(word)
            lines.append(text)
        file.events += _events(cue, lines)
    return str(file.to_string("vtt", keep_ssa_tags=True))


def _box_event(cue: Cue, drawn: DrawnCue) -> pysubs2.SSAEvent:
    box = rounded_rectangle(drawn.box, _BOX_RADIUS * drawn.em)
    return pysubs2.SSAEvent(
        start=tick(cue.start_ms), end=tick(cue.end_ms), layer=_BOX_LAYER, style="Box", text=shape_text(box)
    )


def _events(cue: Cue, lines: Iterable[str]) -> list[pysubs2.SSAEvent]:
    text = "\n".join(line for line in lines if line)
    return [pysubs2.SSAEvent(start=cue.start_ms, end=cue.end_ms, text=text)] if text else []


def _timestamp(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"

"""Captions as subtitle files: ASS to be burnt in, SRT and WebVTT for players."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import pysubs2

from vidgen_pipeline.domain.captions import Captions, Cue
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.subtitles.drawing import (
    filled,
    line_text,
    placed,
    rounded_rectangle,
    shape_style,
    shape_text,
    text_style,
)
from vidgen_pipeline.subtitles.escape import srt_text, vtt_text
from vidgen_pipeline.subtitles.layout import CaptionArea, DrawnCue, caption_area, caption_typeface, lay_out, px
from vidgen_pipeline.subtitles.spacing import joined, spaced
from vidgen_pipeline.subtitles.titles import TITLE_STYLES, TitleEvent, draw_title
from vidgen_pipeline.subtitles.typefaces import Typeface

_BOX_LAYER, _TEXT_LAYER = 0, 1
_BOX_RADIUS = 0.30  # em
_ASS_TICK_MS = 10


def to_ass(captions: Captions, canvas: Canvas, titles: Sequence[TitleEvent] = ()) -> str:
    """The captions, with the word being spoken in the style's highlight colour, and the titles, in the canvas's px.

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
            file.events += _cue_events(cue, drawn, captions, area, face)
    for title in titles:
        file.events += draw_title(title)
    return str(file.to_string("ass", header_notice=""))


def to_srt(captions: Captions) -> str:
    """The captions as SRT: each cue's lines as plain text."""
    file = pysubs2.SSAFile()
    for cue in captions.cues:
        lines = [joined(word.text for word in line) for line in cue.lines]
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
            for position, space, word in spaced(word.text for word in line):
                stamp = ""
                if latest < line[position].start_ms < cue.end_ms:
                    latest = line[position].start_ms
                    stamp = f"<{_timestamp(latest)}>"
                text += space + stamp + vtt_text(word)
            lines.append(text)
        file.events += _events(cue, lines)
    return str(file.to_string("vtt", keep_ssa_tags=True))


def _cue_events(
    cue: Cue, drawn: DrawnCue, captions: Captions, area: CaptionArea, face: Typeface
) -> Iterator[pysubs2.SSAEvent]:
    style = captions.style
    if style.background_colour:
        box = rounded_rectangle(drawn.box, _BOX_RADIUS * drawn.em)
        yield pysubs2.SSAEvent(
            start=_tick(cue.start_ms), end=_tick(cue.end_ms), layer=_BOX_LAYER, style="Box", text=shape_text(box)
        )
    states = _states(cue)
    for line in drawn.lines:
        plain = "".join(piece.text for piece in line.pieces)
        place = placed(plain, face, drawn.em, area.centre_x, line.baseline)
        own = {piece.word for piece in line.pieces}
        for lit, together in groupby(states, key=lambda state: state[0] if state[0] in own else None):
            span = list(together)
            looks = [
                (piece.text, filled(style.highlight_colour if lit is not None and piece.word == lit else style.colour))
                for piece in line.pieces
            ]
            text = line_text(
                looks, face, drawn.em, style_em=area.em, style_look=filled(style.colour), language=captions.language
            )
            yield pysubs2.SSAEvent(
                start=span[0][1], end=span[-1][2], layer=_TEXT_LAYER, style="Caption", text=place + text
            )


def _states(cue: Cue) -> list[tuple[int, int, int]]:
    """(word, start ms, end ms) of each time in which one word of the cue is lit; without gaps over the cue's time."""
    starts = [_tick(cue.start_ms)]
    for word in cue.words[1:]:
        starts.append(min(max(_tick(word.start_ms), starts[-1]), _tick(cue.end_ms)))
    ends = [*starts[1:], _tick(cue.end_ms)]
    return [(index, start, end) for index, (start, end) in enumerate(zip(starts, ends, strict=True)) if start < end]


def _events(cue: Cue, lines: Iterable[str]) -> list[pysubs2.SSAEvent]:
    text = "\n".join(line for line in lines if line)
    return [pysubs2.SSAEvent(start=cue.start_ms, end=cue.end_ms, text=text)] if text else []


def _timestamp(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"


def _tick(milliseconds: int) -> int:
    """The time as ASS can write it, never later."""
    return milliseconds - milliseconds % _ASS_TICK_MS

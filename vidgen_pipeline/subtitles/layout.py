"""Where captions stand in the picture, and how a line that is too long is made to fit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from vidgen_pipeline.domain.captions import CaptionPosition, Captions, CaptionStyle, Cue
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.domain.word_breaks import may_part
from vidgen_pipeline.subtitles.escape import clean
from vidgen_pipeline.subtitles.spacing import spaced
from vidgen_pipeline.subtitles.typefaces import Typeface

SMALLEST_SCALE = 0.62
"""A word that would have to be drawn smaller than this, against the style's size, to fit on a line is broken."""

_STYLE_UNITS = 400
_BOX_PADDING = (0.42, 0.26)  # em, sideways and up
_LINE_GAP = 0.16  # em of air between two lines' ink
_MOST_PARTS = 6
_GOOD_BREAK = re.compile(r"(?<=[/\-_.?&=+:,;@#])(?=[^/\-_.?&=+:,;@#])")
# Two letters of an alphabet that hyphenates: Latin, Greek, Cyrillic, Armenian.
_IN_A_WORD = re.compile("[^\\W\\d_\u0590-\U0010ffff]{2}")
_HEAVY_FONTS = {"Anton": 900}


@dataclass(frozen=True)
class CaptionArea:
    """Room for captions, in px. Captions are centred on `centre_x`; `width` is for text, without a box's padding.

    `y` is the lowest line's baseline of captions at the bottom, and the middle of captions in the centre.
    """

    centre_x: float
    width: float
    y: float
    em: float
    position: CaptionPosition


@dataclass(frozen=True)
class Piece:
    """Text drawn in one colour at a time: a word of the cue, or the space before it (`word` None).

    A word too wide for a line is `broken` into several pieces; `offset` is how many characters are in those before.
    """

    text: str
    word: int | None
    offset: int = 0
    broken: bool = False


@dataclass(frozen=True)
class DrawnLine:
    """One line of a cue; `baseline` in px."""

    pieces: tuple[Piece, ...]
    baseline: float


@dataclass(frozen=True)
class DrawnCue:
    """A cue laid out: `em` in px, and the box (left, top, right, bottom; px) that a background would fill."""

    lines: tuple[DrawnLine, ...]
    em: float
    box: tuple[float, float, float, float]


def px(style_units: float, canvas: Canvas) -> float:
    """A length of a style (1/400 of the canvas's short side) in px."""
    return style_units * canvas.short_side / _STYLE_UNITS


def caption_typeface(style: CaptionStyle, language: str) -> Typeface:
    """The style's font at its weight; stand-ins for a heavy font are heavy too."""
    return Typeface(style.font, _HEAVY_FONTS.get(style.font, 700 if style.bold else 400), language)


def caption_fonts(captions: Captions) -> frozenset[str]:
    """The font families the captions are drawn with. Where one is missing its letters come out as empty boxes."""
    face = caption_typeface(captions.style, captions.language)
    words = (clean(word.text) for cue in captions.cues for word in cue.words)
    return frozenset(run.font for word in words for run in face.runs(word))


def caption_area(canvas: Canvas, style: CaptionStyle) -> CaptionArea:
    """The room that the platforms' own buttons and texts leave free, with space for the style's box and outline."""
    em = px(style.size, canvas)
    if canvas.height > canvas.width:
        width, bottom, centre = 0.76 * canvas.width, 0.76 * canvas.height, 0.56 * canvas.height
    else:
        width = (0.80 if canvas.width > canvas.height else 0.86) * canvas.width
        bottom, centre = 0.91 * canvas.height, 0.62 * canvas.height
    at_bottom = style.position is CaptionPosition.BOTTOM
    padding = _BOX_PADDING[0] * em if style.background_colour else 0
    return CaptionArea(
        centre_x=canvas.width / 2,
        width=width - 2 * (padding + px(style.outline_width, canvas)),
        y=bottom - (0.22 + (_BOX_PADDING[1] if style.background_colour else 0)) * em if at_bottom else centre,
        em=em,
        position=style.position,
    )


def shown(text: str, style: CaptionStyle, language: str) -> str:
    """A word as the style writes it."""
    text = clean(text)
    if not style.uppercase:
        return text
    tag = language.casefold()[:2]
    if tag in {"tr", "az"}:
        text = text.replace("i", "İ")
    if tag == "el":  # Greek capitals bear no accents
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).replace("\u0301", ""))
    return text.upper()


def lay_out(cue: Cue, area: CaptionArea, style: CaptionStyle, language: str) -> DrawnCue | None:
    """Place a cue's words; None when nothing of it is to be seen. What is too wide is broken, then made smaller."""
    face = caption_typeface(style, language)
    lines = _lines_of_pieces(cue, style, language)
    if not lines:
        return None
    lines = [part for line in lines for part in _broken(line, face, area.width / area.em)]
    texts = ["".join(piece.text for piece in line) for line in lines]
    widths = [face.width(text) for text in texts]
    em = area.em * min(1.0, area.width / area.em / max(*widths, 0.01))
    scripts = [run.script for text in texts for run in face.runs(text)]
    above, below = max(script.above for script in scripts), max(script.below for script in scripts)
    pitch = (above + below + _LINE_GAP) * em
    if area.position is CaptionPosition.BOTTOM:
        last = area.y - max(0.0, below - 0.22) * em
    else:
        last = area.y + ((len(lines) - 1) * pitch + (above - 0.04) * em) / 2
    baselines = [last - pitch * (len(lines) - 1 - index) for index in range(len(lines))]
    side, rise = _BOX_PADDING[0] * em, _BOX_PADDING[1] * em
    half = max(widths) * em / 2 + side
    return DrawnCue(
        lines=tuple(DrawnLine(tuple(line), baseline) for line, baseline in zip(lines, baselines, strict=True)),
        em=em,
        box=(area.centre_x - half, baselines[0] - above * em - rise, area.centre_x + half, last + below * em + rise),
    )


def _lines_of_pieces(cue: Cue, style: CaptionStyle, language: str) -> list[list[Piece]]:
    lines = []
    first = 0
    for words in cue.lines:
        pieces: list[Piece] = []
        for position, space, text in spaced(words):
            pieces += [Piece(space, None)] if space else []
            pieces.append(Piece(shown(text, style, language), first + position))
        if pieces:
            lines.append(pieces)
        first += len(words)
    return lines


def _broken(pieces: Sequence[Piece], face: Typeface, width: float) -> list[list[Piece]]:
    """A lone word far too wide for a line, in several lines; anything else as it is."""
    words = [piece for piece in pieces if piece.word is not None]
    natural = face.width("".join(piece.text for piece in pieces))
    if len(words) > 1 or natural * SMALLEST_SCALE <= width:
        return [list(pieces)]
    word = words[0]
    count = min(_MOST_PARTS, ceil(natural * SMALLEST_SCALE / width), len(word.text))
    parts = parts_of_word(word.text, max(2, count))
    offsets = accumulate((len(part) for part in parts), initial=0)
    return [[Piece(part, word.word, offset, broken=True)] for part, offset in zip(parts, offsets, strict=False)]


def parts_of_word(text: str, count: int) -> list[str]:
    """A long word in about equal parts, cut where a reader expects it if such a place is near, else hyphenated."""
    marks = [found.start() for found in _GOOD_BREAK.finditer(text)]
    cuts = [0]
    for number in range(1, count):
        even = round(len(text) * number / count)
        while even < len(text) and not (may_part(text, even) and unicodedata.category(text[even])[0] != "C"):
            even += 1  # a mark or joiner stays with its letter
        near = [mark for mark in marks if abs(mark - even) <= len(text) / count / 4 and mark > cuts[-1]]
        cuts.append(min(near, key=lambda mark: abs(mark - even)) if near else max(even, cuts[-1] + 1))
    parts = []
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        hyphen = "-" if _IN_A_WORD.match(text[max(end - 1, 0) : end + 1]) else ""
        parts.append(text[start:end] + hyphen)
    return [part for part in parts if part]

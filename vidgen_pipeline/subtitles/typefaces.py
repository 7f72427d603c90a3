"""Which font draws which letters, how large it comes out in libass, and how wide a text will be.

libass takes a font size as the height of the font's `OS/2` window, which differs from font to font: the same number
draws Arabic half as large as Latin. Here sizes are ems, as everywhere else in typography, and every script's own font
is named, so that what is measured is what is drawn.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from vidgen_pipeline.domain.errors import MissingTool
from vidgen_pipeline.runtime.fonts import font_file


@dataclass(frozen=True)
class Script:
    """Letters of one kind. `font` None is the style's own; `above` and `below` the baseline is what ink needs, in em.

    `width` is the average of a character, in em, for when the font is not there to be measured.
    """

    font: str | None
    above: float = 0.76
    below: float = 0.22
    width: float = 0.62


_LATIN = Script(None)
_NOT_IN_ANTON = Script("Noto Sans")
_EMOJI = Script("Noto Emoji", 0.95, 0.25, 1.3)
_CJK = Script("Noto Sans CJK SC", 0.88, 0.14, 1.0)
_ARABIC = Script("Noto Sans Arabic", 0.95, 0.42)
_INDIC = {"above": 0.92, "below": 0.38}
_FIRST_CHARACTERS: tuple[tuple[int, Script], ...] = (
    (0x0000, _LATIN),
    (0x0370, _NOT_IN_ANTON),
    (0x0530, Script("Noto Sans Armenian")),
    (0x0590, Script("Noto Sans Hebrew", 0.80, 0.26)),
    (0x0600, _ARABIC),
    (0x0700, _LATIN),
    (0x0750, _ARABIC),
    (0x0780, _LATIN),
    (0x0870, _ARABIC),
    (0x0900, Script("Noto Sans Devanagari", **_INDIC)),
    (0x0980, Script("Noto Sans Bengali", **_INDIC)),
    (0x0A00, Script("Noto Sans Gurmukhi", **_INDIC)),
    (0x0A80, Script("Noto Sans Gujarati", **_INDIC)),
    (0x0B00, Script("Noto Sans Oriya", **_INDIC)),
    (0x0B80, Script("Noto Sans Tamil", **_INDIC, width=0.85)),
    (0x0C00, Script("Noto Sans Telugu", **_INDIC)),
    (0x0C80, Script("Noto Sans Kannada", **_INDIC)),
    (0x0D00, Script("Noto Sans Malayalam", **_INDIC, width=0.85)),
    (0x0D80, Script("Noto Sans Sinhala", **_INDIC)),
    (0x0E00, Script("Noto Sans Thai", 1.05, 0.36)),
    (0x0E80, Script("Noto Sans Lao", 1.05, 0.40)),
    (0x0F00, _LATIN),
    (0x1000, Script("Noto Sans Myanmar", 0.95, 0.55, 0.8)),
    (0x10A0, Script("Noto Sans Georgian", 0.80, 0.28)),
    (0x1100, _CJK),
    (0x1200, Script("Noto Sans Ethiopic", width=0.75)),
    (0x13A0, _LATIN),
    (0x1780, Script("Noto Sans Khmer", 0.95, 0.60)),
    (0x1800, _LATIN),
    (0x1C90, Script("Noto Sans Georgian", 0.80, 0.28)),
    (0x1CC0, _LATIN),
    (0x1F00, _NOT_IN_ANTON),
    (0x2000, _LATIN),
    (0x2600, _EMOJI),
    (0x27C0, _LATIN),
    (0x2B50, _EMOJI),
    (0x2B56, _LATIN),
    (0x2E80, _CJK),
    (0xA4D0, _LATIN),
    (0xA960, _CJK),
    (0xA980, _LATIN),
    (0xAC00, _CJK),
    (0xD800, _LATIN),
    (0xF900, _CJK),
    (0xFB00, _LATIN),
    (0xFB1D, Script("Noto Sans Hebrew", 0.80, 0.26)),
    (0xFB50, _ARABIC),
    (0xFE00, _LATIN),
    (0xFE30, _CJK),
    (0xFE70, _ARABIC),
    (0xFF00, _CJK),
    (0x10000, _LATIN),
    (0x1F000, _EMOJI),
    (0x20000, _CJK),
    (0x40000, _LATIN),
)
_STARTS = [start for start, _ in _FIRST_CHARACTERS]
# Marks and joiners are drawn by the font of the letter they belong to.
_JOINED_TO_THE_LETTER_BEFORE = re.compile("[\u0300-\u036f\u200c\u200d\u20d0-\u20ff\ufe00-\ufe0f\U0001f3fb-\U0001f3ff"
                                          "\U000e0020-\U000e007f]")  # fmt: skip
_CJK_FONTS = {"ja": "Noto Sans CJK JP", "ko": "Noto Sans CJK KR", "zh-tw": "Noto Sans CJK TC",
              "zh-hant": "Noto Sans CJK TC", "zh-hk": "Noto Sans CJK HK"}  # fmt: skip
_ONLY_WEIGHTS = {"Anton": 400}
_MEASURED_AT = 200  # px per em: large enough that the rounding of advances does not count


@dataclass(frozen=True)
class Run:
    """A piece of text drawn by one font."""

    text: str
    font: str
    script: Script


@dataclass(frozen=True)
class Typeface:
    """A style's font at one weight (100 to 900), with the fonts that stand in for the scripts it lacks."""

    font: str
    weight: int = 400
    language: str = ""

    def runs(self, text: str) -> Iterator[Run]:
        """`text` cut where the font changes."""
        start, script = 0, _LATIN
        for position, character in enumerate(text):
            if position and _JOINED_TO_THE_LETTER_BEFORE.match(character):
                continue
            here = _EMOJI if text[position + 1 : position + 2] == "\ufe0f" else _script(character)
            if here is not script:
                if position > start:
                    yield self._run(text[start:position], script)
                start, script = position, here
        if text[start:]:
            yield self._run(text[start:], script)

    def width(self, text: str) -> float:
        """How wide `text` is on one line, in em."""
        return _width(self, text)

    def weight_of(self, font: str) -> int:
        """The weight at which `font` is asked for: libass would smear a font that has none as heavy."""
        return _ONLY_WEIGHTS.get(font, self.weight)

    def size(self, font: str, em: float) -> float:
        """The font size to ask libass for, so that an em of `font` is `em` long."""
        return em * sum(_window(font))

    def descent(self, text: str, em: float) -> float:
        """How far below its baseline libass takes a line of `text` to reach."""
        return em * max((_window(run.font)[1] for run in self.runs(text)), default=0.0)

    def ascent(self, text: str, em: float) -> float:
        """How far above its baseline libass takes a line of `text` to reach."""
        return em * max((_window(run.font)[0] for run in self.runs(text)), default=0.0)

    def _run(self, text: str, script: Script) -> Run:
        font = script.font or self.font
        if script is _NOT_IN_ANTON and self.font != "Anton":
            font = self.font
        if script is _CJK:
            tag = self.language.casefold()
            font = _CJK_FONTS.get(tag) or _CJK_FONTS.get(tag[:7]) or _CJK_FONTS.get(tag[:2]) or font
        return Run(text, font, script)


def _script(character: str) -> Script:
    return _FIRST_CHARACTERS[bisect_right(_STARTS, ord(character)) - 1][1]


@lru_cache(maxsize=1 << 15)
def _width(face: Typeface, text: str) -> float:
    width = 0.0
    for run in [Run(text, face.font, _LATIN)] if text.isascii() else face.runs(text):
        font = None if run.script is _CJK else _open(run.font, face.weight)
        width += font.getlength(run.text) / _MEASURED_AT if font else len(run.text) * run.script.width
    return width


@lru_cache(maxsize=64)
def _open(font: str, weight: int) -> ImageFont.FreeTypeFont | None:
    path = _file(font)
    if path is None:
        return None
    opened = ImageFont.truetype(path, _MEASURED_AT)
    try:
        axes = opened.get_variation_axes()
    except OSError:  # not a variable font
        return opened
    values: list[float] = [weight if axis["name"] == b"Weight" else axis["default"] or 0 for axis in axes]
    opened.set_variation_by_axes(values)
    return opened


@lru_cache(maxsize=64)
def _file(font: str) -> Path | None:
    try:
        return font_file(font)
    except MissingTool:
        return None


@lru_cache(maxsize=64)
def _window(font: str) -> tuple[float, float]:
    """Ascent and descent by the font's `OS/2` table, in em; those of a common font where there is no file."""
    path = _file(font)
    if path is None:
        return (1.16, 0.29)
    with path.open("rb") as file:
        head = file.read(16)
        start = struct.unpack(">I", head[12:16])[0] if head[:4] == b"ttcf" else 0
        file.seek(start + 4)
        count = struct.unpack(">H", file.read(2))[0]
        file.seek(start + 12)
        entries = (struct.unpack(">4sIII", file.read(16)) for _ in range(count))
        offsets = {tag: offset for tag, _, offset, _ in entries}
        file.seek(offsets[b"head"] + 18)
        units = struct.unpack(">H", file.read(2))[0]
        file.seek(offsets[b"OS/2"] + 74)
        ascent, descent = struct.unpack(">HH", file.read(4))
    return (ascent / units, descent / units)

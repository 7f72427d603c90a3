"""Pictures that show the words they were asked for, on a drawn background."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vidgen_pipeline.domain.errors import MissingTool
from vidgen_pipeline.domain.text import writing_system
from vidgen_pipeline.providers.media.backdrop import COMPOSITIONS, draw_backdrop
from vidgen_pipeline.providers.media.backdrop_palettes import PALETTES
from vidgen_pipeline.runtime.fonts import font_file

_LATIN_FONT = "Inter"
_CJK_FONTS = {"CJK": "SC", "HIRAGANA": "JP", "KATAKANA": "JP", "HANGUL": "KR"}
_SHOWN_CHARACTERS = 160
_DRAWN_PIXELS = 1_000_000  # larger pictures are drawn at this size and enlarged
_EDGE = 0.13  # what a clip's drift may cut off, and a little more; a share of the width and the height
_LOW = 0.66
_WHITE, _SHADE = (255, 255, 255, 255), (0, 0, 0, 120)


def background(seed: str, width: int, height: int) -> Image.Image:
    """A drawn background, `width` x `height` px; another seed gives another one."""
    digest = hashlib.sha256(seed.encode()).digest()
    shrink = min((_DRAWN_PIXELS / (width * height)) ** 0.5, 1.0)
    pixels = draw_backdrop(
        COMPOSITIONS[digest[0] % len(COMPOSITIONS)],
        PALETTES[digest[1] % len(PALETTES)],
        digest.hex()[:8],
        max(round(width * shrink), 64),
        max(round(height * shrink), 64),
    )
    return Image.fromarray(np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)))


def lettering(words: str, label: str, width: int, height: int, *, low: bool = False) -> Image.Image:
    """The words, large, and the label, small, on transparent ground, both clear of the edges. `low` words lie low."""
    sheet = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(sheet)
    text = _shown(words)
    size = max(round(min(width, height) / 11), 12)
    font = _font(text, size)
    lines = list(_lines(text, font, width * (1 - 2 * _EDGE)))
    step = round(size * 1.3)
    top = round(height * _LOW) if low else max((height - step * len(lines)) // 2, 0)
    margin = size // 2
    draw.rectangle((0, top - margin, width, top + step * len(lines) + margin), fill=_SHADE)
    for number, line in enumerate(lines):
        left = (width - font.getlength(line)) / 2
        draw.text((left, top + number * step), line, font=font, fill=_WHITE)
    if label:
        small = _font(label, max(size // 3, 10))
        draw.text((width * _EDGE, height * (1 - _EDGE)), label, font=small, fill=_WHITE, anchor="ls")
    return sheet


def picture(words: str, label: str, width: int, height: int) -> Image.Image:
    """A whole picture, RGB."""
    ground = background(words, width, height).convert("RGBA")
    ground.alpha_composite(lettering(words, label, width, height))
    return ground.convert("RGB")


def _shown(words: str) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS].rstrip() + "…"


def _lines(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    """The text in lines that fit: cut at spaces, and inside a word only where it alone is too long."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        line = word
        while font.getlength(line) > width:
            fitting = next(
                end for end in range(len(line) - 1, 0, -1) if end == 1 or font.getlength(line[:end]) <= width
            )
            yield line[:fitting]
            line = line[fitting:]
    if line:
        yield line


def _font(text: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_path(_script(text)), size)


def _script(text: str) -> str:
    """The first writing system in the text that is not Latin."""
    scripts = (writing_system(letter) for letter in text if letter.isalpha())
    return next((script for script in scripts if script not in {"LATIN", "CYRILLIC", "GREEK"}), "LATIN")


@lru_cache(maxsize=64)
def _font_path(script: str) -> Path:
    if script == "LATIN":
        return font_file(_LATIN_FONT)
    family = f"Noto Sans CJK {_CJK_FONTS[script]}" if script in _CJK_FONTS else f"Noto Sans {script.title()}"
    try:
        return font_file(family)
    except MissingTool:
        return font_file(_LATIN_FONT)

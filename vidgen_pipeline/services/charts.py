"""A plain picture of some numbers: horizontal bars, longest labels and all, with no library for charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from vidgen_pipeline.runtime.fonts import font_file

MOST_BARS = 40
WIDTH = 1200

_MARGIN, _ROW, _BAR, _TEXT, _TITLE = 40, 34, 20, 18, 28
_LONGEST_LABEL = 420
_INK, _MUTED, _ABOVE, _BELOW, _PAPER = "#1f2933", "#7b8794", "#2f6fde", "#d9822b", "#ffffff"


@dataclass(frozen=True)
class Bar:
    """A number and what it is of."""

    label: str
    value: float


def draw_bars(bars: Sequence[Bar], *, title: str, unit: str) -> Image.Image:
    """Draw the first 40 bars from top to bottom, in px 1200 wide. Negative ones go to the left of the line at zero."""
    shown = list(bars[:MOST_BARS])
    height = 2 * _MARGIN + _TITLE + 40 + _ROW * max(1, len(shown)) + (_ROW if len(bars) > len(shown) else 0)
    image = Image.new("RGB", (WIDTH, height), _PAPER)
    draw = ImageDraw.Draw(image)
    text, heading = _font(_TEXT), _font(_TITLE)
    draw.text((_MARGIN, _MARGIN), title, font=heading, fill=_INK)
    draw.text((_MARGIN, _MARGIN + _TITLE + 8), unit, font=text, fill=_MUTED)
    top = _MARGIN + _TITLE + 44
    if not shown:
        draw.text((_MARGIN, top), "There is nothing to show.", font=text, fill=_MUTED)
        return image
    labels = [_fitted(bar.label or "(none)", text) for bar in shown]
    values = [f"{bar.value:,.4g}" for bar in shown]
    left = _MARGIN + max(round(text.getlength(label)) for label in labels) + 16
    room = WIDTH - _MARGIN - left - max(round(text.getlength(value)) for value in values) - 12
    lowest, highest = min(0.0, *(bar.value for bar in shown)), max(0.0, *(bar.value for bar in shown))
    scale = room / ((highest - lowest) or 1.0)
    zero = left - lowest * scale
    for row, (bar, label, value) in enumerate(zip(shown, labels, values, strict=True)):
        y = top + row * _ROW
        middle = y + _BAR / 2
        ends = sorted((zero, zero + bar.value * scale))
        draw.text((left - 16, middle), label, font=text, fill=_INK, anchor="rm")
        draw.rectangle((ends[0], y, max(ends[1], ends[0] + 1), y + _BAR), fill=_BELOW if bar.value < 0 else _ABOVE)
        draw.text((ends[1] + 8, middle), value, font=text, fill=_INK, anchor="lm")
    draw.line((zero, top - 6, zero, top + _ROW * len(shown) - 8), fill=_MUTED)
    if len(bars) > len(shown):
        draw.text((_MARGIN, top + _ROW * len(shown)), f"and {len(bars) - len(shown)} more", font=text, fill=_MUTED)
    return image


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file("Arimo"), size)


def _fitted(label: str, font: ImageFont.FreeTypeFont) -> str:
    """The label, shortened in its middle if it is too long."""
    kept = len(label)
    fitted = label
    while font.getlength(fitted) > _LONGEST_LABEL:
        kept -= 2
        fitted = f"{label[: kept - kept // 3]}…{label[len(label) - kept // 3 :]}"
    return fitted

"""The four caption styles a person can choose."""

from __future__ import annotations

from vidgen_pipeline.domain.captions import CaptionPosition, CaptionStyle
from vidgen_pipeline.domain.suggest import unknown

_STYLES = (
    CaptionStyle(
        name="classic",
        font_asked="Arial",
        font="Arimo",
        size=24,
        bold=True,
        colour="#FFFFFF",
        highlight_colour="#FFD23F",
        outline_colour="#000000",
        outline_width=2,
        position=CaptionPosition.BOTTOM,
    ),
    CaptionStyle(
        name="modern",
        font_asked="Helvetica Neue",
        font="Inter",
        size=28,
        bold=True,
        colour="#FFFFFF",
        highlight_colour="#4DE8C2",
        outline_colour="#000000",
        outline_width=1,
        background_colour="#000000",
        background_opacity=0.5,
        position=CaptionPosition.BOTTOM,
    ),
    CaptionStyle(
        name="bold",
        font_asked="Impact",
        font="Anton",
        size=32,
        uppercase=True,
        colour="#FFFF00",
        highlight_colour="#FFFFFF",
        outline_colour="#000000",
        outline_width=3,
        position=CaptionPosition.CENTER,
    ),
    CaptionStyle(
        name="minimal",
        font_asked="Roboto",
        font="Roboto",
        size=22,
        colour="#FFFFFF",
        highlight_colour="#FFC98A",
        background_colour="#000000",
        background_opacity=0.7,
        position=CaptionPosition.BOTTOM,
    ),
)

STYLE_NAMES = tuple(style.name for style in _STYLES)


def caption_style(name: str) -> CaptionStyle:
    """The style of this name, in any case. Raises InvalidInput, naming what can be chosen, when there is none."""
    wanted = name.strip().casefold()
    for style in _STYLES:
        if style.name == wanted:
            return style
    raise unknown("subtitle style", name, STYLE_NAMES)

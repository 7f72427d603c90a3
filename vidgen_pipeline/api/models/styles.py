"""Caption styles."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Yes, examples
from vidgen_pipeline.domain.captions import CaptionPosition, CaptionStyle, Highlight
from vidgen_pipeline.services.caption_styles import StyleOrigin, StyleView
from vidgen_pipeline.subtitles.styles import fields_of

_Colour = Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$")]
_EXAMPLE = {
    "font": "Inter", "size": 26.0, "bold": True, "uppercase": False, "colour": "#FFFFFF", "highlight": "karaoke",
    "highlight_colour": "#FF3366", "outline_colour": "#101010", "outline_width": 1.5, "background_colour": None,
    "background_opacity": 0.0, "position": "bottom",
}  # fmt: skip


class StyleGiven(Given):
    """How captions look. Lengths are in 1/400 of the picture's short side."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples(_EXAMPLE))

    font: Annotated[str, Field(min_length=1, max_length=80)]
    size: Annotated[float, Field(strict=True, ge=8, le=80)]
    bold: Yes = False
    uppercase: Yes = False
    colour: _Colour
    highlight: Highlight = Highlight.WORD
    highlight_colour: Annotated[_Colour, Field(description="Of the word being spoken.")]
    outline_colour: _Colour | None = None
    outline_width: Annotated[float, Field(strict=True, ge=0, le=10)] = 0
    background_colour: _Colour | None = None
    background_opacity: Annotated[float, Field(strict=True, ge=0, le=1)] = 0
    position: CaptionPosition = CaptionPosition.BOTTOM

    def fields(self) -> dict[str, Any]:
        """What was said."""
        return self.model_dump(mode="json", exclude_unset=True)


class StyleFields(Shown):
    """A style as it is saved: `font` is the font it names."""

    font: str
    size: float
    bold: bool
    uppercase: bool
    colour: str
    highlight: Highlight
    highlight_colour: str
    outline_colour: str | None
    outline_width: float
    background_colour: str | None
    background_opacity: float
    position: CaptionPosition

    @classmethod
    def of(cls, style: CaptionStyle) -> Self:
        """The style without its name."""
        return cls(**fields_of(style))


class StyleShown(Shown):
    """A style and whose it is. Where it can't be used, `problem` says why, and `style` is null."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "name": "brand", "origin": "own", "style": _EXAMPLE, "font_drawn": "Inter", "problem": None,
                "version": 1,
            }
        ),
    )  # fmt: skip

    name: str
    origin: StyleOrigin
    style: StyleFields | None
    font_drawn: str | None = Field(description="The font itself, or a free one in its place.")
    problem: str | None
    version: int

    @classmethod
    def of(cls, view: StyleView) -> Self:
        """As the service says it."""
        return cls(
            name=view.name,
            origin=view.origin,
            style=StyleFields.of(view.style) if view.style else None,
            font_drawn=view.style.font if view.style else None,
            problem=view.problem.told_from_afar() if view.problem else None,
            version=view.version,
        )


class StyleList(Shown):
    """The styles you can name: everybody's four, then your own, then those of this machine."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": []}))

    data: list[StyleShown]

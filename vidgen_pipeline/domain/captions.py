"""Captions: words gathered into cues, and how they look."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.narration import Word


class CaptionPosition(StrEnum):
    """Where captions stand in the picture."""

    BOTTOM = "bottom"
    CENTER = "center"


class Highlight(StrEnum):
    """How the word being spoken stands out."""

    NONE = "none"
    WORD = "word"
    """It is in the highlight colour until the next one begins."""
    KARAOKE = "karaoke"
    """The highlight colour runs through the words as they are spoken, and stays in those that were."""
    POP = "pop"
    """As `word`, and it grows for a moment when it begins."""


def _capital(written: Any) -> Any:
    return written.strip().upper() if isinstance(written, str) else written


Colour = Annotated[str, BeforeValidator(_capital), Field(pattern=r"^#[0-9A-F]{6}$")]
"""`#RRGGBB`."""


class CaptionStyle(BaseModel):
    """How captions look. Lengths are in units of 1/400 of the canvas's short side, so a style fits every canvas."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,19}$")
    font: str = Field(
        min_length=1, max_length=80, description="The font that is drawn; a free stand-in where the named one is not."
    )
    font_asked: str = Field(min_length=1, max_length=80, description="The font the style names.")
    size: float = Field(ge=8, le=80, allow_inf_nan=False)
    bold: bool = False
    uppercase: bool = False
    colour: Colour
    highlight: Highlight = Highlight.WORD
    highlight_colour: Colour = Field(description="Colour of the word being spoken.")
    outline_colour: Colour | None = None
    outline_width: float = Field(default=0, ge=0, le=10, allow_inf_nan=False)
    background_colour: Colour | None = None
    background_opacity: float = Field(default=0, ge=0, le=1, allow_inf_nan=False)
    position: CaptionPosition = CaptionPosition.BOTTOM

    @model_validator(mode="after")
    def _drawn_in_full(self) -> CaptionStyle:
        """Half a wish would be drawn as nothing, without a word."""
        if self.outline_width and self.outline_colour is None:
            raise ValueError("outline_width is set and outline_colour is not")
        if bool(self.background_opacity) != (self.background_colour is not None):
            raise ValueError("background_colour and background_opacity are set together or not at all")
        return self


class Cue(BaseModel):
    """What is on screen at once: one or two lines of words, in ms from the start of the video."""

    model_config = ConfigDict(frozen=True)

    lines: tuple[tuple[Word, ...], ...] = Field(min_length=1)
    start_ms: int = Field(ge=0)
    end_ms: int = Field(gt=0)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line)


class Captions(BaseModel):
    """All cues of a video and the style they are drawn in."""

    model_config = ConfigDict(frozen=True)

    language: str
    style: CaptionStyle
    cues: tuple[Cue, ...]


class SubtitleFiles(BaseModel):
    """The captions, and the same captions as files for players and editors."""

    model_config = ConfigDict(frozen=True)

    captions: Captions
    srt: Artifact
    vtt: Artifact
    ass: Artifact

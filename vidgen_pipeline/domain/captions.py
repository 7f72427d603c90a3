"""Captions: words gathered into cues, and how they look."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.narration import Word


class CaptionPosition(StrEnum):
    """Where captions stand in the picture."""

    BOTTOM = "bottom"
    CENTER = "center"


class CaptionStyle(BaseModel):
    """How captions look. Lengths are in units of 1/400 of the canvas's short side, so a style fits every canvas."""

    model_config = ConfigDict(frozen=True)

    name: str
    font: str = Field(description="The font that is drawn; a free stand-in where the named one is not free.")
    font_asked: str = Field(description="The font the style names.")
    size: float = Field(gt=0)
    bold: bool = False
    uppercase: bool = False
    colour: str = Field(pattern=r"^#[0-9A-F]{6}$")
    highlight_colour: str = Field(pattern=r"^#[0-9A-F]{6}$", description="Colour of the word being spoken.")
    outline_colour: str | None = Field(default=None, pattern=r"^#[0-9A-F]{6}$")
    outline_width: float = Field(default=0, ge=0)
    background_colour: str | None = Field(default=None, pattern=r"^#[0-9A-F]{6}$")
    background_opacity: float = Field(default=0, ge=0, le=1)
    position: CaptionPosition


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

"""Looks: how a video is made to look and sound, as one named choice."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vidgen_pipeline.domain.captions import Colour, Highlight
from vidgen_pipeline.domain.timeline import Corner, Motion, Transition
from vidgen_pipeline.domain.video import MusicMood

TITLE_IN_TEXT = "{title}"
"""What stands in an end card's text for the video's title."""

LOGO_SIZES = (4, 40)


class LookLogo(BaseModel):
    """A logo: its file, its corner, and how much of the canvas's short side its longer side takes (percent)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(min_length=1, max_length=500)
    position: Corner = Corner.TOP_RIGHT
    size: float = Field(default=14, ge=LOGO_SIZES[0], le=LOGO_SIZES[1], allow_inf_nan=False)
    opacity: float = Field(default=1.0, ge=0.1, le=1, allow_inf_nan=False)


class Look(BaseModel):
    """How a video looks and sounds. What a person says about a video counts for more than its look.

    `motions` and `transitions` are gone through scene by scene, again and again. None leaves a thing to the settings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,19}$")
    description: str = Field(default="", max_length=200)
    motions: tuple[Motion, ...] = Field(
        default=(Motion.ZOOM_IN, Motion.PAN_RIGHT, Motion.ZOOM_OUT, Motion.PAN_LEFT), min_length=1, max_length=20
    )
    transitions: tuple[Transition, ...] = Field(default=(Transition.CROSSFADE,), min_length=1, max_length=20)
    transition_ms: int = Field(default=333, ge=100, le=1500)
    subtitle_style: str | None = Field(default=None, min_length=1, max_length=20)
    caption_highlight: Highlight | None = None
    music: MusicMood | None = None
    title_card: bool = False
    end_card: bool = False
    end_text: str = Field(default=TITLE_IN_TEXT, min_length=1, max_length=120)
    brand_colour: Colour | None = None
    logo: LookLogo | None = None

    @model_validator(mode="after")
    def _moves(self) -> Look:
        if Motion.NONE in self.motions and len(set(self.motions)) > 1:
            raise ValueError("in motions, none stands alone or not at all")
        return self


PLAIN = Look(name="plain")
"""How a video looks for which no look was chosen."""

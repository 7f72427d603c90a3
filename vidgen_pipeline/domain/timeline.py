"""The finished video, described without naming a renderer: the one hand-over to assembly."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import Captions, Colour
from vidgen_pipeline.domain.media import MediaAsset
from vidgen_pipeline.domain.narration import FRAMES_PER_SECOND, frames_to_ms
from vidgen_pipeline.domain.video import AspectRatio, VoiceCleanUp

CROSSFADE_FRAMES = 10
"""How long a transition lasts where nothing says otherwise."""


class Canvas(BaseModel):
    """The picture's size in px and its frames per second."""

    model_config = ConfigDict(frozen=True)

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    fps: int = FRAMES_PER_SECOND

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)


CANVASES = {
    AspectRatio.PORTRAIT: Canvas(width=1080, height=1920),
    AspectRatio.LANDSCAPE: Canvas(width=1920, height=1080),
    AspectRatio.SQUARE: Canvas(width=1080, height=1080),
}


class Motion(StrEnum):
    """How a still moves, so that the picture is never frozen. Clips move by themselves: `none`."""

    NONE = "none"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"


class Transition(StrEnum):
    """How a scene comes in over the one before it. None of them takes time: nobody is made to stop speaking."""

    CUT = "cut"
    CROSSFADE = "crossfade"
    SLIDE = "slide"
    """It comes in from the right, over the scene before, quickly at first."""
    ZOOM = "zoom"
    """It fades in and is a little too large at first, as if one stepped back from it."""


ZOOM_FROM = 1.3
"""How much larger than it is a scene that zooms in begins."""


class Corner(StrEnum):
    """Where in the picture a logo stands."""

    TOP_LEFT = "top_left"
    TOP_RIGHT = "top_right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM_RIGHT = "bottom_right"


class OnScreenText(BaseModel):
    """A scene's key phrase, set large in the upper part of the picture, clear of the captions."""

    model_config = ConfigDict(frozen=True)

    text: str
    accent_colour: str = Field(pattern=r"^#[0-9A-F]{6}$")


class TimelineScene(BaseModel):
    """One scene: it owns the frames from `start_frame` on, `frames` of them, and the narration heard in them.

    `transition_frames` is how long the scene before is still seen while this one comes in by its `transition`, counted
    from `start_frame`; 0 is a cut. That takes no time: the narration of every scene still starts at its `start_frame`.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    start_frame: int = Field(ge=0)
    frames: int = Field(gt=0)
    source: MediaAsset
    motion: Motion
    transition: Transition = Transition.CROSSFADE
    transition_frames: int = Field(default=0, ge=0)
    narration: Artifact
    on_screen_text: OnScreenText | None = None


class Card(BaseModel):
    """Words on a plate in the upper part of the picture, for a time: the video's title, or its farewell."""

    model_config = ConfigDict(frozen=True)

    text: str
    start_frame: int = Field(ge=0)
    frames: int = Field(gt=0)
    colour: Colour = Field(description="Of the plate.")


class Box(NamedTuple):
    """A place in the picture, in px: its left upper corner and its size, all even."""

    left: int
    top: int
    width: int
    height: int


class Logo(BaseModel):
    """A picture (PNG, `width` x `height` px, maybe transparent) that stands in a corner all the time.

    Neither side of it is longer than `size` percent of the canvas's short side.
    """

    model_config = ConfigDict(frozen=True)

    file: Artifact
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    corner: Corner
    size: float = Field(gt=0, le=100)
    opacity: float = Field(default=1.0, gt=0, le=1)

    def box(self, canvas: Canvas) -> Box:
        """Where it stands: clear of captions and of what the platforms lay over the lower part of an upright video."""
        scale = self.size / 100 * canvas.short_side / max(self.width, self.height)
        width, height = (max(2, 2 * round(side * scale / 2)) for side in (self.width, self.height))
        upright = canvas.height > canvas.width
        beside, above = 0.05 * canvas.width, (0.04 if upright else 0.05) * canvas.height
        lowest = (0.86 if upright else 0.95) * canvas.height
        left = beside if self.corner in {Corner.TOP_LEFT, Corner.BOTTOM_LEFT} else canvas.width - beside - width
        top = above if self.corner in {Corner.TOP_LEFT, Corner.TOP_RIGHT} else lowest - height
        return Box(2 * round(left / 2), 2 * round(top / 2), width, height)


class Music(BaseModel):
    """Background music, looped to the video's length and lowered under speech."""

    model_config = ConfigDict(frozen=True)

    mood: str
    file: Artifact
    title: str
    author: str
    licence: str
    source: str


class Timeline(BaseModel):
    """Everything a renderer needs to know. Files are named by artifacts; text stays text."""

    model_config = ConfigDict(frozen=True)

    title: str
    language: str
    canvas: Canvas
    scenes: tuple[TimelineScene, ...] = Field(min_length=1)
    captions: Captions
    voice_clean_up: VoiceCleanUp = VoiceCleanUp.NONE
    music: Music | None = None
    cards: tuple[Card, ...] = ()
    logo: Logo | None = None
    loudness_lufs: float = -14.0
    true_peak_dbtp: float = -1.0

    @property
    def frames(self) -> int:
        return sum(scene.frames for scene in self.scenes)

    @property
    def duration_ms(self) -> int:
        return frames_to_ms(self.frames)

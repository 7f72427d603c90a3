"""The finished video, described without naming a renderer: the one hand-over to assembly."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import Captions
from vidgen_pipeline.domain.media import AIClips, MediaAsset, MediaKind, MediaSelection
from vidgen_pipeline.domain.narration import FRAMES_PER_SECOND, Narration, frames_to_ms
from vidgen_pipeline.domain.script import Scene, Script
from vidgen_pipeline.domain.video import AspectRatio

CROSSFADE_FRAMES = 10


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


class OnScreenText(BaseModel):
    """A scene's key phrase, set large in the upper part of the picture, clear of the captions."""

    model_config = ConfigDict(frozen=True)

    text: str
    accent_colour: str = Field(pattern=r"^#[0-9A-F]{6}$")


class TimelineScene(BaseModel):
    """One scene: it owns the frames from `start_frame` on, `frames` of them, and the narration heard in them.

    `crossfade_frames` is how long the scene before fades into this one, counted from `start_frame`; 0 is a cut. A
    crossfade takes no time: the narration of every scene still starts at its `start_frame`.
    """

    model_config = ConfigDict(frozen=True)

    index: int
    start_frame: int = Field(ge=0)
    frames: int = Field(gt=0)
    source: MediaAsset
    motion: Motion
    crossfade_frames: int = Field(default=0, ge=0)
    narration: Artifact
    on_screen_text: OnScreenText | None = None


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
    music: Music | None = None
    loudness_lufs: float = -14.0
    true_peak_dbtp: float = -1.0

    @property
    def frames(self) -> int:
        return sum(scene.frames for scene in self.scenes)

    @property
    def duration_ms(self) -> int:
        return frames_to_ms(self.frames)


_STILL_MOTIONS = (Motion.ZOOM_IN, Motion.PAN_RIGHT, Motion.ZOOM_OUT, Motion.PAN_LEFT)


def build_timeline(
    *,
    canvas: Canvas,
    script: Script,
    narration: Narration,
    media: MediaSelection,
    clips: AIClips,
    captions: Captions,
    music: Music | None,
) -> Timeline:
    """Put a video together from what the steps made. Scene by scene, a generated clip stands before found media."""
    scenes = []
    for scene, speech, start_frame, found in zip(
        script.scenes, narration.scenes, narration.start_frames, media.assets, strict=True
    ):
        source = clips.clips.get(scene.index, found)
        # A short scene still shows both of its ends unblended.
        crossfade = min(CROSSFADE_FRAMES, speech.frames // 3) if scene.index else 0
        scenes.append(
            TimelineScene(
                index=scene.index,
                start_frame=start_frame,
                frames=speech.frames,
                source=source,
                motion=Motion.NONE if source.kind is MediaKind.CLIP else _STILL_MOTIONS[scene.index % 4],
                crossfade_frames=crossfade,
                narration=speech.audio,
                on_screen_text=_on_screen_text(scene, source),
            )
        )
    return Timeline(
        title=script.title,
        language=script.language,
        canvas=canvas,
        scenes=tuple(scenes),
        captions=captions,
        music=music,
    )


def _on_screen_text(scene: Scene, source: MediaAsset) -> OnScreenText | None:
    """The scene's key phrase where the picture has room for it: on a drawn backdrop. Set like a headline."""
    if source.kind is not MediaKind.BACKDROP or not scene.on_screen_text:
        return None
    phrase = scene.on_screen_text[0].upper() + scene.on_screen_text[1:]
    return OnScreenText(text=phrase, accent_colour=source.accent_colour or "#FFFFFF")

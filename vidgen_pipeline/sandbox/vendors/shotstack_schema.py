"""What Shotstack takes for an edit, by its published schema 1.18: what needs no AI and is not deprecated."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from vidgen_pipeline.sandbox.validation import Body

Colour = Annotated[str, Field(pattern=r"^#[A-Fa-f0-9]{6}$")]
Alias = Annotated[str, Field(pattern=r"^alias://[A-Za-z0-9_-]+$")]
Share = Annotated[float, Field(ge=0, le=1)]
_Motion = Literal["zoomIn", "zoomOut", "slideLeft", "slideRight", "slideUp", "slideDown"]
_MotionFast = Literal["zoomInFast", "zoomOutFast", "slideLeftFast", "slideRightFast", "slideUpFast", "slideDownFast"]
_MotionSlow = Literal["zoomInSlow", "zoomOutSlow", "slideLeftSlow", "slideRightSlow", "slideUpSlow", "slideDownSlow"]
_EASING = r"^ease((In|Out|InOut)(Quad|Cubic|Quart|Quint|Sine|Expo|Circ|Back)?)?$"


class Tween(Body):
    """A property on its way from one value to another, in seconds from the clip's start."""

    origin: float | None = Field(default=None, alias="from")
    to: float | None = None
    start: float | None = None
    length: float | None = None
    interpolation: Literal["linear", "bezier", "constant"] | None = None
    easing: str | None = Field(default=None, pattern=_EASING)


class Font(Body):
    """Letters."""

    family: str | None = None
    size: int | None = Field(default=None, ge=1, le=500)
    weight: int | str | None = None
    style: Literal["normal", "italic"] | None = None
    color: Colour | None = None
    opacity: Share | None = None
    background: Colour | None = None


class Stroke(Body):
    """The outline of letters."""

    width: float | None = Field(default=None, ge=0)
    color: Colour | None = None
    opacity: Share | None = None


class Style(Body):
    """How letters are set."""

    letter_spacing: float | None = Field(default=None, alias="letterSpacing")
    line_height: float | None = Field(default=None, ge=0, le=10, alias="lineHeight")
    text_transform: Literal["none", "uppercase", "lowercase", "capitalize"] | None = Field(
        default=None, alias="textTransform"
    )


class Background(Body):
    """What is behind letters."""

    color: Colour | None = None
    opacity: Share | None = None
    border_radius: float | None = Field(default=None, ge=0, alias="borderRadius")
    wrap: bool | None = None
    padding: int | None = Field(default=None, ge=0, le=200)


class Align(Body):
    """Where letters stand in their box."""

    horizontal: Literal["left", "center", "right"] | None = None
    vertical: Literal["top", "middle", "bottom"] | None = None


class Active(Body):
    """The word being spoken."""

    font: Font | None = None
    stroke: Stroke | Literal["none"] | None = None


class WordAnimation(Body):
    """What a word does when it is spoken."""

    style: Literal["karaoke", "highlight", "pop", "fade", "slide", "bounce", "typewriter", "none"]
    direction: Literal["left", "right", "up", "down"] | None = None


class TextAnimation(Body):
    """How a text comes in."""

    preset: Literal["fadeIn", "slideIn", "typewriter", "ascend", "shift", "movingLetters"]
    duration: float | None = Field(default=None, ge=0.1, le=30)
    style: Literal["character", "word"] | None = None
    direction: Literal["left", "right", "up", "down"] | None = None


class Video(Body):
    """A clip."""

    type: Literal["video"]
    src: str = Field(pattern=r"\S")
    trim: float | None = None
    volume: Share | list[Tween] | None = None
    speed: float = Field(default=1, ge=0, le=10)
    transcode: bool | None = None


class Image(Body):
    """A still."""

    type: Literal["image"]
    src: str = Field(pattern=r"\S")


class Audio(Body):
    """A sound."""

    type: Literal["audio"]
    src: str = Field(pattern=r"\S")
    trim: float | None = None
    volume: Share | list[Tween] | None = None
    speed: float | None = Field(default=None, ge=0, le=10)
    effect: Literal["none", "fadeIn", "fadeOut", "fadeInFadeOut"] | None = None


class RichCaption(Body):
    """Captions from a subtitle file."""

    type: Literal["rich-caption"]
    src: str = Field(min_length=1)
    font: Font | None = None
    style: Style | None = None
    stroke: Stroke | None = None
    background: Background | None = None
    padding: float | None = Field(default=None, ge=0)
    align: Align | None = None
    active: Active | None = None
    animation: WordAnimation | None = None


class RichText(Body):
    """A text."""

    type: Literal["rich-text"]
    text: str = Field(max_length=5000)
    font: Font | None = None
    style: Style | None = None
    stroke: Stroke | None = None
    background: Background | None = None
    padding: float | None = Field(default=None, ge=0)
    align: Align | None = None
    animation: TextAnimation | None = None


class Offset(Body):
    """How far a clip is from its place, in shares of the picture; up is positive."""

    x: float | list[Tween] | None = None
    y: float | list[Tween] | None = None


class Transition(Body):
    """How a clip comes and goes."""

    coming: str | None = Field(default=None, alias="in")
    going: str | None = Field(default=None, alias="out")


class Clip(Body):
    """Something on a track."""

    asset: Annotated[Video | Image | Audio | RichCaption | RichText, Field(discriminator="type")]
    start: Annotated[float, Field(ge=0)] | Literal["auto"] | Alias
    length: Annotated[float, Field(ge=0)] | Literal["auto", "end"] | Alias
    fit: Literal["cover", "contain", "crop", "none"] | None = None
    width: float | None = Field(default=None, ge=1, le=3840)
    height: float | None = Field(default=None, ge=1, le=2160)
    position: (
        Literal["top", "topRight", "right", "bottomRight", "bottom", "bottomLeft", "left", "topLeft", "center"] | None
    ) = None
    offset: Offset | None = None
    scale: float | list[Tween] | None = None
    opacity: float | list[Tween] | None = None
    transition: Transition | None = None
    effect: _Motion | _MotionFast | _MotionSlow | None = None
    alias: str | None = Field(default=None, pattern="^[A-Za-z0-9_-]+$")


class Track(Body):
    """Clips that follow each other; the first track is the uppermost."""

    clips: list[Clip] = Field(min_length=1)


class FontSource(Body):
    """A font to load."""

    src: str


class Timeline(Body):
    """All tracks."""

    tracks: list[Track] = Field(min_length=1)
    background: Colour | None = None
    fonts: list[FontSource] | None = None
    cache: bool | None = None


class Size(Body):
    """The picture's size in px."""

    width: int = Field(ge=1, le=4096, multiple_of=2)
    height: int = Field(ge=1, le=4096, multiple_of=2)


class Moment(Body):
    """A picture to take out, in seconds."""

    capture: float
    scale: Share | None = None


class Output(Body):
    """The file that is wanted."""

    format: Literal["mp4", "gif", "mp3", "jpg", "png", "bmp"]
    resolution: Literal["preview", "mobile", "sd", "hd", "1080", "4k"] | None = None
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:5", "4:3"] | None = Field(default=None, alias="aspectRatio")
    size: Size | None = None
    fps: Literal[12, 15, 24, 25, 30, 48, 50, 60] = 25
    quality: Literal["verylow", "low", "medium", "high", "veryhigh"] | None = None
    mute: bool | None = None
    poster: Moment | None = None
    thumbnail: Moment | None = None
    destinations: list[dict[str, Any]] | None = None


class MergeField(Body):
    """A word to put in for another."""

    find: str
    replace: Any


class Edit(Body):
    """The whole order."""

    timeline: Timeline
    output: Output
    merge: list[MergeField] | None = None
    callback: str | None = None
    instance: Literal["s1", "s2", "a1"] | None = None
    disk: Literal["local", "mount"] | None = None

"""Let a photo or a drawn background move like under a camera: smooth to a fraction of a pixel, never past its edge.

ffmpeg's zoompan moves in steps of whole (chroma) pixels, which shakes. Here each frame is sampled at exact positions
by OpenCV, from a copy of the picture that is made once, in the canvas's shape and already in the video's own colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from vidgen_pipeline.domain.media import Focus
from vidgen_pipeline.domain.timeline import Canvas, Motion
from vidgen_pipeline.providers.assembly.cropping import cut_from
from vidgen_pipeline.providers.assembly.frames import Frame, Planes, to_planes
from vidgen_pipeline.providers.assembly.segments import Shot

TRAVEL = 0.12
"""How far a still moves while it is seen: zoomed by this share, or panned by this share of the canvas's width."""

MOST_CUT_AWAY = 0.55
"""A photo of which filling the canvas would cut away more is shown whole, before a blurred copy of itself."""

# The copy holds this many px for one of the canvas, so that sampling between its pixels costs no sharpness.
_DENSITY = 1.3
# Tall pictures show what matters above their middle more often than below it.
_VERTICAL_FOCUS = 0.42
_BLUR_SHARE = 0.04
_BACKGROUND_LIGHT = 0.6
# Room around the copy (px) for samples that are drawn and not shown.
_MARGIN = 128
_SKIPS = np.arange(96)
_NEAR_ENOUGH = 0.02

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Still:
    """A picture ready to be filmed: as high as the canvas, and `width` canvas px wide (the canvas's, or more)."""

    planes: Planes
    width: float
    canvas: Canvas


@dataclass(frozen=True)
class View:
    """What the camera sees: the top left corner, in canvas px of the still, and how much it enlarges."""

    x: float
    y: float
    zoom: float


def still_of(photo: Image.Image, canvas: Canvas, motion: Motion, focus: Focus | None = None) -> Still:
    """Bring a photo of any size and shape (RGB) into the canvas's shape; a pan keeps some of what is beside it.

    The `focus` stays in view.
    """
    wanted = canvas.width / canvas.height
    shape = photo.width / photo.height
    if 1 - min(shape / wanted, wanted / shape) > MOST_CUT_AWAY:
        photo = _before_blur(photo, canvas)
        shape, focus = photo.width / photo.height, None
    beside = min(TRAVEL, max(0.0, shape / wanted - 1)) if motion in (Motion.PAN_LEFT, Motion.PAN_RIGHT) else 0.0
    width = canvas.width * (1 + beside)
    size = _even(width * _DENSITY), _even(canvas.height * _DENSITY)
    centring = cut_from(focus, shape, size[0] / size[1]) if focus else (0.5, _VERTICAL_FOCUS)
    # The name is given anew so that the large one is gone before more is made.
    photo = ImageOps.fit(photo, size, Image.Resampling.LANCZOS, centering=centring)
    planes = to_planes(np.asarray(photo, dtype=np.uint8))
    return Still(planes=Planes(*(_with_margin(plane) for plane in planes)), width=width, canvas=canvas)


def view(still: Still, motion: Motion, progress: float) -> View:
    """Where the camera is after `progress` (0 to 1). Panning right moves the camera to the right over the picture."""
    canvas = still.canvas
    if motion in (Motion.PAN_LEFT, Motion.PAN_RIGHT):
        zoom = (1 + TRAVEL) * canvas.width / still.width
        slack = still.width - canvas.width / zoom
        x = slack * (progress if motion is Motion.PAN_RIGHT else 1 - progress)
        return View(x=x, y=(canvas.height - canvas.height / zoom) / 2, zoom=zoom)
    zoom = {Motion.ZOOM_IN: (1 + TRAVEL) ** progress, Motion.ZOOM_OUT: (1 + TRAVEL) ** (1 - progress)}.get(motion, 1.0)
    return View(x=(still.width - canvas.width / zoom) / 2, y=(canvas.height - canvas.height / zoom) / 2, zoom=zoom)


def draw(still: Still, seen: View, frame: Frame) -> None:
    """Draw what the camera sees into `frame`."""
    step_x = (still.planes.y.shape[1] - 2 * _MARGIN) / still.width
    step_y = (still.planes.y.shape[0] - 2 * _MARGIN) / still.canvas.height
    for source, target, size in zip(still.planes, frame.planes, (1.0, 0.5, 0.5), strict=True):
        across = _Samples.along(seen.x * step_x * size, step_x / seen.zoom, target.shape[1])
        down = _Samples.along(seen.y * step_y * size, step_y / seen.zoom, target.shape[0])
        _sample(source, across, down, target)


def film(still: Still, shot: Shot) -> Iterator[Frame]:
    """The frames of `shot`. It is always the same frame that is drawn anew: use it before asking for the next."""
    frame = Frame(still.canvas)
    last = max(1, shot.shown - 1)
    for number in range(shot.first, shot.first + shot.frames):
        draw(still, view(still, shot.scene.motion, number / last), frame)
        yield frame


@dataclass(frozen=True)
class _Samples:
    """Where, along one side of a plane, the picture is sampled: at `start`, then every `step` px, `count` times.

    OpenCV's `resize` is three times as fast as `warpAffine`, but starts at a whole pixel. `whole_start` is one from
    which, after `skip` samples more than are needed, it arrives at the wanted place; None when there is none near.
    """

    start: float
    step: float
    count: int
    whole_start: int | None
    skip: int

    @classmethod
    def along(cls, start: float, step: float, count: int) -> _Samples:
        start += _MARGIN
        starts = start - step * _SKIPS
        distances = np.abs(starts - np.rint(starts))
        # The first that is near enough: what is skipped is drawn all the same.
        skip = int(np.argmax(distances <= _NEAR_ENOUGH))
        near = distances[skip] <= _NEAR_ENOUGH
        return cls(start, step, count, int(np.rint(starts[skip])) if near else None, skip)


def _sample(source: Pixels, across: _Samples, down: _Samples, target: Pixels) -> None:
    if across.whole_start is None or down.whole_start is None:
        # Positions are of pixel centres: pixel n's centre is at n + 0.5.
        matrix = np.array(
            [[across.step, 0, across.start + (across.step - 1) / 2], [0, down.step, down.start + (down.step - 1) / 2]]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(source, matrix, (across.count, down.count), target, flags, cv2.BORDER_REPLICATE)
        return
    right = across.whole_start + ceil((across.skip + across.count) * across.step) + 1
    bottom = down.whole_start + ceil((down.skip + down.count) * down.step) + 1
    drawn = cv2.resize(
        source[down.whole_start : bottom, across.whole_start : right],
        None,
        fx=1 / across.step,
        fy=1 / down.step,
        interpolation=cv2.INTER_LINEAR,
    )
    target[:] = drawn[down.skip : down.skip + down.count, across.skip : across.skip + across.count]


def _before_blur(photo: Image.Image, canvas: Canvas) -> Image.Image:
    """The whole photo in the middle of the canvas, on a blurred, darker copy of itself that fills the canvas."""
    size = _even(canvas.width * _DENSITY), _even(canvas.height * _DENSITY)
    # Blurring a small copy looks the same as blurring a large one and costs next to nothing.
    eighth = max(2, size[0] // 8), max(2, size[1] // 8)
    small = ImageOps.fit(photo, eighth, Image.Resampling.LANCZOS, centering=(0.5, _VERTICAL_FOCUS))
    blurred = small.filter(ImageFilter.GaussianBlur(max(1.0, min(small.size) * _BLUR_SHARE)))
    ground = ImageEnhance.Brightness(blurred).enhance(_BACKGROUND_LIGHT).resize(size, Image.Resampling.BICUBIC)
    whole = ImageOps.contain(photo, size, Image.Resampling.LANCZOS)
    ground.paste(whole, ((size[0] - whole.width) // 2, (size[1] - whole.height) // 2))
    return ground


def _with_margin(plane: Pixels) -> Pixels:
    return np.asarray(
        cv2.copyMakeBorder(plane, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_REPLICATE), dtype=np.uint8
    )


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))

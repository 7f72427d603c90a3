"""Where in a picture or clip to look: the place that is kept when it is cut to another shape.

What stands out is found in two ways, which make up for each other: by what does not fit the repetition of the rest (the
residual of the spectrum, after Hou and Zhang) and by colours that are far from all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.domain.errors import MediaRejected
from vidgen_pipeline.domain.media import Focus, MediaKind
from vidgen_pipeline.runtime.ffmpeg import PYAV_SAFE_OPTIONS, file_url
from vidgen_pipeline.runtime.probe import load_photo

_SIDE = 96
"""Pictures are looked at this small: what counts is seen at a glance."""

_LOOKS_AT = (0.15, 0.5, 0.85)
"""Where in a clip, by its length."""

_REACH = 0.16
"""How far around a place, by the sides of the picture, what stands out counts as the same thing."""

_CLEAR = 2.6
"""Around the focus so many times as much must stand out as elsewhere; else the middle will do."""

_FLAT = 1.0
"""A picture whose brightness varies less has nothing in it, whatever its spectrum says."""

Map = NDArray[np.float32]


def find_focus(path: Path, kind: MediaKind) -> Focus | None:
    """The focus of a photo or clip; None where nothing stands out, or nothing can be seen of it."""
    try:
        pictures = list(_frames_of(path)) if kind is MediaKind.CLIP else [load_photo(path, glance=2 * _SIDE)]
    except (MediaRejected, av.FFmpegError, OSError, IndexError):
        return None
    return focus_in(pictures)


def focus_in(pictures: list[Image.Image]) -> Focus | None:
    """The focus of pictures (RGB, one shape) that are seen one after another."""
    if not pictures:
        return None
    standing_out = np.mean([_standing_out(picture) for picture in pictures], axis=0)
    rows, columns = np.mgrid[:_SIDE, :_SIDE] / (_SIDE - 1)
    brightest = int(cv2.GaussianBlur(standing_out, (0, 0), 5).argmax())
    down, across = float(rows.flat[brightest]), float(columns.flat[brightest])
    for _ in range(8):  # to the middle of what stands out there
        weights = standing_out * np.exp(-((rows - down) ** 2 + (columns - across) ** 2) / (2 * _REACH**2))
        whole = max(float(weights.sum()), 1e-9)
        down, across = float((weights * rows).sum()) / whole, float((weights * columns).sum()) / whole
    around = np.hypot(rows - down, columns - across) < 1.5 * _REACH
    if float(standing_out[around].mean()) <= _CLEAR * float(standing_out[~around].mean()):
        return None
    return Focus(x=round(across, 3), y=round(down, 3))


def _standing_out(picture: Image.Image) -> Map:
    small = picture.resize((_SIDE, _SIDE), Image.Resampling.BOX).convert("RGB")
    pixels = np.asarray(small, dtype=np.uint8)
    found = _evened(_residual(pixels)) + _evened(_other_colour(pixels))
    # What is at the very edge is seldom meant, and the spectrum has its seams there.
    ramp = np.minimum(1, np.minimum(np.arange(_SIDE), np.arange(_SIDE)[::-1]) / (0.06 * _SIDE))
    return np.asarray(found * np.outer(ramp, ramp), dtype=np.float32)


def _residual(pixels: NDArray[np.uint8]) -> Map:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if float(grey.std()) < _FLAT:
        return np.zeros_like(grey)
    spectrum = np.fft.fft2(grey)
    amplitude = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    residual = amplitude - cv2.blur(amplitude, (3, 3), borderType=cv2.BORDER_REFLECT)
    found = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    return np.asarray(cv2.GaussianBlur(found.astype(np.float32), (0, 0), 3))


def _other_colour(pixels: NDArray[np.uint8]) -> Map:
    """How far each colour is, on the whole, from the picture's: what is large, like a sky, is near to itself."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.5)
    some = smooth[2::6, 2::6].reshape(-1, 3)
    every = smooth.reshape(-1, 3)
    squares = (every**2).sum(axis=1)[:, None] + (some**2).sum(axis=1) - 2 * every @ some.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)).mean(axis=1).reshape(_SIDE, _SIDE), dtype=np.float32)


def _evened(found: Map) -> Map:
    """What is above the usual, where the most is 1."""
    above = np.maximum(found - float(np.median(found)), 0)
    top = float(np.percentile(above, 99.5))
    return np.asarray(np.minimum(above / top, 1) if top > 1e-6 else np.zeros_like(above), dtype=np.float32)


def _frames_of(path: Path) -> Iterator[Image.Image]:
    """Some frames of a clip, upright, each the nearest that is coded on its own."""
    with av.open(file_url(path), options=dict(PYAV_SAFE_OPTIONS)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        for share in _LOOKS_AT:
            container.seek(int((container.duration or 0) * share), backward=True)
            frame = next(container.decode(stream), None)
            if frame is None:
                return
            picture = Image.fromarray(frame.to_ndarray(format="rgb24", width=4 * _SIDE, height=4 * _SIDE))
            yield picture.rotate(round(frame.rotation), expand=True) if frame.rotation else picture

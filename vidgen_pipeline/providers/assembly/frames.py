"""Raw pictures as the encoder wants them: 8-bit YCbCr 4:2:0, BT.709, limited range."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vidgen_pipeline.domain.timeline import Canvas

PIXEL_FORMAT = "yuv420p"

_RED, _BLUE = 0.2126, 0.0722
_GREEN = 1 - _RED - _BLUE
_CB, _CR = 112 / (1 - _BLUE), 112 / (1 - _RED)
# OpenCV's own conversion to 4:2:0 is BT.601 only. Columns: red, green, blue (0 to 255), constant.
_FROM_RGB = np.array(
    [
        [219 * _RED / 255, 219 * _GREEN / 255, 219 * _BLUE / 255, 16],
        [-_CB * _RED / 255, -_CB * _GREEN / 255, _CB * (1 - _BLUE) / 255, 128],
        [_CR * (1 - _RED) / 255, -_CR * _GREEN / 255, -_CR * _BLUE / 255, 128],
    ]
)


class Planes(NamedTuple):
    """Luma at full size, both chroma planes at half."""

    y: NDArray[np.uint8]
    cb: NDArray[np.uint8]
    cr: NDArray[np.uint8]


class Frame:
    """One picture of the canvas's size in a single block of bytes; `planes` are views into it."""

    def __init__(self, canvas: Canvas) -> None:
        width, height = canvas.width, canvas.height
        self.data = np.empty(width * height * 3 // 2, np.uint8)
        luma, chroma = width * height, width * height // 4
        self.planes = Planes(
            self.data[:luma].reshape(height, width),
            self.data[luma : luma + chroma].reshape(height // 2, width // 2),
            self.data[luma + chroma :].reshape(height // 2, width // 2),
        )

    @property
    def bytes(self) -> memoryview:
        """The picture as ffmpeg reads it, without a copy."""
        return self.data.data

    def blend(self, other: Frame, share: float) -> None:
        """Mix `share` (0 to 1) of `other` into this picture."""
        cv2.addWeighted(self.data, 1 - share, other.data, share, 0, dst=self.data)

    def cover(self, other: Frame, share: float) -> None:
        """Lay `other`, of which `share` (0 to 1) has come in from the right, over this picture."""
        seen = round(self.planes.cb.shape[1] * share)
        for below, above, columns in zip(self.planes, other.planes, (2 * seen, seen, seen), strict=True):
            below[:, below.shape[1] - columns :] = above[:, :columns]

    def enlarge(self, zoom: float) -> None:
        """Make this picture `zoom` times as large, around its middle."""
        for plane in self.planes:
            height, width = plane.shape
            start_x, start_y = ((side - side / zoom + 1 / zoom - 1) / 2 for side in (width, height))
            matrix = np.array([[1 / zoom, 0, start_x], [0, 1 / zoom, start_y]])
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            plane[:] = cv2.warpAffine(plane, matrix, (width, height), None, flags, cv2.BORDER_REPLICATE)


def to_planes(pixels: NDArray[np.uint8]) -> Planes:
    """Planes of an RGB picture (height x width x 3, both sides even)."""
    luma, cb, cr = cv2.split(cv2.transform(pixels, _FROM_RGB))
    half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
    return Planes(
        np.asarray(luma, dtype=np.uint8),
        np.asarray(cv2.resize(cb, half, interpolation=cv2.INTER_AREA), dtype=np.uint8),
        np.asarray(cv2.resize(cr, half, interpolation=cv2.INTER_AREA), dtype=np.uint8),
    )

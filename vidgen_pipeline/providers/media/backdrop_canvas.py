"""The drawing board of drawn backgrounds: gradients, noise, shapes with soft shadows, grain.

Places are shares of the width and height; lengths are shares of `unit`, the side of a square as large as the picture,
so that one design suits every shape of picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from vidgen_pipeline.providers.media.backdrop_palettes import LUMINANCE, Palette, Pixels, from_oklab, mix, oklab, rgb
from vidgen_pipeline.providers.media.backdrop_palettes import relative_luminance as luminance_of

Field = NDArray[np.float32]
"""One number for each pixel."""

Curve = NDArray[np.float64]
"""One number for each step along a line."""

_SOFT_STEP = 8  # what is soft is computed on every eighth pixel
_CURVE_SUBPIXELS = 4  # cv2 counts in sixteenths of a pixel

# The shares of the height between which the upper, quiet part of the picture passes into the lower. The renderer moves
# in the still, so the quiet part is larger than the part that text is set on.
_QUIET_UNTIL, _QUIET_GONE = 0.46, 0.76
_ACCENT_CONTRAST, _LOWER_LUMINANCE = 3.3, 0.34


@dataclass
class Canvas:
    """A picture in the making: `pixels` is what has been drawn so far."""

    width: int
    height: int
    palette: Palette
    random: np.random.Generator
    pixels: Pixels = field(init=False)

    def __post_init__(self) -> None:
        self.pixels = np.empty((self.height, self.width, 3), dtype=np.float32)
        self.pixels[:] = self.palette.tone("ground")

    @property
    def unit(self) -> float:
        """Side, in px, of a square as large as the picture."""
        return float(np.sqrt(self.width * self.height))

    @property
    def landscape(self) -> bool:
        return self.width > self.height * 1.2

    @property
    def portrait(self) -> bool:
        return self.height > self.width * 1.2

    def tones(self, roles: str) -> Iterator[Pixels]:
        """The palette's colours of some roles, whose names are split by spaces."""
        return (self.palette.tone(role) for role in roles.split())

    def between(self, low: float, high: float) -> float:
        """A random number of this picture's own."""
        return float(self.random.uniform(low, high))

    def coordinates(self, step: int = 1) -> tuple[Field, Field]:
        """The x of every column and the y of every row, in px, on every `step`-th pixel; they broadcast to a field."""
        columns, rows = -(-self.width // step), -(-self.height // step)
        return (
            (np.arange(columns, dtype=np.float32)[None, :] + 0.5) * np.float32(self.width / columns),
            (np.arange(rows, dtype=np.float32)[:, None] + 0.5) * np.float32(self.height / rows),
        )

    def enlarge(self, soft: Field | Pixels) -> NDArray[np.float32]:
        """Something soft, computed on few pixels, at full size."""
        return np.asarray(cv2.resize(soft, (self.width, self.height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)

    def soft_noise(self, length: float, step: int = _SOFT_STEP) -> Field:
        """Smooth hills and dales from -1 to 1, about `length` units wide, on every `step`-th pixel."""
        columns, rows = -(-self.width // step), -(-self.height // step)
        across = max(4, round(self.width / self.unit / length) + 3)
        down = max(4, round(self.height / self.unit / length) + 3)
        coarse = self.random.uniform(-1, 1, (down, across)).astype(np.float32)
        wide = cv2.resize(coarse, (columns * 2, rows * 2), interpolation=cv2.INTER_CUBIC)
        return np.asarray(wide[rows // 2 : rows // 2 + rows, columns // 2 : columns // 2 + columns], dtype=np.float32)

    def mesh(self, spots: Sequence[tuple[float, float, Pixels, float]], *, warp: float = 0.0) -> Pixels:
        """A gradient through spots of colour (x, y, colour, reach in units), on every eighth pixel.

        `warp` bends it, in units, so that it flows.
        """
        x, y = self.coordinates(_SOFT_STEP)
        across, down = x / self.unit, y / self.unit
        if warp:
            across = across + self.soft_noise(0.55) * warp
            down = down + self.soft_noise(0.55) * warp
        total = np.zeros((*np.broadcast_shapes(across.shape, down.shape), 3), dtype=np.float32)
        weights = np.zeros((*total.shape[:2], 1), dtype=np.float32)
        for place_x, place_y, colour, reach in spots:
            from_x = across - place_x * self.width / self.unit
            from_y = down - place_y * self.height / self.unit
            weight = np.exp(-(from_x**2 + from_y**2) / np.float32(reach * reach))[..., None] + 1e-6
            total += weight * oklab(colour)
            weights += weight
        return from_oklab(np.asarray(total / weights, dtype=np.float32))

    def slope(self, stops: Sequence[tuple[float, Pixels]], *, tilt: float = 0.0) -> Pixels:
        """A gradient from top (0) to bottom (1) through `stops`, on every eighth pixel; `tilt` adds a slant."""
        x, y = self.coordinates(_SOFT_STEP)
        at = y / self.height + tilt * (x / self.width - 0.5)
        places = np.array([place for place, _ in stops], dtype=np.float32)
        labs = oklab(np.stack([colour for _, colour in stops]))
        return from_oklab(np.stack([np.interp(at, places, labs[:, part]) for part in range(3)], -1).astype(np.float32))

    def lay(self, mask: Field, colour: Pixels, top: int = 0, left: int = 0) -> None:
        """Paint `colour` (one, or one for each pixel) where `mask` (0 to 1) says, from row `top` and column `left`."""
        rows, columns = mask.shape
        under = self.pixels[top : top + rows, left : left + columns]
        under += (colour - under) * mask[..., None]

    def disc(self, x: float, y: float, radius: float, edge: float = 1.2) -> tuple[Field, int, int]:
        """A disc (centre in shares, radius in units, edge in px) as mask, top row and left column of its box."""
        centre_x, centre_y, reach = x * self.width, y * self.height, radius * self.unit
        left, right = self._clip(centre_x - reach - edge, centre_x + reach + edge, self.width)
        top, bottom = self._clip(centre_y - reach - edge, centre_y + reach + edge, self.height)
        across = np.arange(left, right, dtype=np.float32)[None, :] + 0.5 - np.float32(centre_x)
        down = np.arange(top, bottom, dtype=np.float32)[:, None] + 0.5 - np.float32(centre_y)
        return np.clip((reach - np.sqrt(across**2 + down**2)) / np.float32(edge) + 0.5, 0, 1), top, left

    def whole(self, mask: Field, top: int, left: int) -> Field:
        """A mask of a box as a mask of the whole picture."""
        rows, columns = mask.shape
        full = np.zeros((self.height, self.width), dtype=np.float32)
        full[top : top + rows, left : left + columns] = mask
        return full

    def polygon(self, points: Curve) -> Field:
        """A filled outline, given in px, as a mask of the whole picture."""
        mask = np.zeros((self.height, self.width), dtype=np.uint8)
        fixed = np.round(points * (1 << _CURVE_SUBPIXELS)).astype(np.int32)
        cv2.fillPoly(mask, [fixed], (255,), lineType=cv2.LINE_AA, shift=_CURVE_SUBPIXELS)
        return mask.astype(np.float32) / np.float32(255)

    def shadow(self, mask: Field, *, blur: float, drop: tuple[float, float], strength: float) -> None:
        """Darken what lies under `mask`'s shape, blurred by `blur` and moved by `drop` (units), by `strength`."""
        small = cv2.resize(mask, None, fx=1 / _SOFT_STEP, fy=1 / _SOFT_STEP, interpolation=cv2.INTER_AREA)
        unit = self.unit / _SOFT_STEP
        blurred = cv2.GaussianBlur(small, (0, 0), max(0.6, blur * unit), borderType=cv2.BORDER_REPLICATE)
        move = np.array([[1, 0, drop[0] * unit], [0, 1, drop[1] * unit]])
        moved = cv2.warpAffine(blurred, move, blurred.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        cast = np.clip(self.enlarge(np.asarray(moved, dtype=np.float32)), 0, 1)
        self.pixels *= (1 - np.float32(strength) * cast)[..., None]

    def finish(self) -> NDArray[np.uint8]:
        """The picture, 8-bit RGB: quiet enough for text, with a grain that keeps its gradients from banding."""
        pixels = self.pixels
        np.clip(pixels, 0, 1, out=pixels)
        _, y = self.coordinates()
        # Gamma 2 instead of sRGB's own: cheap, and except near black it takes no colour for darker than it is.
        brightness = (pixels * pixels) @ LUMINANCE
        passed = np.clip((y / self.height - _QUIET_UNTIL) / (_QUIET_GONE - _QUIET_UNTIL), 0, 1)
        quiet = contrast_ceiling(rgb(self.palette.accent))
        ceiling = quiet + (_LOWER_LUMINANCE - quiet) * passed * passed * (3 - 2 * passed)
        knee = ceiling * np.float32(0.6)
        above = np.maximum(brightness - knee, 0)
        allowed = np.minimum(brightness, knee) + (ceiling - knee) * (1 - np.exp(-above / (ceiling - knee)))
        pixels *= np.sqrt(allowed / np.maximum(brightness, 1e-6))[..., None]
        pixels *= 255
        pixels += self._grain()[..., None]
        return np.asarray(np.clip(pixels + 0.5, 0, 255), dtype=np.uint8)

    def _grain(self) -> Field:
        """Paper-like unevenness, in 8-bit steps. Slightly coarse, because an encoder smooths away what is finer."""
        side = 512
        noise = self.random.normal(0, 1, (side, side)).astype(np.float32)
        coarse = cv2.GaussianBlur(noise, (0, 0), 0.9, borderType=cv2.BORDER_REFLECT_101)
        tile = noise * np.float32(0.9) + coarse * np.float32(2.6)
        across, down = -(-self.width // side), -(-self.height // side)
        return np.tile(tile, (down, across))[: self.height, : self.width]

    def mirror(self) -> None:
        """Exchange left and right."""
        self.pixels = np.ascontiguousarray(self.pixels[:, ::-1])

    @staticmethod
    def _clip(low: float, high: float, size: int) -> tuple[int, int]:
        start = int(np.clip(np.floor(low), 0, size))
        return start, max(start, int(np.clip(np.ceil(high), 0, size)))


def contrast_ceiling(accent: Pixels) -> np.float32:
    """How bright the quiet part may be at most: the accent must stand out from it by a ratio of at least 3.3."""
    return np.float32((float(luminance_of(accent)) + 0.05) / _ACCENT_CONTRAST - 0.05)


def across_box(mask: Field, near: Pixels, far: Pixels, angle: float) -> Pixels:
    """A gradient over a mask's box, from `near` to `far` along `angle` (radians, clockwise from rightwards)."""
    rows, columns = mask.shape
    down, across = np.mgrid[0:1:16j, 0:1:16j].astype(np.float32)
    share = np.clip(0.5 + (across - 0.5) * np.cos(angle) + (down - 0.5) * np.sin(angle), 0, 1)[..., None]
    small = (near + (far - near) * share).astype(np.float32)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def lit_ground(canvas: Canvas, *, glow: float = 0.55) -> None:
    """Lay a ground that is never flat: dark above, a breath of light low at one side."""
    deep, ground, low = canvas.tones("deep ground low")
    side = canvas.between(0.7, 1.0)
    canvas.pixels = canvas.enlarge(
        canvas.mesh(
            [
                (0.0, -0.1, mix(deep, ground, 0.55), 0.55),
                (1.0, 0.0, deep, 0.5),
                (0.0, 0.7, ground, 0.5),
                (side, 0.75, mix(ground, low, glow), 0.55),
                (0.2, 1.1, deep, 0.4),
            ],
            warp=0.06,
        )
    )

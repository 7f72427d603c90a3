"""Palettes of drawn backgrounds, and the arithmetic of colour: contrast, and mixing as the eye sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
"""Colours as float32, sRGB 0 to 1, red green blue on the last axis."""


@dataclass(frozen=True)
class Palette:
    """Seven colours, each `#RRGGBB`, that look well beside each other.

    `deep` and `ground` are what most of the picture is made of, `low` and `mid` its shapes, `high` a little light in
    it. `bridge` stands between `mid` and `high` where they meet, as a plain mix of far hues would be grey. `accent` is
    for what the renderer sets on the picture; it is far lighter than anything under it.
    """

    name: str
    deep: str
    ground: str
    low: str
    mid: str
    bridge: str
    high: str
    accent: str

    def tone(self, role: str) -> Pixels:
        """The colour of a role, as three floats."""
        return rgb(getattr(self, role))


PALETTES = (
    Palette("harbour", "#081521", "#0F2637", "#1B4459", "#33728A", "#7C5563", "#E0834A", "#FFC79E"),
    Palette("fig", "#160D1D", "#291633", "#4C2549", "#8A4263", "#B25A66", "#E0715F", "#FFBCA8"),
    Palette("forest", "#0A1510", "#12271E", "#224738", "#437357", "#86863F", "#D19A35", "#F3D78E"),
    Palette("ember", "#190F0D", "#2C1814", "#5A2A1E", "#9E4529", "#C5602F", "#E4843F", "#FFC88C"),
    Palette("ink", "#0A0E20", "#151B3C", "#27346F", "#4760B4", "#8F5C9C", "#F0735A", "#FFBCAB"),
    Palette("slate", "#10151A", "#1D252D", "#34414D", "#5B6E7B", "#8C7A55", "#D39A2A", "#FFDE8A"),
    Palette("lagoon", "#06191C", "#0B2C31", "#125053", "#22807A", "#A4705E", "#E58A5C", "#FFD3B4"),
    Palette("mulberry", "#1A0A12", "#33111F", "#5F1C35", "#99334D", "#C25B62", "#E4705E", "#FFC4B8"),
    Palette("dusk", "#100D24", "#201A43", "#41326F", "#7A558D", "#B66F86", "#E88A62", "#FFCFB3"),
    Palette("olive", "#13130B", "#252518", "#45452C", "#78744B", "#A58E5A", "#CF9A4C", "#F6DEAE"),
    Palette("glacier", "#08131D", "#122637", "#254A62", "#4C839C", "#5C93A6", "#66ABC0", "#CFECF1"),
    Palette("clay", "#191211", "#2E201D", "#613B31", "#9E5E48", "#BB6F4D", "#DF8A54", "#FFD5B8"),
)

BY_NAME = {palette.name: palette for palette in PALETTES}

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)

_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip
_FROM_LMS, _FROM_LAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_LAB)


def rgb(colour: str) -> Pixels:
    """`#RRGGBB` as three floats."""
    return np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)], dtype=np.float32)


def relative_luminance(pixels: Pixels) -> NDArray[np.float32]:
    """How bright colours are, 0 to 1, as WCAG 2 counts it."""
    return np.asarray(_linear(pixels) @ LUMINANCE, dtype=np.float32)


def contrast(lighter: float, darker: float) -> float:
    """WCAG 2's contrast ratio of two relative luminances."""
    return (lighter + 0.05) / (darker + 0.05)


def oklab(pixels: Pixels) -> Pixels:
    """Colours in Oklab, where a mix of two looks like what lies between them and never grey or garish."""
    return np.asarray(np.cbrt(_linear(pixels) @ _TO_LMS.T) @ _TO_LAB.T, dtype=np.float32)


def from_oklab(lab: Pixels) -> Pixels:
    """Oklab colours as sRGB; what sRGB can't show is cut to its edge."""
    linear = np.clip(((lab @ _FROM_LAB.T) ** 3) @ _FROM_LMS.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


def mix(first: Pixels, second: Pixels, share: float) -> Pixels:
    """The colour that lies `share` of the way from `first` to `second`."""
    start, end = oklab(first), oklab(second)
    return from_oklab(np.asarray(start + (end - start) * np.float32(share), dtype=np.float32))


def _linear(pixels: Pixels) -> Pixels:
    return np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4).astype(np.float32)

"""Photos brighter than a screen can show (HDR: PQ or HLG, in HEIC and AVIF files), brought into sRGB.

What is taken for an ordinary photo looks grey and dull. Codes are those of ITU-T H.273, curves those of ITU-R BT.2100,
and white is at 203 cd/m2 (ITU-R BT.2408), as it is for clips.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.runtime.ffmpeg import PYAV_SAFE_OPTIONS, file_url

REFERENCE_WHITE_NITS = 203

Light = NDArray[np.float32]
"""Linear light, height x width x RGB; 1 is white."""

_BT709, _BT2020, _DISPLAY_P3 = 1, 9, 12
_TO_BT709 = {
    _BT709: np.eye(3),
    _BT2020: np.array(
        [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]
    ),
    _DISPLAY_P3: np.array([[1.224940, -0.224940, 0], [-0.042057, 1.042057, 0], [-0.019638, -0.078636, 1.098274]]),
}

_BRIGHTNESS = {
    _BT709: np.array([0.2126, 0.7152, 0.0722], np.float32),
    _BT2020: np.array([0.2627, 0.6780, 0.0593], np.float32),
    _DISPLAY_P3: np.array([0.2290, 0.6917, 0.0793], np.float32),
}
_HLG_NITS, _HLG_GAMMA = 1000, 1.2
# What is darker than this stays as it is; from here to the brightest it is bent ever more.
_KNEE = 0.3
_ROWS_AT_ONCE = 128
_LOOKED_AT_EVERY = 8
_LEFT_OUT_OF_THE_PEAK = 0.1  # percent of pixels: reflections


class Transfer(IntEnum):
    """How a signal stands for light."""

    PQ = 16
    HLG = 18


@dataclass(frozen=True)
class HdrSignal:
    """What a photo's numbers mean."""

    transfer: Transfer
    primaries: int


def hdr_signal(path: Path, image: Image.Image) -> HdrSignal | None:
    """What the file says of an open photo's numbers; None for an ordinary photo, and where a profile says it."""
    if image.info.get("icc_profile"):
        return None
    if told := image.info.get("nclx_profile"):
        return _signal(told["transfer_characteristics"], told["color_primaries"])
    if image.format == "AVIF":
        # Pillow keeps no such codes. What ffmpeg can't open and Pillow can is shown as it is.
        with (
            contextlib.suppress(av.FFmpegError, IndexError),
            av.open(file_url(path), options=dict(PYAV_SAFE_OPTIONS)) as container,
        ):
            codec = container.streams.video[0].codec_context
            return _signal(codec.color_trc, codec.color_primaries)
    return None


def in_standard_range(image: Image.Image, signal: HdrSignal) -> Image.Image:
    """The photo in sRGB: dark and middle tones as they were, highlights bent into what is left."""
    transparency = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    pixels = np.asarray(image.convert("RGB"), dtype=np.uint8)
    brightest = np.percentile(
        _light(pixels[::_LOOKED_AT_EVERY, ::_LOOKED_AT_EVERY], signal).max(axis=2), 100 - _LEFT_OUT_OF_THE_PEAK
    )
    peak = max(1.0, float(brightest))
    made = np.empty_like(pixels)
    for rows in _strips(len(pixels)):
        light = np.maximum(_light(pixels[rows], signal), 0)
        brightness = light.max(axis=2, keepdims=True)
        light *= _bent(brightness, peak) / np.maximum(brightness, 1e-6)
        made[rows] = np.rint(255 * _srgb(np.clip(light, 0, 1)))
    shown = Image.fromarray(made)
    if transparency:
        shown.putalpha(transparency)
    return shown


def _signal(transfer: int | None, primaries: int | None) -> HdrSignal | None:
    if transfer not in tuple(Transfer):
        return None
    return HdrSignal(Transfer(transfer), primaries if primaries in _TO_BT709 else _BT2020)


def _strips(height: int) -> Iterator[slice]:
    """As numbers with fractions a whole photo would fill hundreds of MB."""
    for top in range(0, height, _ROWS_AT_ONCE):
        yield slice(top, top + _ROWS_AT_ONCE)


def _light(pixels: NDArray[np.uint8], signal: HdrSignal) -> Light:
    """What the pixels stand for, in BT.709's primaries."""
    codes = np.arange(256) / 255
    light = (_pq(codes) if signal.transfer is Transfer.PQ else _hlg(codes)).astype(np.float32)[pixels]
    if signal.transfer is Transfer.HLG:
        brightness = (light @ _BRIGHTNESS[signal.primaries])[..., None]
        light *= brightness ** (_HLG_GAMMA - 1) * (_HLG_NITS / REFERENCE_WHITE_NITS)
    converted: Light = light @ _TO_BT709[signal.primaries].T.astype(np.float32)
    return converted


def _pq(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light of each code, 1 being white."""
    root = codes ** (1 / (2523 / 4096 * 128))
    share = np.maximum(root - 3424 / 4096, 0) / (2413 / 4096 * 32 - 2392 / 4096 * 32 * root)
    return 10_000 / REFERENCE_WHITE_NITS * share ** (1 / (2610 / 16384))


def _hlg(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scene's light of each code, from 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)


def _bent(light: Light, peak: float) -> Light:
    """Light up to `peak` brought below 1 by the curve of Möbius, which is smooth at the knee."""
    a = -(_KNEE**2) * (peak - 1) / (_KNEE**2 - 2 * _KNEE + peak)
    b = (_KNEE**2 - 2 * _KNEE * peak + peak) / max(peak - 1, 1e-6)
    bent = (b**2 + 2 * b * _KNEE + _KNEE**2) / (b - a) * (light + a) / (light + b)
    return np.where(light <= _KNEE, light, bent)


def _srgb(light: Light) -> Light:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** np.float32(1 / 2.4) - 0.055)

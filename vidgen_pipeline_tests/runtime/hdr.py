"""HDR photos: an ordinary picture written as a camera would that has light to spare above white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline_tests.providers.assembly.builders import run_tool
from vidgen_pipeline_tests.runtime.heic import write_heic

PQ, HLG = 16, 18
WHITE_NITS = 203

_TO_BT2020 = np.array([[0.627404, 0.329283, 0.043313], [0.069097, 0.919540, 0.011362], [0.016391, 0.088013, 0.895595]])


def hdr_codes(image: Image.Image, transfer: int, times: float = 1.0) -> Image.Image:
    """The sRGB picture `times` as bright, as numbers of BT.2020 in PQ or HLG."""
    value = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4) * times
    nits = np.maximum(light @ _TO_BT2020.T, 0) * WHITE_NITS
    codes = _pq(nits) if transfer == PQ else _hlg(nits)
    return Image.fromarray(np.rint(255 * np.clip(codes, 0, 1)).astype(np.uint8))


def write_hdr_heic(path: Path, image: Image.Image, transfer: int, times: float = 1.0) -> Path:
    return write_heic(path, hdr_codes(image, transfer, times), ten_bits=True, signal=(9, transfer, 1))


def write_hdr_avif(path: Path, image: Image.Image, transfer: int, times: float = 1.0) -> Path:
    codes = path.with_suffix(".png")
    hdr_codes(image, transfer, times).save(codes)
    name = {PQ: "smpte2084", HLG: "arib-std-b67"}[transfer]
    tags = f"setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc={name}:range=tv"
    graph = f"scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le,{tags}"
    run_tool("-i", codes, "-vf", graph, "-c:v", "libaom-av1", "-still-picture", "1", "-crf", "8", path)
    codes.unlink()
    return path


def _pq(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    root = (nits / 10_000) ** (2610 / 16384)
    powered: NDArray[np.float64] = ((3424 / 4096 + 2413 / 128 * root) / (1 + 2392 / 128 * root)) ** (2523 / 32)
    return powered


def _hlg(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    shown = nits / 1000
    brightness = (shown @ np.array([0.2627, 0.6780, 0.0593]))[..., None]
    scene = shown * np.maximum(brightness, 1e-9) ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)

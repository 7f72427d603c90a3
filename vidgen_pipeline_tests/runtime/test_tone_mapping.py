"""Photos with more light than a screen shows come out as they were meant, not grey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.runtime.probe import load_photo
from vidgen_pipeline.runtime.tone_mapping import HdrSignal, Transfer, hdr_signal, in_standard_range
from vidgen_pipeline_tests.runtime.hdr import HLG, PQ, hdr_codes, write_hdr_avif, write_hdr_heic
from vidgen_pipeline_tests.runtime.heic import write_heic

COLOURS = [(200, 40, 40), (40, 160, 60), (40, 60, 200), (230, 220, 200), (128, 128, 128), (30, 30, 34)]
SIDE = 64

Write = Callable[[Path, Image.Image, int, float], Path]


def patches() -> Image.Image:
    image = Image.new("RGB", (SIDE * len(COLOURS), SIDE * 2))
    for place, colour in enumerate(COLOURS):
        image.paste(colour, (SIDE * place, 0, SIDE * (place + 1), SIDE * 2))
    return image


def middles(image: Image.Image) -> NDArray[np.int16]:
    pixels = np.asarray(image.convert("RGB")).astype(np.int16)
    return pixels[SIDE, SIDE // 2 :: SIDE]


@pytest.mark.parametrize("write", [write_hdr_heic, write_hdr_avif])
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_what_is_no_brighter_than_white_has_its_own_colours(write: Write, transfer: int, tmp_path: Path) -> None:
    suffix = ".heic" if write is write_hdr_heic else ".avif"
    shown = middles(load_photo(write(tmp_path / f"photo{suffix}", patches(), transfer, 1.0)))
    # A step of 8 bits in PQ is three in sRGB, and colour is at half the size.
    assert np.abs(shown - COLOURS).max() <= 20, shown
    grey = middles(hdr_codes(patches(), transfer))
    assert np.abs(grey - COLOURS).max() > 40, "as it is in the file it is another picture"


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_highlights_are_bent_and_not_cut_off_and_darkness_stays(transfer: int) -> None:
    ramp = Image.fromarray(np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], 3, axis=2).repeat(8, 0))
    signal = HdrSignal(Transfer(transfer), 9)
    shown = np.asarray(in_standard_range(hdr_codes(ramp, transfer, 4.0), signal)).astype(np.int16)[4, :, 1]
    assert (np.diff(shown) >= -1).all()
    assert 245 <= shown[255] <= 255
    assert shown[255] - shown[200] >= 8, "four and two times as bright as white are told apart"
    linear = 4 * (40 / 255 + 0.055) ** 2.4 / 1.055**2.4
    assert abs(shown[40] - 255 * (1.055 * linear ** (1 / 2.4) - 0.055)) < 6


def test_what_can_be_seen_through_stays_so() -> None:
    image = hdr_codes(patches(), PQ)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    shown = in_standard_range(image, HdrSignal(Transfer.PQ, 9))
    assert shown.mode == "RGBA"
    assert np.array_equal(np.asarray(shown.getchannel("A")), np.asarray(image.getchannel("A")))


def test_a_profile_counts_and_ordinary_photos_are_left_alone(tmp_path: Path) -> None:
    plain = write_heic(tmp_path / "plain.heic", patches())
    assert np.abs(middles(load_photo(plain)) - COLOURS).max() <= 4
    patches().save(tmp_path / "plain.avif", quality=95)
    assert np.abs(middles(load_photo(tmp_path / "plain.avif")) - COLOURS).max() <= 6
    with Image.open(write_hdr_avif(tmp_path / "hdr.avif", patches(), PQ)) as image:
        assert hdr_signal(tmp_path / "hdr.avif", image) == HdrSignal(Transfer.PQ, 9)
        image.info["icc_profile"] = b"some profile"
        assert hdr_signal(tmp_path / "hdr.avif", image) is None

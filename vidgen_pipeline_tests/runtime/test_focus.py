"""Where a picture is looked at: at what stands out, wherever it is and on whatever ground; else nowhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from vidgen_pipeline.domain.media import MediaKind
from vidgen_pipeline.runtime.focus import find_focus, focus_in
from vidgen_pipeline_tests.providers.assembly.builders import run_tool

SIZE = (480, 360)
GROUNDS = ("plain", "grass", "horizon", "bricks")


def ground(kind: str) -> Image.Image:
    width, height = SIZE
    noise = np.random.default_rng(1).normal(0, 1, (height, width, 1))
    down, across = np.mgrid[:height, :width]
    if kind == "grass":
        pixels = np.array([70, 120, 50]) + 25 * noise
    elif kind == "horizon":
        sky = (150 + 0.2 * down[..., None]) * np.array([0.7, 0.85, 1.0])
        pixels = np.where((down < 0.6 * height)[..., None], sky, np.array([60, 90, 40]) + 12 * noise)
    elif kind == "bricks":
        joint = (down % 24 < 2) | ((across + down // 24 % 2 * 24) % 48 < 2)
        pixels = np.where(joint[..., None], (200, 195, 190), (150, 75, 60)) + 6 * noise
    else:
        pixels = np.broadcast_to(np.array([120, 140, 160]), (height, width, 3))
    return Image.fromarray(np.clip(pixels * np.ones(3), 0, 255).astype(np.uint8))


def face_on(image: Image.Image, x: float, y: float, radius: float) -> Image.Image:
    """A face, drawn: skin, hair, eyes and a mouth. Its middle is at these shares of the picture, sizes in px."""
    draw = ImageDraw.Draw(image)
    left, top = x * image.width, y * image.height

    def round_spot(across: float, down: float, size: float, colour: tuple[int, int, int], tall: float = 1.0) -> None:
        middle = left + across * radius, top + down * radius
        half = size * radius
        box = middle[0] - half, middle[1] - tall * half, middle[0] + half, middle[1] + tall * half
        draw.ellipse(box, fill=colour)

    round_spot(0, -0.3, 1.05, (60, 40, 30), 1.1)
    round_spot(0, 0, 1, (222, 172, 140), 1.2)
    for side in (-0.4, 0.4):
        round_spot(side, -0.1, 0.16, (250, 250, 250), 0.7)
        round_spot(side, -0.1, 0.07, (20, 20, 20))
    round_spot(0, 0.6, 0.3, (160, 60, 60), 0.3)
    return image


@pytest.mark.parametrize("kind", GROUNDS)
@pytest.mark.parametrize(("x", "y", "radius"), [(0.8, 0.5, 42), (0.19, 0.33, 36), (0.75, 0.68, 30), (0.5, 0.3, 36)])
def test_a_face_is_found_on_any_ground(kind: str, x: float, y: float, radius: float) -> None:
    focus = focus_in([face_on(ground(kind), x, y, radius)])
    assert focus is not None
    assert abs(focus.x - x) < 0.07
    assert abs(focus.y - y) < 0.09


@pytest.mark.parametrize("kind", ["plain", "grass", "bricks"])
def test_where_nothing_stands_out_there_is_no_focus(kind: str) -> None:
    assert focus_in([ground(kind)]) is None


def test_there_is_none_in_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    (tmp_path / "a.mp4").write_text("no clip")
    assert focus_in([]) is None
    assert find_focus(tmp_path / "a.jpg", MediaKind.PHOTO) is None
    assert find_focus(tmp_path / "a.mp4", MediaKind.CLIP) is None


@pytest.mark.parametrize("turned", [0, 90, 180])
def test_in_a_clip_it_is_found_as_people_see_it(turned: int, tmp_path: Path) -> None:
    """A phone's clip may be stored on its side: what counts is where the face is once it stands upright."""
    upright = face_on(ground("grass"), 0.22, 0.4, 36)
    upright.rotate(-turned, expand=True).save(tmp_path / "a.png")
    stored, clip = tmp_path / "stored.mp4", tmp_path / "clip.mp4"
    run_tool("-loop", "1", "-i", tmp_path / "a.png", "-t", "1", "-r", "25", "-pix_fmt", "yuv420p", stored)
    run_tool("-display_rotation:v:0", str(turned), "-i", stored, "-c", "copy", clip)
    focus = find_focus(clip, MediaKind.CLIP)
    assert focus is not None
    assert abs(focus.x - 0.22) < 0.07
    assert abs(focus.y - 0.4) < 0.09


def test_a_large_photo_is_looked_at_as_people_see_it(tmp_path: Path) -> None:
    """Twelve megapixels, stored on its side: its focus is that of the small one, upright."""
    upright = face_on(ground("grass"), 0.78, 0.4, 36).resize((4000, 3000))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.rotate(90, expand=True).save(tmp_path / "a.jpg", quality=85, exif=exif)
    focus = find_focus(tmp_path / "a.jpg", MediaKind.PHOTO)
    assert focus is not None
    assert abs(focus.x - 0.78) < 0.07
    assert abs(focus.y - 0.4) < 0.09

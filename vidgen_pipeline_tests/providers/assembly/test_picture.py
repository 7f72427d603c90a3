from pathlib import Path

import numpy as np
import pytest

from vidgen_pipeline.domain.timeline import Motion
from vidgen_pipeline_tests.providers.assembly.builders import (
    PORTRAIT,
    SceneOf,
    brightness,
    pictures,
    plain_photo,
    render,
    timeline_of,
    write_clip,
)

DARK, LIGHT = 64, 192


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """Plain grey clips and photos by kind and level."""
    folder = tmp_path_factory.mktemp("plain")
    made = {}
    for level in (DARK, LIGHT):
        made["clip", level] = write_clip(
            folder / f"{level}.mp4", f"color=0x{level:02x}{level:02x}{level:02x}:s=270x480:r=30:d=4", "-an"
        )
        made["photo", level] = plain_photo(folder / f"{level}.png", (level, level, level))
    return made


def test_a_crossfade_blends_evenly_in_its_window_and_nowhere_else(
    plain: dict[tuple[str, int], Path], tmp_path: Path
) -> None:
    """Clip to clip, clip to photo, photo to photo and photo to clip; long, short, of one frame, and a cut."""
    kinds = ["clip", "clip", "photo", "photo", "clip", "photo", "clip"]
    fades = [0, 12, 10, 8, 7, 1, 0]
    lengths = [33, 31, 29, 37, 35, 27, 23]
    levels = [(DARK, LIGHT)[number % 2] for number in range(len(kinds))]
    scenes = [
        SceneOf(source=plain[kind, level], frames=frames, crossfade=fade, motion=Motion.ZOOM_IN)
        for kind, level, frames, fade in zip(kinds, levels, lengths, fades, strict=True)
    ]
    video = render(timeline_of(tmp_path, scenes), tmp_path / "out")

    luma = [16 + level * 219 / 255 for level in levels]
    expected: list[float] = []
    for number, (frames, fade) in enumerate(zip(lengths, fades, strict=True)):
        before = luma[number - 1]
        expected += [before + (luma[number] - before) * frame / fade for frame in range(fade)]
        expected += [luma[number]] * (frames - fade)
    shown = brightness(video.path)
    assert len(shown) == len(expected) == video.frames
    assert np.abs(shown - expected).max() < 2.0


def test_colours_come_out_as_they_went_in(tmp_path: Path) -> None:
    """A photo's and a clip's colours, saturated ones included, survive the way through BT.709."""
    colours = [(255, 212, 0), (20, 60, 200), (200, 30, 40), (128, 128, 128)]
    scenes = [
        SceneOf(source=plain_photo(tmp_path / f"{number}.png", colour), frames=6)
        for number, colour in enumerate(colours)
    ]
    tags = "setparams=colorspace={0}:color_primaries={0}:color_trc={0}"
    # The last is of HD size and has not a word on its colours: BT.709.
    for number, (matrix, named) in enumerate((("bt601", "smpte170m"), ("bt709", "bt709"), ("bt709", "unknown"))):
        red, green, blue = colours[number]
        drawn = f"color=0x{red:02x}{green:02x}{blue:02x}:s=1280x720:r=30:d=1,format=rgb24"
        converted = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p,{tags.format(named)}"
        clip = write_clip(tmp_path / f"{number}.mp4", f"{drawn},{converted}", "-an")
        scenes.append(SceneOf(source=clip, frames=6))
    video = render(timeline_of(tmp_path, scenes), tmp_path / "out")
    shown = pictures(video.path, PORTRAIT)
    for number, colour in enumerate([*colours, *colours[:3]]):
        seen = shown[number * 6 + 3].reshape(-1, 3).mean(axis=0)
        assert np.abs(seen - colour).max() < 6, f"scene {number} shows {seen}, not {colour}"


def test_a_scene_of_one_frame_between_long_fades_is_still_a_video(
    plain: dict[tuple[str, int], Path], tmp_path: Path
) -> None:
    scenes = [
        SceneOf(source=plain["clip", DARK], frames=10),
        SceneOf(source=plain["photo", LIGHT], frames=1, crossfade=10),
        SceneOf(source=plain["clip", DARK], frames=10, crossfade=10),
    ]
    assert render(timeline_of(tmp_path, scenes), tmp_path / "out").frames == 21

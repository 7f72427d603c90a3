from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline_tests.providers.assembly.builders import (
    LANDSCAPE,
    PORTRAIT,
    SceneOf,
    pictures,
    render,
    run_tool,
    timeline_of,
    write_clip,
)


def shown(clip: Path, frames: int, folder: Path, canvas: Canvas = PORTRAIT) -> NDArray[np.int16]:
    """The frames, in RGB, of a video of this one clip."""
    video = render(timeline_of(folder, [SceneOf(source=clip, frames=frames)], canvas=canvas), folder / "out")
    return pictures(video.path, canvas).astype(np.int16)


def counting_clip(path: Path, rate: int, frames: int, *options: str | Path) -> Path:
    """A grey clip that gets brighter by 5 with every frame."""
    picture = f"color=black:s=96x170:r={rate},geq=lum='40+5*N':cb=128:cr=128"
    return write_clip(path, picture, "-frames:v", str(frames), *options)


def counts(frames: NDArray[np.int16]) -> NDArray[np.float64]:
    """Which frame of a counting clip each picture shows."""
    return np.asarray((frames.mean(axis=(1, 2, 3)) * 219 / 255 + 16 - 40) / 5)


def test_a_rotation_flag_is_obeyed(tmp_path: Path) -> None:
    """A phone's clip is stored on its side; the sky (red) belongs at the top."""
    lying = write_clip(
        tmp_path / "lying.mp4", "color=blue:s=320x180:r=30:d=1,drawbox=w=160:h=180:color=red:t=fill", "-an"
    )
    upright = tmp_path / "upright.mp4"
    run_tool("-display_rotation:v:0", "-90", "-i", lying, "-c", "copy", upright)
    picture = shown(upright, 5, tmp_path)[2]
    top, bottom = picture[40:200].mean(axis=(0, 1)), picture[280:440].mean(axis=(0, 1))
    assert top[0] - top[2] > 150
    assert bottom[2] - bottom[0] > 150


def test_pixels_that_are_not_square_are_shown_as_they_are_meant(tmp_path: Path) -> None:
    """PAL widescreen: what is 110 px wide in the file is as wide as 160 px are high."""
    clip = write_clip(
        tmp_path / "pal.mp4",
        "color=black:s=720x576:r=25:d=1,drawbox=x=305:y=208:w=110:h=160:color=white:t=fill,setsar=16/11",
        "-an",
    )
    white = shown(clip, 5, tmp_path, LANDSCAPE)[2].mean(axis=2) > 128
    width, height = white.any(axis=0).sum(), white.any(axis=1).sum()
    assert height > 60
    assert abs(width / height - 1) < 0.04


@pytest.mark.parametrize(("size", "canvas"), [("640x360", PORTRAIT), ("360x640", LANDSCAPE), ("333x777", PORTRAIT)])
def test_a_clip_of_any_shape_fills_the_canvas_from_its_middle(size: str, canvas: Canvas, tmp_path: Path) -> None:
    width, height = map(int, size.split("x"))
    marker = f"drawbox=x={width // 2 - 20}:y={height // 2 - 20}:w=40:h=40:color=white:t=fill"
    clip = write_clip(tmp_path / "clip.mp4", f"color=0x404040:s={size}:r=30:d=1,{marker}", "-an", "-pix_fmt", "yuv444p")
    picture = shown(clip, 5, tmp_path, canvas)[2].mean(axis=2)
    rows, columns = np.nonzero(picture > 128)
    assert abs(rows.mean() - (canvas.height - 1) / 2) < 1.5
    assert abs(columns.mean() - (canvas.width - 1) / 2) < 1.5
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
    for corner in (picture[:8, :8], picture[-8:, -8:], picture[:8, -8:], picture[-8:, :8]):
        assert abs(corner.mean() - 64) < 4


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_is_brought_to_an_ordinary_screens_brightness_and_colour(transfer: str, tmp_path: Path) -> None:
    # White paper at 203 nits, middle grey at 26, and BT.709's red; in light, then in the file's own signal.
    patches = {"smpte2084": (0.581, 0.37), "arib-std-b67": (0.75, 0.38)}[transfer]
    boxes = ",".join(
        f"drawbox=x={90 * number}:w=90:h=480:color=0x{f'{round(level * 255):02x}' * 3}:t=fill"
        for number, level in enumerate(patches)
    )
    tags = f"setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}:range=tv"
    source = f"color=0x9a3a1e:s=270x480:r=30:d=1,format=rgb24,{boxes},scale=out_color_matrix=bt2020:out_range=tv"
    clip = tmp_path / "hdr.mp4"
    encoder = ("-c:v", "libx264", "-preset", "ultrafast")
    run_tool("-f", "lavfi", "-i", f"{source},format=yuv420p10le,{tags}", *encoder, clip)
    picture = shown(clip, 3, tmp_path)[1]
    white, grey, red = (picture[100:380, x + 20 : x + 70].mean(axis=(0, 1)) for x in (0, 90, 180))
    assert white.mean() > 190
    assert 70 < grey.mean() < 150
    assert np.ptp(white) < 8
    assert red[0] - red[1:].max() > 80, "washed out, it is less than 60"


def test_a_much_too_short_clip_is_played_again_not_frozen(tmp_path: Path) -> None:
    """Its sound is longer than its picture, which must not leave a hole between the rounds."""
    sound = ("-f", "lavfi", "-i", "sine=d=3", "-map", "0:v", "-map", "1:a", "-c:a", "aac")
    clip = tmp_path / "short.mp4"
    picture = "color=black:s=96x170:r=30,geq=lum='40+5*N':cb=128:cr=128"
    run_tool("-f", "lavfi", "-i", picture, *sound, "-frames:v", "30", "-c:v", "libx264", "-pix_fmt", "yuv420p", clip)
    numbers = counts(shown(clip, 100, tmp_path))
    assert np.abs(numbers - np.arange(100) % 30).max() < 1.5


def test_a_clip_a_little_too_short_is_slowed_to_fit(tmp_path: Path) -> None:
    clip = counting_clip(tmp_path / "clip.mp4", 30, 30)
    numbers = counts(shown(clip, 36, tmp_path))
    assert numbers[-1] > 28
    assert np.abs(numbers - np.arange(36) / 1.2).max() < 1.5


def test_a_clip_whose_frames_come_at_odd_times_keeps_its_pace(tmp_path: Path) -> None:
    """Every third frame is missing, as in a phone's recording: what is shown still is what was there at that time."""
    clip = counting_clip(
        tmp_path / "vfr.mkv", 60, 40, "-vf", "select='mod(n,3)'", "-fps_mode", "vfr", "-enc_time_base", "1/1000"
    )
    numbers = counts(shown(clip, 20, tmp_path))
    assert np.abs(numbers - 1 - np.arange(20) * 2).max() < 1.7

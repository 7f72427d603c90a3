from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.domain.timeline import CANVASES, Canvas, Motion
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.assembly.frames import Frame
from vidgen_pipeline.providers.assembly.segments import Shot, plan_segments
from vidgen_pipeline.providers.assembly.stills import TRAVEL, draw, film, still_of, view
from vidgen_pipeline_tests.providers.assembly.builders import (
    LANDSCAPE,
    PORTRAIT,
    SceneOf,
    pictures,
    plain_photo,
    render,
    timeline_of,
    write_photo,
)

MOVING = [motion for motion in Motion if motion is not Motion.NONE]


def dotted(size: tuple[int, int], dots: list[tuple[float, float]], radius: float = 14) -> Image.Image:
    """A dark photo with soft white dots, whose centres can be found to a hundredth of a pixel."""
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    light = sum(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2)) for x, y in dots)
    grey = (30 + 200 * np.clip(light, 0, 1)).astype(np.uint8)
    return Image.fromarray(np.dstack([grey] * 3))


def centre(luma: NDArray[np.uint8]) -> tuple[float, float]:
    """Where the one dot of a picture is, in px."""
    light = np.clip(luma.astype(np.float64) - 60, 0, None)
    rows, columns = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]] + 0.5
    return float((columns * light).sum() / light.sum()), float((rows * light).sum() / light.sum())


def shot_of(photo: Path, motion: Motion, frames: int, folder: Path, canvas: Canvas) -> Shot:
    scene = SceneOf(source=photo, frames=frames, motion=motion)
    return plan_segments(timeline_of(folder, [scene], canvas=canvas))[0].body


@pytest.mark.parametrize("motion", MOVING)
@pytest.mark.parametrize("canvas", [PORTRAIT, LANDSCAPE, CANVASES[AspectRatio.PORTRAIT]])
def test_motion_is_smooth_to_a_fraction_of_a_pixel(motion: Motion, canvas: Canvas, tmp_path: Path) -> None:
    """A dot near the corner moves the same distance from each frame to the next."""
    size = (canvas.width * 3 // 2, canvas.height * 3 // 2)
    photo = dotted(size, [(size[0] * 0.8, size[1] * 0.8)], canvas.short_side / 40)
    path = write_photo(tmp_path / "dot.png", photo)
    frames = film(still_of(photo, canvas, motion), shot_of(path, motion, 40, tmp_path, canvas))
    window = np.s_[canvas.height * 6 // 10 :, canvas.width // 2 :]
    places = np.array([centre(frame.planes.y[window]) for frame in frames])
    steps = np.diff(places, axis=0)
    assert np.abs(steps).max() > 0.3, "it does move"
    # A zoom's steps grow very slowly; what is left after that is jitter.
    trend = [np.polyval(np.polyfit(range(len(axis)), axis, 2), range(len(axis))) for axis in steps.T]
    assert np.abs(steps - np.transpose(trend)).max() < 0.05


def test_motion_is_smooth_in_the_finished_file_too(tmp_path: Path) -> None:
    """Across a crossfade as well: the photo under the fade moves on."""
    photo = write_photo(tmp_path / "dot.png", dotted((540, 960), [(190, 300)], 20))
    plain = plain_photo(tmp_path / "plain.png", (30, 30, 30))
    scenes = [
        SceneOf(source=photo, frames=40, motion=Motion.PAN_RIGHT),
        SceneOf(source=plain, frames=20, crossfade=10),
    ]
    video = render(timeline_of(tmp_path, scenes), tmp_path / "out", crf=12)
    places = np.array([centre(frame[:, :, 1])[0] for frame in pictures(video.path, PORTRAIT)[:46]])
    expected = -TRAVEL * PORTRAIT.width / 49
    assert np.abs(np.diff(places) - expected).max() < 0.15


@pytest.mark.parametrize(
    ("motion", "moves"), [(Motion.PAN_RIGHT, -1), (Motion.PAN_LEFT, 1), (Motion.ZOOM_IN, 0), (Motion.ZOOM_OUT, 0)]
)
@pytest.mark.parametrize("size", [(270, 480), (500, 480), (1000, 480)])
def test_the_camera_goes_where_the_motion_says(
    motion: Motion, moves: int, size: tuple[int, int], tmp_path: Path
) -> None:
    photo = dotted(size, [(size[0] / 2, size[1] / 2)], 10)
    still = still_of(photo, PORTRAIT, motion)
    frame = Frame(PORTRAIT)
    places = []
    for progress in (0.0, 1.0):
        draw(still, view(still, motion, progress), frame)
        places.append(centre(frame.planes.y)[0])
    assert places[1] - places[0] == pytest.approx(moves * TRAVEL * PORTRAIT.width, abs=0.3)


def test_zooming_in_makes_the_middle_larger_and_zooming_out_smaller() -> None:
    photo = dotted((270, 480), [(85, 240), (185, 240)], 10)
    for motion, growth in ((Motion.ZOOM_IN, 1 + TRAVEL), (Motion.ZOOM_OUT, 1 / (1 + TRAVEL)), (Motion.NONE, 1.0)):
        still = still_of(photo, PORTRAIT, motion)
        frame = Frame(PORTRAIT)
        apart = []
        for progress in (0.0, 1.0):
            draw(still, view(still, motion, progress), frame)
            left, right = centre(frame.planes.y[:, :135])[0], centre(frame.planes.y[:, 135:])[0] + 135
            apart.append(right - left)
        assert apart[1] / apart[0] == pytest.approx(growth, abs=0.005)


@given(
    st.sampled_from(list(Motion)),
    st.floats(0, 1),
    st.integers(8, 300),
    st.integers(8, 300),
    st.sampled_from(["portrait", "landscape", "square"]),
)
def test_the_camera_never_sees_past_the_picture(
    motion: Motion, progress: float, width: int, height: int, shape: str
) -> None:
    canvas = {"portrait": Canvas(width=54, height=96), "landscape": Canvas(width=96, height=54),
              "square": Canvas(width=60, height=60)}[shape]  # fmt: skip
    still = still_of(Image.new("RGB", (width, height), (90, 140, 190)), canvas, motion)
    seen = view(still, motion, progress)
    assert seen.zoom >= 1 - 1e-9
    for corner, side, whole in ((seen.x, canvas.width, still.width), (seen.y, canvas.height, canvas.height)):
        assert corner >= -1e-6
        assert corner + side / seen.zoom <= whole + 1e-6


@pytest.mark.parametrize("motion", list(Motion))
def test_no_border_shows_at_any_moment(motion: Motion, tmp_path: Path) -> None:
    path = plain_photo(tmp_path / "plain.png", (90, 140, 190), (301, 487))
    with Image.open(path) as photo:
        still = still_of(photo, PORTRAIT, motion)
    for frame in film(still, shot_of(path, motion, 60, tmp_path, PORTRAIT)):
        for plane in frame.planes:
            assert np.ptp(plane) <= 1


@pytest.mark.parametrize(
    ("canvas", "size", "whole"),
    [
        (PORTRAIT, (900, 600), True),
        (PORTRAIT, (800, 600), True),
        (PORTRAIT, (600, 600), False),
        (PORTRAIT, (600, 800), False),
        (LANDSCAPE, (600, 900), True),
        (LANDSCAPE, (600, 600), False),
        (LANDSCAPE, (900, 600), False),
        (Canvas(width=300, height=300), (900, 600), False),
    ],
)
def test_a_photo_fills_the_canvas_unless_too_much_of_it_would_be_lost(
    canvas: Canvas, size: tuple[int, int], whole: bool
) -> None:
    """Its rim is white: all four sides of it are to be seen only when it is shown whole, before its own blur."""
    photo = np.full((size[1], size[0], 3), 255, np.uint8)
    photo[20:-20, 20:-20] = (40, 120, 60)
    still = still_of(Image.fromarray(photo), canvas, Motion.ZOOM_IN)
    frame = Frame(canvas)
    draw(still, view(still, Motion.ZOOM_IN, 0), frame)
    bright = frame.planes.y > 200
    across, down = bright[canvas.height // 2], bright[:, canvas.width // 2]
    halves = [half for line in (across, down) for half in np.array_split(line, 2)]
    assert all(half.any() for half in halves) == whole
    if whole:
        corner = frame.planes.y[:20, :20].astype(int)
        assert np.ptp(corner) < 40
        assert corner.max() < 200


def test_a_small_photo_is_enlarged_without_steps() -> None:
    """Enlarged twelve times, a slope stays a slope: no neighbouring pixels differ by a whole step of the original."""
    slope = np.tile(np.linspace(0, 255, 24).astype(np.uint8), (43, 1))
    still = still_of(Image.fromarray(np.dstack([slope] * 3)), PORTRAIT, Motion.NONE)
    frame = Frame(PORTRAIT)
    draw(still, view(still, Motion.NONE, 0), frame)
    row = frame.planes.y[240].astype(int)
    assert np.abs(np.diff(row)).max() <= 3
    assert row[-5] - row[5] > 190

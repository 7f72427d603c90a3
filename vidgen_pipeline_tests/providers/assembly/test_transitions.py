"""How scenes come in: what is seen of each in every frame of it, be they photos or clips, and nothing elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.domain.timeline import Canvas, Transition
from vidgen_pipeline_tests.providers.assembly.builders import (
    SceneOf,
    pictures,
    render,
    run_tool,
    sound,
    timeline_of,
    tone,
    write_photo,
)

CANVAS = Canvas(width=144, height=256)
FRAMES, SHARED = 24, 10
KINDS = [("photo", "photo"), ("photo", "clip"), ("clip", "photo"), ("clip", "clip")]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A dark blue scene, and a light one with a red disc in its middle, both as a photo and as a clip."""
    folder = tmp_path_factory.mktemp("media")
    dark = Image.new("RGB", (288, 512), (20, 30, 120))
    rows, columns = np.mgrid[:512, :288]
    light = np.full((512, 288, 3), 220, np.uint8)
    light[(rows - 255.5) ** 2 + (columns - 143.5) ** 2 < 60**2] = (200, 20, 20)
    made = {}
    for name, image in (("dark", dark), ("light", Image.fromarray(light))):
        made[f"{name} photo"] = write_photo(folder / f"{name}.png", image)
        made[f"{name} clip"] = folder / f"{name}.mp4"
        encoder = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4", "-pix_fmt", "yuv444p", "-r", "30")
        bt709 = "scale=out_color_matrix=bt709,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"
        run_tool(
            "-loop", "1", "-i", made[f"{name} photo"], "-t", "1.2", "-vf", bt709, *encoder, made[f"{name} clip"]
        )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def shown(media: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.int16]]:
    """The frames of each transition between each two kinds of scene."""
    made = {}
    for transition in (Transition.SLIDE, Transition.ZOOM, Transition.CROSSFADE):
        for before, after in KINDS:
            folder = tmp_path_factory.mktemp("video")
            scenes = [
                SceneOf(source=media[f"dark {before}"], frames=FRAMES),
                SceneOf(source=media[f"light {after}"], frames=FRAMES, crossfade=SHARED, transition=transition),
            ]
            video = render(timeline_of(folder, scenes, canvas=CANVAS), folder / "out", crf=6)
            made[f"{transition} {before} {after}"] = pictures(video.path, CANVAS).astype(np.int16)
    return made


def is_light(frame: NDArray[np.int16]) -> NDArray[np.bool_]:
    return np.asarray(frame[..., 1] > 125)


def is_red(frame: NDArray[np.int16]) -> NDArray[np.bool_]:
    return np.asarray((frame[..., 0] - frame[..., 1]) > 60)


@pytest.mark.parametrize("kinds", [" ".join(pair) for pair in KINDS])
@pytest.mark.parametrize("transition", ["slide", "zoom", "crossfade"])
def test_it_takes_no_more_than_its_frames(transition: str, kinds: str, shown: dict[str, NDArray[np.int16]]) -> None:
    frames = shown[f"{transition} {kinds}"]
    assert len(frames) == 2 * FRAMES
    for before in frames[: FRAMES + 1]:  # in the first shared one nothing is seen of the second scene yet
        assert np.abs(before.mean(axis=(0, 1)) - (20, 30, 120)).max() < 6
    alone = frames[FRAMES + SHARED :]
    assert np.abs(alone - alone[-1]).mean(axis=(1, 2, 3)).max() < 2


@pytest.mark.parametrize("kinds", [" ".join(pair) for pair in KINDS])
def test_a_slide_comes_from_the_right_quickly_at_first(kinds: str, shown: dict[str, NDArray[np.int16]]) -> None:
    frames = shown[f"slide {kinds}"]
    for number in range(1, SHARED):
        frame = frames[FRAMES + number]
        columns = is_light(frame[10:60]).mean(axis=0) > 0.5
        come = 1 - (1 - number / SHARED) ** 2
        assert abs(columns.sum() - CANVAS.width * come) <= 3
        assert columns[-1]
        assert (np.diff(columns.astype(int)) != 0).sum() <= 1, "one edge"
        red = np.flatnonzero(is_red(frame).any(axis=0))
        middle = CANVAS.width * (1.5 - come)
        if middle < CANVAS.width - 35:
            assert abs(red.mean() + 0.5 - middle) <= 2, "it comes as a whole"


@pytest.mark.parametrize("kinds", [" ".join(pair) for pair in KINDS])
def test_a_zoom_begins_too_large_and_fades_in(kinds: str, shown: dict[str, NDArray[np.int16]]) -> None:
    frames = shown[f"zoom {kinds}"]
    settled = is_red(frames[-1]).sum() ** 0.5
    for number in range(5, SHARED):
        frame = frames[FRAMES + number]
        blended = frame[10:60].mean()
        assert blended == pytest.approx(220 * number / SHARED + (1 - number / SHARED) * 170 / 3, abs=8)
        redder = frame[..., 0] - frame[..., 1]
        edge = (redder[128, 72] + redder[10:60].mean()) / 2
        size = (redder > edge).sum() ** 0.5 / settled
        assert size == pytest.approx(1 + 0.3 * (1 - number / SHARED) ** 2, abs=0.03)


@pytest.mark.parametrize("transition", ["slide", "zoom", "crossfade"])
def test_photos_and_clips_come_in_alike(transition: str, shown: dict[str, NDArray[np.int16]]) -> None:
    drawn_here = shown[f"{transition} photo photo"]
    for pair in KINDS[1:]:
        by_ffmpeg = shown[f"{transition} {' '.join(pair)}"]
        assert np.abs(by_ffmpeg - drawn_here).mean(axis=(1, 2, 3)).max() < 4


def test_speech_starts_with_its_scene_whatever_brings_it_in(media: dict[str, Path], tmp_path: Path) -> None:
    scenes = [
        SceneOf(
            source=media["dark photo"], frames=FRAMES, crossfade=SHARED if number else 0, transition=transition,
            speech=tone(0.8, 300 + 200 * number),
        )
        for number, transition in enumerate(Transition)
    ]  # fmt: skip
    video = render(timeline_of(tmp_path, scenes, canvas=CANVAS), tmp_path / "out")
    heard = sound(video.path)
    for number in range(4):
        second = heard[number * FRAMES * 1600 :][: FRAMES * 1600]
        spectrum = np.abs(np.fft.rfft(second)) ** 2
        place = round((300 + 200 * number) * len(second) / 48_000)
        assert spectrum[place - 3 : place + 4].sum() > 0.95 * spectrum.sum()

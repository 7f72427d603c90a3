"""A file that is not what was planned is never given out, and the person is told in which way."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.timeline import Canvas, Motion, Timeline
from vidgen_pipeline.providers.assembly.checks import Expected, Measured, check_finished
from vidgen_pipeline.providers.assembly.darkness import check_black
from vidgen_pipeline.providers.assembly.sheet import Stretch
from vidgen_pipeline_tests.providers.assembly.builders import (
    SceneOf,
    local_file,
    plain_photo,
    render,
    run_tool,
    timeline_of,
    tone,
    write_clip,
)

CANVAS = Canvas(width=180, height=320)
FRAMES = 105
ENCODED = ("-c:v", "libx264", "-preset", "ultrafast", "-x264-params", "8x8dct=1:bframes=3", "-c:a", "copy")
TAGS = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
UNTAGGED = "setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown"
FAST_START = ("-movflags", "+faststart")


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    folder = tmp_path_factory.mktemp("timeline")
    clip = write_clip(folder / "clip.mp4", "testsrc2=s=180x320:r=30:d=4", "-an")
    speech = np.tile(np.concatenate((tone(0.4, 300), tone(0.2, 300, 0))), 6)[: FRAMES * 800]
    return timeline_of(
        folder, [SceneOf(source=clip, frames=FRAMES, speech=speech, motion=Motion.ZOOM_IN)], canvas=CANVAS
    )


@pytest.fixture(scope="module")
def good(timeline: Timeline, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Expected]:
    video = render(timeline, tmp_path_factory.mktemp("good"))
    return video.path, Expected.of(timeline, video.loudness_lufs)


def check(path: Path, expected: Expected) -> Measured:
    return asyncio.run(check_finished(path, expected, lambda share: None))


def test_a_good_file_passes_and_is_measured(good: tuple[Path, Expected]) -> None:
    path, expected = good
    measured = check(path, expected)
    assert (measured.width, measured.height, measured.frames) == (180, 320, FRAMES)
    assert measured.duration_ms == measured.audio_duration_ms == 3500
    assert measured.black == ()


def remade(*options: str) -> Callable[[Path, Path], None]:
    def damage(good: Path, bad: Path) -> None:
        run_tool("-i", good, *options, bad)

    return damage


def hollow(_: Path, bad: Path) -> None:
    bad.write_bytes(b"\0\0\0\x08ftyp\0\0\0\x08moov\0\0\0\x08mdat")


def cut_off(good: Path, bad: Path) -> None:
    bad.write_bytes(good.read_bytes()[: good.stat().st_size * 3 // 4])


def garbled(good: Path, bad: Path) -> None:
    data = bytearray(good.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(7).bytes(3000)
    bad.write_bytes(data)


DAMAGE: dict[str, Callable[[Path, Path], None]] = {
    "file structure": hollow,
    "fast start": remade("-c", "copy"),
    "streams": remade("-map", "0:v", "-c", "copy", *FAST_START),
    "picture format": remade("-vf", TAGS, "-c:v", "libx264", "-profile:v", "baseline", "-c:a", "copy", *FAST_START),
    "colour tags": remade("-vf", UNTAGGED, *ENCODED, *FAST_START),
    "sound format": remade("-c:v", "copy", "-ac", "1", *FAST_START),
    "frame count": remade("-vf", TAGS, "-frames:v", str(FRAMES - 1), *ENCODED, *FAST_START),
    "frame times": remade("-c", "copy", "-bsf:v", "setts=pts=if(gte(N\\,60)\\,PTS+20\\,PTS)", *FAST_START),
    "length": remade("-c:v", "copy", "-af", "atrim=end=3.3", *FAST_START),
    "loudness": remade("-c:v", "copy", "-af", "volume=-3dB", *FAST_START),
    "true peak": remade("-c", "copy", *FAST_START),
    "decoding": garbled,
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_fails_the_check_of_that_name(name: str, good: tuple[Path, Expected], tmp_path: Path) -> None:
    path, expected = good
    bad = tmp_path / "bad.mp4"
    if name == "true peak":  # the same file, against a stricter limit
        expected = Expected(expected.canvas, expected.frames, expected.loudness_lufs, -14.0)
    DAMAGE[name](path, bad)
    with pytest.raises(RenderFailed, match=f"check of {name}"):
        check(bad, expected)


def test_a_file_that_was_cut_off_fails(good: tuple[Path, Expected], tmp_path: Path) -> None:
    cut_off(good[0], tmp_path / "cut.mp4")
    with pytest.raises(RenderFailed, match="failed its check"):
        check(tmp_path / "cut.mp4", good[1])


def test_a_black_stretch_is_found_and_only_dark_sources_explain_it(
    good: tuple[Path, Expected], timeline: Timeline, tmp_path: Path
) -> None:
    path, expected = good
    black = tmp_path / "black.mp4"
    run_tool("-i", path, "-vf", f"drawbox=color=black:t=fill:enable='gte(n,30)',{TAGS}", *ENCODED, *FAST_START, black)
    stretch = check(black, expected).black
    assert len(stretch) == 1
    assert stretch[0].start == pytest.approx(1.0, abs=0.5)

    with pytest.raises(RenderFailed, match="scene 1's clip is not"):
        asyncio.run(check_black(stretch, timeline, local_file))
    night = [
        SceneOf(source=plain_photo(tmp_path / "night.png", (12, 12, 20)), frames=60),
        SceneOf(source=write_clip(tmp_path / "night.mp4", "color=0x0c0c12:s=96x170:r=30:d=2", "-an"), frames=45),
    ]
    asyncio.run(check_black(stretch, timeline_of(tmp_path, night, canvas=CANVAS), local_file))
    day = [*night, SceneOf(source=plain_photo(tmp_path / "day.png", (120, 120, 120)), frames=60)]
    with pytest.raises(RenderFailed, match="scene 3's photo is not"):
        asyncio.run(check_black((Stretch(1.0, 5.0),), timeline_of(tmp_path, day, canvas=CANVAS), local_file))

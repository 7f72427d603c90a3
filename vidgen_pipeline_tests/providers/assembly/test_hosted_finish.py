"""Whatever film comes from a vendor: what goes out is as promised, or it is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidgen_pipeline.domain.errors import BadReply, RenderFailed
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.audio import make_soundtrack
from vidgen_pipeline.providers.assembly.hosted_finish import finish_hosted
from vidgen_pipeline.providers.base import RenderedVideo
from vidgen_pipeline_tests.providers.assembly.builders import (
    TINY,
    SceneOf,
    local_file,
    pictures,
    plain_photo,
    run_tool,
    sound,
    timeline_of,
    tone,
)

PICTURE = "gradients=s=72x128:r={rate}:d={seconds}:seed=7:c0=red:c1=yellow:speed=0.03"
QUIET = ("-f", "lavfi", "-i", "sine=frequency=880:sample_rate=44100:duration=2")
HIGH = (
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-profile:v",
    "high",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
)


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    folder = tmp_path_factory.mktemp("timeline")
    photo = plain_photo(folder / "grey.png", (120, 120, 120))
    return timeline_of(folder, [SceneOf(source=photo, frames=30, speech=tone(1.0, 300))], canvas=TINY)


def a_film(path: Path, *options: str, rate: float = 30, seconds: float = 1) -> Path:
    picture = PICTURE.format(rate=rate, seconds=seconds)
    run_tool("-f", "lavfi", "-i", picture, *QUIET, *HIGH, *options, path)
    return path


def finish(film: Path, timeline: Timeline, scratch: Path) -> RenderedVideo:
    async def run() -> RenderedVideo:
        made = await make_soundtrack(timeline, local_file, scratch, lambda _: None)
        return await finish_hosted(
            film, made, timeline, name="Acme", local_file=local_file, scratch=scratch, progress=lambda _: None
        )

    return asyncio.run(run())


def packets(video: Path) -> bytes:
    return run_tool(
        "-i", video, "-map", "0:v", "-c", "copy", "-bsf:v", "filter_units=pass_types=1-5", "-f", "h264", "-"
    )


def test_a_good_film_keeps_its_pictures_and_gets_our_sound(timeline: Timeline, tmp_path: Path):
    film = a_film(tmp_path / "film.mp4")
    video = finish(film, timeline, tmp_path)
    assert (video.width, video.height, video.frames, video.duration_ms) == (72, 128, 30, 1000)
    assert packets(video.path) == packets(film)
    assert video.loudness_lufs == pytest.approx(-14, abs=0.3)
    assert video.true_peak_dbtp <= -1
    assert video.thumbnail.read_bytes()[:2] == b"\xff\xd8"
    spectrum = np.abs(np.fft.rfft(sound(video.path)[:48_000]))
    assert np.argmax(spectrum) == 300  # the narration, not the tone the vendor's film has


@pytest.mark.parametrize(
    ("options", "film"),
    [
        (("-profile:v", "main"), {}),
        (("-pix_fmt", "yuv444p", "-profile:v", "high444"), {}),
        ((), {"rate": 25}),
        ((), {"seconds": 1.1}),
        ((), {"seconds": 0.9}),
        (("-vf", "scale=36:64"), {}),
        (("-bsf:v", "h264_metadata=colour_primaries=6:transfer_characteristics=6:matrix_coefficients=6"), {}),
        (("-output_ts_offset", "0.1"), {}),
    ],
    ids=["profile", "sampling", "rate", "long", "short", "small", "colours", "offset"],
)
def test_any_other_film_is_made_as_promised(
    timeline: Timeline, tmp_path: Path, options: tuple[str, ...], film: dict[str, Any]
):
    source = a_film(tmp_path / "film.mp4", *options, **film)
    video = finish(source, timeline, tmp_path)
    assert (video.width, video.height, video.frames, video.duration_ms) == (72, 128, 30, 1000)
    assert packets(video.path) != packets(source)
    made, wanted = pictures(video.path, TINY), pictures(a_film(tmp_path / "wanted.mp4"), TINY)
    assert np.abs(made[15].astype(int) - wanted[15].astype(int)).mean() < 12


@pytest.mark.parametrize("seconds", [0.6, 1.5])
def test_a_film_of_another_length_is_not_taken(timeline: Timeline, tmp_path: Path, seconds: float):
    film = a_film(tmp_path / "film.mp4", seconds=seconds)
    with pytest.raises(BadReply, match=rf"Acme made lasts {seconds:.1f}\d s, not the 1.00 s planned"):
        finish(film, timeline, tmp_path)


def test_something_else_than_a_film_is_not_taken(timeline: Timeline, tmp_path: Path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"\x00\x00\x00\x20ftypisom" + b"picture" * 1000)
    with pytest.raises(BadReply, match="can't be read"):
        finish(film, timeline, tmp_path)


def test_a_film_gone_black_is_not_taken(timeline: Timeline, tmp_path: Path):
    long = timeline_of(tmp_path, [SceneOf(source=local_file(timeline.scenes[0].source.file), frames=90)], canvas=TINY)
    film = tmp_path / "film.mp4"
    run_tool("-f", "lavfi", "-i", "color=c=black:s=72x128:r=30:d=3", *HIGH, film)
    with pytest.raises(RenderFailed, match="black"):
        finish(film, long, tmp_path)

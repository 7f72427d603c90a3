"""The check of segments and of what they are joined to: nothing is given out that is not what was drawn."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.assembly.checks import Expected, Measured, check_joined
from vidgen_pipeline.providers.assembly.darkness import check_still
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.joining import join
from vidgen_pipeline.providers.assembly.loudness import Loudness
from vidgen_pipeline.providers.assembly.parts import Part, check_segment
from vidgen_pipeline.providers.assembly.sheet import Sheets, Stretch, read_sheet
from vidgen_pipeline.providers.assembly.silence import check_heard
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
FAST, SMALL = Encoder("fast", None, 1), Encoder("small", None, 1)
LENGTHS = (260, 130)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder as a render leaves it: two segments with their sheets, the sound, the video."""
    folder = tmp_path_factory.mktemp("rendered")
    clip = write_clip(folder / "clip.mp4", "testsrc2=s=180x320:r=30:d=9", "-an")
    scenes = [SceneOf(source=clip, frames=frames, speech=tone(3, 300)) for frames in LENGTHS]
    render(timeline_of(folder, scenes, canvas=CANVAS), folder / "out")
    return folder / "out"


@pytest.fixture
def work(rendered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rendered, tmp_path / "work"))


def checked(work: Path, number: int, encoder: Encoder = FAST) -> Part:
    film = work / f"segment-{number:05d}.mp4"
    return asyncio.run(check_segment(film, film.with_suffix(".sheet"), LENGTHS[number], CANVAS, encoder))


def check_whole(work: Path, parts: list[Part], *, lufs: float = -14.0) -> Measured:
    expected = Expected(CANVAS, sum(LENGTHS), -14.0, -1.0)
    return check_joined(work / "video.mp4", expected, parts, work / "sound.m4a", Loudness(lufs, -2.0), ())


def test_what_was_rendered_passes(work: Path) -> None:
    parts = [checked(work, number) for number in range(2)]
    assert [len(part.sheet) for part in parts] == [18, 9]
    assert [part.packets.checksums for part in parts] == [
        checked(work, number, SMALL).packets.checksums for number in range(2)
    ]
    measured = check_whole(work, parts)
    assert (measured.width, measured.height, measured.frames) == (180, 320, 390)
    assert measured.duration_ms == measured.audio_duration_ms == 13_000


def other_picture(film: Path) -> None:
    """Another picture from frame 240 on, of which frame 240 is a key frame."""
    run_tool("-i", film, "-vf", "drawbox=color=white:t=fill:enable='gte(n,240)'", "-g", "120", "-sc_threshold", "0",
             film.with_name("other.mp4"))  # fmt: skip
    film.with_name("other.mp4").replace(film)


def one_frame_less(film: Path) -> None:
    run_tool("-i", film, "-frames:v", str(LENGTHS[0] - 1), film.with_name("other.mp4"))
    film.with_name("other.mp4").replace(film)


def cut_off(film: Path) -> None:
    film.write_bytes(film.read_bytes()[:-2000])


def garbled(film: Path) -> None:
    data = bytearray(film.read_bytes())
    start = data.index(b"mdat") + 2000
    data[start : start + 3000] = np.random.default_rng(3).bytes(3000)
    film.write_bytes(data)


@pytest.mark.parametrize(("damage", "encoder"), [
    (other_picture, FAST), (other_picture, SMALL), (one_frame_less, FAST),
    (cut_off, FAST), (garbled, FAST), (garbled, SMALL),
])  # fmt: skip
def test_a_segment_that_is_not_what_was_drawn_is_refused(
    damage: Callable[[Path], None], encoder: Encoder, work: Path
) -> None:
    damage(work / "segment-00000.mp4")
    with pytest.raises(RenderFailed, match=r"frame|decoded|read|code"):
        checked(work, 0, encoder)


def test_a_whole_that_holds_anything_but_its_parts_is_refused(work: Path) -> None:
    parts = [checked(work, number) for number in range(2)]
    sound = work / "sound.m4a"

    def joined(*films: Path) -> None:
        asyncio.run(join(films, sound, CANVAS, work / "video.mp4"))

    joined(*(part.path for part in parts))
    check_whole(work, parts)
    with pytest.raises(RenderFailed, match="check of parts"):
        check_whole(work, parts[::-1])
    with pytest.raises(RenderFailed, match="check of loudness"):
        check_whole(work, parts, lufs=-17.0)
    strange = replace(parts[1], packets=replace(parts[1].packets, setup=b"another decoder"))
    with pytest.raises(RenderFailed, match="check of parts"):
        check_whole(work, [parts[0], strange])
    data = bytearray((work / "video.mp4").read_bytes())
    place = data.index(b"mdat") + 20_000  # one bit in the middle of some frame: nothing else would notice
    data[place] ^= 1
    (work / "video.mp4").write_bytes(data)
    with pytest.raises(RenderFailed, match="check of parts"):
        check_whole(work, parts)


def test_other_sound_than_the_one_that_was_measured_is_refused(work: Path) -> None:
    parts = [checked(work, number) for number in range(2)]
    run_tool("-i", work / "sound.m4a", "-af", "volume=-20dB", work / "quiet.m4a")
    asyncio.run(join([part.path for part in parts], work / "quiet.m4a", CANVAS, work / "video.mp4"))
    with pytest.raises(RenderFailed, match="its sound is not"):
        check_whole(work, parts)


def test_black_and_still_stretches_are_seen_over_the_edges_of_segments(tmp_path: Path) -> None:
    black = plain_photo(tmp_path / "black.png", (0, 0, 0))
    moving = write_clip(tmp_path / "clip.mp4", "testsrc2=s=180x320:r=30:d=4", "-an")
    scenes = [
        SceneOf(source=moving, frames=45),
        SceneOf(source=black, frames=40),
        SceneOf(source=black, frames=65),
        SceneOf(source=moving, frames=50),
    ]
    render(timeline_of(tmp_path, scenes, canvas=CANVAS), tmp_path / "out")
    parts = [
        (start, read_sheet(tmp_path / "out" / f"segment-{number:05d}.sheet"))
        for number, start in enumerate((0, 45, 85, 150))
    ]
    sheets = Sheets.of(parts, 200, 30)
    (stretch,) = sheets.black()
    assert (stretch.start, stretch.end) == pytest.approx((1.5, 5.0), abs=0.5)
    (stretch,) = sheets.still()
    assert (stretch.start, stretch.end) == pytest.approx((1.5, 5.0), abs=0.6)


def test_only_a_clip_that_stands_still_itself_explains_a_still_picture(tmp_path: Path) -> None:
    moving = write_clip(tmp_path / "moving.mp4", "testsrc2=s=180x320:r=30:d=4", "-an")
    still = write_clip(tmp_path / "still.mp4", "smptebars=s=180x320:r=30:d=4", "-an")
    photo = plain_photo(tmp_path / "photo.png", (90, 90, 90))

    def check(*sources: Path) -> None:
        timeline = timeline_of(tmp_path, [SceneOf(source=one, frames=120) for one in sources], canvas=CANVAS)
        asyncio.run(check_still([Stretch(0.0, 3.9)], timeline, local_file, tmp_path))

    check(still, moving)
    check(photo, moving)
    with pytest.raises(RenderFailed, match=r"stands still .* scene 1's clip does not"):
        check(moving, still)


def test_speech_that_is_lost_is_noticed_and_a_pause_is_not(tmp_path: Path) -> None:
    speech, heard = tmp_path / "speech", tmp_path / "heard"
    spoken = np.concatenate((tone(2, 300, rate=48_000), np.zeros(48_000 * 3, np.int16), tone(2, 300, rate=48_000)))
    speech.write_bytes(spoken.tobytes())
    good = np.concatenate((tone(2, 300, rate=8000), np.zeros(8000 * 3, np.int16), tone(2, 300, rate=8000)))
    heard.write_bytes(good.tobytes())
    check_heard(speech, heard)
    for lost in (good[: 8000 * 5], np.concatenate((good[: 8000 * 5], np.zeros(8000 * 2, np.int16)))):
        heard.write_bytes(lost.tobytes())
        with pytest.raises(RenderFailed, match=r"check of sound: from about [345] s on"):
            check_heard(speech, heard)

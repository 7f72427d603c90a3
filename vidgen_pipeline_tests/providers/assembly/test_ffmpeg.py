"""The provider as a whole: what a person gets, and what happens when they change their mind."""

import asyncio
import os
import struct
import threading
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vidgen_pipeline.domain.captions import Cue
from vidgen_pipeline.domain.errors import MediaRejected, RenderFailed
from vidgen_pipeline.domain.media import MediaKind
from vidgen_pipeline.domain.money import FREE
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.timeline import Canvas, Motion, Timeline
from vidgen_pipeline.providers.assembly.encoder import Profile
from vidgen_pipeline.providers.assembly.ffmpeg import FFmpegProvider
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary
from vidgen_pipeline_tests.providers.assembly.builders import (
    PORTRAIT,
    SceneOf,
    local_file,
    pictures,
    plain_photo,
    render,
    timeline_of,
    tone,
    write_clip,
)


def cue(start_ms: int, end_ms: int, *texts: str) -> Cue:
    """A caption of these words, each lit for an equal time."""
    share = (end_ms - start_ms) // len(texts)
    words = tuple(
        Word(text=text, start_ms=start_ms + number * share, end_ms=start_ms + (number + 1) * share)
        for number, text in enumerate(texts)
    )
    return Cue(lines=(words,), start_ms=start_ms, end_ms=end_ms)


def boxes(path: Path) -> list[str]:
    found, data, position = [], path.read_bytes(), 0
    while position < len(data):
        size, name = struct.unpack(">I4s", data[position : position + 8])
        found.append(name.decode())
        position += size
    return found


@pytest.mark.parametrize("profile", ["fast", "small", "quality"])
def test_the_file_is_what_networks_and_players_want(profile: Profile, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", "testsrc2=s=320x180:r=25:d=3", "-an")
    photo = plain_photo(tmp_path / "photo.png", (200, 120, 40))
    scenes = [
        SceneOf(source=clip, frames=37, speech=tone(1, 300)),
        SceneOf(source=photo, frames=41, crossfade=10, motion=Motion.ZOOM_IN),
        SceneOf(source=clip, frames=29),
    ]
    reported: list[float] = []
    (tmp_path / "out").mkdir()
    result = asyncio.run(
        FFmpegProvider(profile=profile).render(
            timeline_of(tmp_path, scenes), local_file=local_file, scratch=tmp_path / "out", progress=reported.append
        )
    )
    video = result.data
    assert (result.cost, result.model) == (FREE, "segments-1")
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    assert len([share for share in reported if 0 < share < 1]) > 5

    order = boxes(video.path)
    assert order[0] == "ftyp"
    assert order.index("moov") < order.index("mdat")
    with av.open(video.path) as file:
        picture, sound = file.streams.video[0], file.streams.audio[0]
        assert (picture.codec_context.name, picture.profile, picture.pix_fmt) == ("h264", "High", "yuv420p")
        assert (picture.width, picture.height) == (270, 480)
        assert picture.average_rate == 30
        assert {picture.codec_context.colorspace, picture.codec_context.color_trc} == {1}
        assert (sound.codec_context.name, sound.sample_rate, sound.layout.name) == ("aac", 48_000, "stereo")
        frames = list(file.decode(picture))
    assert [round(frame.time * 30, 6) for frame in frames] == list(range(107))
    assert frames[0].key_frame
    assert (video.width, video.height, video.frames, video.duration_ms) == (270, 480, 107, 3567)
    with Image.open(video.thumbnail) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", (270, 480))


def test_a_thumbnail_is_540_wide_small_and_shows_the_first_caption(tmp_path: Path) -> None:
    noise = "nullsrc=s=540x960:r=30:d=1,geq=16+random(1)*120:64+random(2)*128:64+random(3)*128"
    noisy = write_clip(tmp_path / "noise.mp4", noise, "-an", "-crf", "4", "-frames:v", "4")
    scenes = [SceneOf(source=noisy, frames=48)]
    cues = (cue(1300, 1600, "HELLO", "THERE"),)
    video = render(timeline_of(tmp_path, scenes, canvas=Canvas(width=720, height=1280), cues=cues), tmp_path / "out")
    assert video.thumbnail.stat().st_size <= 120 * 1024
    with Image.open(video.thumbnail) as thumbnail:
        white = np.asarray(thumbnail.convert("L")) > 225
    assert white.shape == (960, 540)
    assert white[650:740, 150:390].mean() > 0.04
    assert white[:600].mean() < 0.001


@pytest.mark.parametrize("lengths", [(100,), (20, 80), (39, 61), (50, 50)])
def test_a_thumbnail_is_the_frame_at_its_time_whichever_scene_that_is_in(
    lengths: tuple[int, ...], tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", "testsrc2=s=270x480:r=30:d=4", "-an")
    scenes = [
        SceneOf(source=clip, frames=frames, crossfade=5 if number else 0) for number, frames in enumerate(lengths)
    ]
    video = render(timeline_of(tmp_path, scenes, cues=(cue(1250, 1900, "HELLO"),)), tmp_path / "out")
    with Image.open(video.thumbnail) as thumbnail:
        shown = np.asarray(thumbnail.convert("RGB")).astype(np.int16)
    apart = np.abs(pictures(video.path, PORTRAIT) - shown).mean(axis=(1, 2, 3))
    assert int(apart.argmin()) == 42, "1.4 s: the caption has been there for a moment"


def test_a_caption_is_seen_from_its_first_frame_to_its_last_across_a_cut(tmp_path: Path) -> None:
    """And it is the same picture in every frame, whichever segment the frame was rendered in."""
    plain = plain_photo(tmp_path / "plain.png", (90, 90, 90))
    scenes = [
        SceneOf(source=plain, frames=41),
        SceneOf(source=plain, frames=30, crossfade=8),
        SceneOf(source=plain, frames=25),
    ]
    timeline = timeline_of(tmp_path, scenes, cues=(cue(700, 2900, "Across"),))
    frames = pictures(render(timeline, tmp_path / "out", crf=8).path, PORTRAIT).astype(np.int16)
    seen = np.abs(frames - 90).max(axis=(1, 2, 3)) > 60
    assert np.flatnonzero(seen).tolist() == list(range(21, 87))
    assert np.abs(frames[21:87] - frames[30]).mean(axis=(1, 2, 3)).max() < 1.0


HOSTILE = (
    r"{\p1}m 0 0 l 999 0 999 999{\p0}",
    "';[v]movie=/etc/passwd[w];'",
    "a:b,c;d=e[f]\\N\\h%{pts}",
    "x\nDialogue: 0,0:00:00.00,9:00:00.00,Caption,,0,0,0,,injected",
    "-i /etc/passwd $(touch pwned) `id` file:///etc/passwd",
)


def test_hostile_words_are_drawn_as_words_and_reach_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = tmp_path / "recorder.sh"
    log = tmp_path / "commands.txt"
    recorder.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {log}\nexec {ffmpeg_binary()} "$@"\n')
    recorder.chmod(0o755)
    plain = plain_photo(tmp_path / "plain.png", (90, 90, 90))
    cues = tuple(cue(number * 500, number * 500 + 500, *text.split(" ")) for number, text in enumerate(HOSTILE))
    scenes = [SceneOf(source=plain, frames=75, title=HOSTILE[1], kind=MediaKind.BACKDROP)]
    timeline = timeline_of(tmp_path, scenes, cues=cues).model_copy(update={"title": HOSTILE[2]})
    monkeypatch.setenv("VIDGEN_FFMPEG", str(recorder))
    frames = pictures(render(timeline, tmp_path / "out").path, PORTRAIT).astype(int)

    commands = log.read_text()
    assert commands.count("libx264") == 1
    for text in HOSTILE:
        for word in text.split():
            assert len(word) < 4 or word not in commands
    lower_half = np.abs(frames[:, 240:] - 90).max(axis=3) > 60
    for number in range(len(HOSTILE)):
        drawn = lower_half[number * 15 + 8]
        assert 0.003 < drawn.mean() < 0.35, f"caption {number} is words, neither nothing nor a large shape"
    assert not (tmp_path / "pwned").exists()


def test_a_folder_of_any_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "it's [a]; 50% #1 ?, x=y: \\ é{b}"
    folder.mkdir()
    clip = write_clip(folder / "clip.mp4", "testsrc2=s=320x240:r=25:d=1", "-an")
    photo = plain_photo(folder / "photo.png", (200, 60, 60))
    scenes = [SceneOf(source=clip, frames=25), SceneOf(source=photo, frames=20, crossfade=5)]
    assert render(timeline_of(folder, scenes, cues=(cue(0, 900, "Words"),)), folder / "out").frames == 45


def child_processes() -> dict[int, str]:
    """This process's children that are still there, zombies included, by pid."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            except OSError:
                continue
            if int(rest.split()[1]) == os.getpid():
                children[int(entry.name)] = name
    return children


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_cancelling_leaves_no_process_and_no_thread(share: float, tmp_path: Path) -> None:
    canvas = Canvas(width=540, height=960)
    clip = write_clip(tmp_path / "clip.mp4", "testsrc2=s=540x960:r=30:d=2", "-an")
    photo = plain_photo(tmp_path / "photo.png", (200, 60, 60))
    scenes = [
        SceneOf(source=source, frames=200, crossfade=10, motion=Motion.PAN_LEFT)
        for source in (photo, clip, photo, clip)
    ]
    timeline = timeline_of(tmp_path, scenes, canvas=canvas)
    (tmp_path / "out").mkdir()
    before = set(child_processes())
    seen_at_work: list[str] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        far_enough = asyncio.Event()

        def progress(done: float) -> None:
            if done >= share:
                loop.call_soon_threadsafe(far_enough.set)

        work = asyncio.ensure_future(
            FFmpegProvider().render(timeline, local_file=local_file, scratch=tmp_path / "out", progress=progress)
        )
        await far_enough.wait()
        seen_at_work.extend(name for pid, name in child_processes().items() if pid not in before)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert set(child_processes()) <= before

    asyncio.run(scenario())
    assert any("ffmpeg" in name for name in seen_at_work)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("ffmpeg-feed")]


def test_a_scene_that_cannot_be_rendered_is_named(tmp_path: Path) -> None:
    good = plain_photo(tmp_path / "good.png", (90, 90, 90))
    clip = write_clip(tmp_path / "clip.mp4", "testsrc2=s=320x180:r=30:d=2", "-an")
    clip.write_bytes(clip.read_bytes()[:-20_000])
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 not a photo")

    def timeline(bad: Path) -> Timeline:
        return timeline_of(tmp_path, [SceneOf(source=good, frames=30), SceneOf(source=bad, frames=30)])

    with pytest.raises(MediaRejected, match=r"broken\.jpg"):
        render(timeline(broken), tmp_path / "photo")
    with pytest.raises((MediaRejected, RenderFailed), match=r"clip\.mp4|Scene 2"):
        render(timeline(clip), tmp_path / "clip")
    short = timeline(good)
    wrong = short.scenes[1].model_copy(update={"frames": 60})
    with pytest.raises(RenderFailed, match=r"Scene 2.s narration lasts 1\.00 s, but its picture 2\.00 s"):
        render(short.model_copy(update={"scenes": (short.scenes[0], wrong)}), tmp_path / "speech")

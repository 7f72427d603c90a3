from __future__ import annotations

import asyncio
import os
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import av
import pytest

from vidgen_pipeline.domain.errors import MissingTool, RenderFailed, StorageFull
from vidgen_pipeline.runtime.ffmpeg import SAFE_INPUT, ffmpeg_binary, file_url, run_ffmpeg

WIDTH, HEIGHT = 64, 48
RAW_INPUT = [
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "-video_size",
    f"{WIDTH}x{HEIGHT}",
    "-framerate",
    "30",
    "-i",
    "pipe:0",
]
ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=30", "-f", "null", "-"]


def grey_frames(levels: list[int]) -> Callable[[BinaryIO], None]:
    def feed(pipe: BinaryIO) -> None:
        pipe.writelines(bytes([level]) * (HEIGHT * WIDTH * 3) for level in levels)

    return feed


def decoded_levels(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]


def feeding_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ffmpeg-feed")]


def program(path: Path, lines: str) -> Path:
    """A program that answers `-version` like any ffmpeg and otherwise does what `lines` of shell say."""
    path.write_text(f'#!/bin/sh\ncase "$*" in -version) exit 0;; esac\n{lines}\n')
    path.chmod(0o755)
    return path


class Lifeline:
    """A named pipe that processes hold open for writing: it ends when the last of them is gone."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.hold = f"exec 9> {path}"
        self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def assert_all_gone(self) -> None:
        # The wait is no verdict: a process that was killed needs a moment to leave, one that was not never does.
        ended, _, _ = select.select([self.reader], [], [], 30)
        assert ended, "a process that holds the pipe is still running"
        assert os.read(self.reader, 1) == b""


@pytest.fixture
def lifeline(tmp_path: Path) -> Iterator[Lifeline]:
    line = Lifeline(tmp_path / "lifeline")
    yield line
    os.close(line.reader)


@pytest.fixture
def held_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lifeline: Lifeline) -> Lifeline:
    """ffmpeg, holding the lifeline."""
    lines = f'{lifeline.hold}\nexec "{ffmpeg_binary()}" "$@"'
    monkeypatch.setenv("VIDGEN_FFMPEG", str(program(tmp_path / "held", lines)))
    return lifeline


@pytest.fixture
def wrapped_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lifeline: Lifeline) -> Lifeline:
    """ffmpeg and a child of its own that heeds no SIGTERM, both holding the lifeline."""
    lines = f'trap "" TERM\n{lifeline.hold}\nsleep 600 >/dev/null 2>&1 &\nexec "{ffmpeg_binary()}" "$@"'
    monkeypatch.setenv("VIDGEN_FFMPEG", str(program(tmp_path / "wrapper", lines)))
    return lifeline


def test_the_frames_that_were_fed_are_the_frames_in_the_file(tmp_path: Path) -> None:
    levels = [16, 60, 120, 180, 235] * 6
    out = tmp_path / "out.mkv"
    seen: list[int] = []
    arguments = [*RAW_INPUT, "-vf", "format=gray", "-c:v", "ffv1", "-y", file_url(out)]
    asyncio.run(run_ffmpeg(arguments, feed=grey_frames(levels), on_frame=seen.append))
    assert decoded_levels(out) == pytest.approx(levels, abs=1)
    assert seen[-1] == len(levels)
    assert feeding_threads() == []


def test_a_reader_that_has_had_enough_is_no_error(tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    # Far more than any pipe holds, so that writing must fail once ffmpeg has left.
    asyncio.run(
        run_ffmpeg([*RAW_INPUT, "-frames:v", "2", "-c:v", "ffv1", "-y", file_url(out)], feed=grey_frames([90] * 2000))
    )
    assert len(decoded_levels(out)) == 2


def test_a_failing_feeder_ends_ffmpeg_and_its_own_error_is_raised(held_ffmpeg: Lifeline) -> None:
    def feed(pipe: BinaryIO) -> None:
        grey_frames([50] * 300)(pipe)  # more than the pipe holds: ffmpeg is reading by then
        pipe.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run_ffmpeg([*RAW_INPUT, "-f", "null", "-"], feed=feed))
    assert feeding_threads() == []
    held_ffmpeg.assert_all_gone()


def test_cancelling_leaves_no_process_and_no_thread(wrapped_ffmpeg: Lifeline) -> None:
    def feed(pipe: BinaryIO) -> None:
        while True:
            pipe.write(bytes(WIDTH * HEIGHT * 3))

    async def cancel_when_running() -> None:
        running = asyncio.Event()
        # -re reads 30 frames a second, so the feeder is blocked in a write when it is cancelled.
        render = asyncio.ensure_future(
            run_ffmpeg(["-re", *RAW_INPUT, "-f", "null", "-"], feed=feed, on_frame=lambda _: running.set())
        )
        await running.wait()
        render.cancel()
        with pytest.raises(asyncio.CancelledError):
            await render
        assert feeding_threads() == []

    asyncio.run(cancel_when_running())
    wrapped_ffmpeg.assert_all_gone()


def test_an_ffmpeg_that_heeds_no_request_is_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lifeline: Lifeline
) -> None:
    lines = f'trap "" TERM\n{lifeline.hold}\necho frame=1\nexec sleep 600'
    monkeypatch.setenv("VIDGEN_FFMPEG", str(program(tmp_path / "stubborn", lines)))

    async def cancel_when_running() -> None:
        running = asyncio.Event()
        render = asyncio.ensure_future(run_ffmpeg(ENDLESS, on_frame=lambda _: running.set()))
        await running.wait()
        render.cancel()
        with pytest.raises(asyncio.CancelledError):
            await render

    asyncio.run(cancel_when_running())
    lifeline.assert_all_gone()


def test_an_error_in_on_frame_ends_ffmpeg(wrapped_ffmpeg: Lifeline) -> None:
    def on_frame(number: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run_ffmpeg(ENDLESS, on_frame=on_frame))
    wrapped_ffmpeg.assert_all_gone()


def test_a_failure_is_told_in_ffmpegs_words_without_folders(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing to see")
    with pytest.raises(RenderFailed) as caught:
        asyncio.run(run_ffmpeg([*SAFE_INPUT, "-i", file_url(broken), "-f", "null", "-"]))
    assert "Invalid data" in str(caught.value)
    assert "broken.mp4" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert "0x" not in str(caught.value)


def test_a_full_disk_is_named_as_such() -> None:
    with pytest.raises(StorageFull):
        asyncio.run(run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=duration=1", "-f", "matroska", "-y", "/dev/full"]))


def test_a_kill_by_the_system_is_named_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIDGEN_FFMPEG", str(program(tmp_path / "killed", "kill -9 $$")))
    with pytest.raises(RenderFailed, match=r"signal 9.*memory"):
        asyncio.run(run_ffmpeg(ENDLESS))


@pytest.mark.parametrize("setting", ["VIDGEN_FFMPEG", "IMAGEIO_FFMPEG_EXE"])
def test_a_chosen_ffmpeg_that_does_not_run_is_an_error_naming_the_setting(
    setting: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VIDGEN_FFMPEG", raising=False)
    monkeypatch.setenv(setting, str(tmp_path / "absent"))
    with pytest.raises(MissingTool, match=setting):
        ffmpeg_binary()
    not_a_program = tmp_path / "text"
    not_a_program.write_text("hello")
    monkeypatch.setenv(setting, str(not_a_program))
    with pytest.raises(MissingTool, match=setting):
        ffmpeg_binary()


def test_our_own_setting_goes_before_imageios(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, setting in (("ours", "VIDGEN_FFMPEG"), ("theirs", "IMAGEIO_FFMPEG_EXE")):
        (tmp_path / name).symlink_to(ffmpeg_binary())
        monkeypatch.setenv(setting, str(tmp_path / name))
    assert ffmpeg_binary() == tmp_path / "ours"
    monkeypatch.delenv("VIDGEN_FFMPEG")
    assert ffmpeg_binary() == tmp_path / "theirs"


def test_a_playlist_in_disguise_opens_only_without_the_safe_options(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    asyncio.run(run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=duration=0.2", "-y", file_url(secret)]))
    disguised = tmp_path / "holiday.mp4"
    disguised.write_text("ffconcat version 1.0\nfile secret.mp4\n")
    tail = ["-i", file_url(disguised), "-f", "null", "-"]
    asyncio.run(run_ffmpeg(tail))  # what the options are there to stop
    with pytest.raises(RenderFailed):
        asyncio.run(run_ffmpeg([*SAFE_INPUT, *tail]))
    with pytest.raises(RenderFailed):
        asyncio.run(run_ffmpeg([*SAFE_INPUT, "-i", f"concat:{secret}", "-f", "null", "-"]))


@pytest.mark.parametrize("name", ["-y.mp4", "a'b [c];d%d.mp4", "http:x.mp4", "naïve 你好.mp4"])
def test_a_strange_name_is_only_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    asyncio.run(run_ffmpeg(["-f", "lavfi", "-i", "testsrc2=duration=0.2", "-y", file_url(path)]))
    assert [file.name for file in tmp_path.iterdir()] == [name]
    asyncio.run(run_ffmpeg([*SAFE_INPUT, "-i", file_url(path), "-f", "null", "-"]))

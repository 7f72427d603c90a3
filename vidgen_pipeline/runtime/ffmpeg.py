"""Run ffmpeg: one program, no shell, no orphan, and errors a person can read."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import imageio_ffmpeg

from vidgen_pipeline.domain.errors import MissingTool, RenderFailed, StorageFull

if sys.platform == "linux":
    import fcntl

_PROTOCOLS = "file,pipe"
# Containers of pictures, clips and sound only: a playlist, whatever its name, opens other files and addresses.
_FORMATS = (
    "mov,matroska,webm,wav,mp3,flac,ogg,aac,"
    "png_pipe,jpeg_pipe,webp_pipe,webp_anim,bmp_pipe,tiff_pipe,gif,gif_pipe"
)  # fmt: skip

SAFE_INPUT = ("-protocol_whitelist", _PROTOCOLS, "-format_whitelist", _FORMATS)
"""Put before the `-i` of every file that came from outside."""

PYAV_SAFE_OPTIONS = {"protocol_whitelist": _PROTOCOLS, "format_whitelist": _FORMATS}
"""The same for `av.open(..., options=...)`."""

_PIPE_BYTES = 1 << 20
_STDERR_KEPT = 256 * 1024
_TERMINATE_SECONDS = 0.7
_ERRNO_OF_FULL_DISK = re.compile(r"No space left on device|Disk quota exceeded")
_FULL_DISK_EXIT_CODES = {256 - 28, 256 - 122}
_LOG_PREFIX = re.compile(r"^\[[^\]]*@ 0x[0-9a-f]+\]\s*")
_ABSOLUTE_PATH = re.compile(r"(?:file:)?(?:[A-Za-z]:)?[\\/](?:[^\s:'\"]*[\\/])?([^\s:'\"\\/]+)")


def file_url(path: Path) -> str:
    """`path` as ffmpeg's argument: absolute and with its protocol, so that no name is read as an option or a URL."""
    return f"file:{path.absolute()}"


def ffmpeg_binary() -> Path:
    """The ffmpeg to run: `VIDGEN_FFMPEG`, else `IMAGEIO_FFMPEG_EXE`, else the one installed with the product.

    Raises MissingTool when it is not there or does not run.
    """
    for setting in ("VIDGEN_FFMPEG", "IMAGEIO_FFMPEG_EXE"):
        if chosen := os.environ.get(setting):
            return _checked(chosen, setting)
    try:
        return _checked(_bundled(), "")
    except RuntimeError:
        raise MissingTool(
            "The ffmpeg that belongs to this product is missing.",
            remedy="Install imageio-ffmpeg again, or name a ffmpeg in VIDGEN_FFMPEG.",
        ) from None


@lru_cache(maxsize=1)
def _bundled() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


@lru_cache(maxsize=8)
def _checked(program: str, setting: str) -> Path:
    origin = f"{program}, named in {setting}," if setting else program
    remedy = f"Correct or remove {setting}." if setting else "Name another ffmpeg in VIDGEN_FFMPEG."
    try:
        subprocess.run([program, "-version"], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it fails to start"
        raise MissingTool(f"ffmpeg can't be run: {origin} gives: {cause}.", remedy=remedy) from None
    return Path(program)


@lru_cache(maxsize=8)
def ffmpeg_version(program: Path) -> str:
    """What the program says it is, in its own first line."""
    shown = subprocess.run([program, "-version"], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    return shown.stdout.decode(errors="replace").partition("\n")[0]


async def run_ffmpeg(
    arguments: Sequence[str],
    *,
    fonts_config: Path | None = None,
    feed: Callable[[BinaryIO], None] | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> str:
    """Run ffmpeg with `arguments` and return what it wrote to stderr (its last 256 KiB).

    `feed` writes raw bytes to ffmpeg's stdin, in a thread of its own; it need not mind a reader that has had enough.
    `on_frame` hears the number of the frame last written, about twice a second (stdout is used for it). `fonts_config`
    is the fonts.conf by which text is drawn.

    Raises RenderFailed with ffmpeg's own last words, StorageFull when a disk is full, MissingTool when there is no
    ffmpeg. When the awaiting task is cancelled, or `feed` or `on_frame` raises, ffmpeg's process group is ended and
    reaped and the feeding thread is over before the exception leaves.
    """
    program = await asyncio.to_thread(ffmpeg_binary)
    command = [str(program), "-hide_banner", "-v", "error"]
    command += [] if feed else ["-nostdin"]
    command += ["-nostats", "-progress", "pipe:1"] if on_frame else []
    feeder = _Feeder(feed) if feed else None
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            *arguments,
            stdin=feeder.read_end if feeder else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if on_frame else asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(fonts_config),
            start_new_session=True,
        )
    except OSError as error:
        raise MissingTool(f"ffmpeg can't be started: {error.strerror or error}.") from None
    finally:
        if feeder:
            feeder.close_read_end()
    try:
        stderr = await _watch(process, feeder, on_frame)
    finally:
        await _to_the_end(_clear_up(process, feeder))
    if process.returncode:
        raise _failure(process.returncode, stderr)
    return stderr


def _environment(fonts_config: Path | None) -> dict[str, str]:
    # FFREPORT would write log files beside the work; colour codes would end up in messages.
    environment = {name: value for name, value in os.environ.items() if name not in ("FFREPORT", "AV_LOG_FORCE_COLOR")}
    # Frames go from thread to thread: with a heap for each (glibc's way) what one frees the next can't have. 50 MB.
    environment.setdefault("MALLOC_ARENA_MAX", "1")
    if fonts_config:
        # A relative path is "can't load default config file" to fontconfig.
        environment["FONTCONFIG_FILE"] = str(fonts_config.absolute())
    return environment


class _Feeder:
    """A pipe into ffmpeg's stdin and the one thread that writes to it."""

    def __init__(self, feed: Callable[[BinaryIO], None]) -> None:
        self._feed = feed
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="ffmpeg-feed")
        self._work: Future[None] | None = None
        self.read_end, write_end = os.pipe()
        if sys.platform == "linux":
            with suppress(OSError):  # the user's share of pipe memory may be used up; a small pipe works too
                fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._pipe = os.fdopen(write_end, "wb")

    def close_read_end(self) -> None:
        """Leave the reading to ffmpeg alone, so that writing fails once it is gone."""
        os.close(self.read_end)

    async def run(self) -> None:
        self._work = self._threads.submit(self._write)
        await asyncio.wrap_future(self._work)

    def _write(self) -> None:
        with suppress(BrokenPipeError), self._pipe:
            self._feed(self._pipe)

    async def end(self) -> None:
        """Wait until the thread is over. Only after ffmpeg's end, which is what stops a thread that is writing."""
        if self._work and not self._work.done():
            await asyncio.wait([asyncio.wrap_future(self._work)])
        with suppress(BrokenPipeError):
            self._pipe.close()
        self._threads.shutdown()


async def _watch(
    process: asyncio.subprocess.Process, feeder: _Feeder | None, on_frame: Callable[[int], None] | None
) -> str:
    parts: list[Awaitable[Any]] = [_tail(process.stderr), process.wait()]
    if feeder:
        parts.append(feeder.run())
    if on_frame:
        parts.append(_report_frames(process.stdout, on_frame))
    return str((await asyncio.gather(*parts))[0])


async def _tail(stream: asyncio.StreamReader | None) -> str:
    kept = bytearray()
    while stream and (chunk := await stream.read(65536)):
        kept += chunk
        del kept[:-_STDERR_KEPT]
    return kept.decode(errors="replace")


async def _report_frames(stream: asyncio.StreamReader | None, on_frame: Callable[[int], None]) -> None:
    while stream and (line := await stream.readline()):
        name, _, value = line.decode(errors="replace").strip().partition("=")
        if name == "frame" and value.strip().isdecimal():
            on_frame(int(value))


async def _clear_up(process: asyncio.subprocess.Process, feeder: _Feeder | None) -> None:
    if process.returncode is None:
        _signal_group(process, terminate=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _TERMINATE_SECONDS)
        # Also when ffmpeg went by itself: a wrapper named in VIDGEN_FFMPEG may have left a child behind.
        _signal_group(process, terminate=False)
        await process.wait()
    if feeder:
        await feeder.end()


def _signal_group(process: asyncio.subprocess.Process, *, terminate: bool) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGTERM if terminate else signal.SIGKILL)


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` even when this task is cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled:
        raise cancelled


def _failure(exit_code: int, stderr: str) -> RenderFailed | StorageFull:
    if exit_code in _FULL_DISK_EXIT_CODES or _ERRNO_OF_FULL_DISK.search(stderr):
        return StorageFull(
            "ffmpeg stopped because there is no space left on the disk.", remedy="Free some space and try again."
        )
    if exit_code < 0:
        return RenderFailed(
            f"ffmpeg was ended by the system (signal {-exit_code}).",
            remedy="This is most often a lack of memory: render fewer videos at once.",
        )
    return RenderFailed(f"ffmpeg stopped with code {exit_code}: {last_words(stderr)}")


def last_words(stderr: str) -> str:
    """The last different lines of ffmpeg's stderr in one sentence, without memory addresses and folders."""
    lines = (_ABSOLUTE_PATH.sub(r"\1", _LOG_PREFIX.sub("", line)).strip() for line in stderr.splitlines())
    different = list(dict.fromkeys(line for line in lines if line))
    return "; ".join(different[-3:])[-400:] or "it gave no reason"

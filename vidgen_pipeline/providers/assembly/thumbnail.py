"""The picture that stands for the video: early, with its first words on it."""

from __future__ import annotations

import asyncio
from math import ceil
from pathlib import Path

import ffmpeg
from PIL import Image

from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg

WANTED_MOMENT_MS = 1200
LARGEST_BYTES = 120 * 1024

_SHORT_SIDE = 540
_SHOWN_AFTER_MS = 150
_QUALITIES = (88, 80, 70, 60, 45, 30)


async def make_thumbnail(film: Path, timeline: Timeline, target: Path, *, first_frame: int = 0) -> None:
    """Write a JPEG of at most 120 KiB, as large as half of the usual canvas, to `target`.

    `film` is the video, or the part of it that starts with its `first_frame` and has the frame wanted in it.
    """
    pixels = target.with_suffix(".rgb")
    shrink = min(1.0, _SHORT_SIDE / timeline.canvas.short_side)
    size = round(timeline.canvas.width * shrink), round(timeline.canvas.height * shrink)
    # Half a frame early: that frame is the next, however its time was rounded.
    start = max(0.0, (thumbnail_frame(timeline) - first_frame - 0.5) / timeline.canvas.fps)
    picture = ffmpeg.input(file_url(film), ss=start).video.filter("scale", *size)
    output = ffmpeg.output(picture, file_url(pixels), f="rawvideo", pix_fmt="rgb24", **{"frames:v": 1})
    await run_ffmpeg(output.get_args(overwrite_output=True))
    await asyncio.to_thread(_write_jpeg, pixels, size, target)


def thumbnail_frame(timeline: Timeline) -> int:
    """The number of the frame that the thumbnail shows."""
    return min(ceil(moment_ms(timeline) * timeline.canvas.fps / 1000), timeline.frames - 1)


def moment_ms(timeline: Timeline) -> int:
    """The time, in ms, nearest to 1.2 s at which a caption is to be read; else 1.2 s itself."""
    latest = timeline.duration_ms - round(1000 / timeline.canvas.fps)
    wanted = min(WANTED_MOMENT_MS, timeline.duration_ms // 2)
    readable = []
    for cue in timeline.captions.cues:
        start, end = cue.start_ms + _SHOWN_AFTER_MS, min(cue.end_ms - _SHOWN_AFTER_MS, latest)
        if start <= end:
            readable.append(min(max(wanted, start), end))
    return min(readable, key=lambda moment: abs(moment - wanted), default=wanted)


def _write_jpeg(pixels: Path, size: tuple[int, int], target: Path) -> None:
    try:
        picture = Image.frombytes("RGB", size, pixels.read_bytes())
        for quality in _QUALITIES:
            picture.save(target, "JPEG", quality=quality, optimize=True, progressive=True)
            if target.stat().st_size <= LARGEST_BYTES:
                break
    except OSError as error:
        raise storage_error(error, target) from error

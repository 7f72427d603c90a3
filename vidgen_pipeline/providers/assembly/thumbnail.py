"""The picture that stands for the video: early, with its first words on it."""

from __future__ import annotations

import asyncio
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


async def make_thumbnail(video: Path, timeline: Timeline, target: Path) -> None:
    """Write a JPEG of at most 120 KiB, as large as half of the usual canvas, to `target`."""
    whole = target.with_suffix(".png")
    shrink = min(1.0, _SHORT_SIDE / timeline.canvas.short_side)
    width, height = round(timeline.canvas.width * shrink), round(timeline.canvas.height * shrink)
    picture = ffmpeg.input(file_url(video), ss=moment_ms(timeline) / 1000).video.filter("scale", width, height)
    await run_ffmpeg(ffmpeg.output(picture, file_url(whole), **{"frames:v": 1}).get_args(overwrite_output=True))
    await asyncio.to_thread(_write_jpeg, whole, target)


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


def _write_jpeg(source: Path, target: Path) -> None:
    try:
        with Image.open(source) as image:
            picture = image.convert("RGB")
        for quality in _QUALITIES:
            picture.save(target, "JPEG", quality=quality, optimize=True, progressive=True)
            if target.stat().st_size <= LARGEST_BYTES:
                break
    except OSError as error:
        raise storage_error(error, target) from error

"""Check a segment on its own, right after it was written, and note what it consists of.

A finished video is its segments and its sound, packet by packet. So each part is decoded and looked at once, by the
worker that made it; the whole then only has to be shown to hold the very same packets.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import av
import ffmpeg

from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.assembly.encoder import KEY_FRAME_EVERY, Encoder
from vidgen_pipeline.providers.assembly.sheet import (
    SHEET_EVERY,
    SHEET_OUTPUT,
    Sheet,
    count,
    difference,
    read_sheet,
    small_pictures,
)
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg

LARGEST_DIFFERENCE = 6.0
"""How far, in levels of 256, a decoded small picture may be from what went into the encoder."""

UNDECODED = {"codec_whitelist": "none"}
"""Option with which libavformat opens a file without decoding its first picture, which is most of the time it takes."""

_REMEDY = "Render it again; if it stays, report it."


@dataclass(frozen=True)
class Packets:
    """A stream as its container holds it: the decoder's set-up, and a checksum of each packet in order."""

    setup: bytes
    checksums: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A segment that passed its check."""

    path: Path
    sheet: Sheet
    packets: Packets


def packets_of(path: Path, kind: str) -> Packets:
    """The packets of a file's only stream of `kind` (`video` or `audio`). Raises RenderFailed when it can't be read."""
    try:
        with av.open(file_url(path), options=dict(UNDECODED)) as container:
            stream = next(stream for stream in container.streams if stream.type == kind)
            sums = tuple(crc32(packet) for packet in container.demux(stream) if packet.size)
            return Packets(stream.codec_context.extradata or b"", sums)
    except (av.FFmpegError, StopIteration) as error:
        raise RenderFailed("A part of the video that was just written can't be read.", remedy=_REMEDY) from error


async def check_segment(path: Path, sheet_path: Path, frames: int, canvas: Canvas, encoder: Encoder) -> Part:
    """Hold a segment against its sheet. Raises RenderFailed saying what is wrong with it.

    Of what x264's fast profile made, every key frame is decoded and compared, one in four seconds, and of the frames
    between only that they are there: x264 and the file's writer report what they can't do, and what they have written
    is the same for every viewer. Of any other encoder's work every frame is decoded: a driver may fail in silence.
    """
    sheet = read_sheet(sheet_path)
    packets = await asyncio.to_thread(packets_of, path, "video")
    if len(packets.checksums) != frames or len(sheet) != count(frames):
        raise RenderFailed(f"It has {len(packets.checksums)} frames, not {frames}.", remedy=_REMEDY)
    key_frames_only = encoder.has_even_groups
    every = KEY_FRAME_EVERY if key_frames_only else SHEET_EVERY
    drawn = sheet[:: every // SHEET_EVERY]
    decoded = path.with_suffix(".decoded")
    options = {"skip_frame": "nokey"} if key_frames_only else {}
    # Smoothing between blocks takes a quarter of the time of decoding and is not to be seen in small pictures.
    source = ffmpeg.input(file_url(path), err_detect="explode", skip_loop_filter="all", threads=1, **options)
    small = small_pictures(source.video, f"not(mod(round(t*{canvas.fps}),{every}))")
    output = ffmpeg.output(small, file_url(decoded), **SHEET_OUTPUT)
    try:
        await run_ffmpeg(["-xerror", "-filter_threads", "1", *output.get_args(overwrite_output=True)])
        shown = read_sheet(decoded)
    finally:
        decoded.unlink(missing_ok=True)
    if len(shown) != len(drawn):
        raise RenderFailed(f"Of {len(drawn)} pictures looked for, {len(shown)} can be decoded.", remedy=_REMEDY)
    worst = difference(shown, drawn)
    if worst.max() > LARGEST_DIFFERENCE:
        raise RenderFailed(f"Its frame {int(worst.argmax()) * every + 1} does not show what was drawn.", remedy=_REMEDY)
    return Part(path=path, sheet=sheet, packets=packets)

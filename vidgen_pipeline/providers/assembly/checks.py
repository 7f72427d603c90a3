"""Measure a finished file, and refuse to give it out when it is not what was planned."""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from zlib import crc32

import av
import ffmpeg

from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.timeline import Canvas, Timeline
from vidgen_pipeline.providers.assembly.frames import PIXEL_FORMAT
from vidgen_pipeline.providers.assembly.loudness import Loudness, metered, read_summary
from vidgen_pipeline.providers.assembly.parts import Packets, Part, packets_of
from vidgen_pipeline.providers.assembly.sheet import LONGEST_BLACK_SECONDS, Stretch
from vidgen_pipeline.providers.assembly.speech_track import SAMPLE_RATE
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg

LOUDNESS_TOLERANCE_LU = 1.0
LARGEST_AV_DIFFERENCE_MS = 80

_BLACK_CHECKS_PER_SECOND = 2
_BLACK = re.compile(r"black_start:(?P<start>[\d.]+) black_end:(?P<end>[\d.]+)")
_BT709 = 1


@dataclass(frozen=True)
class Expected:
    """What the file has to be."""

    canvas: Canvas
    frames: int
    loudness_lufs: float
    true_peak_dbtp: float

    @classmethod
    def of(cls, timeline: Timeline, loudness_lufs: float) -> Expected:
        """What a video of `timeline` has to be, with the loudness its sound can have."""
        return cls(timeline.canvas, timeline.frames, loudness_lufs, timeline.true_peak_dbtp)


@dataclass(frozen=True)
class Measured:
    """What the file is, measured on the file itself."""

    width: int
    height: int
    frames: int
    duration_ms: int
    audio_duration_ms: int
    loudness: Loudness
    black: tuple[Stretch, ...]


@dataclass(frozen=True)
class _Container:
    """What the container says, without decoding."""

    width: int
    height: int
    frames: int
    picture_seconds: Fraction
    sound_seconds: Fraction
    pictures: Packets
    sound: Packets


async def check_finished(
    path: Path, expected: Expected, progress: Callable[[float], None], *, threads: int = 1
) -> Measured:
    """Decode the file to its end, measure it and compare. Raises RenderFailed naming the first check that failed.

    `threads` is how many decode; ffmpeg's own choice leaves cores unused.
    """
    container = await asyncio.to_thread(_check_container, path, expected)
    loudness, black = await _decode(path, expected, progress, threads)
    return _measured(container, expected, loudness, black)


def check_joined(
    path: Path,
    expected: Expected,
    parts: Sequence[Part],
    sound: Path,
    loudness: Loudness,
    black: tuple[Stretch, ...],
) -> Measured:
    """Check a file that was put together from checked parts: that it is sound, and holds nothing but them, whole.

    `loudness` was measured on `sound`, `black` found on the parts' sheets. As the file's packets are the parts' own,
    one by one, that holds for the file. Raises RenderFailed naming the first check that failed.
    """
    container = _check_container(path, expected)
    setups = {part.packets.setup for part in parts}
    _require(len(setups) == 1, "parts", "its segments need different decoders")
    pictures = Packets(setups.pop(), tuple(value for part in parts for value in part.packets.checksums))
    _require(container.pictures == pictures, "parts", "its pictures are not those of its segments")
    _require(container.sound == packets_of(sound, "audio"), "parts", "its sound is not the one that was made")
    return _measured(container, expected, loudness, black)


def _measured(container: _Container, expected: Expected, loudness: Loudness, black: tuple[Stretch, ...]) -> Measured:
    _require(
        abs(loudness.integrated - expected.loudness_lufs) <= LOUDNESS_TOLERANCE_LU,
        "loudness",
        f"it has {loudness.integrated} LUFS, not {expected.loudness_lufs}",
    )
    _require(
        loudness.true_peak <= expected.true_peak_dbtp, "true peak", f"its sound peaks at {loudness.true_peak} dBTP"
    )
    return Measured(
        width=container.width,
        height=container.height,
        frames=container.frames,
        duration_ms=round(container.picture_seconds * 1000),
        audio_duration_ms=round(container.sound_seconds * 1000),
        loudness=loudness,
        black=black,
    )


def _require(holds: bool, check: str, found: str) -> None:
    if not holds:
        raise RenderFailed(
            f"The finished video failed its check of {check}: {found}.",
            remedy="Render it again; if it stays, report it.",
        )


def _require_equal(found: str, wanted: str, check: str) -> None:
    _require(found == wanted, check, f"it is {found}, not {wanted}")


def _check_container(path: Path, expected: Expected) -> _Container:
    _check_faststart(path)
    try:
        with av.open(file_url(path)) as container:
            return _check_streams(container, expected)
    except av.FFmpegError as error:
        raise RenderFailed("The finished video failed its check of file structure: it can't be opened.") from error


def _check_streams(container: av.container.InputContainer, expected: Expected) -> _Container:
    kinds = sorted(stream.type for stream in container.streams)
    _require(kinds == ["audio", "video"], "streams", f"it holds {', '.join(kinds)}")
    picture, sound = container.streams.video[0], container.streams.audio[0]
    video, audio = picture.codec_context, sound.codec_context
    _require_equal(
        f"{video.codec.canonical_name} {video.profile} {video.pix_fmt} {video.width}x{video.height}",
        f"h264 High {PIXEL_FORMAT} {expected.canvas.width}x{expected.canvas.height}",
        "picture format",
    )
    tags = (video.color_primaries, video.color_trc, video.colorspace)
    _require(tags == (_BT709, _BT709, _BT709), "colour tags", f"they are {tags}")
    _require_equal(
        f"{audio.codec.canonical_name} {audio.sample_rate} Hz {audio.channels} channels",
        f"aac {SAMPLE_RATE} Hz 2 channels",
        "sound format",
    )
    times: dict[str, list[int]] = {"video": [], "audio": []}
    sums: dict[str, list[int]] = {"video": [], "audio": []}
    ends = {"video": 0, "audio": 0}
    for packet in container.demux(picture, sound):
        kind = packet.stream.type
        if packet.size:
            sums[kind].append(crc32(packet))
        if packet.pts is None:
            continue
        _require(bool(times[kind]) or packet.is_keyframe, "first frame", f"its {kind} does not start with a key frame")
        times[kind].append(packet.pts)
        ends[kind] = max(ends[kind], packet.pts + (packet.duration or 0))
    _check_times(times["video"], picture.time_base or Fraction(1), expected)
    # Sound before time 0 is the encoder's run-up, which players skip.
    picture_seconds, sound_seconds = (
        Fraction(ends[stream.type] - max(0, min(times[stream.type], default=0))) * (stream.time_base or Fraction(1))
        for stream in (picture, sound)
    )
    apart = float(abs(picture_seconds - sound_seconds) * 1000)
    _require(apart <= LARGEST_AV_DIFFERENCE_MS, "length", f"picture and sound differ by {apart:.0f} ms")
    return _Container(
        width=video.width,
        height=video.height,
        frames=len(times["video"]),
        picture_seconds=picture_seconds,
        sound_seconds=sound_seconds,
        pictures=Packets(video.extradata or b"", tuple(sums["video"])),
        sound=Packets(audio.extradata or b"", tuple(sums["audio"])),
    )


def _check_times(times: list[int], time_base: Fraction, expected: Expected) -> None:
    found = len(times)
    _require(found == expected.frames, "frame count", f"it has {found} frames, {expected.frames} were planned")
    step = 1 / (time_base * expected.canvas.fps)
    wrong = [number for number, time in enumerate(sorted(times)) if time != number * step]
    _require(not wrong, "frame times", f"frame {wrong[0] if wrong else 0} is not at its time")


def _check_faststart(path: Path) -> None:
    """A player can start before it has the whole file only when `moov` stands before `mdat`."""
    boxes = []
    with path.open("rb") as file:
        position = 0
        while header := file.read(8):
            _require(len(header) == 8, "file structure", "it ends inside a box")
            size, name = struct.unpack(">I4s", header)
            if size == 1:
                size = struct.unpack(">Q", file.read(8))[0]
            boxes.append(name.decode("latin-1"))
            if size < 8:
                break
            position += size
            file.seek(position)
    order = [name for name in boxes if name in {"ftyp", "moov", "mdat"}]
    _require(order == ["ftyp", "moov", "mdat"], "fast start", f"its parts are {', '.join(boxes)}")


async def _decode(
    path: Path, expected: Expected, progress: Callable[[float], None], threads: int
) -> tuple[Loudness, tuple[Stretch, ...]]:
    fps = expected.canvas.fps
    # Smoothing between blocks takes a quarter of the time of decoding and has no part in whether it can be done.
    source = ffmpeg.input(file_url(path), err_detect="explode", skip_loop_filter="all", threads=threads)
    pictures = source.video.filter_multi_output("split")
    seldom = pictures[1].filter("select", f"not(mod(n,{max(1, fps // _BLACK_CHECKS_PER_SECOND)}))")
    searched = seldom.filter("blackdetect", d=LONGEST_BLACK_SECONDS)
    whole = ffmpeg.output(pictures[0], metered(source.audio), "-", format="null")
    output = ffmpeg.merge_outputs(whole, ffmpeg.output(searched, "-", format="null"))
    decoded = 0

    def count(frame: int) -> None:
        nonlocal decoded
        decoded = frame
        progress(frame / expected.frames)

    try:
        said = await run_ffmpeg(["-v", "info", "-xerror", *output.get_args()], on_frame=count)
    except RenderFailed as error:
        raise RenderFailed(f"The finished video failed its check of decoding: {error.message}") from error
    _require(decoded == expected.frames, "decoding", f"{decoded} of {expected.frames} frames can be decoded")
    black = tuple(Stretch(float(found["start"]), float(found["end"])) for found in _BLACK.finditer(said))
    return read_summary(said), black

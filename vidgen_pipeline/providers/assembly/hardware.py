"""Which encoder to use: one in hardware where a trial shows that it works, else x264."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import av
import ffmpeg
import numpy as np

from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.assembly.clips import BT709_TAGS
from vidgen_pipeline.providers.assembly.encoder import RENDER_NODE, Encoder, HardwareName, Profile
from vidgen_pipeline.providers.assembly.frames import PIXEL_FORMAT
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary, file_url, run_ffmpeg

EncoderChoice = Literal["auto", "software", "h264_nvenc", "h264_qsv", "h264_vaapi", "h264_videotoolbox"]

_TRIAL_FRAMES = 5
_TRIAL_SECONDS = 10
_BRIGHTNESS = (60, 180)
_LARGEST_ERROR = 8
_DEVICES: dict[str, tuple[str, ...]] = {
    "h264_nvenc": ("/dev/nvidiactl", "/dev/dxg"),
    "h264_qsv": ("/dev/dri",),
    "h264_vaapi": (RENDER_NODE,),
}
_tried: dict[tuple[str, int, HardwareName, Canvas], bool] = {}


def candidates(choice: EncoderChoice) -> tuple[HardwareName, ...]:
    """The encoders in hardware worth a trial on this machine, best first."""
    if choice == "software":
        return ()
    if choice != "auto":
        return (choice,)
    return tuple(name for name in get_args(HardwareName) if _may_be_there(name))


async def choose_encoder(
    choice: EncoderChoice, *, profile: Profile, crf: int | None, threads: int, canvas: Canvas
) -> Encoder:
    """The first encoder in hardware that passes its trial, else x264: also where one named by `choice` fails.

    A trial's outcome is remembered for as long as this program runs, for each ffmpeg, encoder and canvas.
    """
    for name in candidates(choice):
        encoder = Encoder(profile=profile, crf=crf, threads=threads, hardware=name)
        if await works(encoder, canvas):
            return encoder
    return Encoder(profile=profile, crf=crf, threads=threads)


async def works(encoder: Encoder, canvas: Canvas) -> bool:
    """Encode five frames and look at what comes out: format, number, order, and the pictures themselves."""
    if encoder.hardware is None:
        return True
    program = await asyncio.to_thread(ffmpeg_binary)
    key = (str(program), program.stat().st_mtime_ns if program.exists() else 0, encoder.hardware, canvas)
    if key not in _tried:
        _tried[key] = await _passes_trial(encoder, canvas)
    return _tried[key]


async def _passes_trial(encoder: Encoder, canvas: Canvas) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "trial.mp4")
        try:
            async with asyncio.timeout(_TRIAL_SECONDS):
                await run_ffmpeg(_trial_arguments(encoder, canvas, target))
            return await asyncio.to_thread(_shows_the_trial, target, canvas)
        except (VidgenError, TimeoutError, av.FFmpegError, IndexError):
            return False


def _trial_arguments(encoder: Encoder, canvas: Canvas, target: Path) -> list[str]:
    dark, light = _BRIGHTNESS
    source = f"color=black:s={canvas.width}x{canvas.height}:r={canvas.fps}"
    # The left half dark, the right half light.
    picture = (
        ffmpeg.input(source, f="lavfi")
        .filter("format", PIXEL_FORMAT)
        .filter("geq", lum=f"if(lt(X,W/2),{dark},{light})", cb=128, cr=128)
        .filter("setparams", **BT709_TAGS)
    )
    output = ffmpeg.output(
        encoder.handed_over(picture), file_url(target), **{"frames:v": _TRIAL_FRAMES}, **encoder.options()
    )
    return [*encoder.device_arguments(), *output.get_args(overwrite_output=True)]


def _shows_the_trial(path: Path, canvas: Canvas) -> bool:
    with av.open(file_url(path)) as container:
        video = container.streams.video[0].codec_context
        frames: Sequence[av.VideoFrame] = list(container.decode(video=0))
        found = (video.codec.canonical_name, video.profile, video.pix_fmt, video.width, video.height)
        if found != ("h264", "High", PIXEL_FORMAT, canvas.width, canvas.height) or len(frames) != _TRIAL_FRAMES:
            return False
        half = canvas.width // 2
        for frame in frames:
            luma = frame.to_ndarray()[: canvas.height].astype(np.int16)
            for side, wanted in zip((luma[:, : half - 8], luma[:, half + 8 :]), _BRIGHTNESS, strict=True):
                if np.abs(side - wanted).mean() > _LARGEST_ERROR:
                    return False
        return frames[0].key_frame


def _may_be_there(name: HardwareName) -> bool:
    if name == "h264_videotoolbox":
        return sys.platform == "darwin"
    if sys.platform == "win32":
        return name != "h264_vaapi"
    return any(Path(device).exists() for device in _DEVICES[name])

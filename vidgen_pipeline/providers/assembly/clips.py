"""Make any clip fit: the canvas's size and frame rate, upright, square pixels, BT.709, and as long as its scene."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ffmpeg

from vidgen_pipeline.domain.media import Focus
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.assembly.cropping import cut_from
from vidgen_pipeline.providers.assembly.segments import Shot
from vidgen_pipeline.runtime.ffmpeg import SAFE_INPUT, file_url
from vidgen_pipeline.runtime.probe import MediaInfo
from vidgen_pipeline.runtime.tone_mapping import REFERENCE_WHITE_NITS

LONGEST_STRETCH = 1.25
"""A clip that is a little too short is played this much slower at most; a shorter one is played again."""

BT709_TAGS = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "range": "tv"}

SAFE_INPUT_OPTIONS = {
    name.removeprefix("-"): value for name, value in zip(SAFE_INPUT[::2], SAFE_INPUT[1::2], strict=True)
}
"""SAFE_INPUT as ffmpeg-python's keyword arguments."""

_HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
# Read on past the last frame needed: the times in a file are not exact to the frame.
_SPARE_SECONDS = 0.5


@dataclass(frozen=True)
class Clip:
    """A clip's file and what was measured on it."""

    path: Path
    info: MediaInfo


def stretch(clip: Clip, seconds: float) -> float:
    """How much slower than life the clip is played to last `seconds`: 1 when it is long enough or must be repeated."""
    length = (clip.info.duration_ms or 0) / 1000
    return seconds / length if length < seconds <= length * LONGEST_STRETCH else 1.0


def shot_picture(clip: Clip, shot: Shot, canvas: Canvas, *, decoder_threads: int) -> Any:
    """The frames of `shot` as an ffmpeg-python stream of the canvas's format, numbered from 0."""
    slower = stretch(clip, shot.shown / canvas.fps)
    end = shot.first + shot.frames
    source = ffmpeg.input(
        file_url(clip.path),
        **SAFE_INPUT_OPTIONS,
        # Without end, for a clip shorter than its scene; what ends the reading is the time limit.
        stream_loop=-1,
        t=round(end / canvas.fps / slower + _SPARE_SECONDS, 3),
        threads=decoder_threads,
    ).video
    source = source.filter("setpts", f"(PTS-STARTPTS)*{slower:.6f}")
    if clip.info.interlaced:
        source = source.filter("bwdif", mode="send_frame", deint="interlaced")
    fill = partial(filled, focus=shot.scene.source.focus)
    picture = _at_frame_rate(fill, source, clip.info, canvas)
    # A file that ends sooner than it says leaves its last picture standing rather than the video too short.
    picture = picture.filter("tpad", stop=-1, stop_mode="clone").filter("trim", start_frame=shot.first, end_frame=end)
    return tagged(picture, canvas)


def tagged(picture: Any, canvas: Canvas) -> Any:
    """`picture` with times counted in frames from 0, square pixels and BT.709 written on it."""
    return (
        picture.filter("settb", f"1/{canvas.fps}")
        .filter("setpts", "N")
        .filter("setsar", "1")
        .filter("setparams", **BT709_TAGS)
    )


def _at_frame_rate(fill: Any, picture: Any, info: MediaInfo, canvas: Canvas) -> Any:
    """Drop frames before scaling, repeat them after it: either way fewer are scaled."""
    if (info.frames_per_second or 0) > canvas.fps:
        return fill(picture.filter("fps", canvas.fps), info, canvas)
    return fill(picture, info, canvas).filter("fps", canvas.fps)


def filled(picture: Any, info: MediaInfo, canvas: Canvas, focus: Focus | None = None) -> Any:
    """Cut to the canvas's shape, then scale: the other order scales what is then thrown away."""
    width, height = canvas.width, canvas.height
    left, top = cut_from(focus, info.width / info.height, width / height) if focus else (0.5, 0.5)
    cut = picture.filter(
        "crop",
        f"min(iw,ih*{width}/{height}/sar)",
        f"min(ih,iw*sar*{height}/{width})",
        f"(iw-ow)*{left:.4f}",
        f"(ih-oh)*{top:.4f}",
    )
    if info.colour_transfer in _HDR_TRANSFERS:
        return _tone_mapped(cut.filter("scale", width, height, flags="bicubic"), info.colour_transfer)
    # Files of HD size that name no matrix mean BT.709; scale would take them for BT.601.
    untagged_hd = info.colour_transfer == "unspecified" and min(info.width, info.height) >= 720
    return cut.filter(
        "scale",
        width,
        height,
        flags="bicubic",
        in_color_matrix="bt709" if untagged_hd else "auto",
        out_color_matrix="bt709",
        out_range="tv",
    ).filter("format", "yuv420p")


def _tone_mapped(picture: Any, transfer: str) -> Any:
    """HDR brought into the range of an ordinary screen; untouched it would look grey and washed out.

    Mobius leaves what is darker than paper nearly as it was and bends only highlights; Hable makes all of it dull.
    """
    linear = picture.filter(
        "zscale", tin=transfer, min="bt2020nc", pin="bt2020", t="linear", npl=REFERENCE_WHITE_NITS
    ).filter("format", "gbrpf32le")
    mapped = linear.filter("zscale", p="bt709").filter("tonemap", "mobius", desat=0)
    return mapped.filter("zscale", t="bt709", m="bt709", r="tv").filter("format", "yuv420p")

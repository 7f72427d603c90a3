"""What a picture or clip is, measured on the file itself; and pictures as pixels that are safe to draw."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import ColorTrc
from av.video.stream import VideoStream
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from vidgen_pipeline.domain.errors import MediaRejected, RenderFailed
from vidgen_pipeline.runtime.ffmpeg import PYAV_SAFE_OPTIONS, SAFE_INPUT, file_url, last_words, run_ffmpeg
from vidgen_pipeline.runtime.heic import open_heic
from vidgen_pipeline.runtime.signature import is_clip, is_heic, is_picture, looks_like
from vidgen_pipeline.runtime.tone_mapping import hdr_signal, in_standard_range

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".hif", ".bmp", ".tif", ".tiff", ".gif"}
)
CLIP_SUFFIXES = frozenset({".mp4", ".mov", ".m4v", ".mkv", ".webm"})

MAX_PHOTO_PIXELS = 100_000_000
MAX_CLIP_PIXELS = 36_000_000  # 8K UHD, 7680x4320, is 33 million

_PHOTO_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "GIF")
_ORIENTATION = 0x0112
_TRANSPOSED = {5, 6, 7, 8}
_LIGHT, _DARK = (242, 240, 236), (22, 24, 29)


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What a picture or clip is. `width` and `height` (px) are as shown: after rotation and sample aspect ratio.

    `rotation` is in degrees, counter-clockwise, 0 to 359. `colour_transfer` has ffmpeg's names (`bt709`, `smpte2084`,
    `arib-std-b67`, ... or `unspecified`). An `interlaced` picture is two, of two moments, line by line. Durations are
    None for a still, the audio's also without sound.
    """

    width: int
    height: int
    duration_ms: int | None = None
    frames_per_second: float | None = None
    has_audio: bool = False
    audio_duration_ms: int | None = None
    colour_transfer: str = "unspecified"
    pixel_format: str = ""
    sample_aspect_ratio: Fraction = Fraction(1)
    rotation: int = 0
    interlaced: bool = False
    video_codec: str = ""
    audio_codec: str | None = None


def probe_video(path: Path) -> MediaInfo:
    """Measure a clip; its first frame is decoded. Raises MediaRejected when it can't be used as a clip."""
    _require_content(path)
    if is_picture(path):
        raise MediaRejected(f"{path.name} is {looks_like(path)}, not a video.", remedy="Use it as a photo.")
    try:
        with av.open(file_url(path), options=dict(PYAV_SAFE_OPTIONS)) as container:
            return _measure(path, container)
    except av.FFmpegError as error:
        if is_clip(path):
            raise _undecodable(path) from error
        raise MediaRejected(
            f"{path.name} can't be used as a clip: it looks like {looks_like(path) or 'no kind of video known here'}.",
            remedy="Use an MP4, MOV, M4V, MKV or WebM file.",
        ) from error


def _measure(path: Path, container: av.container.InputContainer) -> MediaInfo:
    stream = _picture_stream(path, container)
    if stream.width * stream.height > MAX_CLIP_PIXELS:
        raise MediaRejected(
            f"{path.name} is {stream.width}x{stream.height}, more than a clip may have ({MAX_CLIP_PIXELS:,} pixels).",
            remedy="Scale it down to 3840x2160 or less.",
        )
    frame = next(container.decode(stream), None)
    if frame is None:
        raise _undecodable(path)
    aspect = stream.sample_aspect_ratio or Fraction(1)
    rotation = round(frame.rotation) % 360
    width, height = round(frame.width * aspect), frame.height
    if rotation % 180 == 90:
        width, height = height, width
    audio = container.streams.audio[0] if container.streams.audio else None
    whole = _milliseconds(container.duration, Fraction(1, av.time_base))
    duration = _milliseconds(stream.duration, stream.time_base) or whole or _last_time(container, stream)
    rate = stream.average_rate or stream.guessed_rate
    return MediaInfo(
        width=width,
        height=height,
        duration_ms=duration,
        frames_per_second=float(rate) if rate else None,
        has_audio=audio is not None,
        audio_duration_ms=(_milliseconds(audio.duration, audio.time_base) or whole or duration) if audio else None,
        colour_transfer=_transfer_name(frame.color_trc),
        pixel_format=frame.format.name,
        sample_aspect_ratio=aspect,
        rotation=rotation,
        interlaced=bool(frame.interlaced_frame),
        video_codec=stream.codec_context.name,
        audio_codec=audio.codec_context.name if audio else None,
    )


def _undecodable(path: Path) -> MediaRejected:
    return MediaRejected(
        f"{path.name} is damaged: not one picture in it can be decoded.",
        remedy="It may have been cut off while it was copied: copy it again.",
    )


def _picture_stream(path: Path, container: av.container.InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:  # a sound file's cover
            return stream
    raise MediaRejected(
        f"{path.name} has no moving picture in it, only sound.", remedy="Use an MP4, MOV, M4V, MKV or WebM clip."
    )


def _milliseconds(ticks: int | None, time_base: Fraction | None) -> int | None:
    return round(ticks * time_base * 1000) if ticks and time_base else None


def _last_time(container: av.container.InputContainer, stream: VideoStream) -> int | None:
    """The end of the last packet; for files recorded live, whose header doesn't know how long they became."""
    ends = [packet.pts + (packet.duration or 0) for packet in container.demux(stream) if packet.pts is not None]
    return _milliseconds(max(ends, default=None), stream.time_base)


def _transfer_name(number: int) -> str:
    try:
        return ColorTrc(number).name.lower().replace("_", "-")
    except ValueError:
        return "unspecified"


async def check_clip(path: Path) -> None:
    """Decode a clip to its end. Raises MediaRejected when it is damaged: a renderer would show garbage or a freeze."""
    await asyncio.to_thread(_require_content, path)
    arguments = ["-xerror", "-err_detect", "explode", "-max_pixels", str(MAX_CLIP_PIXELS), *SAFE_INPUT]
    arguments += ["-i", file_url(path), "-map", "0:v:0", "-map", "0:a:0?", "-f", "null", "-"]
    try:
        said = await run_ffmpeg(arguments)
    except RenderFailed as error:
        raise _damaged(path) from error
    # A Matroska or WebM file that was cut off ends without an error.
    if "ended prematurely" in said:
        raise _damaged(path) from RenderFailed(last_words(said))


def _damaged(path: Path) -> MediaRejected:
    return MediaRejected(
        f"{path.name} is damaged: it can't be decoded to its end.",
        remedy="Copy or export it again, or use another clip.",
    )


def probe_photo(path: Path) -> MediaInfo:
    """Measure a still picture, decoding all of it. Raises MediaRejected when it can't be used as a photo."""
    image = _open_photo(path)
    width, height = image.size
    if image.getexif().get(_ORIENTATION) in _TRANSPOSED:
        width, height = height, width
    return MediaInfo(width=width, height=height, pixel_format=image.mode, video_codec=(image.format or "").lower())


def load_photo(path: Path, *, glance: int | None = None) -> Image.Image:
    """The picture as it is meant to be seen, in RGB: upright, in sRGB, HDR too, and without transparent parts.

    For a `glance` of so many px across it may come smaller, which is far quicker. What is transparent becomes plain
    light or dark, whichever the visible part stands out from. Of an animation it is the first frame. Raises
    MediaRejected like `probe_photo`.
    """
    image = _open_photo(path, glance)
    profile, hdr = image.info.get("icc_profile"), hdr_signal(path, image)
    # Neither this nor the last step copies what already is as it should be: a photo fills up to 400 MB.
    ImageOps.exif_transpose(image, in_place=True)
    if hdr:
        image = in_standard_range(image, hdr)
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bit(image)
    if image.has_transparency_data:
        image = _opaque(image.convert("RGBA"))
    if profile and image.mode in {"RGB", "CMYK"}:
        image = _in_srgb(image, profile)
    return image if image.mode == "RGB" else image.convert("RGB")


def load_with_transparency(path: Path) -> Image.Image:
    """A drawing such as a logo as RGBA, upright. Raises MediaRejected like `probe_photo`."""
    return ImageOps.exif_transpose(_open_photo(path)).convert("RGBA")


def _open_photo(path: Path, glance: int | None = None) -> Image.Image:
    """The picture with all of its pixels decoded, or, for a glance at a JPEG, fewer of them."""
    _require_content(path)
    try:
        image = open_heic(path) if is_heic(path) else Image.open(path, formats=_PHOTO_FORMATS)
        if image.width * image.height > MAX_PHOTO_PIXELS:
            raise _too_large(path, f"{image.width}x{image.height}")
        if glance and image.mode == "RGB":
            image.draft("RGB", (glance, glance))
        image.load()
    except Image.DecompressionBombError:
        raise _too_large(path, "far larger") from None
    except UnidentifiedImageError:
        seems = looks_like(path)
        raise MediaRejected(
            f"{path.name} is not a photo that can be read{f': it looks like {seems}' if seems else ''}.",
            remedy="Use a JPEG, PNG, WebP, AVIF, HEIC, BMP, TIFF or GIF file.",
        ) from None
    except PermissionError as error:
        raise MediaRejected(f"{path.name} can't be read: {error.strerror}.") from error
    except (OSError, SyntaxError, ValueError, EOFError, RuntimeError) as error:
        raise MediaRejected(
            f"{path.name} is damaged or cut off: {error}.", remedy="Copy or export it again, or use another photo."
        ) from error
    return image


def _too_large(path: Path, size: str) -> MediaRejected:
    return MediaRejected(
        f"{path.name} is {size} in size; a photo may have {MAX_PHOTO_PIXELS // 1_000_000} million pixels.",
        remedy="Scale it down first.",
    )


def _require_content(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise MediaRejected(f"{path.name} can't be read: {error.strerror}.") from None
    if not path.is_file():
        raise MediaRejected(f"{path.name} is not a file.")
    if not size:
        raise MediaRejected(f"{path.name} is empty (0 bytes).", remedy="Copy it again.")


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit and floating-point grey as 8-bit; Pillow's own conversion would cut everything above 255 to white."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    if image.mode.startswith("I;16"):
        white = 65535.0
    else:
        # Neither mode says what its white is: 1 and 65535 are the customary ones.
        top = float(values.max())
        white = next((white for white in (1.0, 255.0, 65535.0) if top <= white), top)
    return Image.fromarray((np.clip(values / white, 0, 1) * 255 + 0.5).astype(np.uint8))


def _opaque(image: Image.Image) -> Image.Image:
    small = np.asarray(image.resize((32, 32), Image.Resampling.BOX), dtype=np.float32)
    weight = small[..., 3]
    brightness = small[..., :3] @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    shown = float((brightness * weight).sum() / max(float(weight.sum()), 1.0))
    ground = Image.new("RGBA", image.size, (*(_LIGHT if shown < 128 else _DARK), 255))
    ground.alpha_composite(image)
    return ground.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).casefold():
            return image
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A broken or foreign profile is no reason to refuse a picture; its numbers are then read as sRGB.
        return image


def count_frames(path: Path) -> int:
    """How many frames of a clip can be decoded. Raises MediaRejected when one of them can't."""
    try:
        with av.open(file_url(path), options=dict(PYAV_SAFE_OPTIONS)) as container:
            return sum(1 for _ in container.decode(video=0))
    except av.FFmpegError as error:
        raise _damaged(path) from error

"""Clips with moving parts: the words asked for on a drifting background, and a light that goes round."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg
from vidgen_pipeline.runtime.probe import load_photo
from vidgen_pipeline.sandbox.pictures import background, lettering

_SPARE = 1.12  # the background is this much larger than the picture, so that it can drift
_TURN_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class ClipOrder:
    """A clip to make: H.264, `width` x `height` px (even), with a soft tone as AAC when `sound` is wanted.

    With `first_frame` that picture moves in place of a drawn one.
    """

    words: str
    width: int
    height: int
    seconds: float
    fps: int = 24
    sound: bool = False
    first_frame: Path | None = None


async def film_clip(order: ClipOrder, label: str, target: Path, scratch: Path) -> None:
    """Make the clip; `scratch` is an empty folder for what it is made of."""
    ground, light = scratch / "ground.png", scratch / "light.png"
    width, height = order.width // 2 * 2, order.height // 2 * 2
    await asyncio.to_thread(_draw, order, label, (width, height), ground, light)
    turn = f"2*PI*t/{_TURN_SECONDS}"
    graph = (
        f"[0:v]{still_steps(order.fps)},crop=w={width}:h={height}:"
        f"x='(iw-{width})*(0.5+0.5*sin({turn}))':y='(ih-{height})*(0.5+0.5*cos({turn}))'[ground];"
        f"[1:v]{still_steps(order.fps, 'yuva420p')}[light];"
        f"[ground][light]overlay=x='(W-w)*(0.5+0.45*sin({turn}))':y='(H-h)*(0.5+0.45*cos({turn}))'[picture]"
    )
    arguments = ["-i", file_url(ground), "-i", file_url(light)]
    if order.sound:
        arguments += ["-f", "lavfi", "-i", "sine=frequency=220:sample_rate=44100"]
    arguments += ["-filter_complex", graph, "-map", "[picture]"]
    if order.sound:
        arguments += ["-map", "2:a", "-af", "volume=0.2", "-c:a", "aac", "-b:a", "96k"]
    arguments += ["-t", f"{order.seconds:.3f}", "-r", str(order.fps), *ENCODER, "-y", file_url(target)]
    await run_ffmpeg(arguments)


def still_steps(fps: float, pixel_format: str = "yuv420p") -> str:
    """The filters that make a film of a single picture: it is decoded once, not for every frame."""
    return f"format={pixel_format},loop=loop=-1:size=1,fps={fps},settb=1/({fps}),setpts=N"


ENCODER = (
    "-c:v", "libx264", "-preset", "ultrafast", "-crf", "27", "-pix_fmt", "yuv420p", "-threads", "2",
    "-bf", "0", "-movflags", "+faststart", "-map_metadata", "-1",
)  # fmt: skip
"""How films are written here: small and quick."""


def _draw(order: ClipOrder, label: str, size: tuple[int, int], ground: Path, light: Path) -> None:
    large = (round(size[0] * _SPARE / 2) * 2, round(size[1] * _SPARE / 2) * 2)
    drawn = _ground(order, large).convert("RGBA")
    drawn.alpha_composite(lettering(order.words, label, *large, low=order.first_frame is not None))
    drawn.convert("RGB").save(ground, compress_level=1)
    _light(min(size) // 4).save(light, compress_level=1)


def _ground(order: ClipOrder, size: tuple[int, int]) -> Image.Image:
    if order.first_frame is None:
        return background(order.words, *size)
    return ImageOps.fit(load_photo(order.first_frame), size)


def _light(size: int) -> Image.Image:
    sheet = Image.new("RGBA", (size, size), (255, 244, 214, 0))
    edge = size // 5
    ImageDraw.Draw(sheet).ellipse((edge, edge, size - edge, size - edge), fill=(255, 244, 214, 210))
    return sheet.filter(ImageFilter.GaussianBlur(size / 16))

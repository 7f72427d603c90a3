"""A logo made ready to be laid over every picture of a video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg
from PIL import Image

from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.domain.timeline import Canvas, Logo
from vidgen_pipeline.runtime.ffmpeg import file_url
from vidgen_pipeline.runtime.probe import load_with_transparency


@dataclass(frozen=True)
class PlacedLogo:
    """A logo at its size (RGBA), and where its left upper corner is, in px."""

    path: Path
    left: int
    top: int

    def over(self, picture: Any) -> Any:
        """An ffmpeg-python stream with the logo over all of it."""
        drawing = ffmpeg.input(file_url(self.path)).video
        drawing = drawing.filter("scale", out_color_matrix="bt709", out_range="tv").filter("format", "yuva420p")
        return ffmpeg.filter([picture, drawing], "overlay", x=self.left, y=self.top, format="yuv420")


def placed_logo(logo: Logo, source: Path, canvas: Canvas, target: Path) -> PlacedLogo:
    """Write the logo to `target` as it is to be seen. Raises MediaRejected when it can't be read, StorageFull."""
    box = logo.box(canvas)
    drawing = load_with_transparency(source).resize((box.width, box.height), Image.Resampling.LANCZOS)
    drawing.putalpha(drawing.getchannel("A").point(lambda alpha: round(alpha * logo.opacity)))
    try:
        drawing.save(target, "PNG")
    except OSError as error:
        raise storage_error(error, target) from error
    return PlacedLogo(target, box.left, box.top)

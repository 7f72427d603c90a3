"""Backgrounds drawn for the video: no photo, no network, no licence to mind.

All scenes of a video share a palette; each has a design of its own, and neighbours never have the same one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vidgen_pipeline.domain.errors import InvalidInput, MediaRejected, storage_error
from vidgen_pipeline.domain.media import Attribution, MediaCandidate, MediaKind, MediaQuery
from vidgen_pipeline.providers.base import MediaProvider, ProviderResult
from vidgen_pipeline.providers.media import backdrop_light, backdrop_lines, backdrop_shapes
from vidgen_pipeline.providers.media.backdrop_canvas import Canvas
from vidgen_pipeline.providers.media.backdrop_palettes import BY_NAME, PALETTES, Palette

MODEL = "backdrop-1"

# The renderer pans and zooms in the still, so it needs more than the canvas.
_SPARE = 1.2
_JPEG_QUALITY = 95

# Two at a time: a drawing holds some 200 MB while it is made.
_DRAWING = ThreadPoolExecutor(max_workers=2, thread_name_prefix="backdrop")


@dataclass(frozen=True)
class _Design:
    title: str
    draw: Callable[[Canvas], None]


# Bold shapes and quiet fields take turns in a video, so that neighbours are never of one kind.
_SHAPES = {
    "discs": _Design("Overlapping discs", backdrop_shapes.discs),
    "arcs": _Design("Paper rings", backdrop_shapes.arcs),
    "paper": _Design("Cut paper", backdrop_shapes.paper),
    "petals": _Design("Fan of leaves", backdrop_shapes.petals),
    "arches": _Design("Arches", backdrop_shapes.arches),
    "tiles": _Design("Tiled floor", backdrop_shapes.tiles),
    "beams": _Design("Planes of light", backdrop_light.beams),
}
_QUIET = {
    "aurora": _Design("Folds of light", backdrop_light.aurora),
    "glass": _Design("Fluted glass", backdrop_light.glass),
    "ridges": _Design("Hills in haze", backdrop_light.ridges),
    "contours": _Design("Contour lines", backdrop_lines.contours),
    "halftone": _Design("Printer's dots", backdrop_lines.halftone),
    "ribbons": _Design("Woven threads", backdrop_lines.ribbons),
    "orbits": _Design("Orbits", backdrop_lines.orbits),
}
_DESIGNS = {**_SHAPES, **_QUIET}

COMPOSITIONS = tuple(_DESIGNS)
"""The names of all designs."""


class BackdropProvider(MediaProvider):
    """Draws a background for any scene. `palette` fixes the colours; by default each video gets its own."""

    provider_name: ClassVar[str] = "backdrop"

    palette: str = Field(default="", description=f"One of {', '.join(BY_NAME)}; empty: chosen for each video.")

    async def search(self, query: MediaQuery) -> Sequence[MediaCandidate]:
        palette = self._palette(query.seed)
        composition = composition_of(query.seed, query.scene_index)
        variation = _digest(f"{query.seed}:{query.scene_index}")[:8]
        width, height = still_size(query)
        return [
            MediaCandidate(
                kind=MediaKind.BACKDROP,
                locator=f"{composition}:{palette.name}:{variation}",
                width=width,
                height=height,
                attribution=Attribution(
                    title=f"{_DESIGNS[composition].title} ({palette.name})",
                    author="vidgen_pipeline",
                    licence="CC0-1.0",
                    licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
                    source="Drawn for this video",
                ),
                accent_colour=palette.accent,
            )
        ]

    async def fetch(self, candidate: MediaCandidate, query: MediaQuery, scratch: Path) -> ProviderResult[Path]:
        composition, palette, variation = _read_locator(candidate.locator)
        width, height = still_size(query)
        path = scratch / f"{composition}-{palette.name}-{variation}-{width}x{height}.jpg"
        await asyncio.get_running_loop().run_in_executor(
            _DRAWING, _draw_to, path, composition, palette, variation, width, height
        )
        return ProviderResult(data=path, model=MODEL)

    def _palette(self, seed: str) -> Palette:
        if not self.palette:
            return PALETTES[int(_digest(f"palette:{seed}"), 16) % len(PALETTES)]
        try:
            return BY_NAME[self.palette]
        except KeyError:
            raise InvalidInput(f"There is no palette '{self.palette}'. There are {', '.join(BY_NAME)}.") from None


def still_size(query: MediaQuery) -> tuple[int, int]:
    """Width and height, in px, of the still that is drawn for a scene."""
    return 2 * round(query.width * _SPARE / 2), 2 * round(query.height * _SPARE / 2)


def composition_of(seed: str, scene_index: int) -> str:
    """The design of a scene: bold shapes and quiet ones take turns, each in an order of this video's own."""
    bold = sorted(_SHAPES, key=lambda name: _digest(f"{seed}:{name}"))
    quiet = sorted(_QUIET, key=lambda name: _digest(f"{seed}:{name}"))
    turn, second = divmod(scene_index, 2)
    chosen = quiet if second else bold
    return chosen[turn % len(chosen)]


def draw_backdrop(composition: str, palette: Palette, variation: str, width: int, height: int) -> NDArray[np.uint8]:
    """The picture, RGB, 8 bits, `height` x `width` x 3; the same arguments always give the same one."""
    seed = int(_digest(f"{composition}:{palette.name}:{variation}"), 16)
    canvas = Canvas(width, height, palette, np.random.default_rng(seed))
    _DESIGNS[composition].draw(canvas)
    # Text stands at the left of a wide or square picture, so there the weight stays at the right.
    if canvas.portrait and seed % 2:
        canvas.mirror()
    return canvas.finish()


def _draw_to(path: Path, composition: str, palette: Palette, variation: str, width: int, height: int) -> None:
    pixels = draw_backdrop(composition, palette, variation, width, height)
    # Full colour resolution: thin warm lines on a dark ground would lose their colour.
    quality = [
        cv2.IMWRITE_JPEG_QUALITY,
        _JPEG_QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), quality)
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise storage_error(error, path.name) from error


def _read_locator(locator: str) -> tuple[str, Palette, str]:
    composition, _, rest = locator.partition(":")
    palette, _, variation = rest.partition(":")
    if composition not in _DESIGNS or palette not in BY_NAME or not variation.isalnum():
        raise MediaRejected(f"'{locator}' is not a background that can be drawn.", remedy="Choose the media anew.")
    return composition, BY_NAME[palette], variation


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

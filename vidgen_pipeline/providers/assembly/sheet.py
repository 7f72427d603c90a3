"""Contact sheets: small pictures of what went into the encoder, about two a second, and what can be seen in them.

They cost next to nothing while a segment is rendered, and answer afterwards, without decoding anything: is the video
black somewhere, does it stand still? Held against what the encoded file decodes to, they tell whether it shows what
was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidgen_pipeline.providers.assembly.frames import PIXEL_FORMAT

SHEET_EVERY = 15
"""From which frames a small picture is taken: every fifteenth of a segment, the first included."""

LONGEST_BLACK_SECONDS = 2.0
LONGEST_STILL_SECONDS = 3.0

_SIDE = 64
_BLACK_LEVEL, _BLACK_SHARE = 38, 0.98
# Where neither captions nor titles stand, so that their coming and going does not hide a picture that stands still.
_EDGE = 3
_SAME_LEVEL = 1

Sheet = NDArray[np.uint8]
"""Small pictures' brightness: pictures x 64 x 64."""


@dataclass(frozen=True)
class Stretch:
    """A time in the video, in seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class Sheets:
    """The sheets of a whole video: `times[i]` s is when `pictures[i]` is shown; it ends after `seconds`."""

    times: tuple[float, ...]
    pictures: Sheet
    seconds: float

    @classmethod
    def of(cls, parts: Sequence[tuple[int, Sheet]], frames: int, fps: int) -> Sheets:
        """From each segment's first frame and sheet."""
        times = [(start + SHEET_EVERY * number) / fps for start, sheet in parts for number in range(len(sheet))]
        return cls(tuple(times), np.concatenate([sheet for _, sheet in parts]), frames / fps)

    def black(self) -> tuple[Stretch, ...]:
        """When there is nothing to be seen for longer than a moment."""
        dark = (self.pictures <= _BLACK_LEVEL).mean(axis=(1, 2)) >= _BLACK_SHARE
        return self._stretches(dark.tolist(), LONGEST_BLACK_SECONDS)

    def still(
        self, *, same_level: int = _SAME_LEVEL, longest_seconds: float = LONGEST_STILL_SECONDS
    ) -> tuple[Stretch, ...]:
        """When the picture, captions aside, does not change for longer than a moment."""
        edges = np.concatenate((self.pictures[:, :, :_EDGE], self.pictures[:, :, -_EDGE:]), axis=2).astype(np.int16)
        same = np.abs(np.diff(edges, axis=0)).max(axis=(1, 2), initial=0) <= same_level
        return self._stretches([*same.tolist(), False], longest_seconds)

    def _stretches(self, flags: Sequence[bool], longest: float) -> tuple[Stretch, ...]:
        found = []
        ends = [*self.times[1:], self.seconds]
        for flag, group in groupby(range(len(flags)), key=lambda number: flags[number]):
            numbers = list(group)
            stretch = Stretch(self.times[numbers[0]], ends[numbers[-1]])
            if flag and stretch.end - stretch.start >= longest:
                found.append(stretch)
        return tuple(found)


def small_pictures(picture: Any, chosen: str) -> Any:
    """Those frames of an ffmpeg-python stream for which the expression `chosen` is true: small, brightness alone."""
    seldom = picture.filter("select", chosen)
    small = seldom.filter("scale", _SIDE, _SIDE, flags="area").filter("format", PIXEL_FORMAT)
    return small.filter("extractplanes", "y")


SHEET_OUTPUT: dict[str, Any] = {"f": "rawvideo", "fps_mode": "passthrough"}
"""ffmpeg's output options for a file that `read_sheet` reads."""


def read_sheet(path: Path) -> Sheet:
    """What `small_pictures` made."""
    return sheet_of(np.fromfile(path, np.uint8))


def sheet_of(content: NDArray[np.uint8]) -> Sheet:
    """The sheet in the bytes of such a file. Raises ValueError when it is not made of whole pictures."""
    return content.reshape(-1, _SIDE, _SIDE)


def count(frames: int) -> int:
    """How many small pictures there are of `frames` frames."""
    return -(-frames // SHEET_EVERY)


def difference(one: Sheet, other: Sheet) -> NDArray[np.float64]:
    """How far the pictures of two sheets are apart: each one's mean difference in levels of 256."""
    return np.asarray(np.abs(one.astype(np.int16) - other).mean(axis=(1, 2)))

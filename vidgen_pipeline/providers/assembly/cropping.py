"""Which part of a picture is seen when it is cut to another shape."""

from __future__ import annotations

from dataclasses import dataclass

from vidgen_pipeline.domain.media import Focus


@dataclass(frozen=True)
class Covering:
    """A whole picture behind the frame that it fills, in the frame's widths and heights.

    Its size (1 or more), and how far to the right and down of the frame's middle its own middle stands.
    """

    width: float
    height: float
    right: float
    down: float


def covering(focus: Focus, shape: float, wanted: float) -> Covering:
    """How a picture stands behind a frame so that the frame shows of it what `cut_from` leaves."""
    width, height = max(1.0, shape / wanted), max(1.0, wanted / shape)
    left, top = cut_from(focus, shape, wanted)
    return Covering(width, height, (width - 1) * (0.5 - left), (height - 1) * (0.5 - top))


def cut_from(focus: Focus, shape: float, wanted: float) -> tuple[float, float]:
    """Of what is cut away, the shares (0 to 1) that are cut away on the left and at the top.

    `shape` and `wanted` are width to height. The focus comes to stand in the middle, as far as the picture reaches.
    """
    seen = min(1.0, wanted / shape), min(1.0, shape / wanted)
    return _before(focus.x, seen[0]), _before(focus.y, seen[1])


def _before(place: float, seen: float) -> float:
    return min(max((place - seen / 2) / (1 - seen), 0.0), 1.0) if seen < 1 else 0.5

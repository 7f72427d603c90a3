"""Which part of a picture is seen when it is cut to another shape."""

from __future__ import annotations

from vidgen_pipeline.domain.media import Focus


def cut_from(focus: Focus, shape: float, wanted: float) -> tuple[float, float]:
    """Of what is cut away, the shares (0 to 1) that are cut away on the left and at the top.

    `shape` and `wanted` are width to height. The focus comes to stand in the middle, as far as the picture reaches.
    """
    seen = min(1.0, wanted / shape), min(1.0, shape / wanted)
    return _before(focus.x, seen[0]), _before(focus.y, seen[1])


def _before(place: float, seen: float) -> float:
    return min(max((place - seen / 2) / (1 - seen), 0.0), 1.0) if seen < 1 else 0.5

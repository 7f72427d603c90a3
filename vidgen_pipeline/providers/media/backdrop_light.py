"""Designs made of light: slow gradients, light through glass, hills in haze, slanting planes."""

from __future__ import annotations

import cv2
import numpy as np

from vidgen_pipeline.providers.media.backdrop_canvas import Canvas, Curve, across_box
from vidgen_pipeline.providers.media.backdrop_palettes import mix


def aurora(canvas: Canvas) -> None:
    """Slow folds of light."""
    deep, ground, low, mid = canvas.tones("deep ground low mid")
    bridge, high = canvas.palette.tone("bridge"), canvas.palette.tone("high")
    side = canvas.between(0.55, 0.8)
    canvas.pixels = canvas.enlarge(
        canvas.mesh(
            [
                (0.0, 0.0, deep, 0.42),
                (0.6, 0.1, ground, 0.4),
                (1.1, 0.2, mix(ground, low, 0.7), 0.34),
                (0.1, 0.45, mix(ground, low, 0.5), 0.3),
                (side - 0.1, 0.58, mid, 0.26),
                (side + 0.1, 0.72, bridge, 0.2),
                (side + 0.2, 0.84, high, 0.22),
                (0.0, 0.8, low, 0.34),
                (0.3, 0.95, bridge, 0.2),
                (1.1, 1.15, mix(bridge, deep, 0.5), 0.24),
                (0.0, 1.15, deep, 0.3),
            ],
            warp=0.17,
        )
    )


def glass(canvas: Canvas) -> None:
    """The same kind of light, seen through fluted glass."""
    aurora(canvas)
    ribs = round(canvas.between(17, 21) * canvas.width / canvas.unit)
    pitch = np.float32(canvas.width / ribs)
    x, y = canvas.coordinates()
    within = np.mod(x / pitch, 1) - np.float32(0.5)
    # Each rib is a lens: it shows a wide strip of what is behind it, turned round.
    bent_x = np.repeat(x - within * pitch * np.float32(4.2), canvas.height, axis=0)
    bent_y = y + np.square(within) * pitch * np.float32(5)
    bent = cv2.remap(canvas.pixels, bent_x, bent_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    canvas.pixels = np.asarray(bent, dtype=np.float32)
    relief = 1 + np.float32(0.08) * within - np.float32(0.11) * np.square(np.square(within * 2))
    canvas.pixels *= relief[..., None]


def ridges(canvas: Canvas) -> None:
    """Hills behind hills in the haze of a low sun."""
    deep, ground, low, bridge, high = canvas.tones("deep ground low bridge high")
    horizon = 0.68
    # The last light is kept well below the sun's own, or the sun would drown in it.
    last = mix(bridge, low, 0.45)
    sky = canvas.slope(
        [(0, deep), (0.2, ground), (0.36, mix(ground, low, 0.8)), (0.48, mix(low, last, 0.3)), (0.6, last), (0.7, last)]
    )
    canvas.pixels = canvas.enlarge(sky)
    sun_x = canvas.between(0.6, 0.78)
    x, y = canvas.coordinates()
    for reach, strength in ((0.24, 0.22), (0.11, 0.2)):
        down = (y / canvas.height - horizon + 0.03) * canvas.height / canvas.unit
        glow = np.exp(
            -(((x / canvas.width - sun_x) * canvas.width / canvas.unit) ** 2 + down**2) / np.float32(reach**2)
        )
        canvas.lay(glow * np.float32(strength), high)
    mask, top, left = canvas.disc(sun_x, horizon - 0.03, 0.07, 2.0)
    canvas.lay(mask, high, top, left)
    layers = 6
    across = np.linspace(0, 1, 400)
    for number in range(layers):
        share = number / (layers - 1)
        colour = mix(bridge, mix(deep, ground, 0.3), min(1.0, 0.2 + 0.9 * share))
        edge = horizon + 0.3 * share**1.25 + (0.03 + 0.035 * share) * _skyline(canvas, across, 2.2 + 1.6 * share)
        points = np.stack([across * canvas.width, edge * canvas.height], -1)
        outline = np.concatenate([points, [[canvas.width, canvas.height * 1.1], [0, canvas.height * 1.1]]])
        mask = canvas.polygon(outline)
        first = max(0, int(edge.min() * canvas.height) - 2)
        haze = mix(colour, bridge, 0.45 * (1 - share))
        canvas.lay(mask[first:], across_box(mask[first:], colour, haze, np.pi / 2), first)


def _skyline(canvas: Canvas, across: Curve, waves: float) -> Curve:
    """Hills from -1 to 1: a few sines, each smaller and quicker than the last."""
    line = np.zeros_like(across)
    for octave in range(5):
        phase, pace = canvas.between(0, 2 * np.pi), waves * 1.9**octave * canvas.between(0.85, 1.15)
        line += np.sin(2 * np.pi * (pace * 0.5 * across) + phase) * 0.48**octave
    return line / 1.6


def beams(canvas: Canvas) -> None:
    """Broad slanting planes of light, one behind the other."""
    deep, ground, low, mid, bridge, high = canvas.tones("deep ground low mid bridge high")
    canvas.pixels = canvas.enlarge(canvas.slope([(0, deep), (0.5, ground), (1, mix(ground, low, 0.6))], tilt=0.25))
    x, y = canvas.coordinates()
    angle = canvas.between(0.62, 0.8)
    along = (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))) / np.float32(canvas.unit)
    far = float((canvas.width * np.cos(angle) + canvas.height * np.sin(angle)) / canvas.unit)
    starts = np.linspace(0.5, 0.9, 6) * far
    colours = [mix(ground, low, 0.8), low, mix(low, mid, 0.7), mid, bridge, high]
    for start, colour in zip(starts, colours, strict=True):
        # Nothing of this plane or its shadow lies above the row where it meets the right edge.
        edge = (start - 0.15) * canvas.unit - canvas.width * np.cos(angle)
        top = int(np.clip(edge / np.sin(angle), 0, canvas.height - 1))
        distance = along[top:] - np.float32(start + canvas.between(-0.015, 0.015))
        face = np.clip(distance * np.float32(canvas.unit) + np.float32(0.5), 0, 1)
        fall = np.exp(-np.maximum(distance, 0) / np.float32(0.3))
        shade = np.exp(np.minimum(distance, 0) / np.float32(0.03)) * (1 - face) * np.float32(0.4)
        canvas.pixels[top:] *= (1 - shade)[..., None]
        canvas.lay(face * (np.float32(0.35) + np.float32(0.6) * fall), colour, top)

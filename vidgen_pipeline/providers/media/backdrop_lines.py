"""Designs made of fine marks: lines and dots that gather low and to the right and thin out where text stands."""

from __future__ import annotations

import cv2
import numpy as np

from vidgen_pipeline.providers.media.backdrop_canvas import Canvas, Curve, Field
from vidgen_pipeline.providers.media.backdrop_palettes import Pixels, mix


def contours(canvas: Canvas) -> None:
    """A map of hills."""
    deep, ground, low, mid, high = canvas.tones("deep ground low mid high")
    canvas.pixels = canvas.enlarge(
        canvas.mesh(
            [(0, 0, deep, 0.5), (0.7, 0.2, ground, 0.5), (0.85, 0.75, mix(low, mid, 0.25), 0.45), (0, 1, ground, 0.5)],
            warp=0.1,
        )
    )
    hills = canvas.soft_noise(0.5) + canvas.soft_noise(0.24) * np.float32(0.22)
    # Enlarging leaves ripples that no one sees in a gradient, but that make lines tremble: they are smoothed away, on
    # a larger sheet, because smoothing bends lines at its border.
    margin = round(canvas.unit / 20)
    sheet = cv2.resize(hills, (canvas.width + 2 * margin, canvas.height + 2 * margin), interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(sheet, (0, 0), canvas.unit / 150)[margin:-margin, margin:-margin]
    height = np.asarray(smooth, dtype=np.float32) * np.float32(9)
    slope = np.hypot(np.gradient(height, axis=1), np.gradient(height, axis=0)) + np.float32(1e-4)
    x, y = canvas.coordinates()
    toward = np.clip((y / canvas.height - 0.2) * 0.95 + (x / canvas.width - 0.5) * 0.35, 0, 1)
    level = np.round(height)
    line = np.clip(np.float32(1.5) - np.abs(height - level) / slope, 0, 1)
    index = np.clip(np.float32(2.6) - np.abs(height - level) / slope, 0, 1) * (level % 4 == 0)
    canvas.lay(line * (0.12 + 0.6 * toward), mid)
    canvas.lay(index * (0.1 + 0.9 * toward), high)


def halftone(canvas: Canvas) -> None:
    """A printer's dots, swelling towards a corner."""
    deep, ground, low, mid, high = canvas.tones("deep ground low mid high")
    canvas.pixels = canvas.enlarge(
        canvas.mesh([(0, 0, deep, 0.6), (1, 0.3, ground, 0.5), (0.9, 0.95, low, 0.5), (0, 1, ground, 0.5)], warp=0.08)
    )
    pitch = np.float32(canvas.unit / 46)
    angle = np.deg2rad(canvas.between(18, 32))
    x, y = canvas.coordinates()
    across = (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))) / pitch
    down = (y * np.float32(np.cos(angle)) - x * np.float32(np.sin(angle))) / pitch
    from_centre = np.hypot(across - np.round(across), down - np.round(down)) * pitch
    small_x, small_y = canvas.coordinates(8)
    bend = canvas.soft_noise(0.6) * np.float32(0.16)
    far = np.hypot(small_x - canvas.width, small_y - canvas.height * 1.04) / np.float32(canvas.unit) + bend
    swell = np.clip(canvas.enlarge(np.clip(1 - far / np.float32(0.86), 0, 1)), 0, 1)
    radius = pitch * np.float32(0.62) * swell**0.8
    dots = np.clip(radius - from_centre + np.float32(0.6), 0, 1) * np.clip(swell * 6, 0, 1)
    warm = np.clip(swell * np.float32(2) - np.float32(0.75), 0, 1)[..., None]
    canvas.lay(dots * np.float32(0.92), mid + (high - mid) * warm)


def ribbons(canvas: Canvas) -> None:
    """Many fine threads that draw together and part."""
    deep, ground, low, mid, high = canvas.tones("deep ground low mid high")
    canvas.pixels = canvas.enlarge(
        canvas.mesh(
            [(0, 0, deep, 0.5), (1, 0.1, ground, 0.5), (0.7, 0.7, mix(ground, low, 0.9), 0.4), (0.1, 1.05, deep, 0.4)],
            warp=0.1,
        )
    )
    threads, subpixels = 74, 4
    along = np.linspace(-0.05, 1.05, 240)
    first, second = (_wave(canvas, along, amount) for amount in (0.1, 0.17))
    level = 0.66 if canvas.landscape else 0.7
    thickness = max(1, round(canvas.unit / 900))
    for group, colour in enumerate((mix(low, mid, 0.6), mid, mix(mid, high, 0.5), high)):
        mask = np.zeros((canvas.height, canvas.width), dtype=np.uint8)
        for number in range(group, threads, 4):
            share = number / (threads - 1)
            edge = level + (first * (1 - share) + second * share) + 0.16 * (share - 0.5) * (0.25 + along)
            points = np.stack([along * canvas.width, edge * canvas.height], -1)
            fixed = np.round(points * (1 << subpixels)).astype(np.int32)
            shade = int(90 + 150 * np.sin(np.pi * share))
            cv2.polylines(mask, [fixed], False, (shade,), thickness, cv2.LINE_AA, subpixels)
        rows = np.flatnonzero(mask.any(axis=1))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        canvas.lay(mask[top:bottom].astype(np.float32) / np.float32(255), colour, top)


def _wave(canvas: Canvas, along: Curve, amount: float) -> Curve:
    phase, pace = canvas.between(0, 2 * np.pi), canvas.between(0.7, 1.05)
    return amount * (
        np.sin(2 * np.pi * pace * along + phase) + 0.35 * np.sin(2 * np.pi * pace * 2.1 * along + phase * 2)
    )


def orbits(canvas: Canvas) -> None:
    """Fine circles around a far centre, with a few bodies on them."""
    deep, ground, low, mid, bridge, high = canvas.tones("deep ground low mid bridge high")
    x0, y0 = (0.82, 0.72) if canvas.landscape else (0.7, 0.76)
    canvas.pixels = canvas.enlarge(
        canvas.mesh([(0, 0, deep, 0.5), (1, 0, deep, 0.4), (x0, y0, mix(low, mid, 0.15), 0.36), (0, 0.8, ground, 0.5)])
    )
    x, y = canvas.coordinates()
    distance = np.hypot(x - np.float32(x0 * canvas.width), y - np.float32(y0 * canvas.height))
    toward = np.clip((y / canvas.height - 0.1) * 1.1, 0.12, 1)
    radii = np.array([0.15, 0.22, 0.3, 0.395, 0.5, 0.62])
    for radius in radii:
        line = np.clip(1.6 - np.abs(distance - np.float32(radius * canvas.unit)), 0, 1)
        canvas.lay(line * toward * np.float32(0.75), mix(mid, bridge, 0.3))
    mask, top, left = canvas.disc(x0, y0, 0.085, 1.5)
    canvas.lay(mask, _ball(mask, mix(bridge, high, 0.9), mix(bridge, deep, 0.55)), top, left)
    plan = zip(radii[[0, 2, 3, 1]], (0.02, 0.04, 0.026, 0.014), (mid, mid, bridge, high), strict=True)
    turn = canvas.between(0, 2 * np.pi)
    for number, (radius, size, colour) in enumerate(plan):
        angle = turn + number * 2.0
        place_x = x0 + radius * np.cos(angle) * canvas.unit / canvas.width
        place_y = y0 + radius * np.sin(angle) * canvas.unit / canvas.height
        mask, top, left = canvas.disc(place_x, place_y, size, 1.5)
        if mask.size:
            canvas.lay(mask, _ball(mask, colour, mix(colour, deep, 0.7)), top, left)


def _ball(mask: Field, light: Pixels, dark: Pixels) -> Pixels:
    rows, columns = mask.shape
    down, across = np.mgrid[0 : 1 : complex(0, rows), 0 : 1 : complex(0, columns)].astype(np.float32)
    share = np.clip(np.hypot(across - 0.32, down - 0.28) / 0.8, 0, 1)[..., None]
    return np.asarray(light + (dark - light) * share, dtype=np.float32)

"""Designs made of large flat shapes, as if cut from paper. They stand low, and to the right of a wide picture."""

from __future__ import annotations

import numpy as np

from vidgen_pipeline.providers.media.backdrop_canvas import Canvas, across_box, lit_ground
from vidgen_pipeline.providers.media.backdrop_palettes import Pixels, mix


def discs(canvas: Canvas) -> None:
    """Large translucent discs that overlap."""
    lit_ground(canvas)
    deep, low, mid, bridge, high = canvas.tones("deep low mid bridge high")
    centre_x, centre_y = (0.77, 0.66) if canvas.landscape else (0.66, 0.75)
    turn = canvas.between(-2.5, -0.9)  # the warm disc stands above the large one
    plan = [
        (0.0, 0.0, 0.36, mix(low, deep, 0.25), mid),
        (0.2, turn, 0.215, mix(bridge, deep, 0.3), mix(bridge, high, 0.9)),
        (0.28, turn + canvas.between(2.2, 2.9), 0.15, low, mix(mid, low, 0.2)),
    ]
    for distance, angle, radius, above, below in plan:
        x = centre_x + distance * np.cos(angle) * canvas.unit / canvas.width
        y = centre_y + distance * np.sin(angle) * canvas.unit / canvas.height
        mask, top, left = canvas.disc(x, y, radius)
        canvas.shadow(canvas.whole(mask, top, left), blur=0.05, drop=(0.012, 0.03), strength=0.4)
        canvas.lay(mask * np.float32(0.88), across_box(mask, above, below, 1.25), top, left)


def arcs(canvas: Canvas) -> None:
    """Rings of paper around a lower corner, each throwing its shadow on the next."""
    lit_ground(canvas)
    deep, ground, low, mid, bridge, high = canvas.tones("deep ground low mid bridge high")
    colours = [mix(ground, low, 0.6), low, mid, bridge, high, mix(deep, low, 0.7)]
    outer = 0.66 if canvas.landscape else 0.74
    step = outer / (len(colours) + 0.4)
    x, y = 1.0 - canvas.between(0.0, 0.06), 1.0 + canvas.between(0.0, 0.05)
    for number, colour in enumerate(colours):
        radius = outer - step * number * canvas.between(0.96, 1.04)
        mask, top, left = canvas.disc(x, y, radius)
        canvas.shadow(canvas.whole(mask, top, left), blur=0.022, drop=(-0.004, -0.008), strength=0.42)
        canvas.lay(mask, across_box(mask, mix(colour, deep, 0.22), colour, 0.9), top, left)


def paper(canvas: Canvas) -> None:
    """Layers of cut paper, rising to the right."""
    lit_ground(canvas, glow=0.3)
    deep, ground, low, mid, high = canvas.tones("deep ground low mid high")
    colours = [mix(ground, low, 0.55), low, mix(low, mid, 0.75), high, mid, mix(low, deep, 0.35)]
    across = np.linspace(-0.02, 1.02, 160)
    start = 0.5 if canvas.landscape else 0.56
    for number, colour in enumerate(colours):
        share = number / (len(colours) - 1)
        phase, waves = canvas.between(0, 2 * np.pi), canvas.between(0.55, 0.95)
        rise = canvas.between(0.06, 0.16) * (1 - 0.5 * share)
        height = start + 0.37 * share - 0.028 * (number == 3)
        edge = height - rise * (across - 0.5) + (0.035 + 0.01 * share) * np.sin(2 * np.pi * waves * across + phase)
        points = np.stack([across * canvas.width, edge * canvas.height], -1)
        corners = np.array([[1.02 * canvas.width, 1.1 * canvas.height], [-0.02 * canvas.width, 1.1 * canvas.height]])
        mask = canvas.polygon(np.concatenate([points, corners]))
        canvas.shadow(mask, blur=0.02, drop=(0.0, -0.012), strength=0.45)
        top = max(0, int(edge.min() * canvas.height) - 2)
        canvas.lay(mask[top:], across_box(mask[top:], colour, mix(colour, deep, 0.3), 1.2), top)


def petals(canvas: Canvas) -> None:
    """A fan of translucent leaves from a lower corner."""
    lit_ground(canvas)
    low, mid, bridge, high = canvas.tones("low mid bridge high")
    root = np.array([canvas.width * canvas.between(0.86, 0.98), canvas.height * 1.03])
    length = canvas.unit * (0.62 if canvas.landscape else 0.72)
    count = 9
    order = np.linspace(-1, 1, count)
    along = np.linspace(0, 1, 60)
    half = np.clip(np.sin(np.pi * along), 0, 1) ** 0.9 * 0.145
    for number in [0, 8, 1, 7, 2, 6, 3, 5, 4]:
        share = (order[number] + 1) / 2
        angle = np.deg2rad(-164 + 98 * share)
        size = length * (0.78 + 0.22 * np.sin(np.pi * share)) * canvas.between(0.95, 1.04)
        direction, side = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        spine = root + np.outer(along * size, direction)
        outline = np.concatenate([spine + np.outer(half * size, side), (spine - np.outer(half * size, side))[::-1]])
        mask = canvas.polygon(outline)
        canvas.shadow(mask, blur=0.022, drop=(0.0, 0.012), strength=0.3)
        colour = {4: high, 2: bridge, 7: bridge}.get(number, mix(low, mid, 0.3 + 0.7 * share))
        rows = np.flatnonzero(mask.any(axis=1))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        part = mask[top:bottom]
        canvas.lay(
            part * np.float32(0.82),
            across_box(part, mix(bridge if number == 4 else colour, low, 0.6), colour, np.pi / 2),
            top,
        )


def arches(canvas: Canvas) -> None:
    """Arches within arches, standing on the lower edge."""
    lit_ground(canvas, glow=0.4)
    deep, ground, low, mid, bridge, high = canvas.tones("deep ground low mid bridge high")
    x, y = canvas.coordinates()
    plan = [(0.8, 0.62, 0.2), (0.3, 0.78, 0.15)] if canvas.landscape else [(0.76, 0.66, 0.24), (0.2, 0.8, 0.17)]
    colours = [mix(ground, low, 0.7), low, mid, bridge, high]
    for shares, height, width in plan[::-1]:
        step = width / 5.2
        for number, colour in enumerate(colours):
            radius = np.float32((width - step * number) * canvas.unit)
            across = np.abs(x - np.float32(shares * canvas.width))
            down = np.minimum(y - np.float32(height * canvas.height), 0)
            mask = np.clip(radius - np.sqrt(across**2 + down**2) + np.float32(0.5), 0, 1)
            top = max(0, int(height * canvas.height - radius) - 2)
            canvas.shadow(mask, blur=0.014, drop=(0.004, 0.004), strength=0.34)
            part = mask[top:]
            canvas.lay(part, across_box(part, mix(colour, deep, 0.12), mix(colour, deep, 0.45), np.pi / 2), top)


def tiles(canvas: Canvas) -> None:
    """Quarter discs in a grid, as on an old tiled floor; fewer and fainter toward the top."""
    lit_ground(canvas, glow=0.3)
    deep, ground, low, mid, bridge, high = canvas.tones("deep ground low mid bridge high")
    columns = 8 if canvas.landscape else 4 if canvas.height > canvas.width * 1.2 else 5
    side = canvas.width / columns
    rows = int(np.ceil(canvas.height / side))
    shades = [mix(ground, low, 0.7), low, low, mid, mid, bridge, high]
    for row in range(rows):
        bottom = canvas.height - row * side
        for column in range(columns):
            depth = (bottom / canvas.height - 0.5) / 0.5 + 0.45 * (column / columns - 0.5)
            if depth < 0 or canvas.between(0, 1) > 0.12 + depth * 1.2:
                continue
            shade = shades[min(len(shades) - 1, int(canvas.between(0, 1) * (0.5 + 0.6 * depth) * len(shades)))]
            top, left = round(bottom - side), round(column * side)
            _tile(canvas, max(top, 0), left, round(side), shade, mix(ground, deep, 0.2))


def _tile(canvas: Canvas, top: int, left: int, side: int, shade: Pixels, under: Pixels) -> None:
    height, width = min(side, canvas.height - top), min(side, canvas.width - left)
    if height < 2 or width < 2:
        return
    corner_y, corner_x = int(canvas.random.integers(2)) * side, int(canvas.random.integers(2)) * side
    down = np.arange(height, dtype=np.float32)[:, None] + 0.5 - corner_y
    across = np.arange(width, dtype=np.float32)[None, :] + 0.5 - corner_x
    distance = np.sqrt(down**2 + across**2)
    quarter = np.clip(side - distance + np.float32(0.5), 0, 1)
    if canvas.between(0, 1) < 0.3:
        quarter = quarter * np.clip(distance - side * np.float32(0.5) + np.float32(0.5), 0, 1)
    canvas.lay(np.full((height, width), 0.5, dtype=np.float32), under, top, left)
    canvas.lay(quarter, shade, top, left)

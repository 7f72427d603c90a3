"""Narrations as a voice would give them, and pictures of subtitles as a viewer sees them."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import Captions
from vidgen_pipeline.domain.narration import Narration, SceneNarration, Word
from vidgen_pipeline.domain.timeline import CANVASES, Canvas
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.runtime.ffmpeg import run_ffmpeg
from vidgen_pipeline.runtime.fonts import write_fonts_config
from vidgen_pipeline.subtitles.cues import build_cues
from vidgen_pipeline.subtitles.styles import caption_style

Pixels = NDArray[np.int16]

PORTRAIT, LANDSCAPE, SQUARE = (CANVASES[ratio] for ratio in AspectRatio)
# Everything is in proportion to the canvas; pictures of half the size are drawn four times as fast.
SMALL_PORTRAIT, SMALL_LANDSCAPE, SMALL_SQUARE = (
    Canvas(width=canvas.width // 2, height=canvas.height // 2) for canvas in (PORTRAIT, LANDSCAPE, SQUARE)
)

WALL = (
    "The Great Wall of China is not visible from the Moon, and that is the first thing most people get wrong about it. "
    "Yes. Really! Astronauts in low orbit can see cities, airports and highways, but the wall is narrow and has the "
    "colour of the ground around it. In 1938, a writer named Richard Halliburton claimed it in a bestselling book; "
    "nobody had been to space to check."
)
_MS_A_LETTER = 68
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff]")
_UNSPACED_PIECE = re.compile("[A-Za-z0-9]+|[「（]?[\u0e40-\u0e44]?.[\u0e30-\u0e3a\u0e47-\u0e4e]*[，。、！？）」]?")


def some_file() -> Artifact:
    digest = hashlib.sha256(b"some file").hexdigest()
    return Artifact(key=f"{digest[:2]}/{digest}.wav", sha256=digest, size_bytes=9, media_type="audio/wav")


def spoken(text: str, start_ms: int = 200) -> tuple[Word, ...]:
    """The words of a text, spoken at about 13 characters a second with pauses at punctuation."""
    words = []
    for token in text.split():
        for piece in _UNSPACED_PIECE.findall(token) if _UNSPACED.search(token) else [token]:
            long = 170 * len(piece) if _UNSPACED.match(piece) else max(140, _MS_A_LETTER * len(piece))
            over = piece[-1] in ".!?。！？।"
            words.append(Word(text=piece, start_ms=start_ms, end_ms=start_ms + long, sentence_end=over))
            start_ms += long + (450 if over else 180 if piece[-1] in ",;:，、،" else 20)
    return tuple(words)


def scene_of(words: Sequence[Word], index: int = 0, frames: int | None = None) -> SceneNarration:
    length = frames or (max((word.end_ms for word in words), default=1000) + 400) * 30 // 1000
    return SceneNarration(
        scene_index=index, audio=some_file(), frames=length, words=tuple(words), word_times_from="test"
    )


def narration_of(*scenes: SceneNarration) -> Narration:
    return Narration(scenes=scenes, provider="test", voice="test")


def narrated(*texts: str) -> Narration:
    return narration_of(*(scene_of(spoken(text), index) for index, text in enumerate(texts)))


def captions_of(text: str, *, style: str = "classic", canvas: Canvas = PORTRAIT, language: str = "en") -> Captions:
    look = caption_style(style)
    cues = build_cues(narrated(text), language=language, canvas=canvas, style=look)
    return Captions(language=language, style=look, cues=cues)


def pictures(
    ass: str, canvas: Canvas, times_ms: Sequence[int], folder: Path, background: str = "000000"
) -> list[Pixels]:
    """What is on screen at these times: rows of RGB pixels, made by the product's own ffmpeg and fonts."""
    subtitles, drawn = folder / "subtitles.ass", folder / "frames.rgb"
    subtitles.write_text(ass, encoding="utf-8")
    frames = sorted({time * 30 // 1000 for time in times_ms})
    chosen = "+".join(f"eq(n,{frame})" for frame in frames)
    size = f"{canvas.width}x{canvas.height}"
    arguments = ["-f", "lavfi", "-i", f"color=c=0x{background}:s={size}:r=30:d={frames[-1] / 30 + 1}"]
    arguments += ["-vf", f"format=rgb24,select='{chosen}',ass={subtitles}", "-fps_mode", "passthrough"]
    arguments += ["-frames:v", str(len(frames)), "-f", "rawvideo", "-pix_fmt", "rgb24", "-y", str(drawn)]
    asyncio.run(run_ffmpeg(arguments, fonts_config=write_fonts_config(folder.parent)))
    pixels = np.fromfile(drawn, dtype=np.uint8).reshape(len(frames), canvas.height, canvas.width, 3).astype(np.int16)
    return [pixels[frames.index(time * 30 // 1000)] for time in times_ms]


def ink(picture: Pixels) -> NDArray[np.bool_]:
    """Where the picture differs from its own background (its corner)."""
    return np.asarray(np.abs(picture - picture[0, 0]).max(axis=2) > 40)


def edges(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is set in a mask; right and bottom are just outside."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def like(picture: Pixels, colour: str, tolerance: int = 30) -> NDArray[np.bool_]:
    """Where the picture has this colour (`#RRGGBB`)."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], dtype=np.int16)
    return np.asarray(np.abs(picture - wanted).max(axis=2) <= tolerance)

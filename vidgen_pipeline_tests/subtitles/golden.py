"""Frames of captions as they were when somebody looked at them: every style, shape and kind of script.

`python -m vidgen_pipeline_tests.subtitles.golden` draws them anew. Look at every one of them before keeping it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pysubs2
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.domain.captions import Captions, CaptionStyle, Cue
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style
from vidgen_pipeline.subtitles.writers import to_ass
from vidgen_pipeline_tests.subtitles.samples import Pixels, pictures

FOLDER = Path(__file__).with_name("golden")
SHAPES = {
    "9x16": Canvas(width=270, height=480),
    "16x9": Canvas(width=480, height=270),
    "1x1": Canvas(width=270, height=270),
}
TEXTS = {
    "latin": ("en", (("Mind", "the", "gap,"), ("it", "costs", "$3.2bn"))),
    "arabic": ("ar", (("سور", "الصين", "العظيم"), ("لا", "يُرى", "أبداً"))),
    "hindi": ("hi", (("चीन", "की", "महान"), ("दीवार", "नहीं", "दिखती"))),
    "chinese": ("zh", (tuple("万里长城"), (*tuple("在月球上"), "看", "不", "见"))),
    "emoji": ("en", (("Party", "😀", "time"), ("with", "love", "❤️", "🎉"))),
}
_WORD_MS, _LIT = 400, 2
_BLOCK = 6  # px


def draw(shape: str, folder: Path, look: CaptionStyle | None = None) -> dict[tuple[str, str], Pixels]:
    """A frame of every style (or of `look` alone) and text in this shape, by one ffmpeg."""
    canvas = SHAPES[shape]
    styles = [look] if look else [caption_style(name) for name in STYLE_NAMES]
    cases = [(style, text) for style in styles for text in TEXTS]
    whole, times = pysubs2.SSAFile(), []
    for number, (style, text) in enumerate(cases):
        one = pysubs2.SSAFile.from_string(to_ass(_captions(style, text), canvas))
        start = 4000 * number
        one.shift(ms=start)
        times.append(start + _WORD_MS * _LIT + _WORD_MS // 2)
        whole.info = one.info
        for name, dress in one.styles.items():
            whole.styles[f"{name}{number}"] = dress
        for event in one.events:
            event.style += str(number)
        whole.events += one.events
    shots = pictures(str(whole.to_string("ass")), canvas, times, folder, "486078")
    return {(style.name, text): shot for (style, text), shot in zip(cases, shots, strict=True)}


def kept(style: str, shape: str) -> dict[str, Pixels]:
    """The frames of this style and shape as they are kept."""
    canvas = SHAPES[shape]
    with Image.open(_file(style, shape)) as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(np.int16)
    return {text: pixels[:, canvas.width * n : canvas.width * (n + 1)] for n, text in enumerate(TEXTS)}


def unlikeness(one: Pixels, other: Pixels) -> tuple[float, float]:
    """How different two frames look, 0 to 255: on the whole, and at the worst place of a few pixels' size."""
    difference = np.abs(_coarse(one) - _coarse(other)).mean(axis=2)
    return float(difference.mean()), float(difference.max())


def _coarse(picture: Pixels) -> NDArray[np.float64]:
    """The picture at the size at which the edges of letters no longer count."""
    height, width = (side // _BLOCK * _BLOCK for side in picture.shape[:2])
    blocks = picture[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK, 3)
    means: NDArray[np.float64] = blocks.mean(axis=(1, 3), dtype=np.float64)
    return means


def _captions(style: CaptionStyle, text: str) -> Captions:
    language, lines = TEXTS[text]
    times = iter(range(0, 10**6, _WORD_MS))
    rows = tuple(
        tuple(
            Word(text=word, start_ms=start, end_ms=start + _WORD_MS) for word, start in zip(line, times, strict=False)
        )
        for line in lines
    )
    end = rows[-1][-1].end_ms
    return Captions(language=language, style=style, cues=(Cue(lines=rows, start_ms=0, end_ms=end),))


def _file(style: str, shape: str) -> Path:
    return FOLDER / f"{style}-{shape}.webp"


def _keep() -> None:
    FOLDER.mkdir(exist_ok=True)
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder, "scratch")
            scratch.mkdir()
            drawn = draw(shape, scratch)
        for style in STYLE_NAMES:
            sheet = np.concatenate([drawn[style, text] for text in TEXTS], axis=1).astype(np.uint8)
            Image.fromarray(sheet).save(_file(style, shape), quality=60, method=6)


if __name__ == "__main__":
    _keep()

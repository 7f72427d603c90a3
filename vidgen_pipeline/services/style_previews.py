"""What a caption style looks like: a still, drawn as the finished video would be, by the same libass and fonts."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import ffmpeg

from vidgen_pipeline.domain.captions import Captions, CaptionStyle, Cue, Highlight
from vidgen_pipeline.domain.errors import InvalidInput, storage_error
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.timeline import CANVASES, Canvas
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.voice.script_words import letter_positions, script_words
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg
from vidgen_pipeline.runtime.fonts import font_file, write_fonts_config
from vidgen_pipeline.subtitles.cues import cues_of_words
from vidgen_pipeline.subtitles.highlights import POP_PEAK_MS
from vidgen_pipeline.subtitles.styles import check_font
from vidgen_pipeline.subtitles.writers import to_ass

SAMPLE_TEXT = "This is how your words will look"
LONGEST_TEXT = 300
"""Of a preview, in characters."""

_WORD_MS = 400
_SHARE_OF_CANVAS = 2  # half as wide and high as the video; everything in a style is in proportion
_MADE = 1  # to be raised when the same style comes out otherwise
_AT_ONCE = 2  # in one program: each takes a processor for a third of a second


class Background(StrEnum):
    """What stands behind the captions of a preview."""

    LIGHT = "light"
    DARK = "dark"


_GRADIENTS = {Background.LIGHT: ("0xF4F1EA", "0xB9C6D3"), Background.DARK: ("0x2B3440", "0x0B0E13")}


@dataclass(frozen=True)
class StylePreviews:
    """Previews, kept in `folder` by what they show: the same one is drawn once.

    Of more than `most_kept` those go that were not asked for for longest.
    """

    folder: Path
    most_kept: int = 1000
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE), repr=False)

    async def preview(
        self,
        style: CaptionStyle,
        *,
        aspect_ratio: AspectRatio = AspectRatio.PORTRAIT,
        text: str = SAMPLE_TEXT,
        background: Background = Background.DARK,
        language: str = "en",
    ) -> Path:
        """A PNG of one frame in which a word of `text` is being spoken, half the size of the video.

        A text of several captions shows the first. Raises InvalidInput for a text that is too long or says nothing,
        MissingTool when the style's font is not here, StorageFull or InvalidInput when the folder can't be written.
        """
        drawing = await asyncio.to_thread(_drawing, style, CANVASES[aspect_ratio], text, background, language)
        target = self.folder / f"{drawing.digest}.png"
        if not await asyncio.to_thread(_used, target):
            async with self._places:
                if not await asyncio.to_thread(_used, target):  # somebody else may have drawn it meanwhile
                    await self._draw(drawing, target)
            await asyncio.to_thread(self._clear_up)
        return target

    async def _draw(self, drawing: _Drawing, target: Path) -> None:
        partial = target.with_name(f"{uuid.uuid4().hex}.png")
        subtitles = partial.with_suffix(".ass")
        try:
            await asyncio.to_thread(self._write, subtitles, drawing.ass)
            fonts = await asyncio.to_thread(write_fonts_config, self.folder / "fonts", drawing.language)
            await run_ffmpeg(drawing.arguments(subtitles, partial), fonts_config=fonts)
            await asyncio.to_thread(partial.replace, target)
        except OSError as error:
            # By its name alone: who asks from afar has no business with this machine's folders.
            raise storage_error(error, self.folder.name) from error
        finally:
            await asyncio.to_thread(_remove, partial, subtitles)

    def _clear_up(self) -> None:
        made = sorted(_dated(self.folder), reverse=True)
        _remove(*(path for _, path in made[self.most_kept :]))

    def _write(self, path: Path, text: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class _Drawing:
    ass: str
    moment_ms: int
    canvas: Canvas
    background: Background
    language: str
    font: str

    @property
    def digest(self) -> str:
        """The name of everything that the picture depends on."""
        parts = (_MADE, self.ass, self.moment_ms, self.canvas, self.background, self.language, self.font)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def arguments(self, subtitles: Path, target: Path) -> list[str]:
        """How ffmpeg draws it. Nothing that a person wrote is in here: it is all in the subtitle file."""
        first, second = _GRADIENTS[self.background]
        size = f"{self.canvas.width}x{self.canvas.height}"
        ends = f"x0=0:y0=0:x1=0:y1={self.canvas.height}"
        source = f"gradients=s={size}:c0={first}:c1={second}:{ends}:nb_colors=2:seed=1:r=25:d=1"
        picture = (
            ffmpeg.input(source, format="lavfi")
            .filter("format", "rgb24")
            .filter("setpts", f"PTS+{self.moment_ms / 1000:.3f}/TB")
            .filter("ass", filename=str(subtitles.absolute()))
        )
        output = ffmpeg.output(picture, file_url(target), **{"frames:v": 1, "update": 1})
        return list(output.get_args(overwrite_output=True))


def _used(path: Path) -> bool:
    """Whether the picture is there; if so it counts as new."""
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def _dated(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in (*folder.glob("*.png"), *folder.glob("*.ass")):
        with contextlib.suppress(FileNotFoundError):  # another program clears up, too
            yield path.stat().st_mtime_ns, path


def _remove(*paths: Path) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()


def _drawing(style: CaptionStyle, canvas: Canvas, text: str, background: Background, language: str) -> _Drawing:
    check_font(style)
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(f"A preview's text has {LONGEST_TEXT} characters at most; this one has {len(text)}.")
    small = Canvas(width=canvas.width // _SHARE_OF_CANVAS, height=canvas.height // _SHARE_OF_CANVAS, fps=canvas.fps)
    written = script_words(text, language, letter_positions(text))
    words = [
        Word(
            text=word.text,
            start_ms=_WORD_MS * place,
            end_ms=_WORD_MS * (place + 1),
            sentence_end=word.sentence_end,
            space_after=word.space_after,
        )
        for place, word in enumerate(written)
    ]
    cue = cues_of_words(words, _WORD_MS * (len(words) + 1), language=language, canvas=small, style=style)[0]
    captions = Captions(language=language, style=style, cues=(cue,))
    path = font_file(style.font)
    return _Drawing(
        ass=to_ass(captions, small),
        moment_ms=_moment(cue, style.highlight),
        canvas=small,
        background=background,
        language=language,
        font=f"{path} {path.stat().st_mtime_ns}",
    )


def _moment(cue: Cue, highlight: Highlight) -> int:
    """When the cue's second word, or its only one, shows best how it stands out."""
    word = cue.words[min(1, len(cue.words) - 1)]
    return word.start_ms + (POP_PEAK_MS if highlight is Highlight.POP else _WORD_MS // 2)

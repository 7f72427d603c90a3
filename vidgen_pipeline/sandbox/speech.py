"""Speech that says the text, with true times: the local voices stand in for the vendors'."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import py3langid

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.text import writing_system
from vidgen_pipeline.providers.base import SpeechRequest
from vidgen_pipeline.providers.voice.espeak import EspeakProvider
from vidgen_pipeline.providers.voice.hibari import HibariProvider
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg

_SILENT_RATE = 24_000
_SILENT_MS_A_CHARACTER = 60
_OVER_ENGLISH = 22.0  # by so much (natural logarithm) another language must be likelier than English for Latin letters


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Mono 16-bit PCM and the words in it."""

    pcm: bytes = field(repr=False)
    sample_rate: int
    words: tuple[Word, ...]

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.sample_rate


@dataclass(frozen=True)
class CharacterTime:
    """One character (a Unicode code point) of the text and when it is heard, in seconds."""

    character: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """A sound file's form: `codec` is mp3, opus, aac, flac, wav, pcm, ulaw or alaw; `kbps` where the codec has it."""

    codec: str
    sample_rate: int
    kbps: int | None = None


_FORMATS = {
    "mp3": ("mp3", "libmp3lame", ".mp3"),
    "opus": ("ogg", "libopus", ".opus"),
    "aac": ("adts", "aac", ".aac"),
    "flac": ("flac", "flac", ".flac"),
    "wav": ("wav", "pcm_s16le", ".wav"),
    "pcm": ("s16le", "pcm_s16le", ".pcm"),
    "ulaw": ("mulaw", "pcm_mulaw", ".ulaw"),
    "alaw": ("alaw", "pcm_alaw", ".alaw"),
}


async def spoken(text: str, language: str | None) -> Spoken:
    """The text said aloud: English by hibari, anything else by eSpeak NG; what neither can say is silent as long."""
    tag = language or language_of(text)
    provider = HibariProvider() if tag.split("-")[0] == "en" else EspeakProvider()
    try:
        speech = (await provider.speak(SpeechRequest(text=text, language=tag))).data
    except InvalidInput:
        milliseconds = max(len(text), 5) * _SILENT_MS_A_CHARACTER
        return Spoken(pcm=bytes(2 * _SILENT_RATE * milliseconds // 1000), sample_rate=_SILENT_RATE, words=())
    return Spoken(pcm=speech.pcm, sample_rate=speech.sample_rate, words=speech.words or ())


def language_of(text: str) -> str:
    """The language that a text is most likely in; English in doubt."""
    ranked = py3langid.rank(text)
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(writing_system(letter) == "LATIN" for letter in letters)
    if 2 * latin >= len(letters) and ranked[0][1] - dict(ranked)["en"] < _OVER_ENGLISH:
        return "en"
    return str(ranked[0][0])


async def at_speed(speech: Spoken, speed: float, scratch: Path) -> Spoken:
    """The same, `speed` times as fast and at the same pitch."""
    target = scratch.with_suffix(".pcm")
    arguments = [*_raw(speech), "-af", f"atempo={speed:.4f}", "-f", "s16le", "-y", file_url(target)]
    try:
        await run_ffmpeg(arguments, feed=_writer(speech.pcm))
        pcm = target.read_bytes()
    finally:
        target.unlink(missing_ok=True)
    scale = len(speech.pcm) / max(len(pcm), 1)
    words = tuple(
        word.model_copy(update={"start_ms": round(word.start_ms / scale), "end_ms": round(word.end_ms / scale)})
        for word in speech.words
    )
    return replace(speech, pcm=pcm, words=words)


async def encode(speech: Spoken, encoding: Encoding, target: Path) -> None:
    """Write the speech as a sound file."""
    container, codec, _ = _FORMATS[encoding.codec]
    arguments = [*_raw(speech), "-c:a", codec, "-ar", str(encoding.sample_rate)]
    arguments += ["-b:a", f"{encoding.kbps}k"] if encoding.kbps else []
    arguments += ["-map_metadata", "-1", "-f", container, "-y", file_url(target)]
    await run_ffmpeg(arguments, feed=_writer(speech.pcm))


def suffix_of(encoding: Encoding) -> str:
    """How the name of such a file ends."""
    return _FORMATS[encoding.codec][2]


def character_times(text: str, speech: Spoken, said: str | None = None) -> list[CharacterTime]:
    """Every character of `text`, in order, with its times. A word's time is shared out among its characters.

    `said` is the text as it was spoken, when some of it was blanked out (see `without`); it is just as long.
    """
    times: list[CharacterTime] = []
    for (start, from_seconds), (end, to_seconds) in pairwise(_edges(said or text, speech)):
        step = (to_seconds - from_seconds) / max(end - start, 1)
        times += [
            CharacterTime(
                text[position],
                round(from_seconds + (position - start) * step, 3),
                round(from_seconds + (position - start + 1) * step, 3),
            )
            for position in range(start, end)
        ]
    return times


def without(text: str, unspoken: re.Pattern[str]) -> str:
    """The text with spaces in place of what is not spoken, so that every position stays."""
    return unspoken.sub(lambda found: " " * len(found[0]), text)


def _edges(said: str, speech: Spoken) -> Iterator[tuple[int, float]]:
    """Positions in the text and when they are reached, from its start to its end."""
    yield 0, 0.0
    for word, (start, end) in zip(speech.words, _places(said, speech.words), strict=True):
        yield start, word.start_ms / 1000
        yield end, word.end_ms / 1000
    yield len(said), speech.seconds


def _places(said: str, words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Where each word stands in the text. Voices spell words as the text does, but for the spaces in them."""
    position = 0
    for word in words:
        pattern = r"\s+".join(re.escape(part) for part in word.text.split())
        found = re.compile(pattern).search(said, position)
        start, position = found.span() if found else (position, position)
        yield start, position


def _writer(pcm: bytes) -> Callable[[BinaryIO], None]:
    def write(pipe: BinaryIO) -> None:
        pipe.write(pcm)

    return write


def _raw(speech: Spoken) -> list[str]:
    return ["-f", "s16le", "-ar", str(speech.sample_rate), "-ac", "1", "-i", "pipe:0"]

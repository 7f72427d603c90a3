"""eSpeak NG: more than a hundred languages, robotic, always there. It runs as a separate program."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from vidgen_pipeline.domain.errors import BadReply, InvalidInput, ProviderError, ProviderUnavailable
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, Voice, VoiceProvider
from vidgen_pipeline.providers.voice import espeak_worker
from vidgen_pipeline.providers.voice.espeak_voices import installation
from vidgen_pipeline.providers.voice.script_words import ScriptWord, excerpt, nothing_to_say, script_words
from vidgen_pipeline.providers.voice.sound import (
    Span,
    duration_ms,
    from_pcm,
    levelled,
    speech_spans,
    to_pcm,
    trimmed,
)
from vidgen_pipeline.providers.voice.word_times import (
    fit_to_speech,
    onset_error_ms,
    share_span,
    timed_words,
)

MODEL = "espeak-ng-1.52"

_FROM_EVENTS = "the speech engine's word events"
_LONGEST_DATA_PATH = 150  # the engine cuts longer ones off, and then finds nothing
_DEADLINE_SECONDS = 60.0  # for a worker that hangs; a page of text takes a tenth of a second
_SECONDS_A_CHARACTER = 0.01
# Its rate counts English words; a Chinese syllable is one to it.
_FASTER = {"cmn": 1.28, "cmn-Latn-pinyin": 1.28, "hak": 1.28}
_SLOWEST, _FASTEST = 80, 450  # words a minute
_JAPANESE = "jpx/ja"
_UNREAD = frozenset("*_`~|^\\[]{}<>")  # signs of mark-up, which it would name
_SAID_SYMBOLS = frozenset("°№℃℉™")


class EspeakProvider(VoiceProvider):
    """Speaks any language of eSpeak NG. Voices may carry a variant, such as `de+f3`."""

    provider_name: ClassVar[str] = "espeak"

    words_per_minute: int = Field(default=160, ge=80, le=400, description="How fast it speaks, as of English words.")

    async def voices(self) -> Sequence[Voice]:
        return installation().listed()

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        engine = installation()
        if request.voice is None:
            voice = engine.voice_for_language(request.language).identifier
        else:
            voice = engine.voice_named(request.voice)
        script_words(request.text, request.language)  # refuses a line with nothing to say before a program is started
        if voice.startswith(_JAPANESE) and any("\u3400" <= letter <= "\u9fff" for letter in request.text):
            raise InvalidInput(
                "The voice provider 'espeak' can't read Chinese letters in Japanese; it would name each one instead: "
                f"{excerpt(request.text)}.",
                remedy="Write the line in hiragana and katakana, or choose another voice provider.",
            )
        pace = _FASTER.get(voice.partition("+")[0].rpartition("/")[2], 1.0)
        with _short_path(engine.data) as data:
            reply = await _ask_worker(
                {
                    "library": str(engine.library),
                    "data": str(data),
                    "voice": voice,
                    "words_per_minute": self._rate(pace * request.speed),
                    "text": readable(request.text),
                }
            )
        speech = await asyncio.to_thread(_speech, request, reply)
        return ProviderResult(data=speech, model=MODEL)

    def _rate(self, pace: float) -> int:
        """Words a minute, the nearest that the engine can do."""
        return min(max(round(self.words_per_minute * pace), _SLOWEST), _FASTEST)


@dataclass(frozen=True, slots=True)
class WorkerReply:
    """What the worker made: mono 16-bit PCM, and for each word event its place in the text and its sample."""

    sample_rate: int
    events: tuple[tuple[int, int], ...]
    pcm: bytes


def readable(text: str) -> str:
    """The text with a space in place of each character that is not to be read: positions stay what they were.

    Control characters would be commands to the engine; emoji would be read out by name.
    """
    return "".join(" " if _is_unread(character) else character for character in text)


def _is_unread(character: str) -> bool:
    if character in _SAID_SYMBOLS:
        return False
    category = unicodedata.category(character)
    modifies_emoji = (
        "\U0001f3fb" <= character <= "\U0001f3ff" or "\ufe00" <= character <= "\ufe0f" or character == "\u20e3"
    )
    return character in _UNREAD or category in {"Cc", "Cs", "Co", "Cn", "So"} or modifies_emoji


async def _ask_worker(request: dict[str, object]) -> WorkerReply:
    """Run the worker once. It is gone when this returns, fails or is cancelled."""
    seconds = _DEADLINE_SECONDS + _SECONDS_A_CHARACTER * len(str(request["text"]))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        espeak_worker.__file__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await process.communicate(json.dumps(request).encode())
    except TimeoutError as error:
        raise ProviderError(
            f"The voice engine eSpeak NG did not finish a line within {seconds:.0f} seconds and was stopped.",
            remedy="Try again; if it happens again, shorten the line.",
            provider=EspeakProvider.provider_name,
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _read_reply(answer, process.returncode)


def _read_reply(answer: bytes, exit_code: int | None) -> WorkerReply:
    head, _, pcm = answer.partition(b"\n")
    try:
        header = json.loads(head)
        if "error" in header:
            raise ProviderError(
                f"The voice engine eSpeak NG failed: {header['error']}.", provider=EspeakProvider.provider_name
            )
        events = tuple((int(position), int(sample)) for position, sample in header["events"])
        return WorkerReply(int(header["sample_rate"]), events, pcm)
    except (ValueError, KeyError, TypeError) as error:
        raise BadReply(
            f"The voice engine eSpeak NG stopped in the middle of its work (exit code {exit_code}).",
            remedy="Try again; if it happens again, choose another voice.",
            provider=EspeakProvider.provider_name,
        ) from error


def _speech(request: SpeechRequest, reply: WorkerReply) -> Speech:
    rate = reply.sample_rate
    samples, moved_ms = trimmed(from_pcm(reply.pcm), rate)
    if not len(samples):
        raise nothing_to_say(request.text)
    samples = levelled(samples, rate)
    heard = speech_spans(samples, rate)
    total = duration_ms(samples, rate)
    events = sorted((position, sample * 1000 / rate - moved_ms) for position, sample in reply.events)
    words = script_words(request.text, request.language, [position for position, _ in events])
    return Speech(
        pcm=to_pcm(samples),
        sample_rate=rate,
        words=timed_words(words, _spans(words, events, heard, total), heard, total),
        word_times_from=_FROM_EVENTS,
        word_times_error_ms=onset_error_ms([Span(start, start) for _, start in events], heard),
    )


def _spans(
    words: Sequence[ScriptWord], events: Sequence[tuple[int, float]], heard: Sequence[Span], total_ms: float
) -> list[Span]:
    """Each word from its first event to the next word's; those without one share the word's before them.

    The engine says some words as one ("of the"), and gives them one event.
    """
    positions = [position for position, _ in events]
    starts: list[float] = []
    groups: list[list[ScriptWord]] = [[]]
    for word in words:
        first, end = bisect_left(positions, word.start), bisect_left(positions, word.end)
        if first < end:
            if starts:
                groups.append([])
            starts.append(max(events[first][1], 0.0))
        groups[-1].append(word)
    starts = starts or [heard[0].start_ms]
    whole = [Span(start, max(start, end)) for start, end in zip(starts, [*starts[1:], total_ms], strict=True)]
    return [
        share
        for group, span in zip(groups, fit_to_speech(whole, heard), strict=True)
        for share in share_span([word.text for word in group], span)
    ]


@contextmanager
def _short_path(data: Path) -> Iterator[Path]:
    """The data folder under a path that the engine can hold."""
    if len(os.fsencode(data)) <= _LONGEST_DATA_PATH:
        yield data
        return
    parent = None if len(os.fsencode(tempfile.gettempdir())) < _LONGEST_DATA_PATH // 2 else "/tmp"  # noqa: S108 - short
    try:
        folder = tempfile.TemporaryDirectory(prefix="vidgen-", dir=parent)
    except OSError as error:
        raise _too_long(data) from error
    with folder as short:
        link = Path(short, "d")
        try:
            link.symlink_to(data, target_is_directory=True)
        except OSError as error:
            raise _too_long(data) from error
        yield link


def _too_long(data: Path) -> ProviderUnavailable:
    return ProviderUnavailable(
        f"The voice engine eSpeak NG can't be used here: the path of its data has {len(str(data))} characters, "
        "and no shorter link to it could be made.",
        remedy="Install the product in a folder with a shorter path.",
    )

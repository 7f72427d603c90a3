"""The chain of word timers: the voice's own times where they check out, then the engines, then the sound alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from vidgen_pipeline.domain.errors import ProviderError
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice.script_words import ScriptWord, letter_positions, script_words
from vidgen_pipeline.providers.voice.sound import Span, duration_ms, from_pcm, speech_spans

MOST_OFF_MS = 250
"""Times that a voice gives are not its own words' when they are further than this from what is heard after pauses."""


class CannotTime(ProviderError):
    """A timer could not time a line. The message continues a sentence that begins with the timer's name."""


@dataclass(frozen=True)
class HeardLine:
    """A line as it is written and as it was spoken: mono 16-bit PCM at `sample_rate` Hz."""

    text: str
    language: str
    pcm: bytes = field(repr=False)
    sample_rate: int

    @cached_property
    def words(self) -> Sequence[ScriptWord]:
        """Its words as written. Raises InvalidInput when there are none to be said."""
        return script_words(self.text, self.language, letter_positions(self.text))

    @cached_property
    def speech(self) -> Sequence[Span]:
        """When something is heard."""
        return speech_spans(from_pcm(self.pcm), self.sample_rate)

    @property
    def duration_ms(self) -> float:
        return duration_ms(from_pcm(self.pcm), self.sample_rate)

    @property
    def primary_language(self) -> str:
        """The language without its region: `en` of `en-GB`."""
        return self.language.replace("_", "-").split("-")[0].lower()


@dataclass(frozen=True, kw_only=True)
class TimedLine:
    """A line's words, spelled as written, in time. `method` tells a person how the times were found.

    `error_ms` is how far they were from the sound at the words after pauses, before they were fitted to it; None for
    times that were made from the sound.
    """

    words: tuple[Word, ...]
    method: str
    error_ms: int | None = None


class WordTimer(Protocol):
    """One way to find the times."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def takes(self, line: HeardLine) -> bool:
        """Whether it is worth a try with this line."""

    async def time(self, line: HeardLine) -> TimedLine:
        """The words of the line in time: in order, inside the sound. Raises CannotTime when they can't be right."""


async def with_word_times(speech: Speech, request: SpeechRequest, timers: Sequence[WordTimer]) -> Speech:
    """The speech with its words in time: as it came when its own times check out, else by the first timer that can.

    The last timer must be one that always can. What failed before it is told in `word_times_from`.
    """
    refused: list[str] = []
    if speech.words is not None:
        if speech.word_times_error_ms is None or speech.word_times_error_ms <= MOST_OFF_MS:
            return speech
        refused.append(f"the voice's own times were {speech.word_times_error_ms} ms off")
    line = HeardLine(request.text, request.language, speech.pcm, speech.sample_rate)
    for timer in timers:
        if not timer.takes(line):
            continue
        try:
            timed = await timer.time(line)
        except CannotTime as reason:
            refused.append(f"{timer.name} {reason}")
            continue
        method = f"{timed.method} ({', '.join(refused)})" if refused else timed.method
        return replace(speech, words=timed.words, word_times_from=method, word_times_error_ms=timed.error_ms)
    raise AssertionError("the last timer did not time the line")

"""What a vendor's voice sends, made like what ours make: mono PCM, trimmed, equally loud, its words in time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from vidgen_pipeline.domain.errors import BadReply
from vidgen_pipeline.domain.providers import Tokens
from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice.script_words import ScriptWord, letter_positions, script_words
from vidgen_pipeline.providers.voice.sound import Span, duration_ms, from_pcm, levelled, speech_spans, to_pcm, trimmed
from vidgen_pipeline.providers.voice.word_times import onset_error_ms, timed_words
from vidgen_pipeline.providers.wire import WireModel

FROM_CHARACTERS = "the voice's own character times"

_EARLY_MS, _LATE_MS = 1000, 300
"""So much before its end, or after it, the last character may end. Vendors' times drift now and then."""


class CharacterTimes(WireModel):
    """When each character is heard, in seconds: three lists of one length. An item may hold several characters."""

    characters: list[str]
    character_start_times_seconds: list[float]
    character_end_times_seconds: list[float]


@dataclass(frozen=True, kw_only=True)
class Sound:
    """What came back: mono 16-bit PCM at `rate` Hz, and what else the vendor tells of it, None where it does not.

    `times` are those of the characters, `transcript` the words that the model says it spoke, `tokens` and `credits`
    what was counted for it.
    """

    pcm: bytes = field(repr=False)
    rate: int
    times: CharacterTimes | None = None
    transcript: str | None = None
    tokens: Tokens | None = None
    credits: int | None = None

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate


def vendor_speech(sound: Sound, request: SpeechRequest) -> Speech:
    """The speech in the sound. `words` is None when it has no times, or none that can be of it and of its text.

    Raises BadReply when nothing is heard in it.
    """
    rate = sound.rate
    samples, moved_ms = trimmed(from_pcm(sound.pcm[: len(sound.pcm) // 2 * 2]), rate)
    if not len(samples):
        raise BadReply("The answer holds no sound.")
    samples = levelled(samples, rate)
    words = script_words(request.text, request.language, letter_positions(request.text))
    heard, total_ms = speech_spans(samples, rate), duration_ms(samples, rate)
    spans = spans_from_characters(request.text, words, sound.times) if sound.times is not None else None
    shifted = [Span(span.start_ms - moved_ms, span.end_ms - moved_ms) for span in spans or ()]
    if not shifted or not total_ms - _EARLY_MS <= shifted[-1].end_ms <= total_ms + _LATE_MS:
        return Speech(pcm=to_pcm(samples), sample_rate=rate, words=None)
    return Speech(
        pcm=to_pcm(samples),
        sample_rate=rate,
        words=timed_words(words, shifted, heard, total_ms),
        word_times_from=FROM_CHARACTERS,
        word_times_error_ms=onset_error_ms(shifted, heard),
    )


def spans_from_characters(text: str, words: Sequence[ScriptWord], times: CharacterTimes) -> list[Span] | None:
    """When each word is heard, in ms; None when the times make no sense or are not of the characters of `text`.

    White space does not count. A word's time is from its first character's start to its last one's end.
    """
    starts, ends = times.character_start_times_seconds, times.character_end_times_seconds
    if not len(times.characters) == len(starts) == len(ends) or not all(map(math.isfinite, [*starts, *ends])):
        return None
    heard = [
        (character, start, end)
        for item, start, end in zip(times.characters, starts, ends, strict=True)
        for character in item
        if not character.isspace()
    ]
    positions = [position for position, character in enumerate(text) if not character.isspace()]
    if [character for character, _, _ in heard] != [text[position] for position in positions]:
        return None
    if any(after[1] < before[1] for before, after in pairwise(heard)):
        return None
    place_of = {position: place for place, position in enumerate(positions)}
    spans: list[Span] = []
    for word in words:
        places = [place_of[position] for position in range(word.start, word.end) if position in place_of]
        start, end = heard[places[0]][1], heard[places[-1]][2]
        spans.append(Span(start * 1000, max(start, end) * 1000))
    return spans

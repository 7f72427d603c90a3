"""What a vendor's voice sends, made like what ours make: mono PCM, trimmed, equally loud, its words in time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from vidgen_pipeline.domain.errors import BadReply
from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice.script_words import ScriptWord, script_words
from vidgen_pipeline.providers.voice.sound import Span, duration_ms, from_pcm, levelled, speech_spans, to_pcm, trimmed
from vidgen_pipeline.providers.voice.word_times import timed_words
from vidgen_pipeline.providers.wire import WireModel

FROM_CHARACTERS = "the voice's own character times"


class CharacterTimes(WireModel):
    """When each character is heard, in seconds: three lists of one length. An item may hold several characters."""

    characters: list[str]
    character_start_times_seconds: list[float]
    character_end_times_seconds: list[float]


def vendor_speech(pcm: bytes, sample_rate: int, request: SpeechRequest, times: CharacterTimes | None) -> Speech:
    """The speech in 16-bit mono PCM. `words` is None when the times are missing, or not of the text that was asked for.

    Raises BadReply when nothing is heard in it.
    """
    samples, moved_ms = trimmed(from_pcm(pcm[: len(pcm) // 2 * 2]), sample_rate)
    if not len(samples):
        raise BadReply("The answer holds no sound.")
    samples = levelled(samples, sample_rate)
    words = script_words(request.text, request.language)
    spans = spans_from_characters(request.text, words, times) if times is not None else None
    if spans is None:
        return Speech(pcm=to_pcm(samples), sample_rate=sample_rate, words=None)
    shifted = [Span(span.start_ms - moved_ms, span.end_ms - moved_ms) for span in spans]
    return Speech(
        pcm=to_pcm(samples),
        sample_rate=sample_rate,
        words=timed_words(words, shifted, speech_spans(samples, sample_rate), duration_ms(samples, sample_rate)),
        word_times_from=FROM_CHARACTERS,
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

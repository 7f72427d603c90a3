"""hibari: a natural English voice that runs on this machine and knows when each of its words is heard."""

from __future__ import annotations

import asyncio
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.text import writing_system
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, Voice, VoiceProvider
from vidgen_pipeline.providers.voice.hibari_engine import SAMPLE_RATE, HibariEngine, Utterance, loaded_engine
from vidgen_pipeline.providers.voice.script_words import ScriptWord, excerpt, nothing_to_say, script_words
from vidgen_pipeline.providers.voice.sound import (
    LEAD_MS,
    TAIL_MS,
    Samples,
    Span,
    duration_ms,
    joined,
    levelled,
    speech_spans,
    to_pcm,
    trimmed,
)
from vidgen_pipeline.providers.voice.spoken_forms import spoken_forms
from vidgen_pipeline.providers.voice.word_times import (
    FROM_SOUND,
    onset_error_ms,
    proportional_spans,
    timed_words,
)

MODEL = "hibari-tts-0.2.1"
VOICE = Voice(name="heart", languages=("en-US", "en"), description="A warm American woman's voice.")

_SENTENCE_PAUSE_MS = 320.0
_CLAUSE_PAUSE_MS = float(LEAD_MS + TAIL_MS)
_FROM_MODEL = "the voice model's own phoneme lengths"
_SCRIPT_NAMES = {"CJK": "Chinese", "HANGUL": "Korean", "HIRAGANA": "Japanese", "KATAKANA": "Japanese"}


class HibariProvider(VoiceProvider):
    """Speaks English with the voice "heart"."""

    provider_name: ClassVar[str] = "hibari"

    async def voices(self) -> Sequence[Voice]:
        return [VOICE]

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        if request.language.replace("_", "-").split("-")[0].lower() not in {"en", "eng"}:
            raise InvalidInput(
                f"The voice provider '{self.provider_name}' speaks English, not '{request.language}'.",
                remedy="Choose the voice provider 'espeak', or the language 'en'.",
            )
        if request.voice not in {None, VOICE.name}:
            raise unknown(f"voice of '{self.provider_name}'", str(request.voice), [VOICE.name])
        abandoned = threading.Event()
        try:
            speech = await asyncio.to_thread(speak_english, request.text, loaded_engine(), abandoned, request.speed)
        finally:
            abandoned.set()
        return ProviderResult(data=speech, model=MODEL)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What was said in one go, trimmed, with the times in it of words of the line, by their index."""

    samples: Samples
    spans: dict[int, Span]
    pause_ms: float


def speak_english(
    text: str, engine: HibariEngine, abandoned: threading.Event | None = None, speed: float = 1.0
) -> Speech:
    """One line as speech with its words in time, `speed` times as fast as the voice speaks by itself.

    Raises InvalidInput when it holds nothing this voice can say. When `abandoned` is set, it stops after the
    sentence in hand, with CancelledError.
    """
    words = script_words(text, "en")
    _require_latin(text)
    pieces: list[_Piece] = []
    timed = engine.gives_times
    for _, sentence in groupby(enumerate(words), key=_sentence_counter()):
        if abandoned is not None and abandoned.is_set():
            raise asyncio.CancelledError
        owners = [(index, token) for index, word in sentence for token in word.text.split()]
        forms = spoken_forms([token for _, token in owners])
        utterances = [utterance for utterance in engine.say(forms, speed) if len(utterance.samples)]
        timed = timed and all(utterance.spans is not None for utterance in utterances)
        for utterance in utterances:
            is_last = utterance is utterances[-1]
            pause_ms = _SENTENCE_PAUSE_MS if is_last else _CLAUSE_PAUSE_MS
            if piece := _piece(utterance, owners, forms, pause_ms):
                pieces.append(piece)
    if not pieces:
        raise nothing_to_say(text)
    pauses_ms = [piece.pause_ms / speed for piece in pieces]
    samples, starts = joined([piece.samples for piece in pieces], pauses_ms, SAMPLE_RATE)
    spans: list[Span | None] = [None] * len(words)
    for piece, start in zip(pieces, starts, strict=True):
        for index, span in piece.spans.items():
            known = spans[index]
            spans[index] = Span(known.start_ms if known else span.start_ms + start, span.end_ms + start)
    samples = levelled(samples, SAMPLE_RATE)
    heard = speech_spans(samples, SAMPLE_RATE)
    return Speech(
        pcm=to_pcm(samples),
        sample_rate=SAMPLE_RATE,
        words=timed_words(words, spans, heard, duration_ms(samples, SAMPLE_RATE)),
        word_times_from=_FROM_MODEL if timed else FROM_SOUND,
        word_times_error_ms=onset_error_ms(spans, heard) if timed else None,
    )


def _sentence_counter() -> Callable[[tuple[int, ScriptWord]], int]:
    """A key that counts up after each word that ends a sentence."""
    finished = 0

    def sentence_of(entry: tuple[int, ScriptWord]) -> int:
        nonlocal finished
        mine = finished
        finished += entry[1].sentence_end
        return mine

    return sentence_of


def _piece(
    utterance: Utterance, owners: Sequence[tuple[int, str]], forms: Sequence[str], pause_ms: float
) -> _Piece | None:
    samples, moved_ms = trimmed(utterance.samples, SAMPLE_RATE)
    if not len(samples):
        return None
    spans: dict[int, Span] = {}
    for (index, _), span in zip(owners[utterance.first :], _token_spans(utterance, owners, forms), strict=False):
        if span is not None:
            start_ms = spans[index].start_ms if index in spans else span.start_ms - moved_ms
            spans[index] = Span(start_ms, span.end_ms - moved_ms)
    return _Piece(samples, spans, pause_ms)


def _token_spans(
    utterance: Utterance, owners: Sequence[tuple[int, str]], forms: Sequence[str]
) -> Sequence[Span | None]:
    """The model's times of the utterance's tokens, or times shared out over its speech where it gives none."""
    if utterance.spans is not None:
        return utterance.spans
    said = [place for place in range(utterance.first, utterance.end) if forms[place]]
    speech = speech_spans(utterance.samples, SAMPLE_RATE)
    if not speech:
        return []
    estimated = proportional_spans([ScriptWord(owners[place][1], 0, 0) for place in said], speech, "en")
    by_place = dict(zip(said, estimated, strict=True))
    return [by_place.get(place) for place in range(utterance.first, utterance.end)]


def _require_latin(text: str) -> None:
    """Refuse a line mostly in letters that the engine would silently leave out."""
    letters = (letter for letter in unicodedata.normalize("NFKC", text) if letter.isalpha())
    scripts = Counter(map(writing_system, letters))
    latin = scripts.pop("LATIN", 0)
    if scripts.total() <= latin:
        return
    script = scripts.most_common(1)[0][0]
    name = _SCRIPT_NAMES.get(script, script.title())
    raise InvalidInput(
        f"This line is in {name} letters, which the English voice can't speak: {excerpt(text)}.",
        remedy="Choose the script's language with `--language`.",
    )

"""The script's own spelling, in time, whatever an engine makes of it: one table for every kind of voice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice.espeak import EspeakProvider
from vidgen_pipeline.providers.voice.hibari import HibariProvider
from vidgen_pipeline.providers.voice.sound import Span
from vidgen_pipeline.providers.voice.vendor_speech import CharacterTimes, Sound, vendor_speech
from vidgen_pipeline.providers.voice.word_times import onset_error_ms, words_from_sound
from vidgen_pipeline.sandbox.speech import character_times
from vidgen_pipeline.sandbox.speech import spoken as spoken_by_the_double
from vidgen_pipeline_tests.providers.voice.listening import pauses_ms

ENGLISH = {
    "money": ("Revenue hit $3.2bn, up 45%.", ["Revenue", "hit", "$3.2bn,", "up", "45%."]),
    "clock": ("Meet Dr. Lee at 10:30 sharp.", ["Meet", "Dr.", "Lee", "at", "10:30", "sharp."]),
    "emoji": ("I ❤️ this 🎉 so much 👩‍🚀!", ["I ❤️", "this 🎉", "so", "much 👩‍🚀!"]),
    "hyphens": ("A state-of-the-art 10-year-old car.", ["A", "state-of-the-art", "10-year-old", "car."]),
    "initials": ("NASA and AT&T, e.g. in the U.S.", ["NASA", "and", "AT&T,", "e.g.", "in", "the", "U.S."]),
    "dashes": ("Wait — what? “Yes,” (she said).", ["Wait —", "what?", "“Yes,”", "(she", "said)."]),
    "spaces": ("  Two   spaces\nand a line ", ["Two", "spaces", "and", "a", "line"]),
    "joined marks": ("Is it?! No… never;stop.", ["Is", "it?!", "No…", "never;stop."]),
}
CHINESE = ("万里长城，在月球上看不见。", [*"万里长", "城，", *"在月球上看不", "见。"])


def by_hibari(text: str, language: str) -> Speech:
    return asyncio.run(HibariProvider().speak(SpeechRequest(text=text, language=language))).data


def by_espeak(text: str, language: str) -> Speech:
    return asyncio.run(EspeakProvider().speak(SpeechRequest(text=text, language=language))).data


def by_a_vendor(text: str, language: str) -> Speech:
    """Characters in time, as ElevenLabs and its double give them, read back by the product."""
    said = asyncio.run(spoken_by_the_double(text, language))
    times = character_times(text, said)
    answer = CharacterTimes(
        characters=[time.character for time in times],
        character_start_times_seconds=[time.start for time in times],
        character_end_times_seconds=[time.end for time in times],
    )
    return vendor_speech(
        Sound(pcm=said.pcm, rate=said.sample_rate, times=answer), SpeechRequest(text=text, language=language)
    )


def by_a_voice_without_times(text: str, language: str) -> Speech:
    said = asyncio.run(spoken_by_the_double(text, language))
    words = words_from_sound(text, language, said.pcm, said.sample_rate)
    return Speech(pcm=said.pcm, sample_rate=said.sample_rate, words=words)


Speak = Callable[[str, str], Speech]
VOICES: list[Speak] = [by_hibari, by_espeak, by_a_vendor, by_a_voice_without_times]


def assert_in_time(speech: Speech) -> None:
    assert speech.words
    for word in speech.words:
        assert 0 <= word.start_ms < word.end_ms <= speech.duration_ms
    for sooner, later in pairwise(speech.words):
        assert sooner.end_ms <= later.start_ms


@pytest.mark.parametrize("speak", VOICES)
@pytest.mark.parametrize("case", ENGLISH)
def test_words_are_spelled_as_in_the_script_and_in_time(speak: Speak, case: str):
    text, words = ENGLISH[case]
    speech = speak(text, "en")
    assert_in_time(speech)
    assert [word.text for word in speech.words or ()] == words


@pytest.mark.parametrize("speak", VOICES[1:])
def test_chinese_is_spelled_as_in_the_script_and_in_time(speak: Speak):
    text, characters = CHINESE
    speech = speak(text, "zh")
    assert_in_time(speech)
    found = [word.text for word in speech.words or ()]
    assert "".join(found) == text
    assert speak is by_espeak or found == characters
    assert max(map(len, found)) <= 4
    # The pause at the comma is seen between the same two characters by all.
    (after,) = [word.start_ms for word in speech.words or () if word.text.startswith("在")]
    assert min(abs(after - end) for _, end in pauses_ms(speech, at_least_ms=60)) <= 40


@pytest.mark.parametrize(("speak", "method"), [
    (by_hibari, "the voice model's own phoneme lengths"),
    (by_espeak, "the speech engine's word events"),
    (by_a_vendor, "the voice's own character times"),
])  # fmt: skip
def test_every_result_says_how_its_times_were_found_and_how_far_off_they_were(speak: Speak, method: str):
    speech = speak("We saw it on the hill. They left at 10:30, and then it rained.", "en")
    assert speech.word_times_from == method
    assert speech.word_times_error_ms is not None
    assert 0 <= speech.word_times_error_ms <= 40


def test_the_error_is_that_of_times_which_are_off():
    speech = [Span(100, 900), Span(1200, 2000), Span(2040, 2300)]
    for off in (0, 30, -70):
        spans = [Span(at + off, at + off + 100) for at in (100, 500, 1200, 1800)]
        assert onset_error_ms(spans, speech) == abs(off)
    assert onset_error_ms([None, Span(160, 300), None], speech[:1]) == 60
    assert onset_error_ms([None], speech) is None
    assert onset_error_ms([Span(0, 1)], []) is None

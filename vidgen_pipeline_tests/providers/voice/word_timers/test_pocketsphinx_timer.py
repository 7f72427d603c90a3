"""pocketsphinx itself, on real speech: how exact, whose spelling, and what it refuses."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import numpy as np
import pytest

from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice.espeak import EspeakProvider
from vidgen_pipeline.providers.voice.hibari import HibariProvider
from vidgen_pipeline.providers.voice.word_timers.chain import CannotTime, HeardLine, TimedLine, with_word_times
from vidgen_pipeline.providers.voice.word_timers.from_sound import FromSoundTimer
from vidgen_pipeline.providers.voice.word_timers.installed import installed_timers
from vidgen_pipeline.providers.voice.word_timers.pocketsphinx_timer import FROM_POCKETSPHINX, PocketsphinxTimer
from vidgen_pipeline_tests.providers.voice.listening import assert_in_order
from vidgen_pipeline_tests.providers.voice.test_words_in_time import ENGLISH

SENTENCES = (
    "Coffee was banned in the city for almost a year, yet nobody stopped drinking it.",
    "Honey never spoils, which is why jars of it are found in ancient tombs.",
    "Dr. Okonkwo spent $3.2bn on it, and 45% of that was wasted.",
    "At 10:30, the No. 12 bus leaves Nairobi, usually on time.",
)


def spoken(text: str) -> Speech:
    return asyncio.run(HibariProvider().speak(SpeechRequest(text=text, language="en"))).data


def timed(timer: PocketsphinxTimer | FromSoundTimer, text: str, speech: Speech) -> TimedLine:
    return asyncio.run(timer.time(HeardLine(text, "en", speech.pcm, speech.sample_rate)))


def test_words_begin_where_they_are_heard_and_closer_than_from_the_sound_alone(pocketsphinx: PocketsphinxTimer):
    aligned: list[int] = []
    estimated: list[int] = []
    for text in SENTENCES:
        speech = spoken(text)
        for timer, errors in ((pocketsphinx, aligned), (FromSoundTimer(), estimated)):
            found = timed(timer, text, speech).words
            errors += [abs(one.start_ms - true.start_ms) for one, true in zip(found, speech.words or (), strict=True)]
    assert np.median(aligned) <= 20
    assert np.percentile(aligned, 95) <= 70
    assert np.percentile(estimated, 95) > 100  # the sentences are hard enough to tell the two apart


@pytest.mark.parametrize("case", ENGLISH)
def test_words_are_spelled_as_in_the_script(pocketsphinx: PocketsphinxTimer, case: str):
    text, words = ENGLISH[case]
    speech = spoken(text)
    found = timed(pocketsphinx, text, speech)
    assert [word.text for word in found.words] == words
    assert found.method == FROM_POCKETSPHINX
    assert found.error_ms is not None
    assert_in_order(Speech(pcm=speech.pcm, sample_rate=speech.sample_rate, words=found.words))


def test_another_voice_at_another_rate_is_followed_too(pocketsphinx: PocketsphinxTimer):
    text = "Rain fell all night; by morning the road was gone."
    speech = asyncio.run(EspeakProvider().speak(SpeechRequest(text=text, language="en"))).data
    assert speech.sample_rate == 22_050
    errors = [
        abs(one.start_ms - true.start_ms)
        for one, true in zip(timed(pocketsphinx, text, speech).words, speech.words or (), strict=True)
    ]
    assert np.median(errors) <= 40


def test_a_text_that_cannot_be_in_the_sound_is_refused(pocketsphinx: PocketsphinxTimer):
    speech = spoken("Rain fell.")
    with pytest.raises(CannotTime):
        timed(pocketsphinx, " ".join(SENTENCES), speech)
    long = spoken(" ".join(SENTENCES[:2]))
    with pytest.raises(CannotTime, match="left much of the speech without words"):
        timed(pocketsphinx, "Coffee was banned.", long)


def test_silence_is_refused(pocketsphinx: PocketsphinxTimer):
    with pytest.raises(CannotTime):
        timed(pocketsphinx, "Hello there.", Speech(pcm=bytes(48_000), sample_rate=24_000, words=None))


def test_only_english_is_asked_of_it(pocketsphinx: PocketsphinxTimer):
    for language, wanted in (("en-GB", True), ("EN_us", True), ("de", False), ("zh", False)):
        assert pocketsphinx.takes(HeardLine("Hallo.", language, bytes(100), 24_000)) is wanted


def test_speech_without_times_gets_them_through_the_chain_of_this_installation():
    speech = spoken(SENTENCES[0])
    request = SpeechRequest(text=SENTENCES[0], language="en-US")
    untimed = Speech(pcm=speech.pcm, sample_rate=speech.sample_rate, words=None)
    timers = installed_timers()
    found = asyncio.run(with_word_times(untimed, request, timers))
    assert found.word_times_from == FROM_POCKETSPHINX
    assert [word.text for word in found.words or ()] == SENTENCES[0].split()
    assert all(sooner.end_ms <= later.start_ms for sooner, later in pairwise(found.words or ()))
    assert installed_timers() is timers  # so that models are loaded once

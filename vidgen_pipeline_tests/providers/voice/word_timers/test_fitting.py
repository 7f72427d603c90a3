"""Which alignments are believed, and how far they are moved."""

from __future__ import annotations

import numpy as np
import pytest

from vidgen_pipeline.providers.voice.sound import Span, to_pcm
from vidgen_pipeline.providers.voice.word_timers.chain import CannotTime, HeardLine
from vidgen_pipeline.providers.voice.word_timers.fitting import Earliness, fitted, misfit, shift_ms

RATE = 16_000
EARLY = Earliness(usual_ms=45, least_ms=0, most_ms=60)
SPEECH = [Span(100, 1100), Span(1500, 2500)]
FITTING = [Span(50, 500), Span(500, 1050), Span(1450, 2000), Span(2000, 2450), None]


def line(text: str) -> HeardLine:
    """Tones at SPEECH, silence around them."""
    samples = np.zeros(RATE * 26 // 10, np.float32)
    for span in SPEECH:
        place = slice(int(span.start_ms * RATE / 1000), int(span.end_ms * RATE / 1000))
        samples[place] = 0.3 * np.sin(np.arange(place.stop - place.start) * 2 * np.pi * 180 / RATE)
    return HeardLine(text, "en", to_pcm(samples), RATE)


def test_a_fitting_alignment_is_believed():
    assert misfit(FITTING, SPEECH, 5) is None


@pytest.mark.parametrize(("spans", "reason"), [
    ([*FITTING[:3], None, None], "found 3 of 5 words"),
    (FITTING[:4], "found 4 of 5 words"),
    ([], "found 0 of 5 words"),
    ([Span(50, 1050), Span(1150, 1250), Span(1250, 1480), Span(1500, 2450), None], "put 2 of 4 words outside"),
    ([Span(100, 200), Span(200, 300), Span(300, 400), Span(1500, 1600), None], "left much of the speech"),
])  # fmt: skip
def test_one_that_cannot_be_right_is_not(spans: list[Span | None], reason: str):
    assert reason in (misfit(spans, SPEECH, 5) or "")


def test_one_odd_word_of_a_short_line_is_no_reason():
    assert misfit([Span(0, 90), *FITTING[1:4]], SPEECH, 4) is None
    assert misfit([None], SPEECH, 1) == "found 0 of 1 words"


def test_nothing_is_found_in_silence():
    assert misfit(FITTING, [], 5) == "heard nothing"


def test_the_shift_is_the_usual_one_and_what_is_seen_after_pauses():
    assert shift_ms(FITTING, SPEECH, EARLY) == pytest.approx((45 + 50 + 50) / 3)
    exact = [Span(span.start_ms + 50, span.end_ms + 50) for span in FITTING if span]
    assert shift_ms(exact, SPEECH, EARLY) == pytest.approx(15)
    late = [Span(span.start_ms + 150, span.end_ms + 150) for span in FITTING if span]
    assert shift_ms(late, SPEECH, EARLY) == 0  # never earlier than the engine says
    far = [Span(700, 900)]
    assert shift_ms(far, SPEECH, EARLY) == 45  # an onset far from any word says nothing


def test_words_are_fitted_to_the_sound_in_the_scripts_spelling():
    found = fitted(line("One $3.2bn three… four 👍 five"), FITTING, EARLY, "by hand")
    assert [word.text for word in found.words] == ["One", "$3.2bn", "three…", "four 👍", "five"]
    assert [word.start_ms for word in found.words[:4]] == pytest.approx([100, 548, 1500, 2048], abs=10)
    assert found.words[-1].end_ms <= 2600
    assert all(word.start_ms < word.end_ms for word in found.words)
    assert found.method == "by hand"
    assert found.error_ms is not None
    assert found.error_ms <= 10


def test_what_does_not_fit_is_raised():
    with pytest.raises(CannotTime, match="found 0 of 2 words"):
        fitted(line("One two"), [None, None], EARLY, "by hand")

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.providers.voice.script_words import ScriptWord, script_words
from vidgen_pipeline.providers.voice.sound import Span, to_pcm
from vidgen_pipeline.providers.voice.word_times import timed_words, words_from_sound

RATE = 16_000


def recording(*durations_ms: int) -> bytes:
    """A tone, a silence, a tone, … of these lengths."""
    parts = []
    for index, duration in enumerate(durations_ms):
        time = np.arange(duration * RATE // 1000) / RATE
        parts.append(0.3 * np.sin(2 * np.pi * 180 * time) * (index % 2 == 0))
    return to_pcm(np.concatenate(parts).astype(np.float32))


def words(text: str) -> list[ScriptWord]:
    return script_words(text, "en")


def test_clauses_begin_where_the_sound_does():
    pcm = recording(600, 300, 900, 400, 300)
    found = words_from_sound("One, two three four. Five", "en", pcm, RATE)
    assert [word.text for word in found] == ["One,", "two", "three", "four.", "Five"]
    starts = {word.text: word.start_ms for word in found}
    assert starts["One,"] == pytest.approx(0, abs=10)
    assert starts["two"] == pytest.approx(900, abs=10)
    assert starts["Five"] == pytest.approx(2200, abs=10)
    assert next(word.end_ms for word in found if word.text == "four.") == pytest.approx(1800, abs=10)


def test_a_pause_inside_a_clause_does_not_move_the_next_one():
    pcm = recording(400, 200, 400, 200, 800)
    found = words_from_sound("Alpha beta, gamma delta", "en", pcm, RATE)
    assert [word.start_ms for word in found if word.text == "gamma"] == [pytest.approx(1200, abs=10)]


def test_fewer_sounds_than_clauses_are_shared_out():
    found = words_from_sound("One, two, three, four", "en", recording(2000), RATE)
    assert [word.start_ms for word in found] == sorted(word.start_ms for word in found)
    assert found[-1].end_ms == 2000
    assert all(300 < word.end_ms - word.start_ms < 800 for word in found)


def test_chinese_without_times_is_shared_out_by_letters():
    found = words_from_sound("你好，世界。", "zh", recording(400, 200, 400), RATE)
    assert [word.text for word in found] == ["你", "好，", "世", "界。"]
    assert [word.start_ms for word in found] == pytest.approx([0, 200, 600, 800], abs=10)


def test_a_silent_recording_still_gives_every_word_a_time():
    found = words_from_sound("One two three", "en", to_pcm(np.zeros(RATE, np.float32)), RATE)
    assert [word.text for word in found] == ["One", "two", "three"]


def test_nothing_to_say_is_refused():
    with pytest.raises(InvalidInput):
        words_from_sound("🎉", "en", recording(100), RATE)


def test_edges_in_a_pause_move_to_the_sound():
    speech = [Span(50, 1000), Span(1300, 2000)]
    one, two = timed_words(words("one, two"), [Span(0, 1250), Span(1250, 1900)], speech, 2100)
    assert (one.start_ms, one.end_ms, two.start_ms) == (50, 1000, 1300)


def test_a_word_around_a_short_pause_keeps_both_its_sides():
    [word] = timed_words(words("one"), [Span(0, 900)], [Span(0, 300), Span(400, 900)], 1000)
    assert (word.start_ms, word.end_ms) == (0, 900)


def test_a_word_that_is_not_heard_gets_the_pause_or_some_of_its_neighbours_time():
    speech = [Span(0, 500), Span(800, 1200)]
    _, middle, _ = timed_words(words("one two three"), [Span(0, 500), None, Span(800, 1200)], speech, 1200)
    assert (middle.start_ms, middle.end_ms) == (500, 800)
    one, two, _ = timed_words(words("one two three"), [Span(0, 500), None, Span(500, 900)], [Span(0, 900)], 900)
    assert one.end_ms == two.start_ms
    assert two.end_ms - two.start_ms >= 120


@given(
    st.lists(
        st.one_of(st.none(), st.tuples(st.floats(-500, 6000), st.floats(-500, 6000)).map(lambda edges: Span(*edges))),
        min_size=1,
        max_size=30,
    ),
    st.lists(st.integers(1, 400), max_size=12),
    st.integers(100, 5000),
)
def test_whatever_a_voice_says_words_are_in_order_and_inside(spans: list[Span | None], edges: list[int], total_ms: int):
    places = list(itertools.accumulate(edges))
    speech = [Span(start, end) for start, end in zip(places[::2], places[1::2], strict=False)]
    found = timed_words([ScriptWord(str(index), 0, 0) for index in range(len(spans))], spans, speech, total_ms)
    assert [word.text for word in found] == [str(index) for index in range(len(spans))]
    before = 0
    for word in found:
        assert before <= word.start_ms < word.end_ms <= total_ms
        before = word.end_ms

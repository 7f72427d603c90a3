from itertools import pairwise

import numpy as np
import pytest

from vidgen_pipeline.providers.voice.sound import (
    Samples,
    from_pcm,
    joined,
    levelled,
    speech_spans,
    to_pcm,
    trimmed,
)

RATE = 22_050


def tone(duration_ms: float, amplitude: float = 0.3, rate: int = RATE) -> Samples:
    time = np.arange(round(duration_ms * rate / 1000)) / rate
    return (amplitude * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


def silence(duration_ms: float, rate: int = RATE) -> Samples:
    return np.zeros(round(duration_ms * rate / 1000), np.float32)


def test_speech_is_found_to_the_frame_even_after_a_minute():
    samples = np.concatenate([silence(60_000), tone(300), silence(200), tone(500), silence(100)])
    spans = speech_spans(samples, RATE)
    assert [round(edge, -1) for span in spans for edge in (span.start_ms, span.end_ms)] == [60000, 60300, 60500, 61000]


def test_a_short_pause_belongs_to_the_speech_around_it():
    samples = np.concatenate([tone(200), silence(60), tone(200)])
    assert len(speech_spans(samples, RATE)) == 1
    assert len(speech_spans(samples, RATE, shortest_pause_ms=40)) == 2


def test_a_noisy_recording_is_judged_by_its_own_noise():
    clean = np.concatenate([silence(400), tone(500), silence(400), tone(500), silence(400)])
    noise = np.random.default_rng(1).normal(0, 0.01, len(clean)).astype(np.float32)
    spans = speech_spans(clean + noise, RATE)
    assert [round(span.start_ms / 50) * 50 for span in spans] == [400, 1300]


def test_silence_holds_no_speech():
    assert speech_spans(silence(500), RATE) == []
    assert speech_spans(silence(0), RATE) == []
    assert len(trimmed(silence(500), RATE)[0]) == 0


@pytest.mark.parametrize(("before_ms", "after_ms"), [(500, 700), (10, 20), (0, 0)])
def test_trimmed_speech_has_the_same_silence_around_it(before_ms: int, after_ms: int):
    samples = np.concatenate([silence(before_ms), tone(400), silence(after_ms)])
    kept, moved_ms = trimmed(samples, RATE, lead_ms=60, tail_ms=120)
    [span] = speech_spans(kept, RATE)
    assert span.start_ms == pytest.approx(60, abs=6)
    assert len(kept) * 1000 / RATE - span.end_ms == pytest.approx(120, abs=6)
    assert moved_ms == pytest.approx(before_ms - 60, abs=6)


def test_a_cut_makes_no_click():
    kept, _ = trimmed(np.concatenate([silence(100), tone(300), silence(100)]) + np.float32(0.001), RATE, lead_ms=20)
    assert abs(kept[0]) < 1e-4
    assert abs(kept[-1]) < 1e-4


def test_joined_pieces_are_as_far_apart_as_asked():
    piece, _ = trimmed(tone(300), RATE)
    samples, starts = joined([piece, piece, piece], [320, 250, 999], RATE)
    spans = speech_spans(samples, RATE)
    assert [right.start_ms - left.end_ms for left, right in pairwise(spans)] == pytest.approx([320, 250], abs=11)
    assert [span.start_ms - 60 for span in spans] == pytest.approx(starts, abs=6)


def test_quiet_and_loud_lines_are_brought_to_one_level_without_clipping():
    quiet, loud = levelled(tone(500, 0.05), RATE), levelled(tone(500, 0.9), RATE)
    assert np.abs(quiet).max() == pytest.approx(np.abs(loud).max(), rel=0.05)
    peaky = tone(500, 0.02)
    peaky[100] = 0.9
    assert np.abs(levelled(peaky, RATE)).max() <= 10 ** (-1.5 / 20) + 1e-3


def test_pcm_there_and_back():
    samples = np.array([0, 0.5, -0.5, 1, -1, 2, -2], np.float32)
    assert from_pcm(to_pcm(samples)) == pytest.approx([0, 0.5, -0.5, 1, -1, 1, -1], abs=1e-4)

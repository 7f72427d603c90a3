"""What a listener would notice in speech, found without the code under test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidgen_pipeline.providers.base import Speech

FRAME_MS = 10


def samples_of(speech: Speech) -> NDArray[np.float64]:
    """The speech as numbers from -1 to 1."""
    return np.frombuffer(speech.pcm, "<i2").astype(np.float64) / 32768


def levels_db(speech: Speech) -> NDArray[np.float64]:
    """How loud each 10 ms are."""
    samples = samples_of(speech)
    frame = speech.sample_rate * FRAME_MS // 1000
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return 20 * np.log10(np.sqrt(np.square(frames).mean(axis=1)) + 1e-6)


def pauses_ms(speech: Speech, *, at_least_ms: int = 90) -> list[tuple[float, float]]:
    """Stretches between sounds that are 40 dB below the loudest moment: (start, end), the ends of the line left out."""
    levels = levels_db(speech)
    scale = speech.sample_rate * FRAME_MS // 1000 * 1000 / speech.sample_rate
    loud = np.flatnonzero(levels > levels.max() - 40)
    gaps = np.flatnonzero(np.diff(loud) > at_least_ms / FRAME_MS)
    return [((loud[gap] + 1) * scale, loud[gap + 1] * scale) for gap in gaps]


def assert_in_order(speech: Speech) -> None:
    """Words follow each other inside the audio, and each lasts."""
    assert speech.words
    before = 0
    for word in speech.words:
        assert before <= word.start_ms < word.end_ms <= speech.duration_ms, word
        before = word.end_ms


def assert_sounds_right(speech: Speech) -> None:
    """Audible, unclipped, with a little silence at both ends, and with no step into or out of it."""
    samples = samples_of(speech)
    levels = levels_db(speech)
    assert -26 < 10 * np.log10(np.mean(10 ** (levels[levels > levels.max() - 15] / 10))) < -14
    assert np.abs(samples).max() < 0.9
    assert np.abs(samples[:20]).max() < 0.005
    assert np.abs(samples[-20:]).max() < 0.005
    loud = np.flatnonzero(levels > levels.max() - 40) * FRAME_MS
    assert 40 <= loud[0] <= 80
    assert 90 <= speech.duration_ms - loud[-1] <= 160

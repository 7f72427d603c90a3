"""Speech as samples: where it is heard, and cutting, joining and levelling it without a click.

Samples are float32, mono, -1 to 1. Times are in ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

LEAD_MS = 60  # kept before the first sound of a line
TAIL_MS = 120  # kept after its last sound
SPEECH_LEVEL_DB = -20.0  # the loud parts of speech are brought to this level (dB below full scale)
PEAK_DB = -1.5

_FRAME_MS = 5
_QUIETER_DB = 40.0  # what is this much below the loudest moment is silence, in a clean recording
_ABOVE_NOISE_DB = 10.0
_LEAST_RANGE_DB = 15.0
_SHORTEST_SOUND_MS = 15
_LARGEST_GAIN_DB = 12.0
_FADE_MS = 5
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in ms."""

    start_ms: float
    end_ms: float

    @property
    def duration_ms(self) -> float:
        return self.end_ms - self.start_ms


def duration_ms(samples: Samples, rate: int) -> float:
    """How long `samples` last at `rate` Hz."""
    return len(samples) * 1000 / rate


def speech_spans(samples: Samples, rate: int, *, shortest_pause_ms: float = 80) -> list[Span]:
    """When something is heard, in order; pauses shorter than `shortest_pause_ms` belong to the speech around them.

    The threshold follows the recording: a noisy one is judged by its own noise. Empty when all is silent.
    """
    levels = _levels_db(samples, rate)
    if not len(levels) or levels.max() <= 20 * np.log10(_FLOOR):
        return []
    loudest, noise = levels.max(), float(np.percentile(levels, 5))
    threshold = min(max(loudest - _QUIETER_DB, noise + _ABOVE_NOISE_DB), loudest - _LEAST_RANGE_DB)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], levels > threshold, [0]))))
    frame_ms, total = _frame(rate) * 1000 / rate, duration_ms(samples, rate)
    spans: list[Span] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        span = Span(first * frame_ms, min(last * frame_ms, total))
        if spans and span.start_ms - spans[-1].end_ms < shortest_pause_ms:
            spans[-1] = Span(spans[-1].start_ms, span.end_ms)
        elif span.duration_ms >= _SHORTEST_SOUND_MS:
            spans.append(span)
    return spans


def trimmed(
    samples: Samples, rate: int, *, lead_ms: float = LEAD_MS, tail_ms: float = TAIL_MS
) -> tuple[Samples, float]:
    """`samples` with this much before the first sound and after the last, and by how many ms they moved to the front.

    Where there was less silence, some is added (the shift is then negative). Silent samples come back empty.
    """
    spans = speech_spans(samples, rate)
    if not spans:
        return samples[:0], 0.0
    start = _position(spans[0].start_ms - lead_ms, rate)
    end = _position(spans[-1].end_ms + tail_ms, rate)
    kept = _faded(samples[max(start, 0) : end], rate)
    before, after = max(-start, 0), max(end - len(samples), 0)
    return np.pad(kept, (before, after)), start * 1000 / rate


def joined(pieces: Sequence[Samples], pauses_ms: Sequence[float], rate: int) -> tuple[Samples, list[float]]:
    """The pieces in a row and when each begins, in ms.

    `pauses_ms[i]` is heard between the last sound of piece i and the first of the next; every piece comes trimmed.
    """
    starts: list[float] = []
    parts: list[Samples] = []
    length = 0
    for index, piece in enumerate(pieces):
        starts.append(length * 1000 / rate)
        parts.append(piece)
        length += len(piece)
        if index < len(pieces) - 1:
            silence = max(_position(pauses_ms[index] - LEAD_MS - TAIL_MS, rate), 0)
            parts.append(np.zeros(silence, np.float32))
            length += silence
    return np.concatenate(parts) if parts else np.zeros(0, np.float32), starts


def levelled(samples: Samples, rate: int) -> Samples:
    """The samples with one gain for all, so that the loud parts of every line are equally loud and none clips."""
    levels = _levels_db(samples, rate)
    if not len(levels):
        return samples
    voiced = levels[levels > levels.max() - _LEAST_RANGE_DB]
    speech_db = 10 * float(np.log10(np.mean(10 ** (voiced / 10))))
    peak_db = 20 * float(np.log10(np.abs(samples).max() + _FLOOR))
    gain_db = min(SPEECH_LEVEL_DB - speech_db, _LARGEST_GAIN_DB, PEAK_DB - peak_db)
    return np.asarray(samples * 10 ** (gain_db / 20), np.float32)


def to_pcm(samples: Samples) -> bytes:
    """Signed 16-bit little-endian PCM."""
    return np.round(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()


def from_pcm(pcm: bytes) -> Samples:
    """Samples of signed 16-bit little-endian PCM."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def _position(time_ms: float, rate: int) -> int:
    return round(time_ms * rate / 1000)


def _frame(rate: int) -> int:
    return rate * _FRAME_MS // 1000


def _levels_db(samples: Samples, rate: int) -> NDArray[np.float64]:
    """The level of each frame of about 5 ms, in dB below full scale; a last, shorter frame is filled with silence."""
    frame = _frame(rate)
    if not len(samples):
        return np.zeros(0)
    padded = np.pad(samples, (0, -len(samples) % frame))
    power = np.square(padded).reshape(-1, frame).mean(axis=1, dtype=np.float64)
    levels: NDArray[np.float64] = 10 * np.log10(power + _FLOOR**2)
    return levels


def _faded(samples: Samples, rate: int) -> Samples:
    """Both ends drawn to zero, so that a cut through faint sound makes no click."""
    length = min(rate * _FADE_MS // 1000, len(samples) // 2)
    if not length:
        return samples
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(length) / length)).astype(np.float32)
    faded = samples.copy()
    faded[:length] *= ramp
    faded[-length:] *= ramp[::-1]
    return faded

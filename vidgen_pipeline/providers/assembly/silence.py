"""Tell a pause from speech that was lost on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.providers.assembly.speech_track import SAMPLE_RATE

_HEARD_RATE = 8000
HEARD_FORMAT: dict[str, Any] = {"f": "s16le", "ar": _HEARD_RATE, "ac": 1}
"""How sound is decoded for `check_heard`, as ffmpeg's output options."""

LONGEST_SILENCE_SECONDS = 1.0

_WINDOWS_PER_SECOND = 10
# Speech is raised to one loudness: where the track before that is this loud, the finished sound is far above silence.
_SPOKEN_DB, _SILENT_DB = -40.0, -60.0


def check_heard(speech: Path, heard: Path) -> None:
    """Hold the decoded finished sound against the speech track it was made of (mono, 16 bit, 48 kHz).

    Raises RenderFailed when, for longer than a moment, somebody speaks and nothing is to be heard.
    """
    spoken, sound = _levels(speech, SAMPLE_RATE), _levels(heard, _HEARD_RATE)
    windows = len(spoken)
    # What was cut off is silent.
    sound = np.pad(sound, (0, max(0, windows - len(sound))), constant_values=-np.inf)[:windows]
    lost = (spoken > _SPOKEN_DB) & (sound < _SILENT_DB)
    longest = round(LONGEST_SILENCE_SECONDS * _WINDOWS_PER_SECOND)
    # A syllable here and there would not make up a second; between them are gaps, so windows are counted.
    counts = np.convolve(lost, np.ones(2 * longest), "valid") if windows >= 2 * longest else np.array([lost.sum()])
    if counts.max(initial=0) >= longest:
        start = int(np.argmax(counts)) / _WINDOWS_PER_SECOND
        raise RenderFailed(
            f"The finished video failed its check of sound: from about {start:.0f} s on speech is silent.",
            remedy="Render it again; if it stays, report it.",
        )


def _levels(path: Path, rate: int) -> NDArray[np.float64]:
    """The level of each tenth of a second, in dB of full scale."""
    width = rate // _WINDOWS_PER_SECOND
    powers: list[NDArray[np.float32]] = []
    with path.open("rb") as file:  # a minute at a time: memory does not grow with the video
        while (samples := np.fromfile(file, "<i2", width * _WINDOWS_PER_SECOND * 60)).size:
            windows = samples[: samples.size // width * width].astype(np.float32).reshape(-1, width)
            powers.append(np.mean(np.square(windows), axis=1))
    return np.asarray(10 * np.log10(np.concatenate([np.zeros(0), *powers]) / 32768**2 + 1e-12))

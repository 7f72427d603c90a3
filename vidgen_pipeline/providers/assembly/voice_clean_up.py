"""Take rumble and hiss out of the voice, without moving it by a sample."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from vidgen_pipeline.domain.video import VoiceCleanUp
from vidgen_pipeline.providers.assembly.speech_track import SAMPLE_RATE
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg

TAKEN_DB = {VoiceCleanUp.LIGHT: 12, VoiceCleanUp.STRONG: 24}
"""How far hiss is pushed down. What is left of a voice under more sounds as if it came through water."""

# No voice goes lower. Twice: a filter of 12 dB an octave leaves too much of a hum an octave below.
_RUMBLE_BELOW_HZ = 80
# ffmpeg's afftdn gives its sounds out so many samples later, a 40th of a second, and does not say so.
_LATE_BY = SAMPLE_RATE // 40
# Best a little above the noise that was measured: it comes and goes.
_ABOVE_NOISE_DB = 3.0
# The range that afftdn takes.
_LOWEST_NOISE_DB, _HIGHEST_NOISE_DB = -80.0, -20.0

_WINDOW = SAMPLE_RATE // 50
_WINDOWS_AT_ONCE = 3000
_QUIETEST_SHARE = 5  # percent of all that is not digital silence
# What is this close to the voice's own level is no noise: a narration without a pause.
_LEAST_RANGE_DB = 20.0


async def clean_voice(speech: Path, how: VoiceCleanUp, target: Path) -> None:
    """Write `speech`, raw mono 16-bit samples at 48 kHz, cleaned and exactly as long, to `target`."""
    sound = _samples_in(speech)
    for _ in range(2):
        sound = sound.filter("highpass", f=_RUMBLE_BELOW_HZ)
    await _write(sound, target)
    # Only now: a hum that is gone would be taken for hiss, and the voice's own hissing sounds for noise.
    noise = await asyncio.to_thread(noise_db, target)
    if noise is None:
        return
    floor = min(max(noise + _ABOVE_NOISE_DB, _LOWEST_NOISE_DB), _HIGHEST_NOISE_DB)
    without_rumble = await asyncio.to_thread(target.replace, target.with_suffix(".deep"))
    sound = _samples_in(without_rumble).filter("apad", pad_len=_LATE_BY)
    sound = sound.filter("afftdn", nr=TAKEN_DB[how], nf=round(floor, 1)).filter("atrim", start_sample=_LATE_BY)
    await _write(sound, target)


def _samples_in(track: Path) -> Any:
    return ffmpeg.input(file_url(track), format="s16le", ar=SAMPLE_RATE, ac=1).audio


async def _write(sound: Any, target: Path) -> None:
    output = ffmpeg.output(sound, file_url(target), f="s16le", ar=SAMPLE_RATE, ac=1)
    await run_ffmpeg(output.get_args(overwrite_output=True))


def noise_db(speech: Path) -> float | None:
    """How loud (dBFS) the noise under the voice is, heard in its pauses; None where there is none."""
    levels = np.concatenate([*_levels(speech), np.empty(0)])
    levels = levels[levels > 0]
    if not len(levels):
        return None
    quiet, loud = 20 * np.log10(np.percentile(levels, (_QUIETEST_SHARE, 95)))
    return float(quiet) if loud - quiet >= _LEAST_RANGE_DB else None


def _levels(speech: Path) -> Iterator[NDArray[np.float64]]:
    """The level of each 20 ms, 1 being full scale; a minute at a time."""
    with speech.open("rb") as track:
        while piece := track.read(2 * _WINDOW * _WINDOWS_AT_ONCE):
            samples = np.frombuffer(piece, np.int16).astype(np.float64) / 32768
            whole = samples[: len(samples) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
            yield np.sqrt((whole**2).mean(axis=1))

"""How loud a sound is, as networks and players measure it: EBU R 128."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg

SILENCE_LUFS = -70.0
"""The meter's lowest reading: nothing, or too short a sound to judge."""

_NO_PEAK_DBTP = -120.0
_LOUDNESS = re.compile(r"Integrated loudness:\s+I:\s+(\S+) LUFS")
_PEAK = re.compile(r"True peak:\s+Peak:\s+(\S+) dBFS")


@dataclass(frozen=True)
class Loudness:
    """Integrated loudness in LUFS and true peak in dBTP; the lowest there is where peaks were not asked for."""

    integrated: float
    true_peak: float

    @property
    def is_silent(self) -> bool:
        return self.integrated <= SILENCE_LUFS


def metered(sound: Any, *, peaks: bool = True) -> Any:
    """`sound`, passed through a meter whose reading is in ffmpeg's words at the end (log level `info`).

    Peaks between samples are found at four times the rate, which takes most of the meter's time.
    """
    return sound.filter("ebur128", peak="true" if peaks else "none", framelog="verbose")


async def measure(sound: Any, target: Path | None = None, *, peaks: bool = False, **output_options: Any) -> Loudness:
    """Measure an ffmpeg-python audio stream, and write what was measured to `target` where one is given."""
    meter = metered(sound, peaks=peaks)
    if target is None:
        output = ffmpeg.output(meter, "-", format="null")
    else:
        output = ffmpeg.output(meter, file_url(target), **output_options)
    # The meter's summary is an information, not an error.
    said = await run_ffmpeg(["-v", "info", *output.get_args(overwrite_output=True)])
    return read_summary(said)


def read_summary(said: str) -> Loudness:
    """The loudness in what ffmpeg's `ebur128` filter wrote when it ended."""
    loudness, peaks = _LOUDNESS.findall(said), _PEAK.findall(said)
    if not loudness:
        raise RenderFailed("ffmpeg gave no loudness for a sound it was asked to measure.")
    return Loudness(
        integrated=max(SILENCE_LUFS, _number(loudness[-1])),
        true_peak=max(_NO_PEAK_DBTP, _number(peaks[-1]) if peaks else _NO_PEAK_DBTP),
    )


def _number(text: str) -> float:
    value = float(text)
    # Of no sound at all the meter says nan.
    return -math.inf if math.isnan(value) else value

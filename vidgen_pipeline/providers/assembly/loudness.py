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
_SUMMARY = re.compile(
    r"Integrated loudness:\s+I:\s+(?P<loudness>\S+) LUFS.*?True peak:\s+Peak:\s+(?P<peak>\S+) dBFS", re.DOTALL
)


@dataclass(frozen=True)
class Loudness:
    """Integrated loudness in LUFS and true peak in dBTP."""

    integrated: float
    true_peak: float

    @property
    def is_silent(self) -> bool:
        return self.integrated <= SILENCE_LUFS


def metered(sound: Any) -> Any:
    """`sound`, passed through a meter whose reading is in ffmpeg's words at the end (log level `info`)."""
    return sound.filter("ebur128", peak="true", framelog="verbose")


async def measure(sound: Any, target: Path | None = None, **output_options: Any) -> Loudness:
    """Measure an ffmpeg-python audio stream, and write what was measured to `target` where one is given."""
    meter = metered(sound)
    if target is None:
        output = ffmpeg.output(meter, "-", format="null")
    else:
        output = ffmpeg.output(meter, file_url(target), **output_options)
    # The meter's summary is an information, not an error.
    said = await run_ffmpeg(["-v", "info", *output.get_args(overwrite_output=True)])
    return read_summary(said)


def read_summary(said: str) -> Loudness:
    """The loudness in what ffmpeg's `ebur128` filter wrote when it ended."""
    summaries = list(_SUMMARY.finditer(said))
    if not summaries:
        raise RenderFailed("ffmpeg gave no loudness for a sound it was asked to measure.")
    reading = summaries[-1]
    return Loudness(
        integrated=max(SILENCE_LUFS, _number(reading["loudness"])),
        true_peak=max(_NO_PEAK_DBTP, _number(reading["peak"])),
    )


def _number(text: str) -> float:
    value = float(text)
    # Of no sound at all the meter says nan.
    return -math.inf if math.isnan(value) else value

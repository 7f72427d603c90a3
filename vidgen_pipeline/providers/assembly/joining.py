"""Join finished segments and the sound into one file, without encoding anything again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ffmpeg

from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.assembly.parts import UNDECODED
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg

# All segments have the same headers, so nothing in their packets needs to be rewritten: what was checked on a segment
# holds for the whole.
_AS_THEY_ARE = {"safe": 0, "auto_convert": 0, "protocol_whitelist": "file"}
_OPTIONS = "".join(f"option {name} {value}\n" for name, value in UNDECODED.items())


async def join(segments: Sequence[Path], sound: Path, canvas: Canvas, target: Path) -> None:
    """Write the video to `target`, ready to be played while it is still being loaded."""
    names = target.with_suffix(".txt")
    names.write_text("".join(f"file {_quoted(segment)}\n{_OPTIONS}" for segment in segments), encoding="utf-8")
    pictures = ffmpeg.input(file_url(names), format="concat", **_AS_THEY_ARE).video
    output = ffmpeg.output(
        pictures,
        ffmpeg.input(file_url(sound)).audio,
        file_url(target),
        c="copy",
        movflags="+faststart",
        video_track_timescale=canvas.fps * 512,
        map_metadata=-1,
    )
    await run_ffmpeg(output.get_args(overwrite_output=True))


def _quoted(path: Path) -> str:
    return "'" + file_url(path).replace("'", "'\\''") + "'"

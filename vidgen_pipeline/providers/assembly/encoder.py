"""How pictures are encoded: H.264 High profile, in segments that can be joined by copying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from vidgen_pipeline.providers.assembly.frames import PIXEL_FORMAT

Profile = Literal["fast", "small", "quality"]

_PRESETS = {"fast": "ultrafast", "small": "veryfast", "quality": "medium"}
# `ultrafast` leaves out too much: three fixed B-frames, CABAC and deblocking cost hardly any time and halve the size;
# sub-pixel motion is what panned photos are made of. The 8x8 transform is free and makes the profile High.
_FAST = {"cabac": 1, "no-deblock": 0, "b-adapt": 0, "bframes": 3, "subme": 1, "8x8dct": 1}


@dataclass(frozen=True)
class Encoder:
    """x264's settings. `threads` is for one segment: segments are rendered side by side."""

    profile: Profile
    crf: int
    threads: int

    def options(self) -> dict[str, Any]:
        """Output options for ffmpeg. Every segment's headers are the same, whatever its content."""
        parameters = {**(_FAST if self.profile == "fast" else {}), "stitchable": 1}
        return {
            "c:v": "libx264",
            "preset": _PRESETS[self.profile],
            "profile:v": "high",
            "crf": self.crf,
            "maxrate": "12M",
            "bufsize": "24M",
            "pix_fmt": PIXEL_FORMAT,
            "threads": self.threads,
            "x264-params": ":".join(f"{name}={value}" for name, value in parameters.items()),
        }

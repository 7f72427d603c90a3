"""How pictures are encoded: H.264 High profile, in segments that can be joined by copying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from vidgen_pipeline.providers.assembly.frames import PIXEL_FORMAT

Profile = Literal["fast", "small", "quality"]
HardwareName = Literal["h264_nvenc", "h264_qsv", "h264_vaapi", "h264_videotoolbox"]

RENDER_NODE = "/dev/dri/renderD128"
"""The device that VAAPI encodes with."""

KEY_FRAME_EVERY = 120
"""In frames. A player can start at each of them, and the check looks at each of them."""

_PRESETS = {"fast": "ultrafast", "small": "veryfast", "quality": "medium"}
_QUALITIES = {"fast": 20, "small": 21, "quality": 19}
# `ultrafast` leaves out too much: three fixed B-frames, CABAC and deblocking cost hardly any time and halve the size;
# sub-pixel motion is what panned photos are made of. The 8x8 transform is free and makes the profile High.
_FAST = {"cabac": 1, "no-deblock": 0, "b-adapt": 0, "bframes": 3, "subme": 1, "8x8dct": 1}

_HARDWARE: dict[HardwareName, dict[str, Any]] = {
    "h264_nvenc": {"rc": "vbr", "b:v": 0, "forced-idr": 1},
    "h264_qsv": {"look_ahead": 0},
    "h264_vaapi": {"rc_mode": "CQP"},
    "h264_videotoolbox": {"allow_sw": 0},
}
_HARDWARE_PRESETS: dict[HardwareName, dict[Profile, str]] = {
    "h264_nvenc": {"fast": "p4", "small": "p6", "quality": "p6"},
    "h264_qsv": {"fast": "faster", "small": "medium", "quality": "slow"},
}
_QUALITY_OPTION: dict[HardwareName, str] = {
    "h264_nvenc": "cq",
    "h264_qsv": "global_quality",
    "h264_vaapi": "qp",
    "h264_videotoolbox": "q:v",
}


@dataclass(frozen=True)
class Encoder:
    """An encoder's settings. `hardware` None is x264, whose `threads` are for one segment of several at once.

    `crf` is the quality, lower is better; None is the profile's own.
    """

    profile: Profile
    crf: int | None
    threads: int
    hardware: HardwareName | None = None

    @property
    def quality(self) -> int:
        return _QUALITIES[self.profile] if self.crf is None else self.crf

    @property
    def has_even_groups(self) -> bool:
        """Whether key frames are exactly `KEY_FRAME_EVERY` frames apart."""
        return self.hardware is None and self.profile == "fast"

    def device_arguments(self) -> list[str]:
        """What stands before ffmpeg's inputs."""
        return ["-vaapi_device", RENDER_NODE] if self.hardware == "h264_vaapi" else []

    def handed_over(self, picture: Any) -> Any:
        """The ffmpeg-python stream as this encoder takes it."""
        if self.hardware == "h264_vaapi":
            return picture.filter("format", "nv12").filter("hwupload")
        return picture

    def options(self) -> dict[str, Any]:
        """Output options for ffmpeg. Every segment's headers are the same, whatever its content."""
        common = {"profile:v": "high", "g": KEY_FRAME_EVERY, "maxrate": "12M", "bufsize": "24M"}
        if self.hardware:
            return {**common, "c:v": self.hardware, **self._hardware_options(self.hardware)}
        parameters = {**(_FAST if self.profile == "fast" else {}), "stitchable": 1}
        return {
            **common,
            "c:v": "libx264",
            "preset": _PRESETS[self.profile],
            "crf": self.quality,
            "pix_fmt": PIXEL_FORMAT,
            "threads": self.threads,
            "x264-params": ":".join(f"{name}={value}" for name, value in parameters.items()),
        }

    def _hardware_options(self, name: HardwareName) -> dict[str, Any]:
        # VideoToolbox counts the other way round, from 1 to 100.
        quality = max(1, 100 - 2 * self.quality) if name == "h264_videotoolbox" else self.quality
        pixels = {} if name == "h264_vaapi" else {"pix_fmt": "nv12" if name == "h264_qsv" else PIXEL_FORMAT}
        presets = _HARDWARE_PRESETS.get(name)
        preset = {"preset": presets[self.profile]} if presets else {}
        return {**_HARDWARE[name], **preset, _QUALITY_OPTION[name]: quality, **pixels}

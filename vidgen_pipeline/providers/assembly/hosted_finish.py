"""A hosted renderer's film, made into what every renderer gives out.

Its pictures are copied as they are wherever they are as promised, else encoded once more. The sound is ours: it was
mastered from the same narration and music, to one loudness and with room made for speech, which no vendor offers; put
back here it is spared the vendor's second encoding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import ffmpeg

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import BadReply
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.audio import Soundtrack
from vidgen_pipeline.providers.assembly.checks import Expected, check_finished
from vidgen_pipeline.providers.assembly.clips import SAFE_INPUT_OPTIONS, tagged
from vidgen_pipeline.providers.assembly.darkness import check_black
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.frames import PIXEL_FORMAT
from vidgen_pipeline.providers.assembly.thumbnail import make_thumbnail
from vidgen_pipeline.providers.base import RenderedVideo, ReportProgress
from vidgen_pipeline.runtime.ffmpeg import PYAV_SAFE_OPTIONS, file_url, run_ffmpeg

LARGEST_DIFFERENCE_SECONDS = 0.25
"""A film that is longer or shorter than planned by more than this is not the one that was ordered."""

_CRF = 18  # a second encoding should not be seen
_BT709, _UNSPECIFIED = 1, 2
_NAME_COLOURS = "h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1"


@dataclass(frozen=True)
class _Film:
    """What a film's container says. `is_ready` means that its pictures can be used as they are."""

    seconds: float
    is_ready: bool


async def finish_hosted(
    film: Path,
    sound: Soundtrack,
    timeline: Timeline,
    *,
    name: str,
    local_file: Callable[[Artifact], Path],
    scratch: Path,
    progress: ReportProgress,
) -> RenderedVideo:
    """The finished video from the film of the vendor called `name`, decoded to its end and measured.

    Raises BadReply when the film is not the one that was ordered, RenderFailed when a check of the result fails.
    """
    planned = timeline.frames / timeline.canvas.fps
    found = await asyncio.to_thread(_look_at, film, timeline, name)
    if abs(found.seconds - planned) > LARGEST_DIFFERENCE_SECONDS:
        raise BadReply(f"The film that {name} made lasts {found.seconds:.2f} s, not the {planned:.2f} s planned.")
    video, thumbnail = scratch / "video.mp4", scratch / "thumbnail.jpg"
    await run_ffmpeg(_arguments(film, sound, timeline, video, copy=found.is_ready))
    measured = await check_finished(video, Expected.of(timeline, sound.expected_lufs), progress)
    await make_thumbnail(video, timeline, thumbnail)
    await check_black(measured.black, timeline, local_file)
    return RenderedVideo(
        path=video,
        thumbnail=thumbnail,
        width=measured.width,
        height=measured.height,
        frames=measured.frames,
        duration_ms=measured.duration_ms,
        audio_duration_ms=measured.audio_duration_ms,
        loudness_lufs=measured.loudness.integrated,
        true_peak_dbtp=measured.loudness.true_peak,
    )


def _look_at(film: Path, timeline: Timeline, name: str) -> _Film:
    canvas = timeline.canvas
    try:
        with av.open(file_url(film), options=dict(PYAV_SAFE_OPTIONS)) as container:
            picture = container.streams.video[0]
            video = picture.codec_context
            times = sorted(packet.pts for packet in container.demux(picture) if packet.pts is not None)
            step = 1 / (picture.time_base * canvas.fps) if picture.time_base else 0
            seconds = float((picture.duration or 0) * (picture.time_base or 0)) or len(times) / canvas.fps
            as_promised = (video.codec.canonical_name, video.profile, video.pix_fmt, video.width, video.height) == (
                "h264", "High", PIXEL_FORMAT, canvas.width, canvas.height,
            )  # fmt: skip
            colours = {video.color_primaries, video.color_trc, video.colorspace}
            on_time = times == [number * step for number in range(timeline.frames)]
            return _Film(seconds, as_promised and on_time and colours <= {_BT709, _UNSPECIFIED})
    except (av.FFmpegError, IndexError) as error:
        raise BadReply(f"The film that {name} made can't be read.") from error


def _arguments(film: Path, sound: Soundtrack, timeline: Timeline, target: Path, *, copy: bool) -> list[str]:
    canvas = timeline.canvas
    pictures: Any = ffmpeg.input(file_url(film), **SAFE_INPUT_OPTIONS).video
    options: dict[str, Any] = {"c:v": "copy", "bsf:v": _NAME_COLOURS}
    if not copy:
        pictures = (
            pictures.filter("fps", canvas.fps)
            .filter("scale", canvas.width, canvas.height, out_color_matrix="bt709", out_range="tv")
            .filter("format", PIXEL_FORMAT)
            .filter("tpad", stop=-1, stop_mode="clone")
            .filter("trim", end_frame=timeline.frames)
        )
        pictures = tagged(pictures, canvas)
        options = Encoder(profile="fast", crf=_CRF, threads=0).options() | {"fps_mode": "cfr", "r": canvas.fps}
    output = ffmpeg.output(
        pictures,
        ffmpeg.input(file_url(sound.path)).audio,
        file_url(target),
        **options,
        **{"c:a": "copy", "movflags": "+faststart", "video_track_timescale": canvas.fps * 512, "map_metadata": -1},
    )
    return list(output.get_args(overwrite_output=True))

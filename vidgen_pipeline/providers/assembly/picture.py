"""One segment's picture as one ffmpeg command: conform, fade into the next scene, burn the text in, encode.

Numbers, our own paths and the names of filters are all that goes into a filter graph. What people wrote reaches ffmpeg
in the subtitle file only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import ffmpeg

from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.assembly.clips import Clip, shot_picture, tagged
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.frames import PIXEL_FORMAT, Frame
from vidgen_pipeline.providers.assembly.logo import PlacedLogo
from vidgen_pipeline.providers.assembly.segments import Segment, Shot
from vidgen_pipeline.providers.assembly.sheet import SHEET_EVERY, SHEET_OUTPUT, small_pictures
from vidgen_pipeline.providers.assembly.stills import Still, film
from vidgen_pipeline.providers.assembly.transitions import bring_in, brought_in
from vidgen_pipeline.runtime.ffmpeg import file_url


def segment_arguments(
    segment: Segment,
    *,
    canvas: Canvas,
    clips: Mapping[int, Clip],
    subtitles: Path,
    encoder: Encoder,
    target: Path,
    sheet: Path,
    logo: PlacedLogo | None = None,
) -> list[str]:
    """The arguments by which ffmpeg renders `segment` into `target`. `clips` holds those it shows, by scene number.

    What goes into the encoder is noted in small pictures in `sheet`.

    Text times count from the start of the video, so one subtitle file serves all segments and a caption may cross from
    one into the next: frames get the video's times before text is drawn and the segment's own after it.
    """
    picture = _picture(segment, canvas, clips, decoder_threads=encoder.threads)
    if logo:
        picture = logo.over(picture)
    picture = (
        picture.filter("setpts", f"N+{segment.start_frame}")
        .filter("ass", filename=str(subtitles.absolute()))
        .filter("setpts", "N")
    )
    copies = picture.filter_multi_output("split")
    film = ffmpeg.output(
        encoder.handed_over(copies[0]),
        file_url(target),
        **{"frames:v": segment.frames, "r": canvas.fps, "fps_mode": "cfr", "video_track_timescale": canvas.fps * 512},
        **encoder.options(),
        map_metadata=-1,
    )
    seldom = small_pictures(copies[1], f"not(mod(n,{SHEET_EVERY}))")
    outputs = ffmpeg.merge_outputs(film, ffmpeg.output(seldom, file_url(sheet), **SHEET_OUTPUT))
    # More threads for filters only cost: the other cores are busy with other segments.
    threads = ["-filter_threads", "1", "-filter_complex_threads", "1"]
    return [*threads, *encoder.device_arguments(), *outputs.get_args(overwrite_output=True)]


def segment_feed(segment: Segment, stills: Mapping[int, Still]) -> Callable[[BinaryIO], None] | None:
    """What writes the raw frames that `segment_arguments` reads from stdin; None when it reads none.

    `stills` holds the segment's, by scene number. A fade from still to still is mixed here, so one pipe is enough.
    """
    films = [film(stills[shot.scene.index], shot) for shot in segment.stills]
    if not films:
        return None
    frames = films[0] if len(films) == 1 else _joined(films[0], films[1], segment)

    def write(pipe: BinaryIO) -> None:
        pipe.writelines(frame.bytes for frame in frames)

    return write


def _joined(body: Iterator[Frame], head: Iterator[Frame], segment: Segment) -> Iterator[Frame]:
    alone = segment.frames - segment.fade_frames
    for number, frame in enumerate(body, start=-alone):
        if number >= 0:
            bring_in(segment.transition, frame, next(head), number / segment.fade_frames)
        yield frame


def _picture(segment: Segment, canvas: Canvas, clips: Mapping[int, Clip], *, decoder_threads: int) -> Any:
    fed = ffmpeg.input(
        "pipe:0",
        format="rawvideo",
        pix_fmt=PIXEL_FORMAT,
        video_size=(canvas.width, canvas.height),
        framerate=canvas.fps,
    ).video

    def picture(shot: Shot) -> Any:
        if not shot.is_clip:
            return tagged(fed, canvas)
        return shot_picture(clips[shot.scene.index], shot, canvas, decoder_threads=decoder_threads)

    body = picture(segment.body)
    if segment.head is None or not segment.clips:
        return body
    return _with_head(body, picture(segment.head), segment, canvas)


def _with_head(body: Any, head: Any, segment: Segment, canvas: Canvas) -> Any:
    alone = segment.frames - segment.fade_frames
    copies = body.filter_multi_output("split")
    before = copies[0].filter("trim", end_frame=alone)
    leaving = copies[1].filter("trim", start_frame=alone).filter("setpts", "N")
    joined = brought_in(segment.transition, leaving, head, segment.fade_frames, canvas).filter(
        "settb", f"1/{canvas.fps}"
    )
    return tagged(ffmpeg.concat(before, joined, v=1, a=0), canvas)

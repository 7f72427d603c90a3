"""Tell a picture that is dark, or stands still, from one that was lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import ffmpeg
import numpy as np

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.media import Focus, MediaAsset, MediaKind
from vidgen_pipeline.domain.timeline import Canvas, Timeline, TimelineScene
from vidgen_pipeline.providers.assembly.clips import SAFE_INPUT_OPTIONS, filled
from vidgen_pipeline.providers.assembly.sheet import SHEET_OUTPUT, Sheets, Stretch, read_sheet, small_pictures
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg
from vidgen_pipeline.runtime.probe import load_photo, probe_video

# A little laxer than the search for black in the finished file: encoding may make a dark picture a shade darker.
_DARK_LEVEL = 0.16
_DARK_SHARE = 0.9
_ALMOST_SAME_LEVEL, _SHORT_STILL_SECONDS = 2, 1.5
_CLIP_CHECKS_PER_SECOND = 2


async def check_black(stretches: Sequence[Stretch], timeline: Timeline, local_file: Callable[[Artifact], Path]) -> None:
    """Raise RenderFailed when the video is black for longer than a moment where its photos and clips are not."""
    for stretch in stretches:
        for scene in timeline.scenes:
            if _seen_in(scene, stretch, timeline.canvas.fps) and not await _is_dark(scene.source, local_file):
                raise RenderFailed(
                    f"The finished video failed its check of pictures: it is black from {stretch.start:.1f} s to "
                    f"{stretch.end:.1f} s, but scene {scene.index + 1}'s {scene.source.kind} is not."
                )


async def check_still(
    stretches: Sequence[Stretch], timeline: Timeline, local_file: Callable[[Artifact], Path], scratch: Path
) -> None:
    """Raise RenderFailed when the video stands still for longer than a moment where its clip moves."""
    for stretch in stretches:
        for scene in timeline.scenes:
            is_clip = scene.source.kind is MediaKind.CLIP
            if is_clip and _seen_in(scene, stretch, timeline.canvas.fps):
                if await _stands_still(local_file(scene.source.file), scene.source.focus, timeline.canvas, scratch):
                    continue
                raise RenderFailed(
                    f"The finished video failed its check of pictures: it stands still from {stretch.start:.1f} s to "
                    f"{stretch.end:.1f} s, but scene {scene.index + 1}'s clip does not."
                )


def _seen_in(scene: TimelineScene, stretch: Stretch, fps: int) -> bool:
    start = scene.start_frame / fps
    end = start + scene.frames / fps
    # Where it is in view for only a moment it may be in the middle of a fade.
    return min(end, stretch.end) - max(start, stretch.start) > 0.5


async def _stands_still(path: Path, focus: Focus | None, canvas: Canvas, scratch: Path) -> bool:
    """Whether the clip itself, cut as it is in the video, stands still somewhere; judged a little laxer."""
    target = scratch / "source.sheet"
    info = await asyncio.to_thread(probe_video, path)
    source = ffmpeg.input(file_url(path), **SAFE_INPUT_OPTIONS, threads=1).video.filter("fps", _CLIP_CHECKS_PER_SECOND)
    small = small_pictures(filled(source, info, canvas, focus), "1")
    await run_ffmpeg(ffmpeg.output(small, file_url(target), **SHEET_OUTPUT).get_args(overwrite_output=True))
    pictures = read_sheet(target)
    times = tuple(number / _CLIP_CHECKS_PER_SECOND for number in range(len(pictures)))
    sheets = Sheets(times, pictures, len(pictures) / _CLIP_CHECKS_PER_SECOND)
    return bool(sheets.still(same_level=_ALMOST_SAME_LEVEL, longest_seconds=_SHORT_STILL_SECONDS))


async def _is_dark(source: MediaAsset, local_file: Callable[[Artifact], Path]) -> bool:
    path = local_file(source.file)
    if source.kind is MediaKind.CLIP:
        picture = ffmpeg.input(file_url(path), **SAFE_INPUT_OPTIONS).video.filter("fps", _CLIP_CHECKS_PER_SECOND)
        searched = picture.filter("blackdetect", d=0.5, pix_th=_DARK_LEVEL, pic_th=_DARK_SHARE)
        said = await run_ffmpeg(["-v", "info", *ffmpeg.output(searched, "-", format="null").get_args()])
        return "black_start:" in said
    return await asyncio.to_thread(_is_dark_photo, path)


def _is_dark_photo(path: Path) -> bool:
    brightness = np.asarray(load_photo(path).convert("L").resize((64, 64)), dtype=np.float64) / 255
    return bool((brightness < _DARK_LEVEL).mean() >= _DARK_SHARE)

"""Tell a picture that is dark from one that was lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import ffmpeg
import numpy as np

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.media import MediaAsset, MediaKind
from vidgen_pipeline.domain.timeline import Timeline, TimelineScene
from vidgen_pipeline.providers.assembly.checks import BlackStretch
from vidgen_pipeline.providers.assembly.clips import SAFE_INPUT_OPTIONS
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg
from vidgen_pipeline.runtime.probe import load_photo

# A little laxer than the search for black in the finished file: encoding may make a dark picture a shade darker.
_DARK_LEVEL = 0.16
_DARK_SHARE = 0.9
_CLIP_CHECKS_PER_SECOND = 2


async def check_black(
    stretches: Sequence[BlackStretch], timeline: Timeline, local_file: Callable[[Artifact], Path]
) -> None:
    """Raise RenderFailed when the video is black for longer than a moment where its photos and clips are not."""
    for stretch in stretches:
        for scene in timeline.scenes:
            if _seen_in(scene, stretch, timeline.canvas.fps) and not await _is_dark(scene.source, local_file):
                raise RenderFailed(
                    f"The finished video failed its check of pictures: it is black from {stretch.start:.1f} s to "
                    f"{stretch.end:.1f} s, but scene {scene.index + 1}'s {scene.source.kind} is not."
                )


def _seen_in(scene: TimelineScene, stretch: BlackStretch, fps: int) -> bool:
    start = scene.start_frame / fps
    end = start + scene.frames / fps
    # Where it is in view for only a moment it may be in the middle of a fade.
    return min(end, stretch.end) - max(start, stretch.start) > 0.5


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

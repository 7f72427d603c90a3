"""A clip in the nearest shape that its maker could make is shown in the film as any other."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.base import ClipRequest
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.hailuo import HailuoProvider
from vidgen_pipeline.providers.video_ai.runway import RunwayProvider
from vidgen_pipeline.runtime.probe import probe_video
from vidgen_pipeline_tests.providers.assembly.builders import SceneOf, render, timeline_of, tone
from vidgen_pipeline_tests.providers.video_ai.studio import Studio


@pytest.mark.parametrize(
    ("adapter", "asked", "made", "canvas"),
    [
        (HailuoProvider(), AspectRatio.PORTRAIT, (1366, 768), Canvas(width=270, height=480)),
        (RunwayProvider(), AspectRatio.SQUARE, (1280, 720), Canvas(width=270, height=270)),
    ],
    ids=["hailuo", "runway"],
)
def test_a_clip_in_the_nearest_shape_fills_the_film(
    adapter: ClipProvider, asked: AspectRatio, made: tuple[int, int], canvas: Canvas, studio: Studio, tmp_path: Path
) -> None:
    clip = studio.make(adapter, ClipRequest(prompt="A fox", duration_ms=2_000, aspect_ratio=asked)).data
    info = probe_video(clip)
    assert (info.width, info.height) == made
    scene = SceneOf(source=clip, frames=45, speech=tone(1, 300))
    film = render(timeline_of(tmp_path, [scene], canvas=canvas), tmp_path / "out")
    assert (film.width, film.height, film.frames) == (canvas.width, canvas.height, 45)
    with av.open(str(film.path)) as shown:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in shown.decode(video=0)]
    assert len(frames) == 45
    for corner in (frames[20][:20, :20], frames[20][-20:, :20], frames[20][:20, -20:], frames[20][-20:, -20:]):
        assert corner.mean() > 20  # no bars
    assert np.abs(frames[40] - frames[5]).mean() > 1  # and it moves

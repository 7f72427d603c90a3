"""Every scene's speech in one track, each starting on its very sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import av.audio.resampler
import numpy as np
from numpy.typing import NDArray

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import RenderFailed, storage_error
from vidgen_pipeline.domain.timeline import Timeline, TimelineScene
from vidgen_pipeline.runtime.ffmpeg import PYAV_SAFE_OPTIONS, file_url

SAMPLE_RATE = 48_000


def sample_at(frame: int, fps: int) -> int:
    """The sample heard when frame number `frame` appears."""
    return round(frame * SAMPLE_RATE / fps)


def write_speech_track(timeline: Timeline, local_file: Callable[[Artifact], Path], target: Path) -> None:
    """Write the narration as raw mono 16-bit samples at 48 kHz, exactly as long as the picture.

    Scene by scene, so that neither memory nor the number of open files grows with the video. Raises RenderFailed when
    a scene's speech can't be read or is not as long as its picture.
    """
    fps = timeline.canvas.fps
    try:
        with target.open("wb") as track:
            for scene in timeline.scenes:
                wanted = sample_at(scene.start_frame + scene.frames, fps) - sample_at(scene.start_frame, fps)
                written = 0
                for samples in _samples(scene, local_file(scene.narration)):
                    track.write(samples[: wanted - written].tobytes())
                    written += len(samples)
                if abs(written - wanted) > sample_at(1, fps):
                    raise RenderFailed(
                        f"Scene {scene.index + 1}'s narration lasts {written / SAMPLE_RATE:.2f} s, "
                        f"but its picture {wanted / SAMPLE_RATE:.2f} s."
                    )
                # Resampling may come out a sample short.
                track.write(bytes(2 * max(0, wanted - written)))
    except OSError as error:
        raise storage_error(error, target) from error


def _samples(scene: TimelineScene, path: Path) -> Iterator[NDArray[np.int16]]:
    resampler = av.audio.resampler.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    try:
        with av.open(file_url(path), options=dict(PYAV_SAFE_OPTIONS)) as container:
            for frame in container.decode(audio=0):
                for resampled in resampler.resample(frame):
                    yield resampled.to_ndarray()[0]
            for resampled in resampler.resample(None):
                yield resampled.to_ndarray()[0]
    except (av.FFmpegError, IndexError) as error:
        raise RenderFailed(f"Scene {scene.index + 1}'s narration can't be read.") from error

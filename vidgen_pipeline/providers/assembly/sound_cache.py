"""Finished sound, kept by what is heard in it: changed pictures and captions leave it as it is."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
from pydantic import BaseModel, ConfigDict

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.audio import Soundtrack, make_soundtrack
from vidgen_pipeline.providers.assembly.kept_files import KeptFiles
from vidgen_pipeline.providers.assembly.loudness import Loudness
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary, ffmpeg_version

RECIPE = 1
"""To be raised whenever the same timeline would be made into other sound than before."""

_NOT_HEARD_OF_MUSIC = {"file", "title", "author", "licence", "source"}


class _Record(BaseModel):
    """What was measured on the encoded sound."""

    model_config = ConfigDict(frozen=True)

    expected_lufs: float
    loudness: Loudness


@dataclass(frozen=True)
class SoundCache:
    """Sound that passed its check, in `files`."""

    files: KeptFiles

    async def soundtrack(
        self,
        timeline: Timeline,
        local_file: Callable[[Artifact], Path],
        folder: Path,
        progress: Callable[[float], None],
    ) -> Soundtrack:
        """What `make_soundtrack` makes, or has made of the same before."""
        target = folder / "sound.m4a"
        key = await asyncio.to_thread(sound_key, timeline)
        if record := await asyncio.to_thread(self.files.take, key, target, _Record):
            progress(1)
            return Soundtrack(path=target, expected_lufs=record.expected_lufs, loudness=record.loudness)
        made = await make_soundtrack(timeline, local_file, folder, progress)
        record = _Record(expected_lufs=made.expected_lufs, loudness=made.loudness)
        await asyncio.to_thread(self.files.keep, key, made.path, record)
        return made


def sound_key(timeline: Timeline) -> str:
    """The name of a timeline's sound by everything that is heard in it: letters and digits."""
    music = timeline.music
    content = [
        RECIPE,
        timeline.canvas.fps,
        [(scene.start_frame, scene.frames, scene.narration.sha256) for scene in timeline.scenes],
        [music.file.sha256, music.model_dump(mode="json", exclude=_NOT_HEARD_OF_MUSIC)] if music else None,
        [timeline.voice_clean_up, timeline.loudness_lufs, timeline.true_peak_dbtp],
        [ffmpeg_version(ffmpeg_binary()), av.__version__],
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

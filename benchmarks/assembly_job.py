"""The benchmark's video as a timeline, and the program that renders it in a process of its own.

    python benchmarks/assembly_job.py FOLDER OUT [--changes none music ...] [--cache FOLDER] [--length 3] [--scenes 2]

Prints a line of JSON for each video: what rendering took, counted from when everything is imported, as in a worker.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import resource
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assembly_inputs import OTHER_PHOTO, SCENES, words_of

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import Captions, Cue
from vidgen_pipeline.domain.media import Attribution, MediaAsset, MediaKind
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.timeline import CANVASES, Motion, Music, Timeline, TimelineScene
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.ffmpeg import FFmpegProvider
from vidgen_pipeline.providers.assembly.progress import Progress
from vidgen_pipeline.providers.assembly.segments import plan_segments
from vidgen_pipeline.runtime.music import choose_track
from vidgen_pipeline.subtitles.cues import cues_of_words
from vidgen_pipeline.subtitles.styles import caption_style

CANVAS = CANVASES[AspectRatio.PORTRAIT]
CROSSFADE_FRAMES = 10
CHANGES = ("none", "music", "caption", "scene", "style")
_STILL_MOTIONS = (Motion.ZOOM_IN, Motion.PAN_RIGHT, Motion.ZOOM_OUT, Motion.PAN_LEFT)
_CHANGED_SCENE = 2


def timeline_of(folder: Path, *, change: str = "none", length: int = 1, count: int | None = None) -> Timeline:
    """The job, `length` times over, with one thing changed; only its first `count` scenes where that is given."""
    style = caption_style("bold" if change == "style" else "modern")
    scenes: list[TimelineScene] = []
    cues: list[Cue] = []
    start = 0
    for index in range(count or len(SCENES) * length):
        number = index % len(SCENES)
        frames, name = SCENES[number]
        if change == "scene" and index == _CHANGED_SCENE:
            name = OTHER_PHOTO
        kind = MediaKind.PHOTO if name.endswith(".jpg") else MediaKind.CLIP
        source = MediaAsset(
            kind=kind, file=_artifact(folder / name), provider="bench", width=1, height=1, attribution=Attribution()
        )
        scenes.append(
            TimelineScene(
                index=index,
                start_frame=start,
                frames=frames,
                source=source,
                motion=Motion.NONE if kind is MediaKind.CLIP else _STILL_MOTIONS[index % 4],
                transition_frames=CROSSFADE_FRAMES if index else 0,
                narration=_artifact(folder / f"speech-{number}.wav"),
            )
        )
        words = [Word(text=text, start_ms=at, end_ms=to) for text, at, to in words_of(frames, start, 16 * index)]
        if change == "caption" and index == _CHANGED_SCENE:
            words[6] = words[6].model_copy(update={"text": "changed"})
        edge = round((start + frames) * 1000 / CANVAS.fps)
        cues += cues_of_words(words, edge, language="en", canvas=CANVAS, style=style)
        start += frames
    return Timeline(
        title="Benchmark",
        language="en",
        canvas=CANVAS,
        scenes=tuple(scenes),
        captions=Captions(language="en", style=style, cues=tuple(cues)),
        music=_music("energetic" if change == "music" else "calm"),
    )


def _music(mood: str) -> Music:
    track = choose_track(mood, "benchmark")
    return Music(mood=mood, file=_artifact(track.path), title="", author="", licence="", source="")


def _artifact(path: Path) -> Artifact:
    content = path.read_bytes()
    return Artifact(
        key=str(path.absolute()), sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content), media_type=""
    )


@dataclass(frozen=True)
class Lossless(Encoder):
    """Keeps every pixel, for something to hold a lossy picture against."""

    def options(self) -> dict[str, Any]:
        return {
            "c:v": "libx264",
            "preset": "ultrafast",
            "qp": 0,
            "pix_fmt": "yuv420p",
            "threads": self.threads,
            "g": 120,
        }


class LosslessProvider(FFmpegProvider):
    """Renders the pictures alone, without loss, into a list of files that ffmpeg reads as one."""

    def write(self, timeline: Timeline, scratch: Path) -> Path:
        scratch.mkdir(parents=True)
        segments = plan_segments(timeline)
        encoder = Lossless(profile="fast", crf=None, threads=1)
        renderer = self._renderer(timeline, local_file, scratch, encoder, None)
        parts = Progress(lambda share: None, timeline.frames)
        films = asyncio.run(renderer.render_all(segments, workers=self.workers, progress=parts))
        names = scratch / "segments.txt"
        names.write_text("".join(f"file '{film.path}'\n" for film in films), encoding="utf-8")
        return names


def local_file(file: Artifact) -> Path:
    return Path(file.key)


def spent(work: Callable[[], None]) -> dict[str, float]:
    """Seconds on the clock and of processors that `work` takes, ended child processes included."""
    wall, before = time.monotonic(), _processor_seconds()
    work()
    return {"wall": time.monotonic() - wall, "cpu": _processor_seconds() - before}


def _processor_seconds() -> float:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--changes", nargs="+", choices=CHANGES, default=["none"])
    parser.add_argument("--length", type=int, default=1)
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--crf", type=int)
    chosen = parser.parse_args()
    provider = FFmpegProvider(crf=chosen.crf)
    scratch: Path = chosen.out.with_suffix(".scratch")
    for change in chosen.changes:
        timeline = timeline_of(chosen.folder, change=change, length=chosen.length, count=chosen.scenes)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)

        def render(timeline: Timeline = timeline) -> None:
            made = provider.render(
                timeline, local_file=local_file, scratch=scratch, progress=lambda share: None, cache=chosen.cache
            )
            asyncio.run(made).data.path.replace(chosen.out)

        print(json.dumps({"change": change, **spent(render)}), flush=True)
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()

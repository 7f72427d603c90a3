"""Media and timelines for these tests, and eyes and ears for what is made of them."""

from __future__ import annotations

import asyncio
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import Captions, Cue
from vidgen_pipeline.domain.media import Attribution, MediaAsset, MediaKind
from vidgen_pipeline.domain.timeline import Canvas, Motion, Music, OnScreenText, Timeline, TimelineScene, Transition
from vidgen_pipeline.providers.assembly.ffmpeg import FFmpegProvider
from vidgen_pipeline.providers.base import RenderedVideo
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary
from vidgen_pipeline.subtitles.styles import caption_style

PORTRAIT = Canvas(width=270, height=480)
LANDSCAPE = Canvas(width=480, height=270)
TINY = Canvas(width=72, height=128)
SPEECH_RATE = 24_000


@dataclass(frozen=True, kw_only=True)
class SceneOf:
    """A scene as a test thinks of it; without `speech` it is silent."""

    source: Path
    frames: int
    crossfade: int = 0
    transition: Transition = Transition.CROSSFADE
    motion: Motion = Motion.NONE
    speech: NDArray[np.int16] | None = None
    rate: int = SPEECH_RATE
    title: str | None = None
    kind: MediaKind | None = None


def artifact(path: Path) -> Artifact:
    return Artifact(key=str(path), sha256="0" * 64, size_bytes=path.stat().st_size, media_type="")


def local_file(file: Artifact) -> Path:
    return Path(file.key)


def timeline_of(
    folder: Path,
    scenes: list[SceneOf],
    *,
    canvas: Canvas = PORTRAIT,
    cues: tuple[Cue, ...] = (),
    style: str = "modern",
    music: Path | None = None,
) -> Timeline:
    """A timeline whose narration is written to `folder`."""
    made = []
    start = 0
    for number, scene in enumerate(scenes):
        speech = folder / f"speech-{number}.wav"
        samples = np.zeros(scene.frames * scene.rate // 30, np.int16)
        if scene.speech is not None:
            samples[: len(scene.speech)] = scene.speech[: len(samples)]
        write_wav(speech, samples, scene.rate)
        kind = scene.kind or (MediaKind.CLIP if scene.source.suffix in {".mp4", ".mkv", ".mov"} else MediaKind.PHOTO)
        source = MediaAsset(
            kind=kind, file=artifact(scene.source), provider="test", width=1, height=1, attribution=Attribution()
        )
        made.append(
            TimelineScene(
                index=number,
                start_frame=start,
                frames=scene.frames,
                source=source,
                motion=scene.motion,
                transition=scene.transition,
                transition_frames=scene.crossfade,
                narration=artifact(speech),
                on_screen_text=OnScreenText(text=scene.title, accent_colour="#FFD23F") if scene.title else None,
            )
        )
        start += scene.frames
    return Timeline(
        title="Test",
        language="en",
        canvas=canvas,
        scenes=tuple(made),
        captions=Captions(language="en", style=caption_style(style), cues=cues),
        music=Music(mood="calm", file=artifact(music), title="", author="", licence="", source="") if music else None,
    )


def render(timeline: Timeline, scratch: Path, **settings: Any) -> RenderedVideo:
    scratch.mkdir(parents=True, exist_ok=True)
    provider = FFmpegProvider(**settings)
    work = provider.render(timeline, local_file=local_file, scratch=scratch, progress=lambda share: None)
    return asyncio.run(work).data


def run_tool(*arguments: str | Path) -> bytes:
    """What ffmpeg writes to stdout."""
    command = [ffmpeg_binary(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def write_clip(path: Path, source: str, *options: str | Path) -> Path:
    """A clip drawn by ffmpeg's own generators."""
    run_tool(
        "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", *options, path
    )
    return path


def write_photo(path: Path, pixels: NDArray[np.uint8] | Image.Image) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path)
    return path


def plain_photo(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (270, 480)) -> Path:
    return write_photo(path, Image.new("RGB", size, colour))


def write_wav(path: Path, samples: NDArray[np.int16], rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


def tone(seconds: float, frequency: float, level: float = 0.5, rate: int = SPEECH_RATE) -> NDArray[np.int16]:
    """A steady tone; `level` is its peak, 1 the loudest there is."""
    times = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * frequency * times) * level * 32767).astype(np.int16)


def pictures(video: Path, canvas: Canvas) -> NDArray[np.uint8]:
    """Every frame in RGB: frames x height x width x 3."""
    raw = run_tool("-i", video, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, canvas.height, canvas.width, 3)


def brightness(video: Path, canvas: Canvas = PORTRAIT) -> NDArray[np.float64]:
    """Each frame's mean luma, 16 (black) to 235 (white)."""
    raw = run_tool("-i", video, "-vf", "extractplanes=y", "-f", "rawvideo", "-")
    frames = np.frombuffer(raw, np.uint8).reshape(-1, canvas.width * canvas.height)
    return np.asarray(frames.mean(axis=1))


def sound(video: Path) -> NDArray[np.float32]:
    """The left channel at 48 kHz."""
    raw = run_tool("-i", video, "-map", "0:a", "-f", "f32le", "-")
    return np.frombuffer(raw, np.float32).reshape(-1, 2)[:, 0]

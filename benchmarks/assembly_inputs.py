"""What the assembly benchmark is made from: photos, clips and speech, drawn here, the same on every machine.

The pictures have what real ones have and plain test cards lack: detail of every size, edges, and a sensor's grain.
"""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary

PHOTO_SIZE = (4000, 3000)
SPEECH_RATE = 24_000
CLIP_SECONDS = 6.5
# How long scenes are in frames, and what each shows; 43.0 s in all.
SCENES = (
    (155, "photo-1.jpg"),
    (163, "hd.mp4"),
    (148, "photo-2.jpg"),
    (179, "4k.mp4"),
    (167, "720p25.mp4"),
    (151, "photo-3.jpg"),
    (171, "portrait.mp4"),
    (156, "photo-4.jpg"),
)
OTHER_PHOTO = "photo-5.jpg"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class _ClipOf:
    width: int
    height: int
    fps: int
    megabits: int


_CLIPS = {
    "hd.mp4": _ClipOf(1920, 1080, 30, 5),
    "4k.mp4": _ClipOf(3840, 2160, 30, 8),
    "720p25.mp4": _ClipOf(1280, 720, 25, 3),
    "portrait.mp4": _ClipOf(1080, 1920, 30, 5),
}


def make_inputs(folder: Path) -> None:
    """Draw everything that is not in `folder` yet."""
    folder.mkdir(parents=True, exist_ok=True)
    photos = [name for _, name in SCENES if name.endswith(".jpg")] + [OTHER_PHOTO]
    for number, name in enumerate(photos):
        if not (folder / name).exists():
            Image.fromarray(_scenery(*PHOTO_SIZE, seed=number)).save(folder / name, quality=90)
    for number, (name, clip) in enumerate(_CLIPS.items()):
        if not (folder / name).exists():
            _film(folder / name, clip, seed=100 + number)
    for number, (frames, _) in enumerate(SCENES):
        _speak(folder / f"speech-{number}.wav", frames, seed=number)


def _scenery(width: int, height: int, seed: int) -> Pixels:
    chance = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for octave in range(2, 12):
        cells = 2**octave
        noise = chance.standard_normal((cells * height // width + 2, cells + 2, 3), np.float32)
        noise = 0.6 * noise.mean(axis=2, keepdims=True) + 0.4 * noise
        picture += cv2.resize(noise * (36 / 1.2**octave), (width, height), interpolation=cv2.INTER_CUBIC)
    picture += chance.uniform(70, 180, 3).astype(np.float32)
    for _ in range(40):
        corners = chance.uniform(0, 1, 2) * (width, height) + chance.normal(0, width / 25, (5, 2))
        colour = chance.uniform(20, 235, 3)
        cv2.fillConvexPoly(picture, cv2.convexHull(corners.astype(np.int32)), colour.tolist(), cv2.LINE_AA)
    return _grained(picture, chance)


def _grained(picture: NDArray[np.float32], chance: np.random.Generator) -> Pixels:
    grain = chance.standard_normal((picture.shape[0], picture.shape[1], 1), np.float32) * 2.0
    return np.asarray(np.clip(picture + grain, 0, 255), np.uint8)


def _film(path: Path, clip: _ClipOf, seed: int) -> None:
    """A camera that moves over scenery in which things move."""
    chance = np.random.default_rng(seed)
    ground = _scenery(round(clip.width * 1.2), round(clip.height * 1.2), seed)
    grains = [chance.integers(-3, 4, (clip.height, clip.width, 3), np.int8).astype(np.int16) for _ in range(3)]
    size, rate = f"{clip.width}x{clip.height}", str(clip.fps)
    command = [str(ffmpeg_binary()), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", rate]
    command += ["-i", "-", "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-c:v", "libx264"]
    command += [
        "-preset",
        "superfast",
        "-b:v",
        f"{clip.megabits}M",
        "-colorspace",
        "bt709",
        "-color_primaries",
        "bt709",
    ]
    command += ["-color_trc", "bt709", str(path)]
    frames = round(CLIP_SECONDS * clip.fps)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin
        for number in range(frames):
            share = number / frames
            place = np.array([[1, 0, -0.2 * clip.width * share], [0, 1, -0.1 * clip.height * (1 + np.sin(5 * share))]])
            view = cv2.warpAffine(ground, place, (clip.width, clip.height), flags=cv2.INTER_LINEAR)
            centre = (round(clip.width * (0.2 + 0.6 * share)), round(clip.height * (0.5 + 0.3 * np.sin(9 * share))))
            cv2.circle(view, centre, clip.height // 9, (230, 190, 60), -1, cv2.LINE_AA)
            encoder.stdin.write(cv2.add(view, grains[number % 3], dtype=cv2.CV_8U).data)
        encoder.stdin.close()
    if encoder.returncode:
        raise subprocess.CalledProcessError(encoder.returncode, command)


def _speak(path: Path, frames: int, seed: int) -> None:
    """Something as loud, and with as many pauses, as speech."""
    chance = np.random.default_rng(seed)
    samples = frames * SPEECH_RATE // 30
    times = np.arange(samples) / SPEECH_RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * times + seed)
    phase = 2 * np.pi * np.cumsum(pitch) / SPEECH_RATE
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * times), 0, 1) ** 0.5 * (np.sin(2 * np.pi * 0.31 * times) > -0.75)
    sound = 0.11 * syllables * (voice + 0.1 * chance.standard_normal(samples))
    _write_wav(path, (np.clip(sound, -1, 1) * 32767).astype("<i2"))


def _write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SPEECH_RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


_TEXT = (
    "every morning the river carries small boats past quiet houses, and children count them one by one. nobody knows "
    "where they all go, but an old engineer keeps careful notes about each passing hull in her green book."
)


def words_of(frames: int, start_frame: int, first: int) -> Sequence[tuple[str, int, int]]:
    """(text, start, end) in ms of the words said in a scene."""
    start, end = round(start_frame * 1000 / 30), round((start_frame + frames) * 1000 / 30)
    count = (end - start - 200) // 330
    words = _TEXT.split()
    texts = [words[(first + number) % len(words)] for number in range(count)]
    return [(text, start + 330 * number, start + 330 * number + 300) for number, text in enumerate(texts)]

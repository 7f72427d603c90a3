"""Flash and beep: what is shown and what is heard happen together, through every cut, fade and frame rate."""

from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from vidgen_pipeline.providers.assembly.ffmpeg import FFmpegProvider
from vidgen_pipeline_tests.providers.assembly.builders import (
    SPEECH_RATE,
    TINY,
    SceneOf,
    brightness,
    render,
    sound,
    timeline_of,
    tone,
    write_clip,
)

FRAME_MS = 1000 / 30
RATES = {"24": 24.0, "25": 25.0, "30000/1001": 30000 / 1001, "60": 60.0}


def flashing_clip(path: Path, rate: str, frames_a_second: float) -> float:
    """A black clip that turns white for a moment; when it does, in seconds."""
    first = round(0.5 * frames_a_second)
    last = first + round(0.1 * frames_a_second) - 1
    picture = f"color=black:s=96x170:r={rate}:d=3,geq=lum='if(between(N,{first},{last}),235,16)':cb=128:cr=128"
    write_clip(path, picture, "-an", "-g", "40")
    return first / frames_a_second


def onsets(signal: np.ndarray, threshold: float, apart: int) -> list[int]:
    """Where the signal rises above the threshold after having been below it for `apart` values."""
    above = np.flatnonzero(signal > threshold)
    return [int(above[0])] + [int(b) for a, b in pairwise(above) if b - a > apart]


def test_sixty_cuts_of_four_frame_rates_stay_in_step(tmp_path: Path) -> None:
    flashes = {rate: flashing_clip(tmp_path / f"{number}.mp4", rate, speed)
               for number, (rate, speed) in enumerate(RATES.items())}  # fmt: skip
    lengths = [31, 27, 43, 29, 37, 33, 41, 35, 26, 47, 30, 39, 28, 45, 34, 32, 49, 36, 25, 38] * 3
    scenes = []
    for number, frames in enumerate(lengths):
        rate = list(RATES)[number % 4]
        silence = np.zeros(round(flashes[rate] * SPEECH_RATE), np.int16)
        scenes.append(
            SceneOf(
                source=tmp_path / f"{number % 4}.mp4",
                frames=frames,
                crossfade=(0, 6, 3)[number % 3],
                speech=np.concatenate((silence, tone(0.05, 1000))),
            )
        )
    video = render(timeline_of(tmp_path, scenes, canvas=TINY), tmp_path / "out")

    assert video.frames == sum(lengths)
    seen = onsets(brightness(video.path, TINY), 100, 5)
    heard = onsets(np.abs(sound(video.path)), 0.15, 9600)
    assert len(seen) == len(heard) == len(lengths)
    errors = np.array([frame * FRAME_MS - sample / 48 for frame, sample in zip(seen, heard, strict=True)])
    assert np.abs(errors).max() < FRAME_MS
    for number in range(4):
        same_clip = errors[number::4]
        assert np.ptp(same_clip) < 1.0, "the same clip is shown at the same distance from its sound, first to last"


def test_speech_of_any_rate_starts_on_its_frame(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", "color=gray:s=96x170:r=30:d=2", "-an")
    rates, lengths = (22_050, 16_000, 44_100, 48_000, 24_000), (31, 17, 23, 29, 37)
    scenes = [
        SceneOf(source=clip, frames=frames, rate=rate, speech=tone(0.1, 1000, rate=rate))
        for frames, rate in zip(lengths, rates, strict=True)
    ]
    video = render(timeline_of(tmp_path, scenes, canvas=TINY), tmp_path / "out")
    heard = onsets(np.abs(sound(video.path)), 0.1, 9600)
    starts = [0, *accumulate(lengths[:-1])]
    assert np.allclose(heard, [frame * 1600 for frame in starts], atol=48)
    assert video.audio_duration_ms == video.duration_ms == round(sum(lengths) * FRAME_MS)


def test_no_sample_of_speech_is_lost_where_scenes_meet(tmp_path: Path) -> None:
    """A tone that goes on over the edge of two scenes sounds on without a hole."""
    clip = write_clip(tmp_path / "clip.mp4", "color=gray:s=96x170:r=30:d=2", "-an")
    whole = tone(2.0, 3000, rate=22_050)
    scenes = [
        SceneOf(source=clip, frames=30, rate=22_050, speech=part) for part in (whole[: 30 * 735], whole[30 * 735 :])
    ]
    heard = sound(render(timeline_of(tmp_path, scenes, canvas=TINY), tmp_path / "out").path)
    levels = np.abs(heard[2400:-4800]).reshape(-1, 32).max(axis=1)  # two thirds of a millisecond each
    assert levels.min() > 0.8 * np.median(levels)


def test_the_fingerprint_does_not_depend_on_how_many_work_on_it() -> None:
    assert FFmpegProvider(workers=1).fingerprint() == FFmpegProvider(workers=4).fingerprint()
    assert FFmpegProvider(crf=20).fingerprint() != FFmpegProvider(crf=23).fingerprint()

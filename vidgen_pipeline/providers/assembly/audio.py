"""The sound: speech, music that makes room for it, and one loudness for every video."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.domain.video import VoiceCleanUp
from vidgen_pipeline.providers.assembly.clips import SAFE_INPUT_OPTIONS
from vidgen_pipeline.providers.assembly.loudness import Loudness, measure
from vidgen_pipeline.providers.assembly.silence import HEARD_FORMAT, check_heard
from vidgen_pipeline.providers.assembly.speech_track import SAMPLE_RATE, sample_at, write_speech_track
from vidgen_pipeline.providers.assembly.voice_clean_up import clean_voice
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg
from vidgen_pipeline.runtime.together import all_or_nothing

MUSIC_BELOW_SPEECH_LU = 10.0
"""How much quieter than speech the music is where nobody speaks; speech pushes it down by about 9 dB more."""

LARGEST_GAIN_DB = 36.0
"""How far speech is raised in all. A narration still too quiet after this is mostly noise, and stays quiet."""

_DUCKING = {"threshold": 0.03, "ratio": 2, "attack": 15, "release": 350, "knee": 4, "detection": "rms"}
_MUSIC_FADE_IN_SECONDS = 0.6
_MUSIC_FADE_OUT_SECONDS = 2.5
# What the limiter takes away is given back up to here; more would only flatten the sound.
_LARGEST_MIX_GAIN_DB = 12.0
# What AAC and the meter's finer sampling add to a peak, as measured on speech with music.
_PEAK_RESERVE_DB = 0.94
_CLOSE_ENOUGH_LU = 0.1
# Added to every sample, 174 dB down: in pauses of nothing but zeros the meter's filters would fade into numbers so
# small that a processor is many times slower with them.
_INAUDIBLE = 2e-9
_ROUNDS = 6
_STEREO = {"channel_layouts": "stereo", "sample_rates": SAMPLE_RATE, "sample_fmts": "fltp"}
_SAMPLES: dict[str, Any] = {"c:a": "pcm_f32le", "ar": SAMPLE_RATE, "ac": 2, "f": "wav"}
_AAC = {"c:a": "aac", "aac_coder": "fast", "b:a": "192k", "ar": SAMPLE_RATE, "ac": 2}


@dataclass(frozen=True)
class Soundtrack:
    """The encoded sound, exactly as long as the picture, how loud it is, and should be: as asked for, where it can be.

    `loudness` is measured on the encoded sound.
    """

    path: Path
    expected_lufs: float
    loudness: Loudness


async def make_soundtrack(
    timeline: Timeline, local_file: Callable[[Artifact], Path], folder: Path, progress: Callable[[float], None]
) -> Soundtrack:
    """Mix and encode the sound into `folder`.

    It has the timeline's loudness, unless the speech is so quiet that raising it would only raise its noise. What is
    given back was decoded to its end: RenderFailed when speech has become silent in it.
    """
    speech, mix, target = folder / "speech.s16", folder / "mix.wav", folder / "sound.m4a"
    decoded = folder / "heard.s16"
    music = local_file(timeline.music.file) if timeline.music else None
    async with all_or_nothing() as group:
        voice = group.create_task(_measured_voice(timeline, local_file, speech))
        bed = group.create_task(measure(_music(music))) if music else None
    spoken = voice.result()
    progress(0.2)
    speech_gain = 0.0 if spoken.is_silent else min(timeline.loudness_lufs - spoken.integrated, LARGEST_GAIN_DB)
    raised = _voice(speech).filter("volume", f"{speech_gain:.2f}dB")
    mixed = await _mix(timeline, raised, _bed(music, bed.result(), timeline) if music and bed else None, mix)
    progress(0.5)
    most = min(_LARGEST_MIX_GAIN_DB, LARGEST_GAIN_DB - speech_gain)
    gain = 0.0 if mixed.is_silent else min(timeline.loudness_lufs - mixed.integrated, most)
    ceiling = timeline.true_peak_dbtp - _PEAK_RESERVE_DB
    for _ in range(_ROUNDS):
        gain = await _level(mix, gain, most, ceiling, timeline.loudness_lufs)
        await _encode(mix, gain, ceiling, target)
        encoded = ffmpeg.input(file_url(target), err_detect="explode").audio
        loudness = await measure(encoded, decoded, peaks=True, **HEARD_FORMAT)
        progress(0.9)
        if loudness.true_peak <= timeline.true_peak_dbtp:
            break
        ceiling -= loudness.true_peak - timeline.true_peak_dbtp + 0.1
    await asyncio.to_thread(check_heard, speech, decoded)
    could_be_reached = gain < most and not mixed.is_silent
    expected = timeline.loudness_lufs if could_be_reached else loudness.integrated
    return Soundtrack(path=target, expected_lufs=expected, loudness=loudness)


def _voice(speech: Path) -> Any:
    sound = ffmpeg.input(file_url(speech), format="s16le", ar=SAMPLE_RATE, ac=1).audio
    return sound.filter("dcshift", _INAUDIBLE).filter("aformat", **_STEREO)


async def _measured_voice(timeline: Timeline, local_file: Callable[[Artifact], Path], speech: Path) -> Loudness:
    if timeline.voice_clean_up is VoiceCleanUp.NONE:
        await asyncio.to_thread(write_speech_track, timeline, local_file, speech)
    else:
        recorded = speech.with_suffix(".recorded")
        await asyncio.to_thread(write_speech_track, timeline, local_file, recorded)
        await clean_voice(recorded, timeline.voice_clean_up, speech)
    return await measure(_voice(speech))


async def _mix(timeline: Timeline, voice: Any, bed: Any, target: Path) -> Loudness:
    """Put speech and music together, both at their places in loudness, as floating-point samples."""
    sound = voice
    if bed is not None:
        copies = voice.filter_multi_output("asplit")
        # Without end: the music would stop with it, a little earlier or later each time.
        ducking = copies[1].filter("apad")
        ducked = ffmpeg.filter([bed, ducking], "sidechaincompress", **_DUCKING)
        sound = ffmpeg.filter(
            [copies[0], ducked], "amix", inputs=2, duration="first", normalize=0, dropout_transition=0
        )
    samples = sample_at(timeline.frames, timeline.canvas.fps)
    sound = sound.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)
    return await measure(sound, target, **_SAMPLES)


def _music(file: Path, **options: Any) -> Any:
    return ffmpeg.input(file_url(file), **SAFE_INPUT_OPTIONS, **options).audio.filter("aformat", **_STEREO)


def _bed(file: Path, heard: Loudness, timeline: Timeline) -> Any:
    """The music for the whole video: repeated, faded in and out, at the level of a pause in speech."""
    gain = 0.0 if heard.is_silent else timeline.loudness_lufs - MUSIC_BELOW_SPEECH_LU - heard.integrated
    seconds = timeline.frames / timeline.canvas.fps
    fade_out = min(_MUSIC_FADE_OUT_SECONDS, seconds / 4)
    return (
        _music(file, stream_loop=-1, t=round(seconds + 1, 3))
        .filter("volume", f"{gain:.2f}dB")
        .filter("afade", type="in", duration=min(_MUSIC_FADE_IN_SECONDS, seconds / 4))
        .filter("afade", type="out", start_time=round(seconds - fade_out, 3), duration=round(fade_out, 3))
    )


def _limited(mix: Path, gain: float, ceiling: float) -> Any:
    """The mix raised by `gain` dB, its peaks held below `ceiling` dB."""
    limit = 10 ** (ceiling / 20)
    raised = ffmpeg.input(file_url(mix), format="wav").audio.filter("volume", f"{gain:.3f}dB")
    # `level` would raise it again; `latency` keeps it in step with the picture.
    return raised.filter("alimiter", limit=f"{limit:.4f}", attack=3, release=60, level="false", latency="true")


async def _level(mix: Path, gain: float, most: float, ceiling: float, wanted: float) -> float:
    """The gain, `most` at most, at which the limited mix is as loud as `wanted`: the limiter's loss is given back."""
    for _ in range(_ROUNDS):
        heard = await measure(_limited(mix, gain, ceiling))
        missing = wanted - heard.integrated
        if heard.is_silent or abs(missing) <= _CLOSE_ENOUGH_LU or gain >= most:
            break
        gain = min(gain + missing, most)
    return gain


async def _encode(mix: Path, gain: float, ceiling: float, target: Path) -> None:
    output = ffmpeg.output(_limited(mix, gain, ceiling), file_url(target), **_AAC)
    await run_ffmpeg(output.get_args(overwrite_output=True))

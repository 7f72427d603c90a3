"""What is heard: loudness as measured by a meter of these tests' own, music under speech, and honest silence."""

from pathlib import Path

import hibari
import numpy as np
import pytest
from numpy.typing import NDArray

from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.base import RenderedVideo
from vidgen_pipeline_tests.providers.assembly.builders import (
    SPEECH_RATE,
    TINY,
    SceneOf,
    plain_photo,
    render,
    run_tool,
    sound,
    timeline_of,
    tone,
    write_wav,
)

LINES = (
    "Every morning, before the city wakes, the harbour is full of light.",
    "People listened for the bells, and nobody was late.",
)


@pytest.fixture(scope="module")
def speech() -> list[NDArray[np.int16]]:
    """Two spoken lines."""
    voice = hibari.Hibari()
    return [(np.clip(np.asarray(voice(line)).ravel(), -1, 1) * 32767).astype(np.int16) for line in LINES]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return plain_photo(tmp_path / "plain.png", (120, 90, 60), (54, 96))


def spoken_scenes(photo: Path, speech: list[NDArray[np.int16]]) -> list[SceneOf]:
    """Each line followed by more than a second of nobody speaking."""
    return [SceneOf(source=photo, frames=len(line) * 30 // SPEECH_RATE + 40, speech=line) for line in speech]


def stereo(video: Path) -> NDArray[np.float64]:
    raw = run_tool("-i", video, "-map", "0:a", "-f", "f32le", "-")
    return np.frombuffer(raw, np.float32).reshape(-1, 2).astype(np.float64)


def loudness(samples: NDArray[np.float64]) -> float:
    """Integrated loudness (LUFS) of samples at 48 kHz, by the formulas of ITU-R BS.1770."""
    step = np.exp(-2j * np.pi * np.fft.rfftfreq(len(samples)))
    shelf = (1.53512485958697 - 2.69169618940638 * step + 1.19839281085285 * step**2) / (
        1 - 1.69065929318241 * step + 0.73248077421585 * step**2
    )
    high_pass = (1 - 2 * step + step**2) / (1 - 1.99004745483398 * step + 0.99007225036621 * step**2)
    weighted = np.fft.irfft(np.fft.rfft(samples, axis=0) * (shelf * high_pass)[:, None], len(samples), axis=0)
    energy = np.concatenate(([0], np.cumsum((weighted**2).sum(axis=1))))
    starts = np.arange(0, len(samples) - 19_200 + 1, 4_800)  # blocks of 400 ms, every 100 ms
    blocks = (energy[starts + 19_200] - energy[starts]) / 19_200
    blocks = blocks[blocks > 10 ** ((-70 + 0.691) / 10)]
    blocks = blocks[blocks > blocks.mean() / 10]
    return float(-0.691 + 10 * np.log10(blocks.mean()))


def true_peak(samples: NDArray[np.float64]) -> float:
    """The highest level between the samples too, in dBTP: eight times as many, exactly interpolated."""
    finer = np.fft.irfft(np.fft.rfft(samples, axis=0) * 8, len(samples) * 8, axis=0)
    return float(20 * np.log10(np.abs(finer).max()))


def rms_db(samples: NDArray[np.float64] | NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def rendered(timeline: Timeline, folder: Path) -> RenderedVideo:
    video = render(timeline, folder)
    heard = stereo(video.path)
    assert video.loudness_lufs == pytest.approx(loudness(heard), abs=0.11), "what is reported is what is heard"
    assert video.true_peak_dbtp == pytest.approx(true_peak(heard), abs=0.5)
    return video


@pytest.mark.parametrize("level_db", [0, -22])
def test_speech_comes_out_at_one_loudness_however_it_went_in(
    level_db: float, photo: Path, speech: list[NDArray[np.int16]], tmp_path: Path
) -> None:
    louder = [(line * 10 ** (level_db / 20)).astype(np.int16) for line in speech[:1]]
    video = rendered(timeline_of(tmp_path, canvas=TINY, scenes=spoken_scenes(photo, louder)), tmp_path / "out")
    assert video.loudness_lufs == pytest.approx(-14, abs=0.5)
    assert video.true_peak_dbtp <= -1
    assert video.audio_duration_ms == video.duration_ms


def test_music_makes_room_for_speech_and_is_heard_in_pauses(
    photo: Path, speech: list[NDArray[np.int16]], tmp_path: Path
) -> None:
    """The music is a pure tone where speech has next to nothing, so that the two can be told apart."""
    music = tmp_path / "music.wav"
    write_wav(music, tone(2.0, 9000, 0.3, rate=48_000), 48_000)
    scenes = spoken_scenes(photo, speech)
    video = rendered(timeline_of(tmp_path, canvas=TINY, scenes=scenes, music=music), tmp_path / "out")
    assert video.loudness_lufs == pytest.approx(-14, abs=0.5)
    assert video.true_peak_dbtp <= -1

    heard = sound(video.path).astype(np.float64)
    spectrum = np.fft.rfft(heard)
    near = np.abs(np.fft.rfftfreq(len(heard), 1 / 48_000) - 9000) < 40
    tone_alone = np.fft.irfft(np.where(near, spectrum, 0), len(heard))
    start = 0
    for number, (scene, line) in enumerate(zip(scenes, speech, strict=True)):
        spoken = slice(start + 24_000, start + len(line) * 2 - 12_000)
        # The first half second after speech, the music is on its way back; at the end it fades out.
        pause = slice(start + len(line) * 2 + 33_600, start + scene.frames * 1600 - 4800)
        start += scene.frames * 1600
        under_speech = rms_db(tone_alone[spoken])
        assert 14 <= rms_db((heard - tone_alone)[spoken]) - under_speech <= 26
        if number == 0:
            assert 6 <= rms_db(tone_alone[pause]) - under_speech <= 14
            assert rms_db(tone_alone[pause]) > -40, "in a pause it is to be heard"


def test_the_same_sound_comes_out_each_time(photo: Path, speech: list[NDArray[np.int16]], tmp_path: Path) -> None:
    music = tmp_path / "music.wav"
    write_wav(music, tone(2.0, 900, 0.3, rate=48_000), 48_000)
    timeline = timeline_of(tmp_path, canvas=TINY, scenes=spoken_scenes(photo, speech[1:]), music=music)
    videos = [render(timeline, tmp_path / f"out-{number}") for number in range(3)]
    assert len({video.path.read_bytes() for video in videos}) == 1


def test_short_music_is_repeated_to_the_end_and_fades_in_and_out(
    photo: Path, speech: list[NDArray[np.int16]], tmp_path: Path
) -> None:
    music = tmp_path / "music.ogg"
    run_tool("-f", "lavfi", "-i", "anoisesrc=d=1.5:r=48000:a=0.3:seed=3", "-c:a", "libopus", music)
    quiet = [SceneOf(source=photo, frames=240)]
    video = rendered(timeline_of(tmp_path, canvas=TINY, scenes=quiet, music=music), tmp_path / "out")
    heard = sound(video.path)
    levels = np.array([rms_db(part) for part in np.array_split(heard, 80)])  # 100 ms each
    assert levels[10:54].min() > levels[10:54].max() - 6, "no gap where it starts again"
    assert levels[0] < levels[20] - 10
    assert levels[-1] < levels[20] - 10
    assert (np.diff(levels[56:]) < 1).all()


def test_a_nearly_silent_narration_stays_quiet_and_says_so(photo: Path, tmp_path: Path) -> None:
    noise = (np.random.default_rng(1).normal(0, 10, SPEECH_RATE * 4)).astype(np.int16)  # about -70 dB
    video = rendered(
        timeline_of(tmp_path, canvas=TINY, scenes=[SceneOf(source=photo, frames=120, speech=noise)]), tmp_path / "out"
    )
    before = rms_db(noise / 32768)
    assert video.loudness_lufs < -20
    assert before + 30 < rms_db(sound(video.path)) < before + 37


def test_silence_is_silence(photo: Path, tmp_path: Path) -> None:
    video = render(timeline_of(tmp_path, canvas=TINY, scenes=[SceneOf(source=photo, frames=45)]), tmp_path / "out")
    assert video.loudness_lufs == -70
    assert np.abs(sound(video.path)).max() < 1e-4
    assert video.audio_duration_ms == video.duration_ms == 1500


def test_loud_clicks_do_not_break_the_peak_limit(photo: Path, speech: list[NDArray[np.int16]], tmp_path: Path) -> None:
    """Full-scale clicks among quiet speech: the worst case for a limiter before a lossy encoder."""
    line = (speech[0] // 6).copy()
    line[::6000] = 32767
    line[1::6000] = -32768
    video = rendered(timeline_of(tmp_path, canvas=TINY, scenes=spoken_scenes(photo, [line])), tmp_path / "out")
    assert video.true_peak_dbtp <= -1
    assert video.loudness_lufs == pytest.approx(-14, abs=1)

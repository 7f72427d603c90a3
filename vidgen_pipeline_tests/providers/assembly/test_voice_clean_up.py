"""Rumble and hiss go, the voice stays, and not a sample moves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import hibari
import numpy as np
import pytest
from numpy.typing import NDArray

from vidgen_pipeline.domain.video import VoiceCleanUp
from vidgen_pipeline.providers.assembly.sound_cache import sound_key
from vidgen_pipeline.providers.assembly.voice_clean_up import TAKEN_DB, clean_voice, noise_db
from vidgen_pipeline_tests.providers.assembly.builders import SceneOf, plain_photo, render, sound, timeline_of

RATE = 48_000
PAUSE = RATE
HOW = (VoiceCleanUp.LIGHT, VoiceCleanUp.STRONG)

Samples = NDArray[np.float64]


@pytest.fixture(scope="module")
def voice() -> Samples:
    """A spoken line at 48 kHz with a second of silence around it."""
    said = np.asarray(hibari.Hibari()("Every morning, before the city wakes, the harbour is full of light.")).ravel()
    twice = np.interp(np.arange(2 * len(said)) / 2, np.arange(len(said)), said)
    return np.concatenate([np.zeros(PAUSE), twice * 0.3 / np.abs(twice).max(), np.zeros(PAUSE)])


def hiss(length: int, level_db: float) -> Samples:
    return np.random.default_rng(4).standard_normal(length) * 10 ** (level_db / 20)


def cleaned(samples: Samples, how: VoiceCleanUp, folder: Path) -> Samples:
    speech, target = folder / "speech.s16", folder / "clean.s16"
    speech.write_bytes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
    asyncio.run(clean_voice(speech, how, target))
    return np.frombuffer(target.read_bytes(), np.int16).astype(np.float64) / 32767


def db(samples: Samples) -> float:
    return float(10 * np.log10((samples**2).mean() + 1e-12))


def band(samples: Samples, low: float, high: float) -> float:
    """How loud (dB) it is between two frequencies."""
    power = np.abs(np.fft.rfft(samples)) ** 2 / len(samples) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(10 * np.log10(power[(hertz >= low) & (hertz < high)].sum() + 1e-15))


def moved(samples: Samples, reference: Samples) -> int:
    """By how many samples the one lags behind the other, where the voice's consonants are."""
    size = 2 * len(reference)
    keep = np.fft.rfftfreq(size, 1 / RATE) > 500
    spectrum = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(reference, size)) * keep
    at = int(np.argmax(np.fft.irfft(spectrum)))
    return at if at < size // 2 else at - size


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("level", [-60.0, -48.0])
def test_hiss_is_pushed_down_and_the_voice_stays_where_and_as_it_was(
    how: VoiceCleanUp, level: float, voice: Samples, tmp_path: Path
) -> None:
    noisy = voice + hiss(len(voice), level)
    clean = cleaned(noisy, how, tmp_path)
    assert len(clean) == len(voice)
    before, after = (db(samples[RATE // 5 : PAUSE - RATE // 5]) for samples in (noisy, clean))
    assert before - after > TAKEN_DB[how] - 5
    assert abs(moved(clean, voice)) <= 2
    spoken = slice(PAUSE, len(voice) - PAUSE)
    assert abs(db(clean[spoken]) - db(voice[spoken])) < 0.6
    for low, high in ((150, 400), (400, 1000), (1000, 3000)):
        assert abs(band(clean[spoken], low, high) - band(voice[spoken], low, high)) < 1, (low, high)


def test_rumble_goes_and_a_deep_voice_does_not(voice: Samples, tmp_path: Path) -> None:
    times = np.arange(len(voice)) / RATE
    rumble = 0.05 * np.sin(2 * np.pi * 30 * times)
    deep = 0.05 * np.sin(2 * np.pi * 110 * times)
    clean = cleaned(voice + rumble + deep, VoiceCleanUp.LIGHT, tmp_path)
    assert band(clean, 25, 35) < band(voice + rumble, 25, 35) - 20
    assert abs(band(clean, 105, 115) - band(voice + deep, 105, 115)) < 3


def test_a_hum_is_not_taken_for_hiss(voice: Samples, tmp_path: Path) -> None:
    """It is louder, and as much taken from above it would be the voice's own s and f."""
    hum = 0.02 * np.sin(2 * np.pi * 50 * np.arange(len(voice)) / RATE)
    clean = cleaned(voice + hum + hiss(len(voice), -60), VoiceCleanUp.STRONG, tmp_path)
    pause, spoken = slice(RATE // 5, PAUSE - RATE // 5), slice(PAUSE, len(voice) - PAUSE)
    assert band((hum + hiss(len(voice), -60))[pause], 200, 20_000) - band(clean[pause], 200, 20_000) > 15
    assert abs(band(clean[spoken], 4000, 9000) - band(voice[spoken], 4000, 9000)) < 1.5


@pytest.mark.parametrize("how", HOW)
def test_a_clean_voice_stays_as_it_is(how: VoiceCleanUp, voice: Samples, tmp_path: Path) -> None:
    clean = cleaned(voice, how, tmp_path)
    assert abs(moved(clean, voice)) <= 2
    assert abs(db(clean) - db(voice)) < 0.3
    assert db(clean[: PAUSE // 2]) < -90
    for silent in (np.zeros(RATE), np.zeros(0)):
        assert len(cleaned(silent, how, tmp_path)) == len(silent)


def test_noise_is_heard_in_pauses_alone(voice: Samples, tmp_path: Path) -> None:
    def heard(samples: Samples) -> float | None:
        path = tmp_path / "speech.s16"
        path.write_bytes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())
        return noise_db(path)

    assert heard(voice + hiss(len(voice), -50)) == pytest.approx(-50, abs=1.5)
    assert heard(np.zeros(RATE)) is None
    assert heard(hiss(RATE, -20)) is None, "what is as loud all the time may be the voice itself"


def test_a_video_is_heard_without_its_hiss_and_only_where_that_is_wanted(voice: Samples, tmp_path: Path) -> None:
    noisy = voice + hiss(len(voice), -48)
    speech = (np.clip(noisy, -1, 1) * 32767).astype(np.int16)[::2]
    photo = plain_photo(tmp_path / "plain.png", (120, 90, 60), (54, 96))
    timeline = timeline_of(tmp_path, [SceneOf(source=photo, frames=len(speech) * 30 // 24_000, speech=speech)])
    wanted = timeline.model_copy(update={"voice_clean_up": VoiceCleanUp.STRONG})
    assert sound_key(timeline) != sound_key(wanted)
    plain, clean = (
        sound(render(each, tmp_path / name).path).astype(np.float64)
        for each, name in ((timeline, "plain"), (wanted, "clean"))
    )
    quiet = slice(RATE // 5, PAUSE - RATE // 5)
    assert db(plain[quiet]) - db(clean[quiet]) > 10
    assert abs(moved(clean, plain)) <= 2

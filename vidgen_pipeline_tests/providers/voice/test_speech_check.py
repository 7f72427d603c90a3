"""What vendors' voices send is heard before it is believed; sound files of every kind become the same samples."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from vidgen_pipeline.domain.errors import BadReply
from vidgen_pipeline.providers.base import SpeechRequest
from vidgen_pipeline.providers.voice.decoding import decoded, is_sound_file
from vidgen_pipeline.providers.voice.speech_check import checked_speech
from vidgen_pipeline.providers.voice.vendor_speech import Sound
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg

TEXT = "Rain has a smell, and it has a name."  # about two and a half seconds


def spoken(seconds: float, transcript: str | None = None) -> Sound:
    times = np.arange(round(24_000 * seconds)) / 24_000
    pcm = (np.sin(2 * np.pi * 220 * times) * 9000).astype("<i2").tobytes()
    return Sound(pcm=pcm, rate=24_000, transcript=transcript)


def request(text: str = TEXT, speed: float = 1.0) -> SpeechRequest:
    return SpeechRequest(text=text, language="en", speed=speed)


@pytest.mark.parametrize("seconds", [1.5, 2.5, 6.0])
def test_a_likely_length_is_taken(seconds: float):
    speech = checked_speech(spoken(seconds), request())
    assert speech.words is None
    assert speech.duration_ms == pytest.approx(seconds * 1000, abs=250)


@pytest.mark.parametrize(
    ("text", "seconds", "speed", "words"),
    [
        (TEXT, 0.0, 1.0, "no sound"),
        (TEXT, 20.0, 1.0, "spoke for"),
        (TEXT * 8, 2.0, 1.0, "spoke for"),
        (TEXT, 6.0, 4.0, "spoke for"),
    ],
)
def test_an_unlikely_one_is_not(text: str, seconds: float, speed: float, words: str):
    with pytest.raises(BadReply, match=words):
        checked_speech(spoken(seconds), request(text, speed))


@pytest.mark.parametrize(
    ("transcript", "taken"),
    [
        (TEXT, True),
        ("rain has a smell and it has a name", True),
        ("Rain has a smell — and it has the name!", True),
        ("Sure! I would love to read that.", False),
        ("", False),
        ("Rain has a smell.", False),
    ],
)
def test_the_words_that_were_spoken_are_compared(transcript: str, taken: bool):
    if taken:
        assert checked_speech(spoken(2.5, transcript), request()).pcm
    else:
        with pytest.raises(BadReply, match="other words"):
            checked_speech(spoken(2.5, transcript), request())


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.flac", "a.opus"])
def test_every_kind_of_file_becomes_the_same_samples(name: str, tmp_path: Path):
    path = tmp_path / name
    source = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1", "-ac", "2"]
    asyncio.run(run_ffmpeg([*source, "-y", file_url(path)]))
    pcm, rate = decoded(path.read_bytes())
    samples = np.frombuffer(pcm, "<i2").astype(float)
    assert rate == 48_000
    assert len(samples) == pytest.approx(48_000, abs=3000)
    middle = samples[10_000:34_000]
    assert np.abs(np.fft.rfft(middle)).argmax() == pytest.approx(440 * len(middle) / rate, abs=1)
    assert is_sound_file(path.read_bytes())


@pytest.mark.parametrize(
    "content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"OggS" + b"\0" * 60, b"\xff\xfb" + b"\0" * 60, b"%PDF"]
)
def test_what_can_not_be_decoded_is_told(content: bytes):
    with pytest.raises(BadReply):
        decoded(content)

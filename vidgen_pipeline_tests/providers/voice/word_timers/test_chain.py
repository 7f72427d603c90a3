"""Which timer a line ends up with, and what is told of the ones before."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice.hibari import HibariProvider
from vidgen_pipeline.providers.voice.word_timers.chain import MOST_OFF_MS, with_word_times
from vidgen_pipeline.providers.voice.word_timers.engine_process import EngineProcess
from vidgen_pipeline.providers.voice.word_timers.from_sound import FromSoundTimer
from vidgen_pipeline.providers.voice.word_timers.installed import installed_timers
from vidgen_pipeline.providers.voice.word_timers.pocketsphinx_timer import PocketsphinxTimer
from vidgen_pipeline.providers.voice.word_timers.whisper_timer import FROM_WHISPER, WhisperTimer, model_folder
from vidgen_pipeline.providers.voice.word_times import FROM_SOUND

TEXT = "Meet Dr. Lee at 10:30, not before."
REQUEST = SpeechRequest(text=TEXT, language="en")


@pytest.fixture(scope="module")
def speech() -> Speech:
    return asyncio.run(HibariProvider().speak(REQUEST)).data


def untimed(speech: Speech) -> Speech:
    return Speech(pcm=speech.pcm, sample_rate=speech.sample_rate, words=None)


def engine(program: str) -> EngineProcess:
    return EngineProcess([sys.executable, "-I", "-c", program])


def answering(spans: list[tuple[float, float] | None]) -> EngineProcess:
    """An engine that always gives this answer."""
    return engine(
        "import json, sys\n"
        "for header in sys.stdin.buffer:\n"
        "    sys.stdin.buffer.read(json.loads(header)['bytes'])\n"
        f"    print(json.dumps({{'spans': {[span and list(span) for span in spans]}}}), flush=True)\n"
    )


def test_the_voices_own_times_are_kept_when_they_check_out(speech: Speech):
    assert asyncio.run(with_word_times(speech, REQUEST, [FromSoundTimer()])) is speech
    unchecked = Speech(pcm=speech.pcm, sample_rate=speech.sample_rate, words=speech.words, word_times_from="its own")
    assert asyncio.run(with_word_times(unchecked, REQUEST, [FromSoundTimer()])) is unchecked


def test_the_voices_own_times_are_replaced_when_they_are_off(speech: Speech):
    off = Speech(
        pcm=speech.pcm,
        sample_rate=speech.sample_rate,
        words=tuple(Word(text=word, start_ms=0, end_ms=1) for word in TEXT.split()),
        word_times_from="its own",
        word_times_error_ms=MOST_OFF_MS + 1,
    )
    found = asyncio.run(with_word_times(off, REQUEST, [FromSoundTimer()]))
    assert found.word_times_from == f"{FROM_SOUND} (the voice's own times were 251 ms off)"
    assert found.word_times_error_ms is None
    assert found.words is not None
    assert found.words[-1].start_ms > 1000


def test_engines_that_fail_are_passed_over_and_told_of(speech: Speech):
    dead, squeezed = engine("raise SystemExit"), answering([(0, 5)] * 7)
    timers = [PocketsphinxTimer(dead), WhisperTimer(Path("unused"), squeezed), FromSoundTimer()]
    found = asyncio.run(with_word_times(untimed(speech), REQUEST, timers))
    assert found.word_times_from == (
        f"{FROM_SOUND} (pocketsphinx stopped in the middle of its work, whisper left much of the speech without words)"
    )
    assert [word.text for word in found.words or ()] == TEXT.split()
    squeezed.stop()


def test_the_next_engine_is_taken_when_one_fails(speech: Speech):
    truth = [(word.start_ms - 60.0, word.end_ms - 60.0) for word in speech.words or ()]
    dead, right = engine("raise SystemExit"), answering([*truth])
    timers = [PocketsphinxTimer(dead), WhisperTimer(Path("unused"), right), FromSoundTimer()]
    found = asyncio.run(with_word_times(untimed(speech), REQUEST, timers))
    assert found.word_times_from == f"{FROM_WHISPER} (pocketsphinx stopped in the middle of its work)"
    assert [word.text for word in found.words or ()] == TEXT.split()
    pairs = zip(found.words or (), speech.words or (), strict=True)
    assert max(abs(one.start_ms - true.start_ms) for one, true in pairs) <= 10
    right.stop()


def test_timers_that_do_not_take_a_line_are_not_told_of():
    silence = Speech(pcm=bytes(48_000 * 31), sample_rate=24_000, words=None)
    request = SpeechRequest(text="Guten Tag, liebe Leute.", language="de")
    timers = [PocketsphinxTimer(engine("")), WhisperTimer(Path("unused"), engine("")), FromSoundTimer()]
    found = asyncio.run(with_word_times(silence, request, timers))
    assert found.word_times_from == FROM_SOUND  # not English, and longer than whisper hears
    assert [word.text for word in found.words or ()] == ["Guten", "Tag,", "liebe", "Leute."]


def test_every_installation_ends_with_the_timer_that_always_works(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VIDGEN_WHISPER_MODEL", raising=False)
    timers = installed_timers()
    assert isinstance(timers[-1], FromSoundTimer)
    assert not any(isinstance(timer, WhisperTimer) for timer in timers)  # never without a folder that a person named


def test_a_folder_without_a_model_is_named(tmp_path: Path):
    with pytest.raises(InvalidInput, match=r"VIDGEN_WHISPER_MODEL names .*model\.bin is missing"):
        model_folder(str(tmp_path))
    for name in ("model.bin", "config.json"):
        (tmp_path / name).touch()
    with pytest.raises(InvalidInput, match=r"tokenizer\.json is missing"):  # it would be looked for on the network
        model_folder(str(tmp_path))
    (tmp_path / "tokenizer.json").touch()
    assert model_folder(str(tmp_path)) == tmp_path

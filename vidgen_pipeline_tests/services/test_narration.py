import asyncio
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, Voice, VoiceProvider
from vidgen_pipeline.services.narration import ENDING_MS, LEAD_MS, SCENE_GAP_MS, Spoken, narrate
from vidgen_pipeline.storage.artifacts import ArtifactStore

RATE = 24_000


class Beeper(VoiceProvider):
    """Says every word as 200 ms of tone and 50 ms of silence; gives times or leaves them to be found."""

    provider_name: ClassVar[str] = "beeper"
    gives_times: bool = True

    def voices(self) -> Sequence[Voice]:
        return [Voice(name="beep", languages=("en",))]

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        if request.text == "Fail.":
            raise InvalidInput("This line can't be spoken.")
        tone = (np.sin(np.arange(RATE * 0.2) * 2 * np.pi * 440 / RATE) * 12_000).astype("<i2").tobytes()
        tokens = request.text.split()
        words = tuple(Word(text=token, start_ms=i * 250, end_ms=i * 250 + 200) for i, token in enumerate(tokens))
        return ProviderResult(
            data=Speech(
                pcm=(tone + bytes(RATE // 10)) * len(tokens),
                sample_rate=RATE,
                words=words if self.gives_times else None,
                word_times_from="its own" if self.gives_times else "",
            ),
            model="beep-1",
        )


def _script(*scenes: Sequence[SpokenLine]) -> Script:
    return Script(
        title="T",
        language="en",
        scenes=tuple(Scene(index=i, lines=tuple(lines), estimated_ms=1000) for i, lines in enumerate(scenes)),
    )


def _narrate(script: Script, store: ArtifactStore, scratch: Path, *, gives_times: bool = True) -> Spoken:
    shares: list[float] = []
    spoken = asyncio.run(
        narrate(script, Beeper(gives_times=gives_times), None, store=store, scratch=scratch, progress=shares.append)
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    return spoken


def _tones(path: Path) -> list[int]:
    """When, in ms, each tone starts."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    whole = samples[: len(samples) // (RATE // 1000) * (RATE // 1000)]
    loud = np.abs(whole.astype(int)).reshape(-1, RATE // 1000).max(axis=1) > 1000
    starts = np.flatnonzero(loud & ~np.concatenate([[False] * 20, loud[:-20]]) & ~np.concatenate([[False], loud[:-1]]))
    return [int(start) for start in starts]


def test_scenes_are_whole_frames_and_words_stand_where_they_sound(store: ArtifactStore, tmp_path: Path):
    script = _script(
        [SpokenLine(text="one two", pause_after_ms=333), SpokenLine(text="three")], [SpokenLine(text="four five")]
    )
    narration = _narrate(script, store, tmp_path).narration
    for scene in narration.scenes:
        with wave.open(str(store.path(scene.audio))) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
            assert file.getnframes() == scene.frames * RATE // 30
        heard = _tones(store.path(scene.audio))
        assert all(abs(word.start_ms - tone) <= 2 for word, tone in zip(scene.words, heard, strict=True))
    first, last = narration.scenes
    assert [word.start_ms for word in first.words] == [LEAD_MS, LEAD_MS + 250, LEAD_MS + 500 + 333]
    assert 0 <= first.duration_ms - (LEAD_MS + 750 + 333 + SCENE_GAP_MS) <= 34
    assert 0 <= last.duration_ms - (500 + ENDING_MS) <= 34


def test_times_are_found_for_a_voice_that_gives_none(store: ArtifactStore, tmp_path: Path):
    script = _script([SpokenLine(text="alpha bravo gamma delta")])
    [scene] = _narrate(script, store, tmp_path, gives_times=False).narration.scenes
    assert [word.text for word in scene.words] == ["alpha", "bravo", "gamma", "delta"]
    assert scene.word_times_from not in {"", "its own"}
    assert scene.words[0].start_ms - LEAD_MS < 60
    assert scene.words[-1].end_ms <= scene.duration_ms


def test_a_line_that_cannot_be_spoken_is_the_error_itself(store: ArtifactStore, tmp_path: Path):
    script = _script(*[[SpokenLine(text="fine")]] * 3, [SpokenLine(text="Fail.")], [SpokenLine(text="fine")])
    with pytest.raises(InvalidInput, match=r"^This line can't be spoken\.$"):
        _narrate(script, store, tmp_path)

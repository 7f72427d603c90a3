import asyncio
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from pydantic import PrivateAttr
from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, Voice, VoiceProvider
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.voice.elevenlabs import ElevenLabsProvider
from vidgen_pipeline.providers.wire import Credentials
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import elevenlabs
from vidgen_pipeline.services.narration import ENDING_MS, LEAD_MS, SCENE_GAP_MS, Spoken, narrate
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.sandbox.desk import KEY, Desk
from vidgen_pipeline_tests.services.paying import House

RATE = 24_000


class Beeper(VoiceProvider):
    """Says every word as 200 ms of tone and 50 ms of silence; gives times or leaves them to be found."""

    provider_name: ClassVar[str] = "beeper"
    gives_times: bool = True
    _asked: list[SpeechRequest] = PrivateAttr(default_factory=list)

    async def voices(self) -> Sequence[Voice]:
        return [Voice(name="beep", languages=("en",))]

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        self._asked.append(request)
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


def test_each_line_knows_its_neighbours_and_the_pace(store: ArtifactStore, tmp_path: Path):
    beeper = Beeper()
    script = _script([SpokenLine(text="one"), SpokenLine(text="two")], [SpokenLine(text="three")])
    asyncio.run(narrate(script, beeper, "beep", speed=1.5, store=store, scratch=tmp_path, progress=lambda _: None))
    around = {one.text: (one.previous_text, one.next_text) for one in beeper._asked}
    assert around == {"one": ("", "two"), "two": ("one", "three"), "three": ("two", "")}
    assert {(one.voice, one.speed) for one in beeper._asked} == {("beep", 1.5)}


@pytest.fixture(scope="module")
def running_desk() -> Iterator[Desk]:
    with running_sandbox(vendors=[elevenlabs.VENDOR]) as url:
        desk = Desk(url)
        yield desk
        desk.client.close()


@pytest.fixture
def desk(running_desk: Desk) -> Desk:
    running_desk.control("reset")
    return running_desk


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


def _speak_at_vendor(
    desk: Desk, house: House, *texts: str, voice: str | None = None, language: str = "en", **settings: str
) -> Spoken:
    """A scene for each text, spoken at the double of ElevenLabs in a run of its own."""
    house.next_attempt()
    script = _script(*([SpokenLine(text=text)] for text in texts)).model_copy(update={"language": language})

    async def run() -> Spoken:
        network = Network(sandbox_url=desk.url, log=house.log, timing=house.time.timing())
        ledger = house.ledger(test_mode=True)
        async with ElevenLabsProvider(**settings).connected(
            Credentials({"key": KEY}), network=network, ledger=ledger
        ) as speaker:
            return await narrate(
                script, speaker, voice, store=house.store, scratch=house.scratch, progress=lambda _: None
            )

    return asyncio.run(run())


LINES = ("Rain has a smell.", "It begins in the soil.", "The wind carries it to you.")


def test_a_scene_that_is_changed_is_paid_for_and_its_neighbours_are_not(desk: Desk, house: House):
    before = _speak_at_vendor(desk, house, *LINES).narration
    assert len(desk.charges()) == 3
    bodies = [record.request_body["body"] for record in house.log.records if record.call_id]
    sent = {body["text"]: body for body in bodies}
    assert sent[LINES[1]]["previous_text"] == LINES[0]
    assert sent[LINES[1]]["next_text"] == LINES[2]

    after = _speak_at_vendor(desk, house, LINES[0], "It rises from the ground.", LINES[2]).narration
    assert len(desk.charges()) == 4
    kept = [old.audio == new.audio for old, new in zip(before.scenes, after.scenes, strict=True)]
    assert kept == [True, False, True]
    assert before.scenes[2].words == after.scenes[2].words

    assert _speak_at_vendor(desk, house, *LINES).narration == before
    assert len(desk.charges()) == 4


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"voice": "nobody"}, "voice_id nobody was not found"),
        ({"language": "is", "model": "eleven_flash_v2_5"}, "does not speak 'is'"),
        ({"default_voice": "gone"}, "voice_id gone was not found"),
    ],
)
def test_what_the_account_can_not_speak_is_refused_before_the_first_line_is_paid_for(
    wrong: dict[str, str], words: str, desk: Desk, house: House
):
    with pytest.raises(InvalidInput, match=words):
        _speak_at_vendor(desk, house, *LINES, **wrong)
    assert house.rows() == []


def test_a_line_with_nothing_to_say_is_refused_before_the_others_are_paid_for(desk: Desk, house: House):
    with pytest.raises(InvalidInput, match="Nothing in this line can be spoken"):
        _speak_at_vendor(desk, house, *LINES, "…")
    assert desk.requests() == []

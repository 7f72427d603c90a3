"""The voice step: a script becomes speech with its words in time."""

from __future__ import annotations

import asyncio
import math
import wave
from dataclasses import dataclass, replace
from pathlib import Path

from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.narration import FRAMES_PER_SECOND, Narration, SceneNarration, Word
from vidgen_pipeline.domain.script import Scene, Script
from vidgen_pipeline.providers.base import ReportProgress, Speech, SpeechRequest, VoiceProvider
from vidgen_pipeline.providers.network.records import on_scene
from vidgen_pipeline.providers.voice.word_times import FROM_SOUND, words_from_sound
from vidgen_pipeline.runtime.together import all_or_nothing
from vidgen_pipeline.storage.artifacts import ArtifactStore

LEAD_MS = 120  # before the first word, so that players that fade sound in lose nothing
SCENE_GAP_MS = 240  # after each scene: the breath a reader takes at a new thought
ENDING_MS = 900  # after the last word, so that the last picture is seen
SCENES_AT_ONCE = 2


@dataclass(frozen=True)
class Spoken:
    """A narration and what it cost."""

    narration: Narration
    model: str
    cost: Cost


async def narrate(
    script: Script,
    provider: VoiceProvider,
    voice: str | None,
    *,
    store: ArtifactStore,
    scratch: Path,
    progress: ReportProgress,
) -> Spoken:
    """Speak every scene, some at once. Scenes last whole frames."""
    characters = sum(len(scene.narration) for scene in script.scenes)
    places = asyncio.Semaphore(SCENES_AT_ONCE)
    done = 0

    async def speak(scene: Scene) -> tuple[SceneNarration, str, Cost]:
        nonlocal done
        async with places:
            with on_scene(scene.index):
                spoken = await _speak_scene(scene, script, provider, voice, store=store, scratch=scratch)
        done += len(scene.narration)
        progress(done / characters)
        return spoken

    async with all_or_nothing() as group:
        tasks = [group.create_task(speak(scene)) for scene in script.scenes]
    spoken = [task.result() for task in tasks]
    return Spoken(
        narration=Narration(
            scenes=tuple(scene for scene, _, _ in spoken),
            provider=provider.provider_name,
            voice=voice or "",
        ),
        model=spoken[0][1],
        cost=sum((cost for _, _, cost in spoken), FREE),
    )


async def _speak_scene(
    scene: Scene,
    script: Script,
    provider: VoiceProvider,
    voice: str | None,
    *,
    store: ArtifactStore,
    scratch: Path,
) -> tuple[SceneNarration, str, Cost]:
    speeches: list[Speech] = []
    cost, model = FREE, ""
    for line in scene.lines:
        result = await provider.speak(SpeechRequest(text=line.text, language=script.language, voice=voice))
        speeches.append(await asyncio.to_thread(_with_word_times, result.data, line.text, script.language))
        cost, model = cost + result.cost, result.model
    is_last = scene.index == len(script.scenes) - 1
    pauses = [line.pause_after_ms for line in scene.lines]
    pauses[-1] += ENDING_MS if is_last else SCENE_GAP_MS
    pcm, words = _join(speeches, pauses, lead_ms=LEAD_MS if scene.index == 0 else 0)
    rate = speeches[0].sample_rate
    samples_a_frame = rate // FRAMES_PER_SECOND
    frames = math.ceil(len(pcm) / 2 / samples_a_frame)
    path = scratch / f"scene-{scene.index:03d}.wav"
    try:
        await asyncio.to_thread(_write_wav, path, pcm.ljust(frames * samples_a_frame * 2, b"\0"), rate)
    except OSError as error:
        raise storage_error(error, scratch) from error
    audio = await asyncio.to_thread(store.put_file, path)
    narration = SceneNarration(
        scene_index=scene.index,
        audio=audio,
        frames=frames,
        words=words,
        word_times_from=speeches[0].word_times_from,
    )
    return narration, model, cost


def _with_word_times(speech: Speech, text: str, language: str) -> Speech:
    """The speech itself when its words have times; else with times found from its sound."""
    if speech.words is not None:
        return speech
    words = words_from_sound(text, language, speech.pcm, speech.sample_rate)
    return replace(speech, words=words, word_times_from=FROM_SOUND)


def _join(speeches: list[Speech], pauses_ms: list[int], *, lead_ms: int) -> tuple[bytes, tuple[Word, ...]]:
    """One scene's lines in a row, each followed by its pause; word times move along."""
    rate = speeches[0].sample_rate
    pcm = bytearray(_silence(lead_ms, rate))
    words: list[Word] = []
    for speech, pause in zip(speeches, pauses_ms, strict=True):
        start_ms = round(len(pcm) / 2 * 1000 / rate)
        words += [word.shifted(start_ms) for word in speech.words or ()]
        pcm += speech.pcm
        pcm += _silence(pause, rate)
    return bytes(pcm), tuple(words)


def _silence(duration_ms: int, rate: int) -> bytes:
    return bytes(2 * round(duration_ms * rate / 1000))


def _write_wav(path: Path, pcm: bytes, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)

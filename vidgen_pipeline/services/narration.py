"""The voice step: a script becomes speech with its words in time."""

from __future__ import annotations

import asyncio
import math
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.narration import FRAMES_PER_SECOND, Narration, SceneNarration, Word
from vidgen_pipeline.domain.script import Scene, Script
from vidgen_pipeline.providers.base import ReportProgress, Speech, SpeechRequest, VoiceProvider
from vidgen_pipeline.providers.network.records import on_scene
from vidgen_pipeline.providers.voice.word_timers.chain import WordTimer, with_word_times
from vidgen_pipeline.providers.voice.word_timers.installed import installed_timers
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
    speed: float = 1.0,
    store: ArtifactStore,
    scratch: Path,
    progress: ReportProgress,
) -> Spoken:
    """Speak every scene, some at once, at the nearest pace the provider can do. Scenes last whole frames.

    All lines are looked over before the first is spoken, so that none is paid for when another can't be.
    """
    timers = installed_timers()
    wanted = speech_requests(script, voice, speed)
    await provider.check([request for requests in wanted for request in requests])
    characters = sum(len(scene.narration) for scene in script.scenes)
    places = asyncio.Semaphore(SCENES_AT_ONCE)
    done = 0

    async def speak(scene: Scene) -> tuple[SceneNarration, str, Cost]:
        nonlocal done
        async with places:
            with on_scene(scene.index):
                is_last = scene is script.scenes[-1]
                spoken = await _speak_scene(
                    scene, wanted[scene.index], provider, timers, is_last=is_last, store=store, scratch=scratch
                )
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


def speech_requests(script: Script, voice: str | None, speed: float) -> list[list[SpeechRequest]]:
    """What the lines of each scene ask for. Each request knows the lines around it, also across scenes."""
    texts = ["", *(line.text for scene in script.scenes for line in scene.lines), ""]
    requests = (
        SpeechRequest(
            text=text, language=script.language, voice=voice, speed=speed, previous_text=before, next_text=after
        )
        for before, text, after in zip(texts, texts[1:], texts[2:], strict=False)
    )
    return [[next(requests) for _ in scene.lines] for scene in script.scenes]


async def _speak_scene(
    scene: Scene,
    requests: Sequence[SpeechRequest],
    provider: VoiceProvider,
    timers: Sequence[WordTimer],
    *,
    is_last: bool,
    store: ArtifactStore,
    scratch: Path,
) -> tuple[SceneNarration, str, Cost]:
    speeches: list[Speech] = []
    cost, model = FREE, ""
    for request in requests:
        result = await provider.speak(request)
        speeches.append(await with_word_times(result.data, request, timers))
        cost, model = cost + result.cost, result.model
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
        word_times_from="; ".join(dict.fromkeys(speech.word_times_from for speech in speeches)),
        word_times_error_ms=max(
            (speech.word_times_error_ms for speech in speeches if speech.word_times_error_ms is not None), default=None
        ),
    )
    return narration, model, cost


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

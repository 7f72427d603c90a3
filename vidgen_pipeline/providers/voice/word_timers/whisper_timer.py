"""whisper with the known text: 99 languages, by a model in a folder that a person names. Nothing is downloaded."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.providers.voice.word_timers.chain import HeardLine, TimedLine
from vidgen_pipeline.providers.voice.word_timers.engine_process import EngineProcess
from vidgen_pipeline.providers.voice.word_timers.fitting import Earliness, fitted

FROM_WHISPER = "the known text aligned by whisper"
MODEL_VARIABLE = "VIDGEN_WHISPER_MODEL"

_WORKER = "vidgen_pipeline.providers.voice.word_timers.whisper_worker"
_NEEDED = ("model.bin", "config.json", "tokenizer.json")  # without the last, faster-whisper would look on the network
# Of the model "base", on two voices. It begins words inside the pause before them, so onsets tell nothing of it.
_EARLY = Earliness(usual_ms=60, least_ms=60, most_ms=60)
_LONGEST_MS = 30_000
_DEADLINE_SECONDS = 90.0  # to start, load and hear 30 s on a busy machine: 2 s on an idle one
_SECONDS_A_SECOND = 3.0


class WhisperTimer:
    """The model in `folder`; loaded once a process."""

    name = "whisper"

    def __init__(self, folder: Path, engine: EngineProcess | None = None) -> None:
        self._engine = engine or EngineProcess.of_module(_WORKER, str(folder))

    def takes(self, line: HeardLine) -> bool:
        return line.duration_ms <= _LONGEST_MS

    async def time(self, line: HeardLine) -> TimedLine:
        deadline = _DEADLINE_SECONDS + _SECONDS_A_SECOND * line.duration_ms / 1000
        spans = await self._engine.spans(line, deadline)
        return await asyncio.to_thread(fitted, line, spans, _EARLY, FROM_WHISPER)

    def close(self) -> None:
        """End the engine's process."""
        self._engine.stop()


def model_folder(named: str) -> Path:
    """The folder of that name, when it holds a model. Raises InvalidInput."""
    folder = Path(named).expanduser().absolute()
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise InvalidInput(
            f"{MODEL_VARIABLE} names {folder}, which holds no whisper model: {missing[0]} is missing.",
            remedy="Name a folder with a model in the form of faster-whisper (CTranslate2), or unset the variable.",
        )
    return folder

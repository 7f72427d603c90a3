"""pocketsphinx with the known text: English only, no network, the most exact of the timers."""

from __future__ import annotations

import asyncio

from vidgen_pipeline.providers.voice.word_timers.chain import HeardLine, TimedLine
from vidgen_pipeline.providers.voice.word_timers.engine_process import EngineProcess
from vidgen_pipeline.providers.voice.word_timers.fitting import Earliness, fitted

FROM_POCKETSPHINX = "the known text aligned by pocketsphinx"

_WORKER = "vidgen_pipeline.providers.voice.word_timers.pocketsphinx_worker"
_EARLY = Earliness(usual_ms=45, least_ms=0, most_ms=60)  # -40 to -52 ms on natural voices, about 0 on eSpeak NG
_DEADLINE_SECONDS = 30.0  # to start and load on a busy machine: 2 s on an idle one
_SECONDS_A_SECOND = 2.0  # of speech: it takes 0.02


class PocketsphinxTimer:
    """The package's own English model; loaded once a process."""

    name = "pocketsphinx"

    def __init__(self, engine: EngineProcess | None = None) -> None:
        self._engine = engine or EngineProcess.of_module(_WORKER)

    def takes(self, line: HeardLine) -> bool:
        return line.primary_language in {"en", "eng"}

    async def time(self, line: HeardLine) -> TimedLine:
        deadline = _DEADLINE_SECONDS + _SECONDS_A_SECOND * line.duration_ms / 1000
        spans = await self._engine.spans(line, deadline)
        return await asyncio.to_thread(fitted, line, spans, _EARLY, FROM_POCKETSPHINX)

    def close(self) -> None:
        """End the engine's process."""
        self._engine.stop()

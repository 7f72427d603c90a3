"""The timers that this installation has, most exact first."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec

from vidgen_pipeline.providers.voice.word_timers.chain import WordTimer
from vidgen_pipeline.providers.voice.word_timers.from_sound import FromSoundTimer
from vidgen_pipeline.providers.voice.word_timers.pocketsphinx_timer import PocketsphinxTimer
from vidgen_pipeline.providers.voice.word_timers.whisper_timer import MODEL_VARIABLE, WhisperTimer, model_folder


def installed_timers() -> tuple[WordTimer, ...]:
    """The process's timers; the last always works.

    pocketsphinx where it is installed; whisper where it is and VIDGEN_WHISPER_MODEL names a model's folder. Raises
    InvalidInput when that names something else.
    """
    return _timers(os.environ.get(MODEL_VARIABLE, ""))


@cache
def _timers(whisper_model: str) -> tuple[WordTimer, ...]:
    timers: list[WordTimer] = []
    if find_spec("pocketsphinx") is not None:
        timers.append(PocketsphinxTimer())
    if whisper_model and find_spec("faster_whisper") is not None:
        timers.append(WhisperTimer(model_folder(whisper_model)))
    return (*timers, FromSoundTimer())

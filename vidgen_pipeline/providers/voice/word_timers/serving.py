"""The engines' side of the pipe: questions in, answers out, one at a time, until the pipe is closed.

A question is a line of JSON, `{"text": ..., "language": ..., "rate": ..., "bytes": ...}`, and so many bytes of mono
16-bit PCM. The answer is a line of JSON: `{"spans": [[start_ms, end_ms] or null, ...]}`, one for each word of the
text, or `{"error": "..."}`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import av
import numpy as np

from vidgen_pipeline.providers.voice.sound import Span

RATE = 16_000
"""What the engines hear, in samples a second."""

Align = Callable[[str, str, bytes], Sequence[Span | None]]
"""From a text, its language and its speech at RATE to the stretch of each word. Raises DoesNotFit."""


class DoesNotFit(Exception):
    """The engine found no way, or no likely one, to hear the text in the speech."""


def serve(load: Callable[[], Align]) -> None:
    """Answer questions from standard input. `load` is called once."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what an engine prints is no answer
    try:
        align = load()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        align = _refusing(f"could not be loaded ({type(error).__name__}: {error})")
    answer_all(align, sys.stdin.buffer, answers)


def answer_all(align: Align, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer each question until there are no more."""
    for header in questions:
        question = json.loads(header)
        pcm = questions.read(int(question["bytes"]))
        answers.write(json.dumps(_answer(align, question, pcm)).encode() + b"\n")


def resampled(pcm: bytes, rate: int) -> bytes:
    """Mono 16-bit PCM at RATE."""
    if rate == RATE:
        return pcm
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    return b"".join(part.to_ndarray().tobytes() for part in parts)


def _answer(align: Align, question: dict[str, Any], pcm: bytes) -> dict[str, Any]:
    try:
        spans = align(question["text"], question["language"], resampled(pcm, int(question["rate"])))
    except DoesNotFit as reason:
        return {"error": str(reason)}
    return {"spans": [None if span is None else [span.start_ms, span.end_ms] for span in spans]}


def _refusing(reason: str) -> Align:
    def align(text: str, language: str, pcm: bytes) -> Sequence[Span | None]:
        del text, language, pcm
        raise DoesNotFit(reason)

    return align

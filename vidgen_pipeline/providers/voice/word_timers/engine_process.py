"""An alignment engine in a process of its own: loaded once, asked line by line, stopped when it takes too long.

Engines are foreign machine code that holds the interpreter and can't be interrupted. In a process of its own it blocks
nobody, and can be ended at any moment.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, cast

from vidgen_pipeline.providers.voice.sound import Span
from vidgen_pipeline.providers.voice.word_timers.chain import CannotTime, HeardLine

_MOST_FAILURES = 2
_LOOK_SECONDS = 0.1
_PIECE_BYTES = 65_536


class EngineProcess:
    """The process, started by the first question. Questions wait for each other. Safe to use from several threads.

    It reads a line of JSON and the speech, and answers with a line of JSON (`serving.py`). One that fails twice in a
    row is not tried again.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0

    @classmethod
    def of_module(cls, module: str, *arguments: str) -> EngineProcess:
        """An engine that a module of ours serves."""
        return cls([sys.executable, "-I", "-m", module, *arguments])

    async def spans(self, line: HeardLine, deadline_seconds: float) -> list[Span | None]:
        """The stretch of each of the line's words, None where there is none. Raises CannotTime."""
        abandoned = threading.Event()
        try:
            answer = await asyncio.to_thread(self._ask, line, deadline_seconds, abandoned)
        finally:
            abandoned.set()
        if "error" in answer:
            raise CannotTime(str(answer["error"]))
        return [None if span is None else Span(float(span[0]), float(span[1])) for span in answer["spans"]]

    def stop(self) -> None:
        """End the process. The next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
            atexit.unregister(self.stop)

    def _ask(self, line: HeardLine, deadline_seconds: float, abandoned: threading.Event) -> Mapping[str, Any]:
        with self._lock:
            if self._failures >= _MOST_FAILURES:
                raise CannotTime("was given up after it failed twice")
            question = {"text": line.text, "language": line.language, "rate": line.sample_rate, "bytes": len(line.pcm)}
            try:
                answer = self._exchange(json.dumps(question).encode() + b"\n" + line.pcm, deadline_seconds, abandoned)
            except CannotTime:
                self.stop()
                self._failures += not abandoned.is_set()
                raise
            self._failures = 0
            return answer

    def _exchange(self, question: bytes, deadline_seconds: float, abandoned: threading.Event) -> Mapping[str, Any]:
        stdin, stdout = _pipes(self._running())
        give_up_at = time.monotonic() + deadline_seconds
        remaining, received = memoryview(question), bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(stdin, selectors.EVENT_WRITE)
            ready.register(stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if abandoned.is_set() or time.monotonic() > give_up_at:
                    raise CannotTime(f"did not finish within {deadline_seconds:.0f} s")
                for key, _ in ready.select(_LOOK_SECONDS):
                    if key.fileobj is stdout:
                        received += _read(key.fd)
                    else:
                        remaining = remaining[_write(key.fd, remaining) :]
                        if not remaining:
                            ready.unregister(stdin)
        try:
            answer = json.loads(received)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CannotTime("answered something else")
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                    env=os.environ | {"HF_HUB_OFFLINE": "1"},
                )
            except OSError as error:
                raise CannotTime(f"could not be started: {error.strerror}") from error
            for pipe in _pipes(self._process):
                os.set_blocking(pipe.fileno(), False)
            atexit.register(self.stop)
        return self._process


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    return cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)


def _read(descriptor: int) -> bytes:
    piece = os.read(descriptor, _PIECE_BYTES)
    if not piece:
        raise CannotTime("stopped in the middle of its work")
    return piece


def _write(descriptor: int, content: memoryview) -> int:
    try:
        return os.write(descriptor, content[:_PIECE_BYTES])
    except BrokenPipeError as error:
        raise CannotTime("stopped in the middle of its work") from error

"""Run a program and say what it took: time, processor time, and memory of all processes it started."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Usage:
    """Seconds on the clock, processor seconds of all processes, the highest sum of their resident memory (bytes)."""

    wall: float
    cpu: float
    peak_bytes: int
    said: str


def measured(command: Sequence[str | Path]) -> Usage:
    """Run `command` to its end. Raises CalledProcessError, with its last words printed, when it fails."""
    started = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    peak = 0

    def look() -> None:
        nonlocal peak
        while process.returncode is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(_LOOK_EVERY_SECONDS)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    assert process.stdout
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    watcher.join()
    if process.returncode:
        print(said)
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Usage(wall=wall, cpu=used.ru_utime + used.ru_stime, peak_bytes=peak, said=said)


def _resident(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        return 0
    return total

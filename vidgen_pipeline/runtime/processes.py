"""Tell one process from another that was given the same number later."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process; equal to what `find_process` gives while it lives. `started` differs when a number is used again."""

    pid: int
    started: str
    name: str = field(compare=False)
    owner: int = field(compare=False)


def find_process(pid: int) -> Process | None:
    """The living process of this number. A zombie, dead but not yet reaped by its parent, is none."""
    return _from_proc(pid) if (_PROC / "self/stat").exists() else _from_ps(pid)


def working_folder(process: Process) -> Path | None:
    """The folder the process works in; None where the system does not tell (in most containers, not even root)."""
    try:
        return (_PROC / str(process.pid) / "cwd").readlink()
    except OSError:
        return None


def _from_proc(pid: int) -> Process | None:
    try:
        # The name stands in brackets and may hold brackets and blanks itself.
        before, _, after = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        owner = (_PROC / str(pid)).stat().st_uid
    except OSError:
        return None
    fields = after.split()
    if fields[0] in "ZX":
        return None
    return Process(pid, f"{boot} {fields[19]}", before.partition("(")[2], owner)


def _from_ps(pid: int) -> Process | None:
    command = ["ps", "-o", "stat=,uid=,lstart=,comm=", "-p", str(pid)]
    words = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C"}).stdout.split()
    if len(words) < 8 or words[0].startswith("Z"):
        return None
    return Process(pid, " ".join(words[2:7]), Path(" ".join(words[7:])).name, int(words[1]))

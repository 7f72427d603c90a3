"""Name this process so that another can tell, on the same machine, whether it is still alive."""

from __future__ import annotations

import os
import socket

from vidgen_pipeline.runtime.processes import find_process


def this_worker() -> str:
    """`host|pid|start`: unique, even when the pid is used again."""
    process = find_process(os.getpid())
    return f"{socket.gethostname()}|{os.getpid()}|{process.started if process else ''}"


def is_gone(worker: str) -> bool:
    """True when the worker was on this machine and is no more; False when it lives, or that can't be known here."""
    host, pid, started = worker.split("|", 2)
    if host != socket.gethostname():
        return False
    process = find_process(int(pid))
    return process is None or process.started != started

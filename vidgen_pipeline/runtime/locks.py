"""Locks between processes that the kernel drops by itself when their holder is gone, however it went.

A lock belongs to the open file, not to the process: children that are handed the descriptor hold it on, and it falls
when the last of them has closed it. So a lock is given up by closing, never by unlocking.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from vidgen_pipeline.domain.errors import Conflict, storage_error

_POLL_SECONDS = 0.05


def try_exclusive(path: Path) -> int | None:
    """The descriptor of an exclusively locked file, or None when anyone else holds a lock on it."""
    return _try(path, fcntl.LOCK_EX)


def try_shared(path: Path) -> int | None:
    """The descriptor of a file locked together with others, or None when someone holds it exclusively."""
    return _try(path, fcntl.LOCK_SH)


@contextlib.contextmanager
def exclusive(path: Path, *, wait_seconds: float, purpose: str) -> Iterator[int]:
    """Hold the lock, waiting for it at most so long. Raises Conflict naming the purpose when it isn't given up."""
    deadline = time.monotonic() + wait_seconds
    while (descriptor := try_exclusive(path)) is None:
        if time.monotonic() > deadline:
            raise Conflict(
                f"Another process has been busy for {wait_seconds:.0f} s to {purpose}.",
                remedy=f"See what holds {path}, or try again later.",
            )
        time.sleep(_POLL_SECONDS)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try(path: Path, kind: int) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise storage_error(OSError(error.errno, "its file system knows no locks"), path) from error
        raise
    return descriptor

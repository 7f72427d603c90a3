"""What a read-only folder is to an ordinary user, also where the tests run as root."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DROP_FROM_BOUNDING_SET = 24
_MAY_WRITE_EVERYWHERE = 1


def without_roots_rights() -> None:
    """For `preexec_fn`: make a child that root starts heed write permissions, as anybody else's does."""
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(_DROP_FROM_BOUNDING_SET, _MAY_WRITE_EVERYWHERE, 0, 0, 0):
        raise OSError("prctl failed")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write into `folder` from everybody, for a while."""
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(mode)

"""Give memory back to the system that the allocator keeps for later."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache


def give_back_memory() -> None:
    """Return to the system what was freed; a few ms. Worth it after pictures that fill a hundred MB and are gone.

    The C library keeps freed memory below what is still used, in each thread's own area: with many photos decoded one
    after the other, hundreds of MB. Does nothing where the C library is not glibc.
    """
    if trim := _malloc_trim():
        trim(0)


@lru_cache(maxsize=1)
def _malloc_trim() -> Callable[[int], int] | None:
    if sys.platform != "linux":
        return None
    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim

from __future__ import annotations

import platform

import psutil
import pytest

from vidgen_pipeline.runtime.memory import give_back_memory

_BLOCK_BYTES = 64 * 1024
_BLOCKS = 1600


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="Only glibc's allocator can be told to give memory back.")
def test_what_was_freed_below_what_is_still_used_is_given_back() -> None:
    process = psutil.Process()
    blocks = [bytearray(b"x" * _BLOCK_BYTES) for _ in range(_BLOCKS)]
    # While the last block is in use the heap can't shrink by itself.
    last = blocks[-1]
    full = process.memory_info().rss
    del blocks
    give_back_memory()
    given_back = full - process.memory_info().rss
    assert len(last) == _BLOCK_BYTES
    assert given_back > 0.8 * _BLOCKS * _BLOCK_BYTES


def test_memory_in_use_keeps_what_it_holds() -> None:
    block = bytearray(b"kept" * 1000)
    give_back_memory()
    assert block == b"kept" * 1000

"""One loaded pocketsphinx for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from vidgen_pipeline.providers.voice.word_timers.pocketsphinx_timer import PocketsphinxTimer

# Python 3.12 on Linux for ARM is the one platform that pocketsphinx has no wheel for.
collect_ignore = [] if find_spec("pocketsphinx") else ["test_pocketsphinx_timer.py"]


@pytest.fixture(scope="package")
def pocketsphinx() -> Iterator[PocketsphinxTimer]:
    timer = PocketsphinxTimer()
    yield timer
    timer.close()

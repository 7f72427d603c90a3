"""One sandbox for all tests of this folder; each test finds it as if it had just been started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import elevenlabs
from vidgen_pipeline_tests.sandbox import toy
from vidgen_pipeline_tests.sandbox.desk import Desk


@pytest.fixture(scope="session")
def running_desk() -> Iterator[Desk]:
    with running_sandbox(vendors=[toy.VENDOR, elevenlabs.VENDOR]) as url:
        desk = Desk(url)
        yield desk
        desk.client.close()


@pytest.fixture
def desk(running_desk: Desk) -> Desk:
    running_desk.control("reset")
    return running_desk

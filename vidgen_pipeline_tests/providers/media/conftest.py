"""The stock sites' doubles for all tests of this folder; each test finds them as if they had just been started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import pexels, pixabay, unsplash
from vidgen_pipeline_tests.sandbox.desk import Desk


@pytest.fixture(scope="session")
def running_sites() -> Iterator[Desk]:
    with running_sandbox(vendors=[pexels.VENDOR, pixabay.VENDOR, unsplash.VENDOR]) as url:
        desk = Desk(url)
        yield desk
        desk.client.close()


@pytest.fixture
def sites(running_sites: Desk) -> Desk:
    running_sites.control("reset")
    return running_sites

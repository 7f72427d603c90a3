"""What the tests of several renderers work with."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline_tests.providers.assembly.hosted import a_timeline


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    return a_timeline(tmp_path_factory.mktemp("timeline"))

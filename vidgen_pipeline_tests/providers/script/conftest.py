"""One sandbox with the vendors that write scripts; each test finds it as if it had just been started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import anthropic, openai_gpt
from vidgen_pipeline_tests.providers.script.studio import Studio
from vidgen_pipeline_tests.services.paying import House


@pytest.fixture(scope="session")
def writers_url() -> Iterator[str]:
    with running_sandbox(vendors=[openai_gpt.VENDOR, anthropic.VENDOR]) as url:
        yield url


@pytest.fixture
def studio(writers_url: str, engine: Engine, tmp_path: Path) -> Studio:
    studio = Studio(House(engine, tmp_path), writers_url)
    studio.reset()
    return studio

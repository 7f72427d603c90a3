"""One sandbox with the doubles of all clip makers and one database; each test makes a video of a user of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.runtime.postgres.databases import Databases
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import hailuo, kling, luma, minimax, openai_sora, pixverse, runway, veo
from vidgen_pipeline_tests.providers.video_ai.studio import Studio
from vidgen_pipeline_tests.services.paying import House, settle_older_calls


@pytest.fixture(scope="session")
def studio_url() -> Iterator[str]:
    doubles = (hailuo, kling, luma, minimax, openai_sora, pixverse, runway, veo)
    with running_sandbox(vendors=[double.VENDOR for double in doubles]) as url:
        yield url


@pytest.fixture(scope="session")
def studio_engine(server: Databases) -> Iterator[Engine]:
    admin = open_engine(server.dagster_url, pooled=False).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE studio TEMPLATE vidgen"))
    engine = open_engine(make_url(server.vidgen_url).set(database="studio").render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE studio WITH (FORCE)"))


@pytest.fixture
def studio(studio_url: str, studio_engine: Engine, tmp_path: Path) -> Iterator[Studio]:
    settle_older_calls(studio_engine)
    studio = Studio(studio_url, House(studio_engine, tmp_path), tmp_path)
    yield studio
    studio.client.close()

"""What tests share: one embedded Postgres for the whole session, a fresh database for each test that asks for one."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, make_url, text

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Databases, databases
from vidgen_pipeline.services.startup import prepare
from vidgen_pipeline.storage.artifacts import ArtifactStore

_numbers = itertools.count()


@contextlib.contextmanager
def folder_open_to_all() -> Iterator[Path]:
    """An empty folder that everyone may pass through, also Postgres' account; pytest's own are closed to it as root."""
    folder = Path(tempfile.mkdtemp(prefix="vidgen-test-")).resolve()
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """A home of the test session's own."""
    with folder_open_to_all() as folder:
        home = Home(folder / "home")
        home.create()
        yield home


@pytest.fixture(scope="session")
def server(home: Home) -> Iterator[Databases]:
    """A running server whose `vidgen` database is up to date: the template of all others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("VIDGEN_DATABASE_URL", raising=False)
        with databases(home) as addresses:
            engine = open_engine(addresses.vidgen_url, pooled=False)
            prepare(engine)
            engine.dispose()
            yield addresses


@pytest.fixture
def database_url(server: Databases) -> Iterator[str]:
    """The address of a database of this test's own, with all tables, prices and the local user."""
    name = f"test_{next(_numbers)}"
    admin = open_engine(server.dagster_url, pooled=False).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE vidgen'))
    yield make_url(server.vidgen_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections to this test's database."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def user_id(engine: Engine) -> UUID:
    """The local user of this test's database."""
    return prepare(engine)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    """An empty artifact store."""
    return ArtifactStore(tmp_path / "artifacts")

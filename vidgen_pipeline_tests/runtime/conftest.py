"""A home that Postgres' account can reach also as root, where pytest's own temporary folders are closed to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Postgres
from vidgen_pipeline_tests.conftest import folder_open_to_all


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with folder_open_to_all() as folder:
        yield folder


@pytest.fixture(autouse=True)
def no_server_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("VIDGEN_DATABASE_URL", "VIDGEN_DAGSTER_DATABASE_URL", "VIDGEN_PG_USER", "VIDGEN_PG_USERS_LOCK"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def own_home(open_folder: Path) -> Iterator[Home]:
    """A new home of this test's own; whatever is left of its server is stopped afterwards."""
    home = Home(open_folder / "home")
    yield home
    Postgres(home).stop_if_unused()


@pytest.fixture(scope="module")
def used_home() -> Iterator[Home]:
    """A home that the tests of a module share, since making a database takes seconds; at an odd and long path."""
    with folder_open_to_all() as folder:
        home = Home(folder / 'it\'s "odd" $HOME `id`; Ä' / ("long" * 50) / "home")
        yield home
        Postgres(home).stop_if_unused()

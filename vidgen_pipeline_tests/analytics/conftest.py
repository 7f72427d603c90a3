"""The seeded world, and a way to look at it from the day it is made for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from vidgen_pipeline_tests.analytics.seed import AS_OF, fill


@pytest.fixture
def world(engine: Engine) -> Engine:
    fill(engine)
    return engine


@contextlib.contextmanager
def as_of_the_seed(engine: Engine) -> Iterator[Connection]:
    """A transaction in which now is the day that the world is made for."""
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('vidgen.as_of', :as_of, true)"), {"as_of": AS_OF.isoformat()})
        yield connection

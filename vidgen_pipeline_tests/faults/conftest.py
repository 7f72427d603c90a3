"""One stage for the whole package: making one takes seconds, and videos of a user follow one another anyway."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import make_url, text

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Databases
from vidgen_pipeline_tests.conftest import folder_open_to_all
from vidgen_pipeline_tests.faults.invariants import Witness
from vidgen_pipeline_tests.faults.stage import Stage, sandbox_program, stage
from vidgen_pipeline_tests.faults.tally import TALLY
from vidgen_pipeline_tests.sandbox.desk import Desk

Case = Callable[[str], AbstractContextManager[Stage]]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes hands in what it counted."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["faults"] = TALLY.counted()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The process that started the others counts it all together."""
    if hasattr(node, "workeroutput"):  # one that crashed hands in nothing
        TALLY.add(node.workeroutput["faults"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, when any of these tests was run."""
    if TALLY.videos:
        terminalreporter.section("faults")
        for line in TALLY.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="package")
def desk() -> Iterator[Desk]:
    """A sandbox in a program of its own."""
    with sandbox_program() as desk:
        yield desk


@pytest.fixture(scope="package")
def shared_stage(server: Databases, desk: Desk) -> Iterator[Stage]:
    admin = open_engine(server.dagster_url, pooled=False).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text('CREATE DATABASE "faults" TEMPLATE vidgen'))
    url = make_url(server.vidgen_url).set(database="faults").render_as_string(hide_password=False)
    engine = open_engine(url)
    with folder_open_to_all() as folder, stage(engine, url, Home(folder / "home"), desk, TALLY) as made:
        made.finish(made.queue())  # others take over from it what they are not about
        yield made
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text('DROP DATABASE "faults" WITH (FORCE)'))


@pytest.fixture
def case(shared_stage: Stage) -> Case:
    """A case, by the fault it is about: the sandbox begins anew, and afterwards all that must be true is looked at."""

    @contextlib.contextmanager
    def one(fault: str) -> Iterator[Stage]:
        shared_stage.clear()
        shared_stage.desk.control("reset")
        shared_stage.desk.control("jobs", pending_polls=0)
        witness = Witness(shared_stage)
        shared_stage.tally.faults[fault] += 1
        yield shared_stage
        witness.check()

    return one

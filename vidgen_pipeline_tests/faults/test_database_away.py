"""Postgres is ended in the middle of everything, and comes back later: whole videos, on a server of their own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Databases, databases
from vidgen_pipeline_tests.conftest import folder_open_to_all
from vidgen_pipeline_tests.faults.invariants import Witness
from vidgen_pipeline_tests.faults.stage import Stage, all_of_it, stage
from vidgen_pipeline_tests.faults.tally import TALLY
from vidgen_pipeline_tests.sandbox.desk import Desk

AWAY_SECONDS = 60.0 if all_of_it() else 4.0
AT = list(Step) if all_of_it() else [Step.VIDEO_AI]


@pytest.fixture(scope="module")
def own_server() -> Iterator[tuple[Home, Databases]]:
    with pytest.MonkeyPatch.context() as patch, folder_open_to_all() as folder:
        patch.delenv("VIDGEN_DATABASE_URL", raising=False)
        home = Home(folder / "home")
        with databases(home) as addresses:
            yield home, addresses


@pytest.fixture(scope="module")
def own_stage(own_server: tuple[Home, Databases], desk: Desk) -> Iterator[Stage]:
    home, addresses = own_server
    engine = open_engine(addresses.vidgen_url)
    with stage(engine, addresses.vidgen_url, home, desk, TALLY) as made:
        yield made
    engine.dispose()


@pytest.mark.parametrize("step", AT)
def test_it_goes_on_when_the_database_is_back(
    step: Step, own_stage: Stage, own_server: tuple[Home, Databases], tmp_path_factory: pytest.TempPathFactory
):
    home, addresses = own_server
    assert addresses.embedded is not None
    own_stage.clear()
    own_stage.desk.control("reset")
    witness = Witness(own_stage)
    TALLY.faults[f"database away for {AWAY_SECONDS:.0f} s"] += 1
    going_on = tmp_path_factory.mktemp("pause") / "go"
    video_id = own_stage.queue()
    worker = own_stage.start(video_id, death={"step": step, "point": "begun", "pause": str(going_on)})
    own_stage.until(lambda: going_on.with_suffix(".reached").exists(), f"the beginning of {step}")
    os.kill(
        int((home.postgres / "data/postmaster.pid").read_text().split()[0]), signal.SIGQUIT
    )  # immediate: no goodbye
    own_stage.until(lambda: not _answers(own_stage), "a database that is gone")
    going_on.touch()
    time.sleep(AWAY_SECONDS)
    assert addresses.embedded.revive()
    back_at = time.monotonic()
    assert worker.wait().killed_by == 0
    TALLY.measured("database back: video completed", time.monotonic() - back_at)
    seen = own_stage.look(video_id)
    assert seen.status is VideoStatus.COMPLETED, seen.error_message
    assert seen.steps[0].reused is False
    witness.check()


@pytest.mark.parametrize("turn", range(20 if all_of_it() else 1))
def test_all_connections_are_cut_again_and_again(turn: int, own_stage: Stage):
    own_stage.clear()
    own_stage.desk.control("reset")
    own_stage.desk.control("jobs", pending_polls=0)
    witness = Witness(own_stage)
    TALLY.faults["all connections to the database cut"] += 1
    video_id = own_stage.queue(*list(Step)[turn % len(Step) :])
    worker = own_stage.start(video_id)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'vidgen'"
    admin = open_engine(own_stage.database_url, pooled=False)
    ended = own_stage.look(video_id)
    while ended.status not in {VideoStatus.COMPLETED, VideoStatus.FAILED}:
        with admin.connect() as connection:
            connection.execute(text(cut))
        time.sleep(0.7)
        ended = own_stage.look(video_id)
    assert worker.wait().killed_by == 0
    assert ended.status is VideoStatus.COMPLETED, ended.error_message
    witness.check()


def _answers(stage: Stage) -> bool:
    try:
        with open_engine(stage.database_url, pooled=False).connect():
            return True
    except Exception:  # noqa: BLE001 - whatever it says, it is not there
        return False

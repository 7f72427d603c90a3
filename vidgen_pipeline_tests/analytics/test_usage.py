"""Sums by the hour: written with what they sum, folded without loss, and percentiles near the exact ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic import command
from dagster import DagsterInstance, DefaultSensorStatus, SkipReason, build_sensor_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.api_logs import add_logs, make_partitions
from vidgen_pipeline.database.migrations import alembic_config, migrate
from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.orchestration.resources import TablesResource
from vidgen_pipeline.services.usage import fold_usage
from vidgen_pipeline_tests.database.query_plans import statements_with

NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
SHARES = (0.5, 0.95, 0.99, 1.0)
SUMS = """
    SELECT provider, step, endpoint, model, test_mode, hour, sum(calls), sum(errors), sum(limited), sum(unanswered),
        latency_total(hist)
    FROM analytics.usage WHERE endpoint <> '' GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""


def row(owner: UUID | None, **fields: Any) -> dict[str, Any]:
    return {
        "created_at": NOW, "id": uuid4(), "user_id": owner, "provider": "acme", "model": "say-1",
        "generation_step": "voice", "endpoint": "/v1/speak", "method": "POST", "phase": "submit", "status_code": 200,
        "duration_ms": 100, "error_code": None, "test_mode": False, **fields,
    }  # fmt: skip


def add(engine: Engine, *rows: dict[str, Any]) -> None:
    with Session(engine) as session, session.begin():
        make_partitions(session, sorted({one["created_at"].date() for one in rows}))
        add_logs(session, rows, [{"created_at": one["created_at"], "id": one["id"]} for one in rows])


def sums(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(found) for found in connection.execute(text(SUMS))]


@pytest.fixture
def functions(engine: Engine) -> Iterator[Connection]:
    """A connection for the functions that need no table."""
    with engine.connect() as connection:
        yield connection


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.lists(st.one_of(st.integers(0, 1_200_000), st.integers(5, 400)), min_size=1, max_size=60),
        min_size=1,
        max_size=4,
    )
)
def test_percentiles_of_merged_histograms_are_within_eight_percent_of_the_exact_ones(
    functions: Connection, parts: list[list[int]]
):
    query = text("""
        WITH parts AS (
            SELECT part, value::integer AS ms
            FROM jsonb_array_elements(CAST(:parts AS jsonb)) WITH ORDINALITY AS p (list, part),
                jsonb_array_elements_text(list) AS value
        ), merged AS (
            SELECT latency_total(hist) AS hist
            FROM (SELECT latency_histogram(ms) AS hist FROM parts GROUP BY part) AS each
        )
        SELECT share, latency_percentile(hist, share),
            (SELECT percentile_disc(share) WITHIN GROUP (ORDER BY ms) FROM parts), hist
        FROM merged, unnest(CAST(:shares AS double precision[])) AS share
    """)
    for _, estimated, exact, hist in functions.execute(query, {"parts": str(parts), "shares": list(SHARES)}):
        assert abs(estimated - exact) <= max(10, 0.08 * exact)
        assert sum(hist) == sum(len(part) for part in parts)
        assert len(hist) <= 80
        assert hist[-1] > 0


def test_the_buckets_have_the_bounds_they_say(functions: Connection):
    bucket = text("SELECT latency_bucket(:ms)")
    for number in range(2, 80):
        upper = math.floor(10 * 1.16 ** (number - 1))
        if upper > math.floor(10 * 1.16 ** (number - 2)):
            assert functions.scalar(bucket, {"ms": upper}) == number
            assert functions.scalar(bucket, {"ms": upper + 1}) > number
    edges = [functions.scalar(bucket, {"ms": ms}) for ms in (0, 10, 11, 2_147_483_647)]
    assert edges == [1, 1, 2, 80]
    assert functions.scalar(text("SELECT latency_percentile('{}', 0.5)")) is None
    assert functions.scalar(text("SELECT latency_percentile('{0,0}', 0.5)")) is None


def test_an_endpoint_is_a_path_without_what_differs_from_job_to_job(functions: Connection):
    for path, pattern in {
        "/v1/messages": "/v1/messages",
        "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb/with-timestamps": "/v1/text-to-speech/{id}/with-timestamps",
        "/v1/tasks/f47ac10b-58cc-4372-a567-0e02b2c3d479": "/v1/tasks/{id}",
        "/v1beta/files/abc-123xyz": "/v1beta/files/{id}",
        "/v1/videos/image2video/8912734": "/v1/videos/image2video/{id}",
        "/v1/videos/video_68d7512d07848190b3e45da0": "/v1/videos/{id}",
        "/openapi/v2/video/result/3": "/openapi/v2/video/result/{id}",
        "/photos/LBI7cgq3pbM/download": "/photos/{id}/download",
        "/": "/",
        "": "",
    }.items():
        assert functions.scalar(text("SELECT endpoint_pattern(:path, 'poll')"), {"path": path}) == pattern
        assert functions.scalar(text("SELECT endpoint_pattern(:path, 'download')"), {"path": path}) == "(download)"


def test_a_batch_is_counted_once_whatever_comes_twice(engine: Engine, user_id: UUID):
    good, limited = row(user_id), row(user_id, status_code=429, error_code="rate_limited", duration_ms=20)
    lost = row(user_id, status_code=None, error_code="provider_down", duration_ms=30_000)
    stopped = row(user_id, status_code=None, error_code="cancelled", duration_ms=None)
    double = row(user_id, test_mode=True, status_code=500, error_code="provider_down")
    nobodys = row(None, model=None, generation_step=None, phase="check")
    for batch in ([good, limited], [limited, lost, good], [stopped, double, nobodys]):
        add(engine, *batch)
    with engine.connect() as connection:
        written = connection.execute(text("SELECT count(*) FROM usage_deltas")).scalar_one()
    assert written == 5  # a batch's group is a line: 1, 1 and 3
    before = sums(engine)
    assert sorted(found[6:10] for found in before) == [(1, 0, 0, 0), (1, 1, 0, 0), (4, 2, 1, 1)]
    real = [found for found in before if found[1] == "voice" and not found[4]]
    assert [found[6:10] for found in real] == [(4, 2, 1, 1)]
    assert sum(real[0][10]) == 3  # one has no duration
    assert fold_usage(engine, at_a_time=2) == 5
    assert fold_usage(engine) == 0
    assert sums(engine) == before
    add(engine, row(user_id, duration_ms=700_000))
    fold_usage(engine)
    after = [found for found in sums(engine) if found[1] == "voice" and not found[4]]
    assert [found[6:10] for found in after] == [(5, 2, 1, 1)]
    assert sum(after[0][10]) == 4


def test_eight_who_write_and_two_who_fold_at_once_lose_nothing(engine: Engine, user_id: UUID):
    def write(number: int) -> None:
        for batch in range(5):
            add(
                engine,
                *(row(user_id, created_at=NOW - timedelta(hours=number % 2), id=uuid4()) for _ in range(10 + batch)),
            )

    def fold(_: int) -> int:
        return sum(fold_usage(engine, at_a_time=3) for _ in range(10))

    with ThreadPoolExecutor(8) as people:
        work = [
            *(people.submit(write, number) for number in range(6)),
            *(people.submit(fold, number) for number in range(2)),
        ]
        for one in work:
            one.result()
    fold_usage(engine)
    with engine.connect() as connection:
        folded = connection.execute(text("SELECT sum(calls), count(*) FROM usage_hourly")).one()
        left = connection.execute(text("SELECT count(*) FROM usage_deltas")).scalar_one()
    assert (tuple(folded), left) == ((6 * (10 + 11 + 12 + 13 + 14), 2), 0)


def test_what_was_logged_and_paid_before_the_sums_were_kept_is_in_them(engine: Engine, user_id: UUID):
    add(engine, row(user_id), row(user_id, status_code=500, error_code="provider_down"), row(user_id, test_mode=True))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO provider_calls (user_id, step, attempt, inputs_hash, provider, model, base_url, status,"
                " cost_amount, finished_at) VALUES (:user, 'voice', 1, 'h', 'acme', 'say-1', 'x', 'done', 0.25, now())"
            ),
            {"user": user_id},
        )
    money = "SELECT sum(usd), sum(paid_calls) FROM analytics.usage WHERE endpoint = ''"
    before = sums(engine)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0004")
    migrate(engine)
    assert sums(engine) == before
    with engine.connect() as connection:
        assert tuple(float(part) for part in connection.execute(text(money)).one()) == (0.25, 1)
        assert connection.execute(text("SELECT count(*) FROM usage_deltas")).scalar_one() == 0


def test_the_engine_folds_them_every_minute(database_url: str, engine: Engine, user_id: UUID, tmp_path: Path):
    sensor = definitions.resolve_sensor_def("usage_rollups")
    assert sensor.default_status is DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 60
    add(engine, row(user_id))
    tables = TablesResource(database_url=database_url, home=str(tmp_path))
    with (
        DagsterInstance.ephemeral() as instance,
        build_sensor_context(instance=instance, resources={"tables": tables}) as context,
    ):
        said = sensor(context)
    assert isinstance(said, SkipReason)
    assert said.skip_message == "1 changes were added to the sums."


def test_who_takes_a_heap_of_deltas_for_none_does_not_hold_each_against_all_others(engine: Engine):
    a_heap = text("""
        INSERT INTO usage_deltas (provider, step, endpoint, model, test_mode, hour, calls)
        SELECT 'acme', 'voice', '/v1/speak', '', false, :hour, 1 FROM generate_series(1, 20000)
    """)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(a_heap, {"hour": NOW})
        with statements_with(engine, "DELETE FROM usage_deltas") as folds:
            assert fold_usage(engine) == 20_000
        # Its pages stay, with nothing in them.
        connection.execute(text("VACUUM (TRUNCATE false, ANALYZE) usage_deltas"))
        connection.execute(a_heap, {"hour": NOW})
        statement, values = folds[0]
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()
    assert not [line for line in plan if "Nested Loop" in line or "Join" in line], plan

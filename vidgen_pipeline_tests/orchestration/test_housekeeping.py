"""The house's own jobs, run by the engine as its schedules run them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from dagster import DagsterInstance, DagsterRunStatus, JobDefinition, ScheduleDefinition, build_schedule_context
from dagster._core.test_utils import create_run_for_test
from sqlalchemy import Engine, text

from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.domain.video import VideoRequest
from vidgen_pipeline.orchestration.housekeeping import delete_old_runs, housekeeping_schedules
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.videos import plan_video


@pytest.fixture
def instance(home: Home, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    monkeypatch.setenv("VIDGEN_DATABASE_URL", database_url)
    monkeypatch.setenv("VIDGEN_HOME", str(home.root))
    monkeypatch.setenv("VIDGEN_SANDBOX_URL", "")
    with DagsterInstance.ephemeral() as instance:
        yield instance


def _job(name: str) -> JobDefinition:
    return definitions.resolve_job_def(name)


@pytest.mark.parametrize("schedule", housekeeping_schedules, ids=lambda schedule: schedule.name)
def test_each_schedule_starts_a_job_that_ends_well(
    schedule: ScheduleDefinition, instance: DagsterInstance, user_id: UUID
):
    asked = schedule.evaluate_tick(build_schedule_context(instance, scheduled_execution_time=datetime.now(UTC)))
    assert len(asked.run_requests) == 1
    result = _job(schedule.job_name).execute_in_process(
        instance=instance, run_config=asked.run_requests[0].run_config, raise_on_error=False
    )
    assert result.success


def test_old_runs_go_and_living_ones_stay(instance: DagsterInstance):
    for status in (DagsterRunStatus.SUCCESS, DagsterRunStatus.CANCELED, DagsterRunStatus.STARTED):
        create_run_for_test(instance, status=status)
    now = datetime.now(UTC)
    assert delete_old_runs(instance, now - timedelta(days=1)) == 0
    assert delete_old_runs(instance, now + timedelta(days=1)) == 2
    assert [run.status for run in instance.get_runs()] == [DagsterRunStatus.STARTED]


def test_partitions_of_videos_that_ended_long_ago_go(engine: Engine, instance: DagsterInstance, user_id: UUID):
    old, recent = (plan_video(engine, user_id, VideoRequest(language="en"), title="Bees") for _ in range(2))
    instance.add_dynamic_partitions("videos", [str(old), str(recent), str(uuid4())])
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET status = 'completed'"))
        connection.execute(
            text("UPDATE videos SET updated_at = now() - interval '91 days' WHERE id = :old"), {"old": old}
        )
    assert _job("engine_cleanup").execute_in_process(instance=instance).success
    left = instance.get_dynamic_partitions("videos")
    assert (str(old) in left, str(recent) in left, len(left)) == (False, True, 2)

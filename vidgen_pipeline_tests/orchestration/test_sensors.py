"""What the engine does by itself, with Dagster's own runs and queue; no run is executed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    SensorResult,
    SkipReason,
    build_sensor_context,
    instance_for_test,
)
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from sqlalchemy import Engine, func

from vidgen_pipeline.database.tables import Video
from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.orchestration.launching import launch_tags
from vidgen_pipeline.orchestration.resources import TablesResource
from vidgen_pipeline.orchestration.sensors import due_videos, lost_videos, reconcile, sensors, stuck_videos
from vidgen_pipeline_tests.services.queueing import DEAD_WORKER, Queue, minutes_ago

QUEUED, STARTED = DagsterRunStatus.QUEUED, DagsterRunStatus.STARTED
CANCELED, CANCELING, FAILURE = DagsterRunStatus.CANCELED, DagsterRunStatus.CANCELING, DagsterRunStatus.FAILURE

_LOCATION = GrpcServerCodeLocationOrigin("127.0.0.1", port=9, location_name="vidgen_pipeline")
ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(_LOCATION, "__repository__"), "generate_video")


@pytest.fixture(scope="module")
def shared_instance() -> Iterator[DagsterInstance]:
    """An instance with the queue and the launcher of ours."""
    coordinator = {"module": "dagster._core.run_coordinator.queued_run_coordinator", "class": "QueuedRunCoordinator"}
    with instance_for_test(overrides={"run_coordinator": coordinator}) as instance:
        yield instance


@pytest.fixture
def instance(shared_instance: DagsterInstance) -> Iterator[DagsterInstance]:
    yield shared_instance
    shared_instance.wipe()


@pytest.fixture
def queue(engine: Engine) -> Queue:
    return Queue(engine)


@pytest.fixture
def anna(queue: Queue) -> UUID:
    return queue.user("anna")


class Ticks:
    """Evaluates sensors, and puts runs into the instance."""

    def __init__(self, instance: DagsterInstance, tables: TablesResource) -> None:
        self.instance = instance
        self.tables = tables

    def due(self) -> SensorResult | SkipReason:
        with build_sensor_context(instance=self.instance, resources={"tables": self.tables}) as context:
            said = due_videos(context)
        assert isinstance(said, SensorResult | SkipReason)
        return said

    def said(self, sensor: object) -> str:
        with build_sensor_context(instance=self.instance, resources={"tables": self.tables}) as context:
            reason = sensor(context)  # type: ignore[operator]
        assert isinstance(reason, SkipReason)
        return reason.skip_message or ""

    def run(
        self,
        video_id: UUID | str,
        status: DagsterRunStatus,
        *,
        launch: int | None = 1,
        run_id: str | None = None,
        started_seconds: float = 5,
    ) -> str:
        """A run of the video in that state: of that launch, or one that somebody started by hand."""
        tags = {"dagster/partition": str(video_id), **(launch_tags(uuid4(), launch) if launch is not None else {})}
        run = self.instance.add_run(
            DagsterRun(
                job_name="generate_video",
                run_id=run_id or str(uuid4()),
                tags=tags,
                status=QUEUED,
                remote_job_origin=ORIGIN,
            )
        )
        if status is STARTED:
            event = DagsterEvent(event_type_value=DagsterEventType.RUN_START.value, job_name=run.job_name)
            self.instance.report_dagster_event(event, run.run_id, timestamp=time.time() - started_seconds)
        elif status is FAILURE:
            self.instance.report_run_failed(run)
        return run.run_id

    def run_of(self, video: Video, status: DagsterRunStatus, **more: float) -> str:
        """The run that claimed the video, in that state."""
        return self.run(video.id, status, run_id=video.run_id, **more)

    def status(self, run_id: str) -> DagsterRunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status


@pytest.fixture
def ticks(instance: DagsterInstance, database_url: str, tmp_path: Path) -> Ticks:
    return Ticks(instance, TablesResource(database_url=database_url, home=str(tmp_path)))


def test_every_sensor_runs_from_the_beginning():
    loaded = {one.name: one for one in definitions.sensors or []}
    for sensor in sensors:
        assert loaded[sensor.name].default_status is DefaultSensorStatus.RUNNING
    assert {one.name: one.minimum_interval_seconds for one in sensors} == {
        "due_videos": 30,
        "stuck_videos": 300,
        "lost_videos": 30,
        "reconcile": 60,
    }


def test_due_videos_asks_for_a_run_of_each_claimed_video(ticks: Ticks, queue: Queue, anna: UUID):
    planned, wanted = queue.video(anna), queue.queued(queue.user("ben"), launches=4)
    result = ticks.due()
    assert isinstance(result, SensorResult)
    requests = {request.partition_key: request for request in result.run_requests or []}
    assert {key: request.run_key for key, request in requests.items()} == {
        str(planned): f"{planned}:1",
        str(wanted): f"{wanted}:4",
    }
    assert requests[str(planned)].tags == {"user_id": str(anna), "vidgen/launch": "1"}
    [addition] = result.dynamic_partitions_requests or []
    assert set(addition.partition_keys) == set(requests)
    assert result.cursor == "2 started."


def test_dagster_finds_the_partition_that_comes_with_the_request(ticks: Ticks, queue: Queue, anna: UUID):
    planned = queue.video(anna)
    result = ticks.due()
    assert isinstance(result, SensorResult)
    [request] = result.run_requests or []
    resolved = request.with_resolved_tags_and_config(
        target_definition=definitions.resolve_job_def("generate_video"),
        dynamic_partitions_store=ticks.instance,
        dynamic_partitions_requests=result.dynamic_partitions_requests or [],
    )
    assert resolved.tags["dagster/partition"] == str(planned)
    assert resolved.tags["user_id"] == str(anna)


def test_due_videos_says_why_nothing_was_started(ticks: Ticks, queue: Queue, anna: UUID):
    assert ticks.said(due_videos) == "Nothing is due."
    queue.processing(anna)
    queue.video(anna)
    assert ticks.said(due_videos) == "1 waiting for another video of their owners'."
    queue.operator(paused=True, paused_reason="Moving house")
    assert ticks.said(due_videos) == "Generation is paused: Moving house."


def test_stuck_videos_stops_the_run_as_well(ticks: Ticks, queue: Queue, anna: UUID):
    hung = queue.processing(anna, last_step_updated_at=minutes_ago(31))
    run_id = ticks.run_of(queue.look(hung), STARTED)
    said = ticks.said(stuck_videos)
    assert said.startswith(f"{hung}: Generation timed out after 30 minutes.")
    assert ticks.status(run_id) is CANCELING  # Dagster interrupts it; no process is behind it here
    assert ticks.said(stuck_videos) == "Every generation gets on."


def test_lost_videos_closes_the_dead_run_and_due_videos_starts_another(ticks: Ticks, queue: Queue, anna: UUID):
    lost = queue.processing(anna, worker=DEAD_WORKER)
    run_id = ticks.run_of(queue.look(lost), STARTED)
    assert str(lost) in ticks.said(lost_videos)
    assert ticks.status(run_id) is FAILURE  # left open, it would hold its user's place in Dagster's queue
    result = ticks.due()
    assert isinstance(result, SensorResult)
    assert [request.run_key for request in result.run_requests or []] == [f"{lost}:2"]
    assert ticks.said(lost_videos) == "Every worker is alive."


def test_reconcile_changes_nothing_where_all_is_well(ticks: Ticks, queue: Queue, anna: UUID):
    made = queue.processing(anna)
    at_work = ticks.run_of(queue.look(made), STARTED, started_seconds=3600)
    waiting = queue.queued(queue.user("ben"), launched=1, launched_at=minutes_ago(60))
    in_line = ticks.run(waiting, QUEUED)
    just_asked_for = queue.queued(queue.user("cleo"), launched=1, launched_at=minutes_ago(1))
    by_hand = ticks.run(queue.video(queue.user("dora")), QUEUED, launch=None)
    beginning = ticks.run(queue.video(queue.user("emil")), STARTED, launch=None)
    nobodys = ticks.run("not a video", QUEUED, launch=None)
    assert ticks.said(reconcile) == "Videos and runs agree."
    assert [ticks.status(one) for one in (in_line, by_hand, nobodys)] == [QUEUED] * 3
    assert [ticks.status(one) for one in (at_work, beginning)] == [STARTED] * 2
    assert queue.look(made).status == "processing"
    assert [queue.look(one).launches for one in (waiting, just_asked_for)] == [1, 1]


def test_reconcile_offers_a_launch_again_that_led_to_no_run(ticks: Ticks, queue: Queue, anna: UUID):
    """The tick died between its claim and its runs, or the run failed before its first step."""
    never_run = queue.queued(anna, launched=1, launched_at=minutes_ago(3))
    failed = queue.queued(queue.user("ben"), launches=2, launched=2, launched_at=minutes_ago(3))
    ticks.run(failed, FAILURE, launch=2)
    said = ticks.said(reconcile)
    assert str(never_run) in said
    assert str(failed) in said
    result = ticks.due()
    assert isinstance(result, SensorResult)
    assert {request.run_key for request in result.run_requests or []} == {f"{never_run}:2", f"{failed}:3"}
    assert ticks.said(reconcile) == "Videos and runs agree."


@pytest.mark.parametrize("reason", ["cancelled", "deleted", "queued anew", "planned again"])
def test_reconcile_takes_a_run_out_of_the_queue_that_has_no_video_to_make(
    reason: str, ticks: Ticks, queue: Queue, anna: UUID
):
    video_id = queue.queued(anna, launched=1, launched_at=minutes_ago(1))
    run_id = ticks.run(video_id, QUEUED)
    changes = {
        "cancelled": {"status": "cancelled"},
        "deleted": {"status": "cancelled", "deleted_at": func.now()},
        "queued anew": {"launches": 2},
        "planned again": {"status": "planned", "scheduled_at": minutes_ago(-60)},
    }
    queue.change(video_id, **changes[reason])
    assert run_id in ticks.said(reconcile)
    assert ticks.status(run_id) is CANCELED


def test_reconcile_stops_a_run_whose_video_ended_a_while_ago(ticks: Ticks, queue: Queue, anna: UUID, engine: Engine):
    video_id = queue.processing(anna)
    run_id = ticks.run_of(queue.look(video_id), STARTED)
    queue.change(video_id, status="cancelled")
    assert ticks.said(reconcile) == "Videos and runs agree."  # it is just winding up
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE generation_attempts SET started_at = now() - interval '61 seconds'")
    assert run_id in ticks.said(reconcile)
    assert ticks.status(run_id) is CANCELING


def test_reconcile_settles_a_video_whose_run_is_over_and_silent(ticks: Ticks, queue: Queue, anna: UUID):
    video_id = queue.processing(anna, heartbeat_at=minutes_ago(0.1))
    ticks.run_of(queue.look(video_id), FAILURE)
    assert ticks.said(reconcile) == "Videos and runs agree."
    queue.change(video_id, heartbeat_at=minutes_ago(0.3))
    assert str(video_id) in ticks.said(reconcile)
    assert (queue.look(video_id).status, queue.look(video_id).resumes) == ("queued", 1)


def test_reconcile_closes_a_run_that_died_before_its_first_step(ticks: Ticks, queue: Queue, anna: UUID):
    video_id = queue.queued(anna, launched=1, launched_at=minutes_ago(3))
    run_id = ticks.run(video_id, STARTED, started_seconds=121)
    said = ticks.said(reconcile)
    assert run_id in said
    assert f"{video_id} waits again" in said
    assert ticks.status(run_id) is CANCELING

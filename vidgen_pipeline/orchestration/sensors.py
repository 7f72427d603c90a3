"""What the engine does by itself: start what is due, and look after what is under way.

A tick is short. What it found is decided and written by `services`; here it is only asked for, and shown.
"""

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from vidgen_pipeline.orchestration.graph import generate_video
from vidgen_pipeline.orchestration.launching import launch_tags
from vidgen_pipeline.orchestration.partitions import videos
from vidgen_pipeline.orchestration.resources import TablesResource
from vidgen_pipeline.orchestration.runs import DagsterRuns
from vidgen_pipeline.services.reconciling import reconcile as reconcile_runs
from vidgen_pipeline.services.scheduling import Launch, claim_due
from vidgen_pipeline.services.watching import cancel_stuck_ones, cancel_unheeded_ones, settle_lost_ones

_RUNNING = DefaultSensorStatus.RUNNING


@sensor(
    job=generate_video,
    minimum_interval_seconds=30,
    default_status=_RUNNING,
    description="Starts planned videos whose time has come, and queued ones: in turn between users, one of each.",
)
def due_videos(context: SensorEvaluationContext, tables: TablesResource) -> SensorResult | SkipReason:
    """Claim what is due. The claims are committed before this returns; runs that get lost then are made up for."""
    claims = claim_due(tables.engine)
    if not claims.launches:
        return _skip(context, claims.said)
    context.log.info(claims.said)
    return SensorResult(
        run_requests=[_run_request(launch) for launch in claims.launches],
        dynamic_partitions_requests=[videos.build_add_request([str(launch.video_id) for launch in claims.launches])],
        cursor=claims.said,
    )


@sensor(
    minimum_interval_seconds=300,
    default_status=_RUNNING,
    description="Cancels a video whose generation has not got on for 30 minutes, and stops its run.",
)
def stuck_videos(context: SensorEvaluationContext, tables: TablesResource) -> SkipReason:
    """Cancel what is stuck."""
    stuck = cancel_stuck_ones(tables.engine, tables.scratch)
    DagsterRuns(context.instance).end_settled(stuck)
    return _said(context, [f"{one.video_id}: {one.sentence}" for one in stuck], "Every generation gets on.")


@sensor(
    minimum_interval_seconds=30,
    default_status=_RUNNING,
    description="Queues a video again whose worker died (twice at the most), and cancels one that does not heed a wish"
    " to stop.",
)
def lost_videos(context: SensorEvaluationContext, tables: TablesResource) -> SkipReason:
    """Settle what nobody works on any more. `due_videos` starts it again."""
    settled = [
        *settle_lost_ones(tables.engine, tables.scratch),
        *cancel_unheeded_ones(tables.engine, tables.scratch),
    ]
    DagsterRuns(context.instance).end_settled(settled)
    return _said(context, [f"{one.video_id}: {one.sentence}" for one in settled], "Every worker is alive.")


@sensor(
    minimum_interval_seconds=60,
    default_status=_RUNNING,
    description="Ends runs that make no video any more, and offers videos again whose run got lost.",
)
def reconcile(context: SensorEvaluationContext, tables: TablesResource) -> SkipReason:
    """Make the videos' rows and the engine's runs agree."""
    found = reconcile_runs(tables.engine, DagsterRuns(context.instance), tables.scratch)
    sentences = [
        *(f"run {run_id} was ended" for run_id in found.ended_runs),
        *(f"{video_id} waits again: its run got lost" for video_id in found.offered_again),
        *(f"{one.video_id}: {one.sentence}" for one in found.settled),
    ]
    return _said(context, sentences, "Videos and runs agree.")


sensors: list[SensorDefinition] = [due_videos, stuck_videos, lost_videos, reconcile]


def _run_request(launch: Launch) -> RunRequest:
    return RunRequest(
        run_key=f"{launch.video_id}:{launch.number}",
        partition_key=str(launch.video_id),
        tags=launch_tags(launch.user_id, launch.number),
    )


def _said(context: SensorEvaluationContext, sentences: list[str], otherwise: str) -> SkipReason:
    """What the tick did, as its page shows it: these sensors start no runs themselves."""
    for sentence in sentences:
        context.log.warning(sentence)
    return _skip(context, "; ".join(sentences) or otherwise)


def _skip(context: SensorEvaluationContext, reason: str) -> SkipReason:
    """Skip with a reason that the sensor's page shows beside the tick: of each tick it lists the cursor."""
    context.update_cursor(reason)
    return SkipReason(reason)

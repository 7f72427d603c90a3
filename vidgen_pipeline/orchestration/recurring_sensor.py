"""Plans that recur get their videos planned a day ahead."""

from datetime import UTC, datetime

from dagster import DefaultSensorStatus, SensorEvaluationContext, SkipReason, sensor

from vidgen_pipeline.orchestration.resources import TablesResource
from vidgen_pipeline.services.recurring import plan_what_recurs


@sensor(
    minimum_interval_seconds=300,
    default_status=DefaultSensorStatus.RUNNING,
    description="Plans the videos of recurring plans, a day ahead; due_videos starts them when their time has come.",
)
def recurring_plans(context: SensorEvaluationContext, tables: TablesResource) -> SkipReason:
    """Plan what recurs within a day. It starts no run itself."""
    made = plan_what_recurs(tables.engine, now=datetime.now(UTC))
    for error in made.errors:
        context.log.warning(error)
    return SkipReason(f"Planned {len(made.videos)} videos; stopped {len(made.errors)} plans that can't go on.")

"""What the engine does by the clock for the house itself: jobs of one op each, and their schedules."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import (
    Config,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    DynamicPartitionsDefinition,
    MetadataValue,
    OpExecutionContext,
    RunsFilter,
    ScheduleDefinition,
    SensorEvaluationContext,
    SkipReason,
    TableColumn,
    TableRecord,
    TableSchema,
    in_process_executor,
    job,
    op,
    sensor,
)
from dagster import DagsterRunStatus as RunStatus

from vidgen_pipeline.orchestration.partitions import videos
from vidgen_pipeline.orchestration.resources import TablesResource
from vidgen_pipeline.services.accounts import forget_what_has_ended
from vidgen_pipeline.services.housekeeping import clean_up, keep_logs, old_partitions, review_prices
from vidgen_pipeline.services.usage import fold_usage

RUNS_KEPT_DAYS = 30
PARTITIONS_KEPT_DAYS = 90
MOST_AT_ONCE = 500
_ENDED = [RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED]


class LogRetentionConfig(Config):
    """How long the log of exchanges is kept, and whether old days are written to files first."""

    days: int = 30
    archive: bool = False


@op
def keep_log_days(context: OpExecutionContext, tables: TablesResource, config: LogRetentionConfig) -> None:
    """Make the coming days of the log, archive the old ones where asked, and drop them."""
    archive: Path | None = tables.archive if config.archive else None
    kept = keep_logs(tables.engine, today=datetime.now(UTC).date(), days=config.days, archive=archive)
    context.add_output_metadata(
        {
            "partitions_made": kept.made,
            "days_dropped": len(kept.dropped),
            "archived": [str(path) for path in kept.archived],
        }
    )


@op
def clean_storage(context: OpExecutionContext, tables: TablesResource) -> None:
    """Empty the trash of videos deleted long ago and remove files that nothing names."""
    cleaned = clean_up(tables.engine, tables.store, tables.scratch, now=datetime.now(UTC))
    context.add_output_metadata(
        {
            "logins_and_tokens_forgotten": forget_what_has_ended(tables.engine, now=datetime.now(UTC)),
            "videos_purged": cleaned.purged_videos,
            "artifacts_removed": cleaned.artifacts,
            "scratch_folders_removed": cleaned.scratch_folders,
            "freed_mb": round(cleaned.freed_bytes / 1e6, 1),
        }
    )


@op
def clean_engine(context: OpExecutionContext, tables: TablesResource) -> None:
    """Delete the engine's own runs, with their events, and the partitions of videos that ended long ago."""
    now = datetime.now(UTC)
    runs = delete_old_runs(context.instance, now - timedelta(days=RUNS_KEPT_DAYS))
    known = set(context.instance.get_dynamic_partitions(_name(videos)))
    old = old_partitions(tables.engine, now=now, days=PARTITIONS_KEPT_DAYS, most=MOST_AT_ONCE)
    keys = [str(video_id) for video_id in old if str(video_id) in known]
    for key in keys:
        context.instance.delete_dynamic_partition(_name(videos), key)
    context.add_output_metadata({"runs_deleted": runs, "partitions_deleted": len(keys)})


@op
def look_at_prices(context: OpExecutionContext) -> None:
    """List prices that have grown old and models that end soon."""
    found = review_prices(datetime.now(UTC).date())
    for one in found:
        context.log.warning(f"{one.provider} {one.model}: {one.finding}")
    columns = [TableColumn(name) for name in ("provider", "model", "finding")]
    records = [TableRecord({"provider": one.provider, "model": one.model, "finding": one.finding}) for one in found]
    context.add_output_metadata({"findings": MetadataValue.table(records, schema=TableSchema(columns))})


def delete_old_runs(instance: DagsterInstance, before: datetime) -> int:
    """Delete runs that ended before that moment, with their events; returns how many, a night's share at most."""
    ended = RunsFilter(statuses=_ENDED, updated_before=before)
    records = instance.get_run_records(filters=ended, limit=MOST_AT_ONCE, ascending=True)
    for record in records:
        instance.delete_run(record.dagster_run.run_id)
    return len(records)


def _name(partitions: DynamicPartitionsDefinition) -> str:
    assert partitions.name is not None  # noqa: S101 - ours has one
    return partitions.name


@job(executor_def=in_process_executor, description="Drops days of the vendor log that are over.")
def log_retention() -> None:
    """Run every night."""
    keep_log_days()


@job(executor_def=in_process_executor, description="Removes what nobody needs any more from the disk.")
def storage_cleanup() -> None:
    """Run every night."""
    clean_storage()


@job(executor_def=in_process_executor, description="Deletes the engine's own old runs, events and partitions.")
def engine_cleanup() -> None:
    """Run every night."""
    clean_engine()


@job(executor_def=in_process_executor, description="Lists prices older than a quarter and models that end soon.")
def pricing_review() -> None:
    """Run every quarter."""
    look_at_prices()


@sensor(
    minimum_interval_seconds=60,
    default_status=DefaultSensorStatus.RUNNING,
    description="Adds up what was called and paid, for pages and reports; launches nothing.",
)
def usage_rollups(_context: SensorEvaluationContext, tables: TablesResource) -> SkipReason:
    """Fold what was written since the last tick."""
    return SkipReason(f"{fold_usage(tables.engine)} changes were added to the sums.")


housekeeping_schedules = [
    ScheduleDefinition(job=of, cron_schedule=cron, default_status=DefaultScheduleStatus.RUNNING)
    for of, cron in (
        (log_retention, "10 3 * * *"),
        (storage_cleanup, "30 3 * * *"),
        (engine_cleanup, "50 3 * * *"),
        (pricing_review, "0 6 1 1,4,7,10 *"),
    )
]

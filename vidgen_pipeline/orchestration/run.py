"""Run one video's generation in this very process, against the same Dagster instance that the UI shows."""

from __future__ import annotations

from uuid import UUID

from dagster import DagsterInstance, JobDefinition

from vidgen_pipeline.orchestration.launching import USER_TAG, launch_tags
from vidgen_pipeline.orchestration.partitions import add_partition

# The person watches progress lines; Dagster's own log lines go to the run's page in the UI.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def generate_in_process(
    job: JobDefinition, instance: DagsterInstance, video_id: UUID, user_id: UUID, *, launch: int | None = None
) -> str:
    """Make the video now; returns when it is finished, failed or cancelled, as its row then says. Returns the run's id.

    `launch` is the number under which it was queued for this run: should it be cancelled first, the run does nothing.
    The caller is the main thread, so that Ctrl-C reaches the step at work.
    """
    result = job.execute_in_process(
        instance=instance,
        partition_key=add_partition(instance, video_id),
        run_config=_QUIET,
        tags={USER_TAG: str(user_id)} if launch is None else launch_tags(user_id, launch),
        raise_on_error=False,
    )
    return result.run_id

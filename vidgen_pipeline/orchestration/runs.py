"""Dagster's runs, as those see them who watch over generations (`services.reconciling.Runs`)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from uuid import UUID

from dagster import DagsterError, DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter

from vidgen_pipeline.orchestration.graph import generate_video
from vidgen_pipeline.orchestration.launching import LAUNCH_TAG, launch_of
from vidgen_pipeline.services.reconciling import LiveRun
from vidgen_pipeline.services.watching import Settled

PARTITION_TAG = "dagster/partition"
MOST_LOOKED_AT = 200

# One that is being cancelled is the engine's own care: its monitoring closes it after a minute if nobody answers.
_LIVE = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
]


class DagsterRuns:
    """Looks at the runs of the generation job, and ends them."""

    def __init__(self, instance: DagsterInstance) -> None:
        self._instance = instance

    def live(self) -> Sequence[LiveRun]:
        found = RunsFilter(job_name=generate_video.name, statuses=_LIVE)
        records = self._instance.get_run_records(found, limit=MOST_LOOKED_AT, ascending=True)
        return [run for record in records if (run := _live_run(record)) is not None]

    def has_live(self, video_id: UUID, launch: int) -> bool:
        tags = {PARTITION_TAG: str(video_id), LAUNCH_TAG: str(launch)}
        return bool(self._instance.get_run_records(RunsFilter(tags=tags, statuses=_LIVE), limit=1))

    def is_over(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id)
        return run is None or run.is_finished

    def end(self, run_id: str, reason: str, *, gone: bool) -> bool:
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if gone:
            # Left open, it would hold its user's place in the engine's queue for hours.
            self._instance.report_run_failed(run, message=reason)
            return True
        self._instance.report_engine_event(reason, run)
        with contextlib.suppress(DagsterError):  # the code server does not answer: the next tick tries again
            self._instance.run_coordinator.cancel_run(run_id)
        return True

    def end_settled(self, settled: Sequence[Settled]) -> None:
        """End the runs that made these videos."""
        for one in settled:
            self.end(one.run_id, one.sentence, gone=one.worker_is_gone)


def _live_run(record: RunRecord) -> LiveRun | None:
    run = record.dagster_run
    try:
        video_id = UUID(run.tags.get(PARTITION_TAG, ""))
    except ValueError:  # launched by hand with no video's partition: its first step refuses it
        return None
    going = None if record.start_time is None else time.time() - record.start_time
    return LiveRun(run.run_id, video_id, launch_of(run.tags), going)

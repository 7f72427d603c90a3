"""Make the tables and the engine's runs agree again, after whatever happened between two writes.

The tables are right. A run that makes no video any more is ended; a video whose run was lost is offered again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import launching, watching
from vidgen_pipeline.database.watching import RunRow, UnderWay
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.runtime.worker import is_gone
from vidgen_pipeline.services.watching import Settled, settle_lost_ones

LAUNCHED_LONG_AGO_SECONDS = 120
"""From being asked for to the claim a run takes some seconds; under load, a minute."""

WINDING_UP_SECONDS = 60
"""How long a run may live after its video ended: it still reports the video and closes what it opened."""

SILENT_SECONDS = 15
"""A worker shows a sign of life every few seconds. One whose run has ended and who is silent is not coming back."""

MOST_AT_A_TIME = 25

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveRun:
    """A run that the engine holds for waiting or going on, as far as it matters here.

    `launch` is None for a run that somebody started by hand. `going_for_seconds` is None until it has begun.
    """

    run_id: str
    video_id: UUID
    launch: int | None
    going_for_seconds: float | None


class Runs(Protocol):
    """The engine's runs."""

    def live(self) -> Sequence[LiveRun]:
        """Runs that wait or go on, the oldest first, a bounded number."""
        ...

    def has_live(self, video_id: UUID, launch: int) -> bool:
        """Whether a run waits or goes on that answers this launch."""
        ...

    def is_over(self, run_id: str) -> bool:
        """Whether the run has ended, or is not known."""
        ...

    def end(self, run_id: str, reason: str, *, gone: bool) -> bool:
        """Stop the run, or write down that it ended when its process is `gone`. False when it had ended already."""
        ...


@dataclass(frozen=True)
class Reconciled:
    """What did not agree: runs that were ended, videos that wait again, generations that were settled."""

    ended_runs: tuple[str, ...]
    offered_again: tuple[UUID, ...]
    settled: tuple[Settled, ...]


def reconcile(engine: Engine, runs: Runs, scratch: Path) -> Reconciled:
    """Compare, and put right what is wrong. Two queries and one question to the engine when nothing is."""

    def over(seen: UnderWay) -> bool:
        return seen.silent_seconds >= SILENT_SECONDS and runs.is_over(seen.run_id)

    settled = settle_lost_ones(engine, scratch, over=over)
    for one in settled:
        runs.end(one.run_id, one.sentence, gone=one.worker_is_gone)
    ended = _end_idle_runs(engine, runs)
    return Reconciled(ended, _offer_lost_launches(engine, runs), tuple(settled))


def _end_idle_runs(engine: Engine, runs: Runs) -> tuple[str, ...]:
    live = {run.run_id: run for run in runs.live()}
    if not live:
        return ()
    with Session(engine) as session:
        rows = watching.rows_of_runs(session, {run_id: run.video_id for run_id, run in live.items()})
    ended: list[str] = []
    for run_id, row in rows.items():
        reason = _idle(live[run_id], row)
        if reason is None or len(ended) == MOST_AT_A_TIME:
            continue
        if runs.end(run_id, reason, gone=row.worker is not None and is_gone(row.worker)):
            logger.warning("Run %s of video %s was ended: %s", run_id, live[run_id].video_id, reason)
            ended.append(run_id)
    return tuple(ended)


def _idle(run: LiveRun, row: RunRow) -> str | None:
    """Why the run has nothing to do any more; None when it has, or may yet."""
    if row.attempt is not None:
        if row.at_work or (row.over_for_seconds or 0) < WINDING_UP_SECONDS:
            return None
        return "Its part in the video is over."
    if run.launch is not None and (row.status, row.launches) != (VideoStatus.QUEUED, run.launch):
        return "The video is no longer queued for this run."
    if (run.going_for_seconds or 0) >= LAUNCHED_LONG_AGO_SECONDS:
        return "It began and never got to its first step."
    return None


def _offer_lost_launches(engine: Engine, runs: Runs) -> tuple[UUID, ...]:
    with Session(engine) as session:
        found = watching.launched_long_ago(session, seconds=LAUNCHED_LONG_AGO_SECONDS, most=MOST_AT_A_TIME)
    offered: list[UUID] = []
    for video_id, launch in found:
        if runs.has_live(video_id, launch):
            continue
        with Session(engine) as session, session.begin():
            if launching.offer_again(session, video_id, launch, new_number=True):
                logger.warning("Video %s waits again: launch %d led to no run.", video_id, launch)
                offered.append(video_id)
    return tuple(offered)

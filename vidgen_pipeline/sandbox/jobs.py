"""Jobs that take their vendor minutes, in compressed time: they advance as they are asked for.

With `pending_polls` n a job is answered as waiting or running n times, then as ended. With a `speed` it also advances
by the clock, that many times faster than its vendor's typical time.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from vidgen_pipeline.sandbox.clock import Clock
from vidgen_pipeline.sandbox.faults import FaultKind
from vidgen_pipeline.sandbox.ledger import Charge

PENDING_POLLS = 2

_PATIENCE_SECONDS = 10.0  # how long the answer that would be the last waits for its file; then it is "running" again
_logger = logging.getLogger(__name__)


class JobState(StrEnum):
    """Where a job stands. Each double has an explicit map from these to its vendor's words."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MODERATED = "moderated"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in {JobState.QUEUED, JobState.RUNNING}


REFUNDED = frozenset({JobState.FAILED, JobState.MODERATED, JobState.CANCELLED})
"""The ends after which most vendors give the money back."""


@dataclass(kw_only=True)
class Job:
    """One long piece of work. `details` is what its vendor tells about it again; `file` is there once it succeeded.

    `progress` is 0 to 1; it is 1 only at a good end.
    """

    id: str
    provider: str
    account: str
    reference: str
    details: Mapping[str, Any]
    started_at: datetime
    updated_at: datetime
    typical_seconds: float
    charge: Charge | None
    refunded: frozenset[JobState]
    state: JobState = JobState.QUEUED
    progress: float = 0.0
    polls: int = 0
    result: Path | None = None
    ordained: FaultKind | None = None
    work: asyncio.Task[Path] | None = field(default=None, repr=False)

    @property
    def file(self) -> Path:
        """What was made. Only for a job that succeeded."""
        if self.result is None:
            raise LookupError(f"job {self.id} has made nothing yet")
        return self.result


class Jobs:
    """The jobs of all accounts."""

    def __init__(self, clock: Clock) -> None:
        self.pending_polls = PENDING_POLLS
        self.speed = 0.0
        self._clock = clock
        self._jobs: dict[tuple[str, str], Job] = {}

    def start(
        self,
        work: Callable[[], Awaitable[Path]],
        *,
        provider: str,
        account: str,
        job_id: str = "",
        reference: str = "",
        details: Mapping[str, Any] | None = None,
        typical_seconds: float = 60.0,
        charge: Charge | None = None,
        refunded: frozenset[JobState] = REFUNDED,
        ordained: FaultKind | None = None,
    ) -> Job:
        """Take on a job; `work` makes its file and begins at once."""
        now = self._clock.now()
        job = Job(
            id=job_id or str(uuid.uuid4()),
            provider=provider,
            account=account,
            reference=reference,
            details=details or {},
            started_at=now,
            updated_at=now,
            typical_seconds=typical_seconds,
            charge=charge,
            refunded=refunded,
            ordained=ordained,
        )
        if ordained is None:
            job.work = asyncio.ensure_future(work())
        self._jobs[provider, job.id] = job
        return job

    def listed(self, provider: str, account: str) -> list[Job]:
        """The account's jobs, newest first. Listing them does not advance them."""
        return [job for job in reversed(self._jobs.values()) if (job.provider, job.account) == (provider, account)]

    def find(self, provider: str, account: str, job_id: str) -> Job | None:
        """One of the account's jobs; another account's is unknown."""
        job = self._jobs.get((provider, job_id))
        return job if job and job.account == account else None

    async def look_at(self, job: Job, ordained: FaultKind | None = None) -> Job:
        """Ask how far it is, which is what makes it go on."""
        job.ordained = ordained or job.ordained
        if job.state.ended:
            return job
        job.polls += 1
        seconds = (self._clock.now() - job.started_at).total_seconds()
        share = max(job.polls / (self.pending_polls + 1), seconds * self.speed / job.typical_seconds)
        if job.ordained is FaultKind.JOB_STUCK:
            share = min(share, 0.5)
        job.progress = min(share, 0.99)
        if share < 1:
            self._set(job, JobState.QUEUED if share < 0.5 else JobState.RUNNING)
        elif job.ordained in {FaultKind.JOB_FAILED, FaultKind.MODERATION}:
            self.end(job, JobState.FAILED if job.ordained is FaultKind.JOB_FAILED else JobState.MODERATED)
        else:
            await self._finish(job)
        return job

    def end(self, job: Job, state: JobState) -> None:
        """End a job without a result: cancelled, failed or refused. Money comes back where the vendor gives it back."""
        if job.work:
            job.work.cancel()
        if job.charge and state in job.refunded:
            job.charge.refunded_at = self._clock.now()
        self._set(job, state)

    def forget(self, job: Job) -> None:
        """Drop a job: its vendor does not know it any more."""
        del self._jobs[job.provider, job.id]

    async def clear(self) -> None:
        """Stop all work, forget all jobs, and go at the usual pace again."""
        working = [job.work for job in self._jobs.values() if job.work and not job.work.done()]
        for work in working:
            work.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        self._jobs.clear()
        self.pending_polls, self.speed = PENDING_POLLS, 0.0

    async def _finish(self, job: Job) -> None:
        work = job.work
        if work is None:
            raise RuntimeError(f"nothing was begun for job {job.id}")
        await asyncio.wait({work}, timeout=_PATIENCE_SECONDS)
        if not work.done():
            self._set(job, JobState.RUNNING)
            return
        if (error := work.exception()) is not None:
            _logger.error("the sandbox could not make the file of job %s", job.id, exc_info=error)
            self.end(job, JobState.FAILED)
            return
        job.result, job.progress = work.result(), 1.0
        self._set(job, JobState.SUCCEEDED)

    def _set(self, job: Job, state: JobState) -> None:
        job.state, job.updated_at = state, self._clock.now()

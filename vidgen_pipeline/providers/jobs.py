"""Long paid jobs: submitted once, polled to their end, fetched. A submit whose answer was lost is looked for.

Like all paid work they go through the ledger (`paid.py`): a job that is under way is gone on with by whoever asks for
the same thing again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from vidgen_pipeline.domain.errors import (
    BadReply,
    Cancelled,
    NoSuchJob,
    NotFound,
    ResultExpired,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.door import HIDDEN_SECONDS, Door
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.paid import Bought, CallState, Ledger, PaidCall, PaidWork, submit_once, unit
from vidgen_pipeline.providers.wire import WireReply, WireRequest

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 10.0
CANCEL_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class FailedJob:
    """A job that came to nothing, and what the vendor charged for it all the same."""

    error: VidgenError
    cost: Cost = FREE


@dataclass(frozen=True, kw_only=True)
class JobWire(Generic[T]):
    """How a vendor is asked for a long job, in pure parts. `T` is what its last state tells, such as an address.

    `submit` makes the paid request for a reference. What it needs first, such as uploads, it may wait for, which is
    done only when a submit is about to leave; but then `identity` has to say what is made, since the same work must be
    known again although its request differs.

    `ask` is made anew for each poll. `read_state` gives None while the job runs; one that failed it gives as a
    FailedJob, or raises what it failed with. NoSuchJob is no end for the first `hidden_seconds` of asking: with some
    vendors a job is not known everywhere at once.

    A lost submit is looked for. With `repeatable` the vendor makes nothing twice under one reference. Else `find` asks
    for jobs that may be it and `read_found` names them; the only one that no other call has is it. With `guessed` they
    bear neither our reference nor our words, and nothing is taken while another call is in doubt. `absent_is_proof`
    says that a job that is not found twice was never made.
    """

    submit: Callable[[str], WireRequest] | Callable[[str], Awaitable[WireRequest]]
    read_id: Callable[[WireReply], str]
    ask: Callable[[str], WireRequest]
    read_state: Callable[[WireReply], T | FailedJob | None]
    identity: str = ""
    every_seconds: float = 5.0
    deadline_seconds: float = 1800.0
    hidden_seconds: float = HIDDEN_SECONDS
    repeatable: bool = False
    find: Callable[[PaidCall], WireRequest] | None = None
    read_found: Callable[[PaidCall, WireReply], Sequence[str]] | None = None
    guessed: bool = False
    absent_is_proof: bool = False
    cancel: Callable[[str], WireRequest] | None = None


@dataclass(frozen=True, kw_only=True)
class Job(JobWire[T]):
    """A long job: how its vendor is asked for it, what to bring home of its last state, and what that has cost."""

    model: str
    fetch: Callable[[Door, T], Awaitable[Downloaded]]
    cost: Callable[[T], Cost]


async def buy_job(door: Door, ledger: Ledger, job: Job[T], into: Path) -> Bought[Downloaded]:
    """A long paid job, from its submit to the file in the folder `into`; one that is under way is gone on with.

    Raises SubmitUnknown when its submit was lost and can't be found again, or when its vendor does not know it any
    more; ContentRejected and other ProviderErrors.
    """
    work = _work_of(door, job)
    async with door.alone(work.key):
        call = await work.open(ledger, door)
        door = door.at(call.base_url)
        if call.state is CallState.DONE:
            try:
                return Bought(value=await ledger.stored_file(call, into), cost=call.cost, call=call)
            except NotFound as gone:
                if call.job_id is None:
                    await ledger.vanished(call, gone)
                    why = "It was paid for, but its file is no longer here."
                    raise door.unknown(call.id, why) from None
        job_id = call.job_id or await _started_job(door, ledger, work, call, job)
        if call.state is CallState.UNKNOWN and call.job_id:  # its vendor did not know it, and may know it now
            await ledger.accepted(call, job_id)
        try:
            file, spent = await _wait_for_file(door, ledger, call, job, job_id)
        except NoSuchJob as error:
            await ledger.vanished(call, error)
            raise door.unknown(call.id, lost="it took on a job that it does not know now") from None
        await ledger.done(call, spent, file=file)
        return Bought(value=file, cost=spent, call=call)


def _work_of(door: Door, job: Job[T]) -> PaidWork:
    if job.identity:
        words = f"{door.provider}\n{job.model}\n{job.identity}"
        return PaidWork(unit(), hashlib.sha256(words.encode()).hexdigest(), job.model)
    request = job.submit("")
    if not isinstance(request, WireRequest):
        if asyncio.iscoroutine(request):
            request.close()
        raise TypeError("a job that prepares its submit needs an identity")
    return PaidWork.of(request, door)


async def _started_job(door: Door, ledger: Ledger, work: PaidWork, call: PaidCall, job: Job[T]) -> str:
    """The job's number: of a new one, or of one whose submit was lost and that can be found again."""
    if call.state is CallState.INTENT:
        try:
            return await _submit_job(door, ledger, call, job)
        except SubmitUnknown:
            if not job.repeatable and job.find is None:
                raise
        call = await work.open(ledger, door)  # which now says when it left
    return await _find_again(door, ledger, call, job)


async def _submit_job(door: Door, ledger: Ledger, call: PaidCall, job: Job[T], *, sent_before: bool = False) -> str:
    def read_id(reply: WireReply) -> str:
        job_id = job.read_id(reply)
        if not job_id:
            raise BadReply("The answer holds no job number.")
        return job_id

    async def settle(job_id: str, _: WireReply) -> None:
        await ledger.accepted(call, job_id)

    made = job.submit(call.reference)
    request = made if isinstance(made, WireRequest) else await made
    if not request.paid:
        raise ValueError("only a paid request goes through the ledger")
    return await submit_once(door, ledger, call, request, read_id, settle, None, sent_before=sent_before)


async def _find_again(door: Door, ledger: Ledger, call: PaidCall, job: Job[T]) -> str:
    """The number of a job whose submit was lost."""
    if job.repeatable:
        return await _submit_job(door, ledger, call, job, sent_before=True)
    find, read_found = job.find, job.read_found
    if find is None or read_found is None:
        raise door.unknown(call.id)
    seen = False
    for look in range(2):
        if look:
            await door.wait(LOOK_AGAIN_SECONDS)
        try:
            found = await door.send(find(call), lambda reply: read_found(call, reply))
        except NoSuchJob:
            found = ()
        claims = await ledger.claims(call, found)
        free = [job_id for job_id in found if job_id not in claims.taken]
        if len(free) == 1 and not (job.guessed and claims.in_doubt):
            await ledger.accepted(call, free[0])
            return free[0]
        seen = seen or bool(free)
    if seen:
        raise door.unknown(call.id, f"{door.name} lists a job that may be this one or another.")
    if not job.absent_is_proof:
        raise door.unknown(call.id, f"{door.name} lists no such job, which is no proof.")
    return await _submit_job(door, ledger, call, job)


async def _wait_for_file(
    door: Door, ledger: Ledger, call: PaidCall, job: Job[T], job_id: str
) -> tuple[Downloaded, Cost]:
    """Poll until the job has ended, then fetch its file; where the address has run out, ask once for another."""
    for last in (False, True):
        ended = await _ended(door, ledger, call, job, job_id)
        if isinstance(ended, FailedJob):
            error = door.told(ended.error)
            await ledger.failed(call, error, ended.cost)
            raise error
        try:
            return await job.fetch(door, ended), job.cost(ended)
        except ResultExpired:
            if last:
                raise
    raise AssertionError("unreachable")


async def _ended(door: Door, ledger: Ledger, call: PaidCall, job: Job[T], job_id: str) -> T | FailedJob:
    def read_state(reply: WireReply) -> T | FailedJob | None:
        try:
            return job.read_state(reply)
        except (BadReply, NoSuchJob):
            raise
        except VidgenError as error:  # the job's own end, not trouble in asking for it
            return FailedJob(error=error)

    def cost(ended: T | FailedJob) -> Cost:
        return ended.cost if isinstance(ended, FailedJob) else job.cost(ended)

    try:
        return await door.poll(
            lambda: job.ask(job_id),
            read_state,
            every_seconds=job.every_seconds,
            deadline_seconds=job.deadline_seconds,
            hidden_seconds=job.hidden_seconds,
            cost=cost,
            call_id=call.id,
        )
    except asyncio.CancelledError:
        if job.cancel is not None:
            await _cancel(door, ledger, call, job.cancel(job_id))
        raise


async def _cancel(door: Door, ledger: Ledger, call: PaidCall, request: WireRequest) -> None:
    """Ask the vendor to stop, for what that is worth; a job that goes on is found again by its number."""
    try:
        async with asyncio.timeout(CANCEL_SECONDS):
            await door.send(request, lambda _: None)
            await ledger.failed(call, Cancelled("Stopped, as was asked."))
    except (TimeoutError, VidgenError):
        return

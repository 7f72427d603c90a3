"""Paid work: nothing is paid twice, whatever happens in between.

A row in the ledger is committed before a paid request leaves, gets the vendor's job id the moment it is known, and is
closed with the outcome, which is kept. Whoever asks for the same thing again gets that outcome, goes on waiting for the
job, or is told that nobody knows: a paid request whose answer was lost is never sent again by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from vidgen_pipeline.domain.errors import BadReply, Cancelled, NotFound, ResultExpired, SubmitUnknown, VidgenError
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.network.records import current_scene
from vidgen_pipeline.providers.submitting import submit
from vidgen_pipeline.providers.wire import WireReply, WireRequest

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 10.0
CANCEL_SECONDS = 10.0


class CallState(StrEnum):
    """Where a paid call stands."""

    INTENT = "intent"
    SENT = "sent"
    ACCEPTED = "accepted"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WRITTEN_OFF = "written_off"


@dataclass(frozen=True, kw_only=True)
class PaidCall:
    """A row of the ledger. Its id is the reference the vendor gets, where it takes one."""

    id: UUID
    state: CallState
    provider: str
    model: str
    base_url: str
    job_id: str | None = None
    sent_at: datetime | None = None
    cost: Cost = FREE

    @property
    def reference(self) -> str:
        return str(self.id)


class Ledger(Protocol):
    """The ledger of one step of one attempt. Every call is committed when it returns.

    All raise Cancelled when the attempt no longer owns the video; facts about money are written down even then.
    """

    async def open_call(self, *, unit: str, inputs_hash: str, provider: str, model: str, base_url: str) -> PaidCall:
        """The open or finished call for this work, or a new one. One that was sent and not answered is UNKNOWN."""

    async def sent(self, call: PaidCall) -> None:
        """It is about to leave: from now on it may be charged."""

    async def accepted(self, call: PaidCall, job_id: str) -> None:
        """The vendor took it on, under this number."""

    async def done(
        self, call: PaidCall, cost: Cost, *, reply: WireReply | None = None, file: Downloaded | None = None
    ) -> None:
        """It is finished. Its outcome is kept: the answer, or the file."""

    async def failed(self, call: PaidCall, error: VidgenError) -> None:
        """It came to nothing, or its outcome is of no use: the same work may be paid for anew."""

    async def unknown(self, call: PaidCall, error: VidgenError) -> None:
        """Its answer was lost."""

    async def stored_reply(self, call: PaidCall) -> WireReply:
        """The answer of a finished call. Raises NotFound when it is gone."""

    async def stored_file(self, call: PaidCall, into: Path) -> Downloaded:
        """A copy of the file of a finished call. Raises NotFound when it is gone."""


@dataclass(frozen=True, kw_only=True)
class Bought(Generic[T]):
    """What was paid for, now or earlier."""

    value: T
    cost: Cost
    call: PaidCall


@dataclass(frozen=True, kw_only=True)
class Job(Generic[T]):
    """A long job at a vendor, in pure parts. `T` is what its last state tells, such as an address and a price.

    `submit` makes the paid request for a reference; what it needs first, such as uploads, it may wait for, but then
    `identity` has to say what is made, since the same work must be known again although its request differs.
    `read_state` gives None while the job runs and raises what it failed with. A lost submit is looked for: with
    `repeatable` the vendor makes nothing twice under one reference; `find` asks for it, and `absent_is_proof` says that
    one it does not find twice was never made.
    """

    model: str
    submit: Callable[[str], WireRequest] | Callable[[str], Awaitable[WireRequest]]
    read_id: Callable[[WireReply], str]
    ask: Callable[[str], WireRequest]
    read_state: Callable[[WireReply], T | None]
    fetch: Callable[[Door, T], Awaitable[Downloaded]]
    cost: Callable[[T], Cost]
    identity: str = ""
    every_seconds: float = 5.0
    deadline_seconds: float = 1800.0
    repeatable: bool = False
    find: Callable[[PaidCall], WireRequest] | None = None
    read_found: Callable[[PaidCall, WireReply], str | None] | None = None
    absent_is_proof: bool = False
    cancel: Callable[[str], WireRequest] | None = None


@dataclass(frozen=True)
class _Ended(Generic[T]):
    """A job's end: its result, or what it failed with."""

    result: T | None
    error: VidgenError | None = None


async def buy_reply(
    door: Door, ledger: Ledger, request: WireRequest, read: Callable[[WireReply], T], cost: Callable[[T], Cost]
) -> Bought[T]:
    """One paid request whose answer is the work, as `read` and `cost` make of it.

    Raises SubmitUnknown when an earlier or this answer was lost, and ProviderError.
    """
    if not request.paid:
        raise ValueError("only a paid request goes through the ledger")
    work = _PaidWork(_unit(), request.fingerprint(door.provider), request.model)
    async with door.alone(work.key):
        call = await work.open(ledger, door)
        if call.state is CallState.DONE:
            try:
                return Bought(value=read(await ledger.stored_reply(call)), cost=call.cost, call=call)
            except NotFound:
                why = "It was paid for, but what it gave is no longer here."
                raise door.unknown(call.id, why) from None
        if call.state is not CallState.INTENT:
            raise door.unknown(call.id)

        async def settle(value: T, reply: WireReply) -> None:
            await ledger.done(call, cost(value), reply=reply)

        value = await _submit(door.at(call.base_url), ledger, call, request, read, settle, cost)
        return Bought(value=value, cost=cost(value), call=call)


async def buy_job(door: Door, ledger: Ledger, job: Job[T], into: Path) -> Bought[Downloaded]:
    """A long paid job, from its submit to the file in the folder `into`; one that is under way is gone on with.

    Raises SubmitUnknown when its submit was lost and can't be found again, ContentRejected and other ProviderErrors.
    """
    work = await _work_of(door, job)
    async with door.alone(work.key):
        call = await work.open(ledger, door)
        door = door.at(call.base_url)
        if call.state is CallState.DONE:
            try:
                return Bought(value=await ledger.stored_file(call, into), cost=call.cost, call=call)
            except NotFound:
                if call.job_id is None:
                    why = "It was paid for, but its file is no longer here."
                    raise door.unknown(call.id, why) from None
        job_id = call.job_id or await _started_job(door, ledger, call, job)
        file, spent = await _wait_for_file(door, ledger, call, job, job_id)
        await ledger.done(call, spent, file=file)
        return Bought(value=file, cost=spent, call=call)


@dataclass(frozen=True)
class _PaidWork:
    """A piece of work that is paid for once: this request, for this scene."""

    unit: str
    inputs_hash: str
    model: str

    @property
    def key(self) -> str:
        return f"{self.unit}:{self.inputs_hash}"

    async def open(self, ledger: Ledger, door: Door) -> PaidCall:
        return await ledger.open_call(
            unit=self.unit,
            inputs_hash=self.inputs_hash,
            provider=door.provider,
            model=self.model,
            base_url=door.base_url,
        )


async def _work_of(door: Door, job: Job[T]) -> _PaidWork:
    if job.identity:
        words = f"{door.provider}\n{job.model}\n{job.identity}"
        return _PaidWork(_unit(), hashlib.sha256(words.encode()).hexdigest(), job.model)
    request = job.submit("")
    if not isinstance(request, WireRequest):
        if asyncio.iscoroutine(request):
            request.close()
        raise TypeError("a job that prepares its submit needs an identity")
    return _PaidWork(_unit(), request.fingerprint(door.provider), job.model)


def _unit() -> str:
    scene = current_scene()
    return "" if scene is None else f"scene-{scene}"


async def _submit(
    door: Door,
    ledger: Ledger,
    call: PaidCall,
    request: WireRequest,
    read: Callable[[WireReply], T],
    settle: Callable[[T, WireReply], Awaitable[None]],
    cost: Callable[[T], Cost] | None,
    *,
    sent_before: bool = False,
) -> T:
    answered = False

    async def write_down(value: T, reply: WireReply) -> None:
        nonlocal answered
        answered = True
        await settle(value, reply)

    async def never_left() -> None:
        if not sent_before:  # else it stays as it is: sent once, and nobody knows
            await ledger.failed(call, Cancelled("Stopped before it was sent."))

    await ledger.sent(call)
    try:
        return await submit(door, request, read, call_id=call.id, settle=write_down, never_left=never_left, cost=cost)
    except SubmitUnknown as error:
        await ledger.unknown(call, error)
        raise
    except VidgenError as error:
        if not answered:  # else it was carried out, and only its outcome could not be kept
            if sent_before:  # this sending was refused; of the first one nobody knows
                await ledger.unknown(call, error)
            else:
                await ledger.failed(call, error)
        raise


async def _started_job(door: Door, ledger: Ledger, call: PaidCall, job: Job[T]) -> str:
    """The job's number: of a new one, or of one whose submit was lost and that can be found again."""
    if call.state is CallState.INTENT:
        try:
            return await _submit_job(door, ledger, call, job)
        except SubmitUnknown:
            if not job.repeatable and job.find is None:
                raise
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
    return await _submit(door, ledger, call, request, read_id, settle, None, sent_before=sent_before)


async def _find_again(door: Door, ledger: Ledger, call: PaidCall, job: Job[T]) -> str:
    """The number of a job whose submit was lost."""
    if job.repeatable:
        return await _submit_job(door, ledger, call, job, sent_before=True)
    find, read_found = job.find, job.read_found
    if find is None or read_found is None:
        raise door.unknown(call.id)
    for look in range(2):
        if look:
            await door.wait(LOOK_AGAIN_SECONDS)
        found = await door.send(find(call), lambda reply: read_found(call, reply))
        if found:
            await ledger.accepted(call, found)
            return found
    if not job.absent_is_proof:
        raise door.unknown(call.id, f"{door.name} lists no such job, which is no proof.")
    return await _submit_job(door, ledger, call, job)


async def _wait_for_file(
    door: Door, ledger: Ledger, call: PaidCall, job: Job[T], job_id: str
) -> tuple[Downloaded, Cost]:
    """Poll until the job has ended, then fetch its file; where the address has run out, ask once for another."""
    for last in (False, True):
        ended = await _ended(door, ledger, call, job, job_id)
        if ended.error is not None or ended.result is None:
            error = door.told(ended.error or BadReply("The job ended with nothing."))
            await ledger.failed(call, error)
            raise error
        try:
            return await job.fetch(door, ended.result), job.cost(ended.result)
        except ResultExpired:
            if last:
                raise
    raise AssertionError("unreachable")


async def _ended(door: Door, ledger: Ledger, call: PaidCall, job: Job[T], job_id: str) -> _Ended[T]:
    def read_state(reply: WireReply) -> _Ended[T] | None:
        try:
            result = job.read_state(reply)
        except BadReply:
            raise
        except VidgenError as error:  # the job's own end, not trouble in asking for it
            return _Ended(None, error)
        return None if result is None else _Ended(result)

    def cost(ended: _Ended[T]) -> Cost:
        return FREE if ended.result is None else job.cost(ended.result)

    try:
        return await door.poll(
            job.ask(job_id),
            read_state,
            every_seconds=job.every_seconds,
            deadline_seconds=job.deadline_seconds,
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

"""Paid work: nothing is paid twice, whatever happens in between. Long jobs are in `jobs.py`.

A row in the ledger is committed before a paid request leaves, gets the vendor's job id the moment it is known, and is
closed with the outcome, which is kept. Whoever asks for the same thing again gets that outcome, goes on waiting for the
job, or is told that nobody knows: a paid request whose answer was lost is never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from vidgen_pipeline.domain.errors import Cancelled, NotFound, SubmitUnknown, VidgenError
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.network.records import current_scene
from vidgen_pipeline.providers.submitting import submit
from vidgen_pipeline.providers.wire import WireReply, WireRequest

T = TypeVar("T")


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


@dataclass(frozen=True)
class Claims:
    """What other calls have to do with jobs that were found: those `taken`, and whether one `in_doubt` may have any.

    In doubt is a call of the same model that was sent at about the same time and has no number yet.
    """

    taken: frozenset[str] = frozenset()
    in_doubt: bool = False


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

    async def failed(self, call: PaidCall, error: VidgenError, cost: Cost = FREE) -> None:
        """It came to nothing, or its outcome is of no use: the same work may be paid for anew.

        `cost` is what the vendor charged for it all the same.
        """

    async def unknown(self, call: PaidCall, error: VidgenError) -> None:
        """Its answer was lost."""

    async def vanished(self, call: PaidCall, error: VidgenError) -> None:
        """What it gave is gone here, or its vendor does not know the job that it took on: the owner has to say."""

    async def claims(self, call: PaidCall, job_ids: Sequence[str]) -> Claims:
        """Which of these jobs at the call's vendor other calls, whoever's, have or may have."""

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


async def buy_reply(
    door: Door, ledger: Ledger, request: WireRequest, read: Callable[[WireReply], T], cost: Callable[[T], Cost]
) -> Bought[T]:
    """One paid request whose answer is the work, as `read` and `cost` make of it.

    Raises SubmitUnknown when an earlier or this answer was lost, and ProviderError.
    """
    if not request.paid:
        raise ValueError("only a paid request goes through the ledger")
    work = PaidWork.of(request, door)
    async with door.alone(work.key):
        call = await work.open(ledger, door)
        if call.state is CallState.DONE:
            try:
                return Bought(value=read(await ledger.stored_reply(call)), cost=call.cost, call=call)
            except NotFound as gone:
                await ledger.vanished(call, gone)
                why = "It was paid for, but what it gave is no longer here."
                raise door.unknown(call.id, why) from None
        if call.state is not CallState.INTENT:
            raise door.unknown(call.id)

        async def settle(value: T, reply: WireReply) -> None:
            await ledger.done(call, cost(value), reply=reply)

        value = await submit_once(door.at(call.base_url), ledger, call, request, read, settle, cost)
        return Bought(value=value, cost=cost(value), call=call)


@dataclass(frozen=True)
class PaidWork:
    """A piece of work that is paid for once: this request, for this scene."""

    unit: str
    inputs_hash: str
    model: str

    @classmethod
    def of(cls, request: WireRequest, door: Door) -> PaidWork:
        """What the request asks for."""
        return cls(unit(), request.fingerprint(door.provider), request.model)

    @property
    def key(self) -> str:
        """Its name among all paid work of a step."""
        return f"{self.unit}:{self.inputs_hash}"

    async def open(self, ledger: Ledger, door: Door) -> PaidCall:
        """The ledger's call for it."""
        return await ledger.open_call(
            unit=self.unit,
            inputs_hash=self.inputs_hash,
            provider=door.provider,
            model=self.model,
            base_url=door.base_url,
        )


def unit() -> str:
    """The scene that is worked for, as the ledger names it; empty outside of one."""
    scene = current_scene()
    return "" if scene is None else f"scene-{scene}"


async def submit_once(
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
    """Send a paid request, and write down in the ledger whatever comes of it. Raises SubmitUnknown and ProviderError.

    `sent_before` says that this is a repeat: what goes wrong with it tells nothing of the first sending.
    """
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

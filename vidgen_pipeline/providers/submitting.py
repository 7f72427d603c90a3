"""Sending a paid request: once, and with its outcome written down before anything else can happen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.door import Door, Read
from vidgen_pipeline.providers.network.failures import Failure
from vidgen_pipeline.providers.network.retrying import PATIENCE
from vidgen_pipeline.providers.wire import Phase, WireReply, WireRequest

T = TypeVar("T")

GRACE_SECONDS = 30.0
"""How long a cancelled task waits for the answer to a paid request that is on its way."""


async def submit(
    door: Door,
    request: WireRequest,
    read: Callable[[WireReply], T],
    *,
    call_id: UUID,
    settle: Callable[[T, WireReply], Awaitable[None]],
    never_left: Callable[[], Awaitable[None]],
    cost: Callable[[T], Cost] | None = None,
) -> T:
    """What `read` makes of the answer to a paid request whose row in the ledger says that it is sent.

    `settle` writes the outcome down at once. A task that is cancelled while the request is on its way sees it through
    first, for at most half a minute; cancelled between two tries, it calls `never_left`. Raises SubmitUnknown when the
    request may have been charged without an answer.
    """
    in_doubt = False

    async def try_and_settle(number: int) -> Read[T] | Failure:
        answers: list[WireReply] = []

        def remember(reply: WireReply) -> T:
            answers.append(reply)
            return read(reply)

        result = await door.try_once(request, remember, cost, number, call_id)
        if isinstance(result, Read):
            await settle(result.value, door.without_secrets(answers[-1]))
        return result

    async def attempt(number: int) -> Read[T] | Failure:
        nonlocal in_doubt
        in_doubt = True
        task = asyncio.ensure_future(try_and_settle(number))
        try:
            result = await asyncio.shield(task)
        except asyncio.CancelledError:
            try:
                await asyncio.wait({task}, timeout=GRACE_SECONDS)
            finally:
                if not task.cancel():  # it has ended
                    in_doubt = not _surely_nothing(task)
            raise
        in_doubt = False
        return result

    try:
        return await door.converse(request, PATIENCE[Phase.SUBMIT], attempt, call_id)
    except asyncio.CancelledError:
        if not in_doubt:
            await asyncio.shield(never_left())
        raise


def _surely_nothing(task: asyncio.Task[Read[T] | Failure]) -> bool:
    """Whether a try that has ended surely made nothing at the vendor."""
    if task.cancelled() or task.exception() is not None:
        return False
    result = task.result()
    return isinstance(result, Failure) and not result.may_have_arrived

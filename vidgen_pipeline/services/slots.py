"""Wait for one of a limited number of places: renders on this database's machines, jobs on a vendor's account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import slots as rows
from vidgen_pipeline.database.generation import show_waiting
from vidgen_pipeline.database.patience import outlast
from vidgen_pipeline.database.settings import pipeline_settings

Taken = TypeVar("Taken")

LOOK_EVERY_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How many may do a thing at once. `name` is what the places are known by, `what` is said to who waits."""

    name: str
    what: str
    places: int


def render_limit(engine: Engine) -> Limit:
    """Renders at the same time, as the operator set it."""
    with Session(engine) as session:
        return Limit(name="renders", what="a place to render", places=pipeline_settings(session).renders_at_once)


def account_limit(engine: Engine, provider: str, account: str, usual: int) -> Limit:
    """Paid requests and jobs at the same time on one account of a provider; `usual` holds where none is set for it."""
    with Session(engine) as session:
        places = pipeline_settings(session).provider_slots.get(provider, usual)
    return Limit(name=f"{provider}:{account}", what=f"a place on the {provider} account", places=max(1, int(places)))


@asynccontextmanager
async def slot(engine: Engine, limit: Limit, *, video_id: UUID, attempt: int) -> AsyncIterator[None]:
    """Hold one of the places. While it waits, the video shows for what, and how many are before it."""
    held = await _whole(outlast(_first_try, engine, limit), _give_back)
    if held is None:
        held = await _wait_in_line(engine, limit, video_id, attempt)
    try:
        yield
    finally:
        await _give_back(held)


def _first_try(engine: Engine, limit: Limit) -> rows.HeldSlot | None:
    """A free place, unless others have been waiting for it."""
    with Session(engine) as session, session.begin():
        if rows.waiters(session, limit.name):
            return None
    return rows.try_slot(engine, limit.name, limit.places)


async def _wait_in_line(engine: Engine, limit: Limit, video_id: UUID, attempt: int) -> rows.HeldSlot:
    def leave(ticket: int) -> Awaitable[None]:
        return asyncio.shield(outlast(_leave, engine, limit, ticket, video_id, attempt))

    ticket = await _whole(outlast(_join, engine, limit, video_id), leave)
    try:
        shown = -1
        while True:
            before = await outlast(_look, engine, limit, ticket)
            if before == 0:
                held = await _whole(outlast(rows.try_slot, engine, limit.name, limit.places), _give_back)
                if held is not None:
                    return held
            if before != shown:
                shown = before
                line = f" ({before} before this one)" if before else ""
                await outlast(_show, engine, video_id, attempt, f"{limit.what}{line}")
            await asyncio.sleep(LOOK_EVERY_SECONDS)
    finally:
        await leave(ticket)


async def _whole(taking: Coroutine[None, None, Taken], undo: Callable[[Taken], Awaitable[None]]) -> Taken:
    """What was taken. Who is cancelled meanwhile sees the taking through and undoes it: a thread can't be stopped."""
    task = asyncio.ensure_future(taking)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await undo(await task)
        raise


async def _give_back(held: rows.HeldSlot | None) -> None:
    if held is not None:
        await asyncio.shield(asyncio.to_thread(held.give_back))


def _join(engine: Engine, limit: Limit, video_id: UUID) -> int:
    with Session(engine) as session, session.begin():
        return rows.take_ticket(session, limit.name, video_id)


def _look(engine: Engine, limit: Limit, ticket: int) -> int:
    with Session(engine) as session, session.begin():
        return rows.place_in_line(session, limit.name, ticket)


def _show(engine: Engine, video_id: UUID, attempt: int, waiting_for: str | None) -> None:
    with Session(engine) as session, session.begin():
        show_waiting(session, video_id, attempt, waiting_for)


def _leave(engine: Engine, limit: Limit, ticket: int, video_id: UUID, attempt: int) -> None:
    with Session(engine) as session, session.begin():
        rows.leave_line(session, limit.name, ticket)
        show_waiting(session, video_id, attempt, None)

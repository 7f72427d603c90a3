"""Sit out a database that is away for a while: restarted, failed over, or a network cable moved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")

WAITS_SECONDS = (0.2, 1.0, 3.0, 6.0, 10.0, 20.0, 25.0, 30.0)
"""Between the tries: a minute and a half together, more than a restart of Postgres takes."""

AWAY = (OperationalError, InterfaceError)
"""What a statement raises while the database is away; also when it was chosen as the victim of a deadlock."""


async def outlast(work: Callable[Arguments, Returned], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
    """Do the work, a whole transaction, in a thread; again while the database is away, as often as is reasonable."""
    return await outlast_for(WAITS_SECONDS, work, *args, **kwargs)


async def outlast_for(
    waits: Sequence[float], work: Callable[Arguments, Returned], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Returned:
    """As `outlast`, with waits of one's own."""
    for wait in waits:
        try:
            return await asyncio.to_thread(work, *args, **kwargs)
        except AWAY:
            await asyncio.sleep(wait)
    return await asyncio.to_thread(work, *args, **kwargs)


def outlast_blocking(
    work: Callable[Arguments, Returned], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Returned:
    """As `outlast`, for places where nothing else can go on meanwhile."""
    for wait in WAITS_SECONDS:
        try:
            return work(*args, **kwargs)
        except AWAY:
            time.sleep(wait)
    return work(*args, **kwargs)

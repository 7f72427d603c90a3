"""Do several things at once; at the first failure end them all, and raise that failure itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def all_or_nothing() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group whose failure is the first task's own error, which a caller can catch by its class."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None

"""What is done again, and when: the one table of retries.

| seen                                             | free request       | paid request                           |
|--------------------------------------------------|--------------------|----------------------------------------|
| no connection: it surely never left              | again              | again                                  |
| too many requests                                | wait, then again   | wait, then again: nothing was made     |
| the vendor is broken, and says nothing was made  | again              | again                                  |
| broken or late (408, 425, 5xx), connection lost  | again              | unknown: it may have been charged      |
| an answer that can't be read                     | three tries        | unknown                                |
| key, credit, content or request refused          | never              | never                                  |
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from vidgen_pipeline.domain.errors import BadReply, ProviderDown, RateLimited
from vidgen_pipeline.providers.network.failures import Failure
from vidgen_pipeline.providers.wire import Phase

READABLE_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Where time comes from: seconds that only grow, the date, a way to wait, and chance from 0 to 1."""

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a phase is tried. Waits double from the first to the longest; all waits together stay within `total`."""

    tries: int
    first_wait: float
    longest_wait: float
    total_wait: float


PATIENCE = {
    Phase.CHECK: Patience(tries=2, first_wait=0.5, longest_wait=2, total_wait=5),
    # A stock site's window is a minute, and has to be waited out.
    Phase.READ: Patience(tries=4, first_wait=0.5, longest_wait=8, total_wait=90),
    Phase.SUBMIT: Patience(tries=4, first_wait=1, longest_wait=20, total_wait=300),
    Phase.POLL: Patience(tries=1_000, first_wait=2, longest_wait=60, total_wait=1_800),
    Phase.DOWNLOAD: Patience(tries=6, first_wait=1, longest_wait=20, total_wait=120),
    Phase.CANCEL: Patience(tries=3, first_wait=0.5, longest_wait=2, total_wait=5),
}


class End(Enum):
    """How a request ends that is not tried again."""

    GIVE_UP = auto()
    UNKNOWN = auto()


@dataclass
class Retrying:
    """The tries of one request so far, and what follows from the next failure."""

    phase: Phase
    paid: bool
    patience: Patience
    failed_tries: int = 0
    unreadable: int = 0
    limited: int = 0
    waited: float = 0.0

    def after(self, failure: Failure, jitter: float) -> float | End:
        """Seconds to wait before the next try, or the end. `jitter` is random, from 0 to 1."""
        error = failure.error
        if isinstance(error, RateLimited):  # not a failure: the vendor is well, and nothing was made
            wait = error.retry_after if error.retry_after is not None else self._backoff(self.limited, jitter)
            self.limited += 1
            return self._within(wait + jitter)
        if self.paid and failure.may_have_arrived:
            return End.UNKNOWN
        if failure.final or not isinstance(error, ProviderDown | BadReply):
            return End.GIVE_UP
        self.failed_tries += 1
        self.unreadable = self.unreadable + 1 if isinstance(error, BadReply) else 0
        if self.failed_tries >= self.patience.tries or self.unreadable >= READABLE_TRIES:
            return End.GIVE_UP
        return self._within(self._backoff(self.failed_tries - 1, jitter))

    def wait_for(self, seconds: float) -> bool:
        """Whether so long a wait is still within the patience; it is then counted."""
        return self._within(seconds) is not End.GIVE_UP

    def _backoff(self, so_far: int, jitter: float) -> float:
        doubled: float = self.patience.first_wait * 2 ** min(so_far, 20)
        return min(self.patience.longest_wait, doubled) * (0.5 + jitter / 2)

    def _within(self, wait: float) -> float | End:
        if self.waited + wait > self.patience.total_wait:
            return End.GIVE_UP
        self.waited += wait
        return wait

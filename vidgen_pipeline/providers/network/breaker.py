"""The circuit breaker: a vendor that fails again and again is left alone, but for one try a minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

OPENS_AFTER = 5
PROBE_EVERY_SECONDS = 60.0


@dataclass
class Breaker:
    """The health of one provider for one account. Times are of the clock it is given."""

    clock: Callable[[], float]
    failures: int = 0
    _next_probe: float = 0.0

    def wait_seconds(self) -> float:
        """0 when a request may go out now: when the breaker is open, as this minute's try. Else how long to wait."""
        if self.failures < OPENS_AFTER:
            return 0.0
        now = self.clock()
        if now < self._next_probe:
            return self._next_probe - now
        self._next_probe = now + PROBE_EVERY_SECONDS
        return 0.0

    def note(self, *, well: bool) -> None:
        """How an exchange ended: `well` when the vendor answered like one that works, be it with a refusal."""
        self.failures = 0 if well else self.failures + 1
        if self.failures >= OPENS_AFTER:
            self._next_probe = self.clock() + PROBE_EVERY_SECONDS


@dataclass
class Breakers:
    """One breaker for each provider and account, shared by all that goes out of this process."""

    clock: Callable[[], float]
    _breakers: dict[tuple[str, str], Breaker] = field(default_factory=dict)

    def of(self, provider: str, account: str) -> Breaker:
        """The breaker of this provider for this account."""
        return self._breakers.setdefault((provider, account), Breaker(self.clock))

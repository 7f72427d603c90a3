"""One number for work that is done in several places at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from vidgen_pipeline.providers.base import ReportProgress


class Progress:
    """Adds up parts of the work, each with its weight, into a share from 0 to 1 that never goes back."""

    def __init__(self, report: ReportProgress, total_weight: float) -> None:
        self._report = report
        self._total = total_weight
        self._done: dict[str, float] = {}
        self._reported = 0.0
        self._lock = Lock()

    def part(self, name: str, weight: float) -> Callable[[float], None]:
        """What to call with the share of this part that is done; from any thread."""

        def advance(share: float) -> None:
            with self._lock:
                self._done[name] = weight * min(1.0, max(0.0, share))
                overall = min(1.0, sum(self._done.values()) / self._total)
                self._reported = max(self._reported, overall)
                # Told under the lock: two threads must not tell their shares in the wrong order.
                self._report(self._reported)

        return advance

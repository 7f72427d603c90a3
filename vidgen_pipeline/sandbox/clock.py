"""The sandbox's own time: real time, which a test may move forward so that addresses and models run out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time in UTC."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The sandbox's present."""
        return datetime.now(UTC) + self._ahead

    def unix(self) -> int:
        """The same in whole seconds since 1970."""
        return int(self.now().timestamp())

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._ahead += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Make it `moment` now; time goes on from there."""
        self._ahead = moment - datetime.now(UTC)

    def reset(self) -> None:
        """Back to real time."""
        self._ahead = timedelta()

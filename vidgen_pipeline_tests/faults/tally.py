"""What the session prints at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts over all cases, and figures that were measured on the way."""

    faults: Counter[str] = field(default_factory=Counter)
    videos: int = 0
    workers: int = 0
    paid_units: int = 0
    approved_again: int = 0
    paid_twice: int = 0
    lost: int = 0
    leaked_keys: int = 0
    figures: dict[str, list[float]] = field(default_factory=dict)

    def measured(self, what: str, seconds: float) -> None:
        """Keep a figure; all of one name are shown as their middle and their worst."""
        self.figures.setdefault(what, []).append(seconds)

    def lines(self) -> list[str]:
        """The table."""
        rows = {
            "faults injected": sum(self.faults.values()),
            "videos": self.videos,
            "workers": self.workers,
            "paid units": self.paid_units,
            "paid again, as their owner said": self.approved_again,
            "paid twice": self.paid_twice,
            "lost": self.lost,
            "leaked keys": self.leaked_keys,
        }
        lines = [f"{name:<34}{count:>8}" for name, count in rows.items()]
        lines += ["", *(f"  {name:<32}{count:>8}" for name, count in sorted(self.faults.items()))]
        for name, seconds in sorted(self.figures.items()):
            ordered = sorted(seconds)
            middle, worst = ordered[len(ordered) // 2], ordered[-1]
            lines.append(f"  {name:<50}{middle:>8.2f} s, at the worst {worst:.2f} s ({len(ordered)} times)")
        return lines


TALLY = Tally()
"""This session's."""

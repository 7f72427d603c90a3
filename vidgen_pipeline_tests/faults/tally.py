"""What the session prints at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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

    def counted(self) -> dict[str, Any]:
        """All of it in plain types, to be handed to another process."""
        return {**vars(self), "faults": dict(self.faults)}

    def add(self, other: Mapping[str, Any]) -> None:
        """Count in what another process counted."""
        for name, count in other.items():
            if name == "figures":
                for what, seconds in count.items():
                    self.figures.setdefault(what, []).extend(seconds)
            elif name == "faults":
                self.faults.update(count)
            else:
                setattr(self, name, getattr(self, name) + count)

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

"""Ceilings for money: what a budget is counted over."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class BudgetPeriod(StrEnum):
    """What a limit holds for."""

    VIDEO = "video"
    DAY = "day"
    MONTH = "month"

    def starts_on(self, moment: datetime, zone: ZoneInfo) -> date:
        """The first day of the period a moment lies in, by the calendar of the zone."""
        day = moment.astimezone(zone).date()
        return day.replace(day=1) if self is BudgetPeriod.MONTH else day

"""Times that come again, such as every weekday at 9:00 in a person's zone, and what is written for each.

Clocks that are changed: a time they leave out comes at the first minute after the gap, and one they show twice comes
once, the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from vidgen_pipeline.domain.errors import InvalidInput

SHORTEST_PAUSE = timedelta(minutes=15)
"""Between two videos of one plan; a `*` too many in an expression would otherwise order a video a minute."""

_DAYS = {"monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "sunday": 0}
_WHEN = {"day": "*", "weekday": "1-5", "weekend": "0,6"}
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_PLACE = re.compile(r"\{([^{}]*)\}")
_PLACES = ("date", "weekday", "topic", "number")


def cron_for(every: str, at: str) -> str:
    """The cron expression of what a person says: `day`, `weekday`, `weekend`, or days such as `monday, friday`.

    Raises InvalidInput.
    """
    clock = _CLOCK.fullmatch(at.strip())
    if clock is None:
        raise InvalidInput(f"'{at}' is no time of day.", remedy="Write for example 09:00.")
    days = _WHEN.get(every.strip().lower())
    if days is None:
        named = [day for day in re.split(r"[,\s]+", every.strip().lower()) if day]
        if not named or not all(_day(day) for day in named):
            raise InvalidInput(
                f"'{every}' does not say which days.",
                remedy="Say day, weekday, weekend, or name days: monday,friday.",
            )
        days = ",".join(str(_DAYS[name]) for name in sorted({_day(day) for day in named}))
    return f"{int(clock[2])} {int(clock[1])} * * {days}"


def check_cron(cron: str) -> None:
    """Raise InvalidInput for an expression that is none, that never comes, or that comes too often."""
    try:
        times = list(islice(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)), 100))
    except CronSimError:
        raise InvalidInput(
            f"'{cron}' is no cron expression.", remedy="Write minute hour day month weekday, for example: 0 9 * * 1-5"
        ) from None
    if not times:
        raise InvalidInput(f"'{cron}' never comes.", remedy="Check its day and month.")
    if any(later - earlier < SHORTEST_PAUSE for earlier, later in pairwise(times)):
        minutes = SHORTEST_PAUSE // timedelta(minutes=1)
        raise InvalidInput(f"'{cron}' comes more often than every {minutes} minutes.", remedy="Choose fewer times.")


def times_after(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The times of the expression in the zone after the given moment, in UTC."""
    try:
        for time in CronSim(cron, after.astimezone(zone)):
            yield time.astimezone(UTC)
    except CronSimError as error:  # checked when it was written
        raise InvalidInput(f"'{cron}' is no cron expression.") from error


def check_template(template: str, topics: Sequence[str]) -> None:
    """Raise InvalidInput for a place in braces that nothing is put into, or topics that have no place."""
    for name in _PLACE.findall(template):
        if name not in _PLACES:
            raise InvalidInput(
                f"Nothing is known to put in the place of {{{name}}}.",
                remedy=f"There are {', '.join(f'{{{known}}}' for known in _PLACES)}.",
            )
    if "{topic}" in template and not topics:
        raise InvalidInput("The prompt has a {topic}, and there is no list of topics.", remedy="Give one.")
    if topics and "{topic}" not in template:
        raise InvalidInput(
            "There is a list of topics, and the prompt has no {topic}.", remedy="Write it where it goes."
        )


def fill_template(template: str, *, day: date, topic: str, number: int) -> str:
    """The prompt for one time: the day by the plan's own calendar, its topic, and how many came before it, plus one."""
    values = {"date": day.isoformat(), "weekday": f"{day:%A}", "topic": topic, "number": str(number)}
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), template)


def _day(written: str) -> str:
    """The weekday that a word of at least three letters begins; empty for none."""
    fits = [day for day in _DAYS if len(written) >= 3 and day.startswith(written)]
    return fits[0] if len(fits) == 1 else ""

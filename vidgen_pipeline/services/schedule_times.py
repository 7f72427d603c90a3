"""When a person wants something done: what they wrote, in their zone, as one moment of the world's time.

A written form that could mean two moments is refused, never guessed. Only the clocks' own doubts are settled by rule: a
time that the clocks leave out means the first minute after the gap, one that comes twice means its first coming.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from vidgen_pipeline.domain.errors import InvalidInput

PAST_ALLOWED = timedelta(minutes=5)
"""How far back a time may lie: who plans for now has to be allowed to read and press."""

FARTHEST_YEARS = 5

_WRITTEN = re.compile(
    r"(?P<day>today|tomorrow|[0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s+|(?<=[0-9])T)"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
    r"\s*(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)
_FORMS = "Write it as 2026-11-25 09:00, or with its offset: 2026-11-25T09:00+01:00."
_RELATIVE_FORMS = "Write it as 2026-11-25 09:00, as tomorrow 9:00, or with its offset: 2026-11-25T09:00+01:00."


@dataclass(frozen=True)
class ScheduledTime:
    """A moment in UTC, the IANA zone in which it was meant, and what the person should know about it."""

    at: datetime
    time_zone: str
    note: str = ""

    def __str__(self) -> str:
        return in_words(self.at, self.time_zone)


def in_words(at: datetime, time_zone: str) -> str:
    """A moment as a clock in that zone shows it, for example `2026-11-25 09:00 Europe/Berlin`."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M} {time_zone}"


def zone_called(written: str) -> str:
    """The IANA zone a person means, in whatever case; raises InvalidInput with the nearest names.

    A zone is a region and a city, or UTC. Abbreviations are refused: EST is another time in summer than in New York.
    """
    names = _zones()
    wanted = re.sub(r"\s+", "_", written.strip()).casefold()
    if (name := names.get(wanted)) is not None:
        return name
    near = _near_zones(wanted)
    remedy = f"Did you mean {' or '.join(near)}?" if near else "Name a region and a city, such as Europe/Berlin."
    raise InvalidInput(f"There is no time zone called '{written[:40]}'.", remedy=remedy)


def read_time(written: str, time_zone: str, *, now: datetime | None = None, relative: bool = True) -> ScheduledTime:
    """The moment a person means. `relative` allows `today` and `tomorrow`, which mean nothing in a file.

    Raises InvalidInput for what can't be understood, for a time that is past, and for one that is years away.
    """
    now = now or datetime.now(UTC)
    zone_name = zone_called(time_zone)
    found = _WRITTEN.fullmatch(written.strip())
    if found is None or not (relative or found["day"][0].isdigit()):
        raise InvalidInput(
            f"'{written[:40]}' is not a time that can mean only one moment.",
            remedy=_RELATIVE_FORMS if relative else _FORMS,
        )
    try:
        day = _day(found["day"], now.astimezone(ZoneInfo(zone_name)).date())
        clock = datetime.combine(day, time_of_day(int(found["hour"]), int(found["minute"])))
    except ValueError:
        raise InvalidInput(f"There is no such day or time as '{written}'.", remedy="Check its numbers.") from None
    if not 2000 <= clock.year <= now.year + FARTHEST_YEARS:  # also keeps clear of the calendar's ends
        raise InvalidInput(
            f"'{written}' is not within the next {FARTHEST_YEARS} years.", remedy="Check the year, and choose another."
        )
    if found["offset"]:
        offset = found["offset"].upper().replace("Z", "+00:00")
        try:
            moment = datetime.strptime(f"{clock:%Y-%m-%d %H:%M} {offset}", "%Y-%m-%d %H:%M %z").astimezone(UTC)
        except ValueError:
            raise InvalidInput(f"There is no offset {found['offset']}.", remedy=_FORMS) from None
        scheduled = ScheduledTime(moment, zone_name)
    else:
        scheduled = on_the_clock(clock, zone_name)
    refuse_past(scheduled, now)
    return scheduled


def on_the_clock(local: datetime, time_zone: str) -> ScheduledTime:
    """The moment at which the zone's clocks show `local`, a naive time in whole minutes."""
    zone = ZoneInfo(time_zone)
    shown = local
    while not _exists(shown, zone):
        shown += timedelta(minutes=1)
    moment = shown.replace(tzinfo=zone, fold=0)
    note = ""
    if shown != local:
        note = f"The clocks of {time_zone} leave out {local:%H:%M} on {local:%Y-%m-%d}; it will be {shown:%H:%M}."
    elif moment.utcoffset() != moment.replace(fold=1).utcoffset():
        note = f"It is {local:%H:%M} twice on {local:%Y-%m-%d} in {time_zone}; it will be the first time."
    return ScheduledTime(moment.astimezone(UTC), time_zone, note)


def refuse_past(scheduled: ScheduledTime, now: datetime | None = None) -> None:
    """Raise InvalidInput for a time that is gone, unless it was just now."""
    now = now or datetime.now(UTC)
    if scheduled.at < now - PAST_ALLOWED:
        raise InvalidInput(
            f"{scheduled} is past; there it is {now.astimezone(ZoneInfo(scheduled.time_zone)):%Y-%m-%d %H:%M} now.",
            remedy="Choose a time to come, or generate it now.",
        )


def _day(written: str, today: date) -> date:
    relative = {"today": today, "tomorrow": today + timedelta(days=1)}
    return relative.get(written.lower()) or date.fromisoformat(written)


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """The zones that can be named, by their names without case."""
    return {name.casefold(): name for name in sorted(available_timezones()) if "/" in name or name == "UTC"}


@lru_cache(maxsize=256)
def _near_zones(wanted: str) -> tuple[str, ...]:
    """Names that are written like the wanted one, or whose city is; an abbreviation is near to anything."""
    if len(wanted) <= 3:
        return ()
    names = _zones()
    cities: dict[str, str] = {}
    for folded, name in names.items():
        cities.setdefault(folded.rpartition("/")[2], name)
    near = [names[folded] for folded in get_close_matches(wanted, names, n=3, cutoff=0.7)]
    near += [cities[city] for city in get_close_matches(wanted, cities, n=3, cutoff=0.75)]
    return tuple(dict.fromkeys(near))[:3]

from datetime import UTC, date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.recurrence import check_cron, check_template, cron_for, fill_template, times_after

CLOCKS = [
    # zone, local time of day, the day before the change, what each day's video gets (local time with offset)
    ("America/New_York", "02:30", "2026-03-07", ["07 02:30-0500", "08 03:00-0400", "09 02:30-0400"]),
    ("America/New_York", "01:30", "2026-10-31", ["31 01:30-0400", "01 01:30-0400", "02 01:30-0500"]),
    ("Europe/Berlin", "02:30", "2026-03-28", ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]),
    ("Europe/Berlin", "02:30", "2026-10-24", ["24 02:30+0200", "25 02:30+0200", "26 02:30+0100"]),
    ("Europe/London", "01:00", "2026-03-28", ["28 01:00+0000", "29 02:00+0100", "30 01:00+0100"]),
    ("Australia/Lord_Howe", "02:15", "2026-10-03", ["03 02:15+1030", "04 02:30+1100", "05 02:15+1100"]),
    ("Australia/Lord_Howe", "01:45", "2026-04-04", ["04 01:45+1100", "05 01:45+1100", "06 01:45+1030"]),
    ("Pacific/Chatham", "02:50", "2026-09-26", ["26 02:50+1245", "27 03:45+1345", "28 02:50+1345"]),
    ("Africa/Cairo", "00:00", "2026-04-23", ["23 00:00+0200", "24 01:00+0300", "25 00:00+0300"]),
    ("America/Santiago", "00:00", "2026-09-05", ["05 00:00-0400", "06 01:00-0300", "07 00:00-0300"]),
    ("Asia/Kolkata", "09:00", "2026-03-28", ["28 09:00+0530", "29 09:00+0530", "30 09:00+0530"]),
]


@pytest.mark.parametrize(("zone", "clock", "day", "expected"), CLOCKS)
def test_a_daily_time_comes_once_a_day_whatever_the_clocks_do(zone: str, clock: str, day: str, expected: list[str]):
    place = ZoneInfo(zone)
    cron = cron_for("day", clock)
    before = datetime.combine(date.fromisoformat(day), datetime.min.time(), place).astimezone(UTC)
    after = datetime.fromtimestamp(before.timestamp() - 60, UTC)
    shown = [f"{time.astimezone(place):%d %H:%M%z}" for time in islice(times_after(cron, place, after), 3)]
    assert shown == expected


@pytest.mark.parametrize(
    ("every", "at", "cron"),
    [
        ("day", "09:00", "0 9 * * *"),
        ("Weekday", "7:05", "5 7 * * 1-5"),
        ("weekend", "23:59", "59 23 * * 0,6"),
        ("monday, friday", "09:00", "0 9 * * 5,1"),
        ("tue", "00:00", "0 0 * * 2"),
    ],
)
def test_days_are_said_in_words(every: str, at: str, cron: str):
    assert cron_for(every, at) == cron
    check_cron(cron)


@pytest.mark.parametrize(
    ("every", "at"), [("day", "24:00"), ("day", "9"), ("someday", "09:00"), ("t", "09:00"), ("", "9:00")]
)
def test_what_is_no_day_or_time_is_refused(every: str, at: str):
    with pytest.raises(InvalidInput):
        cron_for(every, at)


@pytest.mark.parametrize(
    "cron", ["", "nonsense", "* * * * *", "*/5 * * * *", "0 9 31 2 *", "61 9 * * *", "0,10 9 * * *"]
)
def test_an_expression_that_cannot_be_meant_is_refused(cron: str):
    with pytest.raises(InvalidInput):
        check_cron(cron)


def test_a_prompt_is_filled_in_and_nothing_of_it_is_run():
    filled = fill_template(
        "Fact {number} for {weekday}, {date}: {topic} {unknown} {topic.__class__}",
        day=date(2026, 11, 24), topic="{date} bees", number=3,
    )  # fmt: skip
    assert filled == "Fact 3 for Tuesday, 2026-11-24: {date} bees {unknown} {topic.__class__}"


@pytest.mark.parametrize(
    ("template", "topics"), [("About {topic}", ()), ("About bees", ("bees",)), ("About {subject}", ()), ("{}", ())]
)
def test_a_template_that_does_not_fit_its_topics_is_refused(template: str, topics: tuple[str, ...]):
    with pytest.raises(InvalidInput):
        check_template(template, topics)

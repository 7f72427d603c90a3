"""What a person writes for a time, and the moment it means. Zones' rules are those of 2026."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.services.schedule_times import on_the_clock, read_time, zone_called

NOW = datetime(2026, 1, 10, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "written", "utc", "shown"),
    [  # a time the clocks leave out, then one that comes twice; half-hour changes and both hemispheres among them
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:00", "03:00"),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30", "02:30"),
        ("America/New_York", "2026-03-08 02:00", "2026-03-08 07:00", "03:00"),
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30", "01:30"),
        ("America/Los_Angeles", "2026-03-08 02:59", "2026-03-08 10:00", "03:00"),
        ("America/Los_Angeles", "2026-11-01 01:00", "2026-11-01 08:00", "01:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:10", "2026-10-03 15:30", "02:30"),
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45", "01:45"),
        ("Australia/Sydney", "2026-10-04 02:30", "2026-10-03 16:00", "03:00"),
        ("Australia/Sydney", "2026-04-05 02:30", "2026-04-04 15:30", "02:30"),
        ("Pacific/Auckland", "2026-09-27 02:15", "2026-09-26 14:00", "03:00"),
        ("Pacific/Auckland", "2026-04-05 02:15", "2026-04-04 13:15", "02:15"),
        ("America/Santiago", "2026-09-06 00:30", "2026-09-06 04:00", "01:00"),
        ("America/Santiago", "2026-04-04 23:30", "2026-04-05 02:30", "23:30"),
        ("Africa/Cairo", "2026-04-24 00:20", "2026-04-23 22:00", "01:00"),
        ("Africa/Cairo", "2026-10-29 23:30", "2026-10-29 20:30", "23:30"),
    ],
)
def test_when_the_clocks_change_a_time_means_one_moment(zone: str, written: str, utc: str, shown: str):
    scheduled = read_time(written, zone, now=NOW)
    assert f"{scheduled.at:%Y-%m-%d %H:%M}" == utc
    assert scheduled.at.tzinfo is UTC
    assert str(scheduled) == f"{written[:10]} {shown} {zone}"
    assert ("leave out" in scheduled.note) == (shown != written[11:])
    assert ("twice" in scheduled.note) == (shown == written[11:])


def test_a_whole_day_that_a_zone_left_out_ends_at_its_next_midnight():
    local = datetime.fromisoformat("2011-12-30 09:00")
    assert str(on_the_clock(local, "Pacific/Apia")) == "2011-12-31 00:00 Pacific/Apia"


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        ("2026-11-25 09:00", "Asia/Kolkata", "2026-11-25 03:30"),
        ("2026-11-25T09:00", "UTC", "2026-11-25 09:00"),
        (" 2026-11-25   9:05 ", "UTC", "2026-11-25 09:05"),
        ("2026-11-25T09:00+01:00", "America/New_York", "2026-11-25 08:00"),
        ("2026-11-25 09:00 -0330", "UTC", "2026-11-25 12:30"),
        ("2026-11-25T09:00:00.000Z", "Europe/Berlin", "2026-11-25 09:00"),
        ("tomorrow 9:00", "UTC", "2026-01-11 09:00"),
        ("Tomorrow 09:00", "Asia/Tokyo", "2026-01-12 00:00"),  # there it is the 11th already
        ("today 20:00", "America/New_York", "2026-01-11 01:00"),
    ],
)
def test_forms_that_are_understood(written: str, zone: str, utc: str):
    scheduled = read_time(written, zone, now=NOW)
    assert f"{scheduled.at:%Y-%m-%d %H:%M}" == utc
    assert (scheduled.time_zone, scheduled.note) == (zone, "")


@pytest.mark.parametrize(
    "written",
    ["", "9:00", "tomorrow", "monday 9:00", "11/12/2026 9:00", "11.12.2026 9:00", "2026-11-25", "9 am tomorrow",
     "2026-11-25 9:00 am", "2026-11-25 09:00 CET", "tomorrowT9:00", "２０２６-11-25 09:00", "in 3 hours", "\0",
     "0" * 9999],
)  # fmt: skip
def test_what_could_mean_two_moments_or_none_is_refused(written: str):
    with pytest.raises(InvalidInput, match="only one moment") as refused:
        read_time(written, "UTC", now=NOW)
    assert "2026-11-25 09:00" in refused.value.remedy


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026-02-30 10:00", "no such day"),
        ("2026-11-25 24:00", "no such day"),
        ("2026-11-25T09:00+99:00", "no offset"),
        ("9999-12-31 23:59", "within the next 5 years"),
        ("0001-01-01 00:00", "within the next 5 years"),
        ("2026-01-10 23:24", "is past; there it is 2026-01-10 23:30 now"),
    ],
)
def test_what_is_no_time_to_come_is_refused(written: str, said: str):
    with pytest.raises(InvalidInput, match=said):
        read_time(written, "UTC", now=NOW)


def test_five_minutes_ago_is_now_and_relative_words_mean_nothing_in_a_file():
    assert read_time("2026-01-10 23:25", "UTC", now=NOW).at == NOW - timedelta(minutes=5)
    with pytest.raises(InvalidInput) as refused:
        read_time("tomorrow 9:00", "UTC", now=NOW, relative=False)
    assert "tomorrow" not in refused.value.remedy


@pytest.mark.parametrize(
    ("written", "suggested"),
    [("Berlin", "Europe/Berlin"), ("Europe/Brlin", "Europe/Berlin"), ("new york", "America/New_York"),
     ("EST", "a region and a city"), ("../../etc/passwd", "a region and a city"), ("", "a region and a city")],
)  # fmt: skip
def test_an_unknown_zone_is_answered_with_near_ones(written: str, suggested: str):
    with pytest.raises(InvalidInput) as refused:
        zone_called(written)
    assert suggested in refused.value.remedy


def test_a_zone_is_known_in_any_case():
    assert [zone_called(name) for name in ("europe/berlin", "America/New York", "utc")] == [
        "Europe/Berlin", "America/New_York", "UTC"
    ]  # fmt: skip
    assert ZoneInfo(zone_called("asia/kolkata"))

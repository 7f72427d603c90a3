"""Times of day, dates and decades as they are read out in English."""

from __future__ import annotations

import re

from vidgen_pipeline.providers.voice.english.written import Token

HALF_OF_DAY = r"(?P<half>[AaPp])\.?[Mm]\.?"
CLOCK = re.compile(rf"(?P<hour>[0-9]{{1,2}}):(?P<minute>[0-9]{{2}})(?::(?P<second>[0-9]{{2}}))?(?:{HALF_OF_DAY})?")
DAY_FIRST = re.compile("[1-9]|[12][0-9]|3[01]")

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MONTH_NAMES = {name: month for month in _MONTHS for name in (month, month[:3])} | {"Sept": "September"}
_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_BEFORE_DECADES = frozenset(["the", "mid", "early", "late", "his", "her", "my", "your", "their", "our", "its"])


def say_clock(match: re.Match[str], token: Token) -> str | None:
    """A match of CLOCK: "10 30 p.m.", "7 o'clock", "9 oh 5". None when no clock shows it."""
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 24 or minute > 59:
        return None
    half = f" {match['half'].lower()}.m." if match["half"] else ""
    if minute:
        said = f"{hour} {minute}" if minute > 9 else f"{hour} oh {minute}"
    elif half or re.fullmatch(HALF_OF_DAY, token.after):
        said = str(hour)
    else:
        said = f"{hour} o'clock" if 0 < hour <= 12 else f"{hour} hundred"
    seconds = int(match["second"] or 0)
    return f"{said}{f' and {seconds} seconds' if seconds else ''}{half}"


def say_half_of_day(match: re.Match[str], token: Token) -> str | None:
    """`am` or `pm` where it follows an hour."""
    return f"{match['half'].lower()}.m." if "." in match[0] or token.before[:1].isdigit() else None


def say_date(year: str, month: str, day: str) -> str | None:
    """A day by numbers, as "May 3rd, 2024"; None when there is no such day."""
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return f"{_MONTHS[int(month) - 1]} {ordinal(int(day))}, {year}"


def ordinal(number: int) -> str:
    """The number's ordinal in digits: 1st, 22nd, 13th."""
    teen = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def say_decade(match: re.Match[str], token: Token) -> str | None:
    """Two digits and an s as a decade or an age, unless it may be a duration ("wait 30s")."""
    if not re.fullmatch("[2-9]0", match["number"]):
        return None
    if not (token.apostrophe or token.before.lower() in _BEFORE_DECADES):
        return None
    return _DECADES[int(match["number"]) // 10 - 2]

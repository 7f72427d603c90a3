"""Which reading a token with digits has, or one that belongs to the number before it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from vidgen_pipeline.providers.voice.english.quantities import (
    CURRENCY_CODES,
    CURRENCY_FIRST,
    MONEY,
    MONEY_BEHIND,
    NUMBER,
    SIGN,
    UNIT,
    quantity,
    say_measure,
    say_money,
    say_scale,
    say_scaled,
    say_unit,
    signed,
)
from vidgen_pipeline.providers.voice.english.times import (
    CLOCK,
    DAY_FIRST,
    HALF_OF_DAY,
    MONTH_NAMES,
    ordinal,
    say_clock,
    say_date,
    say_decade,
    say_half_of_day,
)
from vidgen_pipeline.providers.voice.english.written import Token

_PARTS = {
    2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters"), 5: ("fifth", "fifths"),
    6: ("sixth", "sixths"), 7: ("seventh", "sevenths"), 8: ("eighth", "eighths"), 9: ("ninth", "ninths"),
}  # fmt: skip
_ROMAN = re.compile("(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
_ALSO_LETTERS = frozenset(["I", "V", "X", "IV", "VI", "IX", "XI", "XV", "XX"])
_NUMBERED = frozenset(
    [
        "Act",
        "Book",
        "Chapter",
        "Class",
        "Episode",
        "Level",
        "Part",
        "Phase",
        "Scene",
        "Season",
        "Section",
        "Stage",
        "Type",
        "Volume",
        "War",
    ]
)
_REGNAL = frozenset(
    [
        "Charles",
        "Edward",
        "Elizabeth",
        "George",
        "Henry",
        "James",
        "John",
        "Louis",
        "Napoleon",
        "Philip",
        "Richard",
        "William",
    ]
)


def say_number(token: Token) -> str | None:
    """How the token is read, for the engine; None when it is no number and belongs to none."""
    for pattern, say in _READINGS:
        match = pattern.fullmatch(token.core)
        if match and (said := say(match, token)) is not None:
            return said
    return None


def _say_fraction(match: re.Match[str], token: Token) -> str:
    whole, top, bottom = match["whole"] or "", int(match["top"]), int(match["bottom"])
    after_whole = bool(whole) or re.fullmatch("[0-9]+", token.before) is not None
    if 0 < top < bottom and bottom in _PARTS:
        one, many = _PARTS[bottom]
        part = f"{top} {many}" if top > 1 else f"a {one}" if after_whole else f"one {one}"
        return f"{whole} and {part}".strip() if after_whole else part
    if bottom in {5, 10, 100} and top <= bottom and not after_whole:
        return f"{top} out of {bottom}"
    return f"{whole} {quantity(match['top'])} {quantity(match['bottom'])}".strip()


def _say_version(match: re.Match[str], _: Token) -> str:
    said = " point ".join(quantity(part) for part in match["parts"].split("."))
    return f"version {said}" if match["version"] else said


def _say_phone(match: re.Match[str], _: Token) -> str:
    groups = ", ".join(" ".join(group) for group in re.findall("[0-9]+", match[0]))
    return f"plus {groups}" if match[0].startswith("+") else groups


def _say_ratio(match: re.Match[str], _: Token) -> str:
    return f"{quantity(match['left'])} to {quantity(match['right'])}"


def _say_size(match: re.Match[str], _: Token) -> str:
    return f"{match['left']} by {match['right']}"  # as years are read: "ten eighty by nineteen twenty"


def _say_range(match: re.Match[str], token: Token) -> str | None:
    left, right = match["left"], match["right"]
    if currency := CURRENCY_FIRST.match(left):
        left = left[currency.end() :]
        right = right if CURRENCY_FIRST.match(right) else currency[0] + right
    said_left = say_number(replace(token, core=left, before="", after="", mark=""))
    said_right = say_number(replace(token, core=right))
    if said_left is None or said_right is None:
        return None
    return f"{said_left} {said_right}" if left == right else f"{said_left} to {said_right}"


def _say_plain(match: re.Match[str], token: Token) -> str:
    number, plus = match["number"], " plus" if match["plus"] else ""
    if DAY_FIRST.fullmatch(match[0]):
        if token.before in MONTH_NAMES:
            return ordinal(int(number))
        if token.after in MONTH_NAMES:
            return f"{ordinal(int(number))} of"
    a_year_or_like_one = re.fullmatch("1[1-9][0-9]{2}|20[0-9]{2}", number) and not plus
    return signed(match["sign"], number if a_year_or_like_one else quantity(number) + plus)


def _say_roman(match: re.Match[str], token: Token) -> str | None:
    regnal = token.before in _REGNAL and len(match[0]) > 1  # "John, I" is seldom a king
    a_sequel = token.before[:1].isupper() and match[0] not in _ALSO_LETTERS
    if not (regnal or a_sequel or token.before in _NUMBERED):
        return None
    values = [_ROMAN_VALUES[letter] for letter in match[0]]
    number = sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))
    return f"the {ordinal(number)}" if regnal else str(number)


_READINGS: list[tuple[re.Pattern[str], Callable[[re.Match[str], Token], str | None]]] = [
    (MONEY, say_money),
    (MONEY_BEHIND, say_money),
    (re.compile("(?i:hundred|thousand|million|billion|trillion)"), say_scale),
    (
        re.compile("(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
        lambda match, _: say_date(match["year"], match["month"], match["day"]),
    ),
    (
        re.compile("(?P<first>[0-9]{1,2})/(?P<second>[0-9]{1,2})/(?P<year>[0-9]{4})"),
        lambda match, _: (
            say_date(match["year"], match["first"], match["second"])
            or say_date(match["year"], match["second"], match["first"])
        ),
    ),
    (re.compile(r"\+?(?:[0-9]{1,3}-)?(?:[0-9]{3}\)?-)?[0-9]{3}-[0-9]{4}"), _say_phone),
    (CLOCK, say_clock),
    (
        re.compile(rf"(?P<hour>[0-9]{{1,2}}){HALF_OF_DAY}"),
        lambda match, _: f"{match['hour']} {match['half'].lower()}.m.",
    ),
    (re.compile(HALF_OF_DAY), say_half_of_day),
    (re.compile(rf"(?P<left>{NUMBER}):(?P<right>{NUMBER})"), _say_ratio),
    (re.compile("(?P<left>[0-9]{1,5})[x×](?P<right>[0-9]{1,5})"), _say_size),
    (re.compile("(?:(?P<whole>[0-9]{1,6}) )?(?P<top>[0-9]{1,4})/(?P<bottom>[0-9]{1,4})"), _say_fraction),
    (re.compile(r"(?P<version>[vV]?)(?P<parts>[0-9]+(?:\.[0-9]+){2,})"), _say_version),
    (re.compile(r"(?P<version>v)(?P<parts>[0-9]+(?:\.[0-9]+)?)"), _say_version),
    (re.compile("(?P<number>[0-9]{2})'?s"), say_decade),
    (re.compile("[0-9]{1,3}(?:,[0-9]{3}){0,4}(?:st|nd|rd|th)"), lambda match, _: match[0].replace(",", "")),
    (re.compile("(?P<decade>[12][0-9]{2}0)'?s"), lambda match, _: f"{match['decade']}s"),
    (re.compile(rf"{SIGN}(?P<number>{NUMBER})(?P<unit>{UNIT})"), say_measure),
    (re.compile(rf"{SIGN}(?P<number>{NUMBER})(?P<scale>[kKMB]|[bmt]n)(?P<plus>\+?)"), say_scaled),
    (re.compile("|".join([UNIT, *CURRENCY_CODES])), say_unit),
    (re.compile("(?P<left>[^-–]*[0-9][^-–]*)[-–](?P<right>[^-–]*[0-9][^-–]*)"), _say_range),
    (re.compile(rf"{SIGN}(?P<number>{NUMBER})(?P<plus>\+?)"), _say_plain),
    (_ROMAN, _say_roman),
]

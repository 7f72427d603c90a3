"""Amounts, money and measures as they are read out in English.

Digits stay digits where the engine reads them well ("3.2 billion dollars").
"""

from __future__ import annotations

import re
from dataclasses import replace

from vidgen_pipeline.providers.voice.english.written import Token

_WHOLE = "(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}|[0-9]+)"  # the second as in India: 1,00,000
NUMBER = rf"(?:{_WHOLE}(?:\.[0-9]+)?|\.[0-9]+)"
SIGNS = {
    "-": "minus", "+": "plus", "~": "about", "≈": "about", "±": "plus or minus", "<": "less than", ">": "more than",
    "≤": "at most", "≥": "at least", "#": "number", "×": "times",
}  # fmt: skip
SIGN = f"(?P<sign>[{re.escape(''.join(SIGNS))}]?)"
SCALES = {
    "k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "t": "trillion",
    "tn": "trillion", "thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion",
}  # fmt: skip
SCALE_WORDS = frozenset(SCALES.values()) | {"hundred"}
CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"), "US$": ("US dollar", "US dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"), "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "", ""), "₹": ("rupee", "rupees", "paisa", "paise"), "₩": ("won", "won", "", ""),
    "₽": ("ruble", "rubles", "", ""), "₿": ("bitcoin", "bitcoins", "", ""),
}  # fmt: skip
CURRENCY_CODES = {"USD": "US dollars", "EUR": "euros", "GBP": "pounds", "JPY": "yen", "INR": "rupees"}
UNITS = {
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"), "nm": ("nanometer", "nanometers"), "μm": ("micrometer", "micrometers"),
    "mi": ("mile", "miles"), "ft": ("foot", "feet"), "yd": ("yard", "yards"), "in": ("inch", "inches"),
    "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"), "mg": ("milligram", "milligrams"),
    "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"), "l": ("liter", "liters"),
    "L": ("liter", "liters"), "ml": ("milliliter", "milliliters"), "mL": ("milliliter", "milliliters"),
    "km/h": ("kilometer per hour", "kilometers per hour"), "kmh": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"), "mph": ("mile per hour", "miles per hour"),
    "m/s": ("meter per second", "meters per second"), "m^2": ("square meter", "square meters"),
    "km^2": ("square kilometer", "square kilometers"), "m^3": ("cubic meter", "cubic meters"),
    "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"), "KB": ("kilobyte", "kilobytes"), "kB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"),
    "Mbps": ("megabit per second", "megabits per second"), "Gbps": ("gigabit per second", "gigabits per second"),
    "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"), "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"), "s": ("second", "seconds"), "sec": ("second", "seconds"),
    "secs": ("second", "seconds"), "ms": ("millisecond", "milliseconds"), "kW": ("kilowatt", "kilowatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"), "MW": ("megawatt", "megawatts"), "GW": ("gigawatt", "gigawatts"),
    "W": ("watt", "watts"), "V": ("volt", "volts"), "mAh": ("milliamp hour", "milliamp hours"),
    "fps": ("frame per second", "frames per second"), "kcal": ("kilocalorie", "kilocalories"),
    "px": ("pixel", "pixels"), "%": ("percent", "percent"), "x": ("times", "times"), "°": ("degree", "degrees"),
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
}  # fmt: skip
UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))

_LONGEST_WHOLE = 15  # digits; the engine has no words for much longer ones
_PER = {"mo": "month", "yr": "year", "hr": "hour", "h": "hour", "wk": "week", "s": "second", "kg": "kilogram"}
_CURRENCY = "|".join(re.escape(currency) for currency in sorted(CURRENCIES, key=len, reverse=True))
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))
# Read as units only where they touch their number: apart, they are words.
_ALSO_WORDS = frozenset({"in", "x"})
# Read as units even where no plain number stands before them.
_ONLY_UNITS = frozenset({"%", "°", "°C", "°F", "km/h", "m/s", "m^2", "km^2", "m^3"})

MONEY = re.compile(
    rf"{SIGN}(?P<currency>{_CURRENCY})(?P<number>{NUMBER})(?:-?(?P<scale>(?i:{_SCALE})))?(?P<plus>\+?)"
    r"(?:/(?P<per>[a-z]+))?"
)
MONEY_BEHIND = re.compile(
    rf"{SIGN}(?P<number>{NUMBER})(?P<scale>(?i:{_SCALE}))?(?P<currency>{_CURRENCY})(?P<plus>\+?)(?:/(?P<per>[a-z]+))?"
)
CURRENCY_FIRST = re.compile(_CURRENCY)


def is_number(text: str) -> bool:
    """Whether the text is a plain number, such as `3`, `1,250` or `2.5`."""
    return re.fullmatch(rf"[-+~]?{NUMBER}", text) is not None


def quantity(digits: str) -> str:
    """An amount, written so that the engine does not read it as a year: `2024` becomes `2,024`."""
    whole, _, fraction = digits.replace(",", "").partition(".")
    too_long = len(whole) > _LONGEST_WHOLE
    said = " ".join(whole) if too_long or (len(whole) > 1 and whole[0] == "0") else f"{int(whole or 0):,}"
    if not fraction:
        return said
    return f"{said} point {' '.join(fraction)}" if too_long or fraction[-1] == "0" else f"{said}.{fraction}"


def signed(sign: str, said: str) -> str:
    """What was said, after the word for its sign."""
    return f"{SIGNS[sign]} {said}" if sign else said


def say_money(match: re.Match[str], token: Token) -> str:
    """A match of MONEY or MONEY_BEHIND: "3.2 billion dollars", "19 dollars and 99 cents"."""
    number, (one, many, cent, cents) = match["number"], CURRENCIES[match["currency"]]
    scale = SCALES.get((match["scale"] or "").lower(), "")
    per = f" per {_PER.get(match['per'], match['per'])}" if match["per"] else ""
    if not scale and not per and token.after.lower() in SCALE_WORDS:
        return signed(match["sign"], quantity(number))  # its currency is said after the next word
    name = one if number == "1" or (token.describes_next and not per) else many
    whole, _, fraction = number.replace(",", "").partition(".")
    if scale or len(fraction) != 2 or not cent:
        said = " ".join(filter(None, [quantity(number), scale, "plus" if match["plus"] else "", name]))
        return signed(match["sign"], said) + per
    parts = []
    if int(whole or 0):
        parts.append(f"{quantity(whole)} {one if whole == '1' else name}")
    if int(fraction) or not parts:
        parts.append(f"{int(fraction)} {cent if fraction == '01' else cents}")
    return signed(match["sign"], " and ".join(parts)) + per


def say_scale(match: re.Match[str], token: Token) -> str | None:
    """A scale word with the currency of the amount before it: the "million" of "$5 million"."""
    money = MONEY.fullmatch(token.before)
    if money is None or money["scale"] or money["per"]:
        return None
    one, many, _, _ = CURRENCIES[money["currency"]]
    return f"{match[0]} {one if replace(token, before=token.before_that).describes_next else many}"


def say_measure(match: re.Match[str], token: Token) -> str:
    """A number that touches its unit: "100km/h"."""
    one, many = UNITS[match["unit"]]
    name = one if match["number"] == "1" or token.describes_next else many
    return signed(match["sign"], f"{quantity(match['number'])} {name}")


def say_unit(match: re.Match[str], token: Token) -> str | None:
    """A unit that stands apart from the number before it."""
    unit = match[0]
    counted = is_number(token.before)
    if unit in CURRENCY_CODES:
        return CURRENCY_CODES[unit] if counted or token.before.lower() in SCALE_WORDS else None
    if unit in _ALSO_WORDS or not (counted or unit in _ONLY_UNITS):
        return None
    describes = counted and replace(token, before=token.before_that).describes_next
    return UNITS[unit][0 if token.before == "1" or describes else 1]


def say_scaled(match: re.Match[str], _: Token) -> str:
    """A shortened number: "10k", "2.5M", "100K+"."""
    number, scale = match["number"], match["scale"]
    if scale == "K" and float(number.replace(",", "")) < 20:
        return f"{quantity(number)} K"  # a 4K screen, a 10K run
    plus = " plus" if match["plus"] else ""
    return signed(match["sign"], f"{quantity(number)} {SCALES[scale.lower()]}{plus}")

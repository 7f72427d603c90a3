"""How long words take to say, compared with each other, when nothing but the text is known.

It is letters that count: those of the words that a reader says. "$3.2bn" has two letters, and is "three point two
billion dollars". In English that is known; elsewhere a digit counts as some letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vidgen_pipeline.providers.voice.spoken_forms import spoken_forms

_DIGIT = 3.0
_INITIAL = 2.5
_BEGIN = 1.0  # for each word, whatever its length

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_INITIALS = re.compile(r"\b(?:[A-Z]{2,4}\b|(?:[A-Za-z]\.){2,})")
_BELOW_TWENTY = (4, 3, 3, 5, 4, 4, 3, 5, 5, 4, 3, 6, 6, 8, 8, 7, 7, 9, 8, 8)  # zero to nineteen
_TENS = (0, 0, 6, 6, 5, 5, 5, 7, 6, 6)  # twenty to ninety
_SCALES = (0, 8, 7, 7, 8)  # thousand to trillion
_HUNDRED, _POINT, _OH = 7, 5, 2


def spoken_lengths(texts: Sequence[str], language: str) -> list[float]:
    """A length for each of the words of one line, in letters; none is zero."""
    if language.replace("_", "-").partition("-")[0].casefold() not in {"en", "eng"}:
        return [length_as_written(text) for text in texts]
    tokens = [text.split() for text in texts]
    forms = iter(spoken_forms([token for word in tokens for token in word]))
    return [_BEGIN + sum(_letters(next(forms)) for _ in word) for word in tokens]


def length_as_written(text: str) -> float:
    """A word's length in letters where how it is read is not known."""
    return _BEGIN + sum(_DIGIT if character.isdigit() else 1.0 for character in text if character.isalnum())


def _letters(form: str) -> float:
    numbers = sum(_number(found[0]) for found in _NUMBER.finditer(form))
    rest = _NUMBER.sub(" ", form)
    initials = sum(_INITIAL * sum(map(str.isalpha, found[0])) for found in _INITIALS.finditer(rest))
    return numbers + initials + sum(map(str.isalpha, _INITIALS.sub(" ", rest)))


def _number(written: str) -> float:
    """The letters of the number in words."""
    whole, _, decimals = written.partition(".")
    digits = whole.replace(",", "")
    if len(digits) > 3 * len(_SCALES) or (digits[0] == "0" and len(digits) > 1):
        letters = sum(_BELOW_TWENTY[int(digit)] for digit in digits)
    elif len(digits) == 4 and "," not in whole and not decimals and digits[1:3] != "00":
        letters = _year(int(digits[:2]), int(digits[2:]))
    else:
        letters = _cardinal(int(digits))
    return letters + (_POINT + sum(_BELOW_TWENTY[int(digit)] for digit in decimals) if decimals else 0)


def _year(century: int, year: int) -> int:
    if not year:
        return _below_hundred(century) + _HUNDRED
    return _below_hundred(century) + _below_hundred(year) + (_OH if year < 10 else 0)


def _cardinal(number: int) -> int:
    if not number:
        return _BELOW_TWENTY[0]
    letters, scale = 0, 0
    while number:
        number, group = divmod(number, 1000)
        if group:
            hundreds, rest = divmod(group, 100)
            letters += _SCALES[scale] + (_BELOW_TWENTY[hundreds] + _HUNDRED if hundreds else 0)
            letters += _below_hundred(rest) if rest else 0
        scale += 1
    return letters


def _below_hundred(number: int) -> int:
    if number < 20:
        return _BELOW_TWENTY[number]
    return _TENS[number // 10] + (_BELOW_TWENTY[number % 10] if number % 10 else 0)

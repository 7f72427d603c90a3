"""Where text in a script without spaces may be parted: Thai, Lao, Khmer and Burmese between words, all by letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

SOUTH_EAST = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Burmese and Khmer letters, as a part of a regular expression's set."""

_SOUTH_EAST_RUN = re.compile(f"[{SOUTH_EAST}][{SOUTH_EAST}\u200b-\u200d]*")
# Letters that belong to the one before them (Thai and Lao vowels, small kana), and signs that belong to the next:
# vowels written first, and what stacks the next consonant below.
_CLINGS_BACK = frozenset(
    "\u0e30\u0e32\u0e33\u0e45\u0e46\u0eb0\u0eb2\u0eb3\u0ebd\u0ec6ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー々"
)
_CLINGS_ON = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4\u1039\u17d2\u200d")
_CLOSES_BURMESE_SYLLABLE = frozenset("\u1039\u103a")


@lru_cache(maxsize=256)
def word_starts(text: str) -> frozenset[int]:
    """The positions inside `text` at which Thai, Lao, Khmer or Burmese words begin or end.

    A dictionary knows the words. One that it does not know is parted between syllables, or not at all.
    """
    return frozenset(_starts(text)) - {0, len(text)}


def _starts(text: str) -> Iterator[int]:
    for run in _SOUTH_EAST_RUN.finditer(text):
        from icu4py.breakers import WordBreaker  # noqa: PLC0415 - its dictionaries are loaded for such a text only

        yield from run.span()
        yield from (run.start() + start for start, _ in WordBreaker(run[0], "en").segments())


def is_in_word(text: str, position: int) -> bool:
    """Whether `position` (inside `text`) parts a word of Thai, Lao, Khmer or Burmese."""
    around = text[position - 1 : position + 1]
    return bool(_SOUTH_EAST_RUN.fullmatch(around)) and position not in word_starts(text)


def may_part(text: str, position: int) -> bool:
    """Whether what stands on both sides of `position` (inside `text`) are letters of their own, marks and all."""
    before, after = text[position - 1], text[position]
    if before in _CLINGS_ON or after in _CLINGS_BACK or unicodedata.category(after)[0] == "M":
        return False
    return text[position + 1 : position + 2] not in _CLOSES_BURMESE_SYLLABLE

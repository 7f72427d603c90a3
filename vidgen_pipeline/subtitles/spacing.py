"""Where words meet: with a space, or without one, and where a line may be broken between them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.word_breaks import SOUTH_EAST, may_part
from vidgen_pipeline.subtitles.escape import clean

# Chinese characters, kana, and the punctuation and full-width forms written with them. Korean writes spaces.
_IDEOGRAPH = re.compile(
    "[\u2e80-\u2fdf\u3000-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff9f\U00020000-\U0003ffff]"
)
# Thai, Lao, Burmese, Khmer; Tibetan, and more letters of Burma.
_SOUTH_EAST = re.compile(f"[{SOUTH_EAST}\u0f00-\u0fff\uaa60-\uaa7f]")

_NEVER_STARTS_A_LINE = frozenset(
    ")]}»›’”%‰℃°…‥,.:;!?、。，．：；！？）］｝〉》」』】〕〗〙〟’”～〜ー・ヽヾゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
    "｡｣､･ｰ％ะาำๅฯๆ๏ະາຳ។៕៖၊။།"
)
_NEVER_ENDS_A_LINE = frozenset("([{«‹‘“（［｛〈《「『【〔〖〘〝｢￥＄$£€¥#＃@")


@lru_cache(maxsize=1 << 15)
def separator(left: str, right: str) -> str:
    """What stands between two neighbouring words by their script's habit: a space, or nothing."""
    if not left or not right:
        return ""
    last, first = left[-1], right[0]
    if _IDEOGRAPH.match(last) or _IDEOGRAPH.match(first):
        return ""
    if _SOUTH_EAST.match(last) and (_SOUTH_EAST.match(first) or unicodedata.category(first) == "Po"):
        return ""
    return " "


def between(left: Word, right: Word) -> str:
    """What stands between two neighbouring words: a space where they were written with one, and none where without.

    Where that is not known, their script's habit decides.
    """
    if left.space_after is not None:
        return " " if left.space_after else ""
    space = separator(clean(left.text), clean(right.text))
    return " " if left.sentence_end and _parted_by_phrases(left, right) else space


def ends_phrase(left: Word, right: Word) -> bool:
    """Whether the space between these words is one that parts phrases: their script writes none between words."""
    return bool(between(left, right)) and _parted_by_phrases(left, right)


def _parted_by_phrases(left: Word, right: Word) -> bool:
    return bool(_SOUTH_EAST.match(left.text[-1:]) and _SOUTH_EAST.match(right.text[:1]))


def spaced(words: Iterable[Word]) -> Iterator[tuple[int, str, str]]:
    """(position, what stands before it, the text) of each word that shows anything, all made clean."""
    previous = None
    for position, word in enumerate(words):
        if text := clean(word.text):
            yield position, between(previous, word) if previous else "", text
            previous = word


def joined(words: Iterable[Word]) -> str:
    """Words as a running line, made clean."""
    return "".join(space + text for _, space, text in spaced(words))


@lru_cache(maxsize=1 << 15)
def may_break(left: str, right: str) -> bool:
    """Whether a line may end with the word `left` and the next begin with `right`."""
    if separator(left, right):
        return True
    if not left or not right:
        return False
    first = right[0]
    return not (
        first in _NEVER_STARTS_A_LINE or left[-1] in _NEVER_ENDS_A_LINE or not may_part(left + right, len(left))
    )

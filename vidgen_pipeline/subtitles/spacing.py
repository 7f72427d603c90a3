"""Where words meet: with a space, or without one, and where a line may be broken between them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from vidgen_pipeline.subtitles.escape import clean

# Chinese characters, kana, and the punctuation and full-width forms written with them. Korean writes spaces.
_IDEOGRAPH = re.compile(
    "[\u2e80-\u2fdf\u3000-\u312f\u31a0-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff9f\U00020000-\U0003ffff]"
)
# Thai, Lao, Tibetan, Burmese, Khmer.
_SOUTH_EAST = re.compile("[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f]")

_NEVER_STARTS_A_LINE = frozenset(
    ")]}»›’”%‰℃°…‥,.:;!?、。，．：；！？）］｝〉》」』】〕〗〙〟’”～〜ー・ヽヾゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
    "｡｣､･ｰ％ะาำๅฯๆ๏ະາຳ។៕៖၊။།"
)
_NEVER_ENDS_A_LINE = frozenset("([{«‹‘“（［｛〈《「『【〔〖〘〝｢￥＄$£€¥#＃@")
_THAI_LEADING_VOWELS = frozenset("เแโใไ")


@lru_cache(maxsize=1 << 15)
def separator(left: str, right: str) -> str:
    """What stands between two neighbouring words: a space, or nothing in scripts written without spaces."""
    if not left or not right:
        return ""
    last, first = left[-1], right[0]
    if _IDEOGRAPH.match(last) or _IDEOGRAPH.match(first):
        return ""
    if _SOUTH_EAST.match(last) and (_SOUTH_EAST.match(first) or unicodedata.category(first) == "Po"):
        return ""
    return " "


def spaced(texts: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """(position, what stands before it, the text) of each text that shows anything, all made clean."""
    previous = ""
    for position, text in enumerate(map(clean, texts)):
        if text:
            yield position, separator(previous, text), text
            previous = text


def joined(texts: Iterable[str]) -> str:
    """Words as a running line, made clean."""
    return "".join(space + text for _, space, text in spaced(texts))


@lru_cache(maxsize=1 << 15)
def may_break(left: str, right: str) -> bool:
    """Whether a line may end with the word `left` and the next begin with `right`."""
    if separator(left, right):
        return True
    if not left or not right:
        return False
    first = right[0]
    return not (
        first in _NEVER_STARTS_A_LINE
        or left[-1] in _NEVER_ENDS_A_LINE
        or left[-1] in _THAI_LEADING_VOWELS
        or unicodedata.category(first).startswith("M")
    )

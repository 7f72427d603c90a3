"""Where a sentence may be parted so that each piece still reads as a phrase."""

from __future__ import annotations

import re
from functools import lru_cache

import stopwordsiso

_STRONG_MARKS = frozenset(".!?…。！？।॥؟۔")
_WEAK_MARKS = frozenset(",;:–—，、；：،؛")
_CLOSING_MARKS = "\"'”’»)]}」』）"
_OPENING_MARKS = "\"'“‘«([{「『（"
_SHORT = 3
_LONGEST_FUNCTION_WORD = 5

# Languages whose small words follow what they belong to, so that a phrase ends with one instead of starting with it.
_POSTPOSITIONAL = frozenset(
    ("hi", "bn", "mr", "ne", "gu", "pa", "ur", "ta", "te", "kn", "ml", "si", "or", "tr", "az", "kk", "uz", "ja", "ko",
     "hu", "fi", "et", "eu", "ka", "mn")
)  # fmt: skip

_KANA_OR_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_HIRAGANA = re.compile("[\u3040-\u309f]")
_KATAKANA = re.compile("[\u30a0-\u30ff]")


def is_short(text: str) -> bool:
    """Whether a word is too little to stand alone on a line: `of`, `it.`; not a year or a name."""
    return len(text) == 1 or (len(_bare(text)) <= _SHORT and not any(character.isdigit() for character in text))


@lru_cache(maxsize=1 << 15)
def break_penalty(left: str, right: str, language: str) -> float:
    """How much it hurts to part these neighbours: 0 after a comma, 1 before `and`, 3 in a phrase, 6 after `the`."""
    if not _bare(right):
        return 9.0  # an emoji or a dash stays with its word
    end = left.rstrip(_CLOSING_MARKS)[-1:]
    if end in _STRONG_MARKS or end in _WEAK_MARKS:
        return 0.0
    if _KANA_OR_HAN.match(left[-1:]) and _KANA_OR_HAN.match(right[:1]):
        return _between_characters(left[-1], right[0])
    return _between_words(left, right, language.casefold().partition("-")[0])


def _between_words(left: str, right: str, tag: str) -> float:
    if tag in _POSTPOSITIONAL:
        return 6.0 if _is_function_word(right, tag) else 2.5
    if _is_function_word(left, tag):
        return 6.0
    return 1.0 if _is_function_word(right, tag) or right[:1] in _OPENING_MARKS else 3.0


def _between_characters(left: str, right: str) -> float:
    """Chinese has no marks of phrases; in Japanese a phrase ends in hiragana, and katakana are kept together."""
    if _KATAKANA.match(left) and _KATAKANA.match(right):
        return 8.0
    if _HIRAGANA.match(right):
        return 5.0
    return 1.5 if _HIRAGANA.match(left) else 3.0


def _is_function_word(text: str, tag: str) -> bool:
    return len(text) <= _LONGEST_FUNCTION_WORD and text.casefold() in _stop_words(tag)


@lru_cache(maxsize=16)
def _stop_words(tag: str) -> frozenset[str]:
    return frozenset(stopwordsiso.stopwords(tag)) if stopwordsiso.has_lang(tag) else frozenset()


def _bare(text: str) -> str:
    return "".join(character for character in text if character.isalnum())

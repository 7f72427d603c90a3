"""How well a file fits a scene, judged by its name and shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.domain.text import fold, stem, writing_system
from vidgen_pipeline.providers.media.folder_scan import MediaFile, by_name

# What cameras and picture sites call everything.
_NAMELESS = (
    "img image images dsc dscn pxl mvi vid video videos photo photos pic picture pictures clip clips screenshot final "
    "copy edited export pexels unsplash pixabay whatsapp jpeg media shutterstock istock small large medium original "
    "the and for with"
)
_CAMEL_CASE = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
# Vowel signs of Indic and South-East Asian scripts are no letters to `re`, but parts of a word.
_LETTERS = re.compile(r"(?:[^\W\d_]|[\u0900-\u109f])+")

_FIRST_TERM = 3.0
_TERM_STEP = 0.35
_IN_NARRATION = 1.0
_IN_FOLDER_NAME = 0.5


def rank(files: Sequence[MediaFile], query: MediaQuery) -> list[MediaFile]:
    """All files, those that fit the scene first; those whose names say nothing about it follow by name."""
    wanted = _wanted_words(query)
    scored = [(_match(file, wanted), file) for file in files]
    matching = [(score + _fit(file, query), file) for score, file in scored if score > 0]
    matching.sort(key=lambda pair: (-pair[0], by_name(pair[1])))
    return [file for _, file in matching] + sorted((file for score, file in scored if score == 0), key=by_name)


@lru_cache(maxsize=8192)
def words_in_name(name: str) -> tuple[str, ...]:
    """The words of a file or folder name, folded: `SleepingCats_02.JPG` gives `sleeping`, `cats`."""
    base = name.rpartition(".")[0] or name
    words = [fold(word) for word in _LETTERS.findall(_CAMEL_CASE.sub(" ", base))]
    return tuple(word for word in words if (len(word) > 1 or _is_ideograph(word)) and word not in _NAMELESS.split())


@lru_cache(maxsize=1 << 16)
def likeness(first: str, second: str) -> float:
    """How surely two folded words mean the same thing, 0 to 1."""
    if first == second:
        return 1.0
    if stem(first) == stem(second):
        return 0.9
    shorter, longer = sorted((first, second), key=len)
    if _is_ideograph(shorter):
        return 0.8 if shorter in longer else 0.0
    common = next(
        (at for at, (one, other) in enumerate(zip(shorter, longer, strict=False)) if one != other), len(shorter)
    )
    if common >= 4 and common >= 0.6 * len(longer):
        return 0.7
    # One word within another: `katze` in `hauskatze`.
    return 0.5 if len(shorter) >= 5 and shorter in longer else 0.0


def _wanted_words(query: MediaQuery) -> dict[str, float]:
    """The scene's words and how much each matters: its terms in their order, then what else is said."""
    wanted: dict[str, float] = {}
    for word in _words(query.narration):
        if len(word) > 3 or _is_ideograph(word):
            wanted[word] = _IN_NARRATION
    for position, term in enumerate(query.search_terms):
        for word in _words(term):
            wanted[word] = max(wanted.get(word, 0.0), _FIRST_TERM - _TERM_STEP * min(position, 4))
    return wanted


def _match(file: MediaFile, wanted: dict[str, float]) -> float:
    in_name = set(words_in_name(file.name))
    in_folder = set(words_in_name(file.folder + ".")) - in_name
    score = sum(_best(word, wanted) for word in in_name)
    return score + _IN_FOLDER_NAME * sum(_best(word, wanted) for word in in_folder)


def _best(word: str, wanted: dict[str, float]) -> float:
    return max((likeness(word, other) * weight for other, weight in wanted.items()), default=0.0)


def _fit(file: MediaFile, query: MediaQuery) -> float:
    """Less than a matching word, enough to choose among files that match alike."""
    fit = 0.0
    if (file.width > file.height) == (query.width > query.height):
        fit += 0.2
    if file.width >= query.width and file.height >= query.height:
        fit += 0.1
    if file.kind is MediaKind.CLIP and file.duration_ms is not None:
        fit += 0.15 if file.duration_ms >= query.duration_ms else -0.15
    return fit


def _words(text: str) -> Iterable[str]:
    return (fold(word) for word in _LETTERS.findall(text))


def _is_ideograph(word: str) -> bool:
    return writing_system(word[0]) in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}

"""What a stock site offers, and how well that fits a scene: by the site's words for it, its shape and its length."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.domain.text import fold
from vidgen_pipeline.providers.media.name_match import likeness
from vidgen_pipeline.providers.media.stock_terms import is_english

ENOUGH = 3
"""So many good finds end the search for a scene: one to use, others in case it is taken or turns out damaged."""

_LETTERS = re.compile(r"(?:[^\W\d_]|[\u0900-\u109f])+")
_SAY_NOTHING = frozenset(
    {"photo", "photos", "picture", "image", "video", "videos", "footage", "clip", "free", "stock"}
    | {"the", "and", "of", "in", "on", "at", "with", "for"}
)

# Weights, in parts of what a full match of the words is worth.
_WORDS, _SHAPE, _SHARPNESS, _LENGTH, _MOVES, _PLACE = 2.0, 1.5, 0.75, 0.75, 0.3, 0.4
_LATER_TERM = 0.1
_IN_NARRATION = 0.1
_UNTOLD = 0.4  # the match of what the site has no words for: found for the term, for reasons of its own

_GOOD_MATCH, _GOOD_SHAPE, _GOOD_SHARPNESS = 0.5, 0.45, 0.6


class Rendition(BaseModel):
    """One file of an item. Sizes in px; `size_bytes` 0 when it is not told."""

    model_config = ConfigDict(frozen=True)

    address: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    size_bytes: int = 0


class StockItem(BaseModel):
    """A photo or clip as a site offers it. `words` are its title, tags and description, as the site has them.

    `use_address` is where the site wants to hear that it is used, if it does.
    """

    model_config = ConfigDict(frozen=True)

    kind: MediaKind
    id: str
    renditions: tuple[Rendition, ...] = Field(min_length=1)
    duration_ms: int | None = None
    title: str = ""
    words: str = ""
    author: str = ""
    author_url: str = ""
    page_url: str = ""
    use_address: str = ""

    @property
    def locator(self) -> str:
        """The same for the same item, whichever search found it."""
        return f"{self.kind.value}/{self.id}"


def best_rendition(item: StockItem, width: int, height: int, *, most_bytes: int) -> Rendition | None:
    """The smallest file that still fills the canvas (px) after cutting to its shape, or else the largest there is.

    A file is cut, never stretched, so it fills the canvas when it is as wide and as high. None when all are too heavy.
    """
    light = [rendition for rendition in item.renditions if rendition.size_bytes <= most_bytes]
    covering = [rendition for rendition in light if rendition.width >= width and rendition.height >= height]
    if covering:
        return min(covering, key=_pixels)
    return max(light, key=lambda rendition: _sharpness(rendition, width, height), default=None)


def ranked(items: Iterable[StockItem], query: MediaQuery) -> list[StockItem]:
    """The items, each once, best first, and those to avoid last. Their order is the site's, and counts a little."""
    once: dict[str, StockItem] = {}
    for item in items:
        once.setdefault(item.locator, item)
    scored = [(_score(item, query) - _PLACE * place / len(once), item) for place, item in enumerate(once.values())]
    return [item for _, item in sorted(scored, key=lambda pair: (pair[1].locator in query.avoid, -pair[0]))]


def good_enough(items: Iterable[StockItem], query: MediaQuery) -> bool:
    """Whether there is no need to search on: enough items match in words, shape, size and length, and are free."""
    free = {item.locator: item for item in items if item.locator not in query.avoid}
    return sum(_is_good(item, query) for item in free.values()) >= ENOUGH


def relevance(item: StockItem, query: MediaQuery) -> float | None:
    """How far the site's words for an item are the scene's, 0 to about 1; None when the site says nothing about it.

    Words that share nothing with terms that are not English may be of another language: they say nothing either.
    """
    known = _words(item.words)
    if not known:
        return None
    matches = [
        _share(_words(term), known) * (1 - _LATER_TERM * min(place, 4)) for place, term in enumerate(query.search_terms)
    ]
    if not any(matches) and not is_english(query):
        return None
    told = [word for word in _words(query.narration) if len(word) > 3]
    return max(matches, default=0.0) + _IN_NARRATION * min(1.0, 3 * _share(told, known))


def _score(item: StockItem, query: MediaQuery) -> float:
    match = relevance(item, query)
    largest = _largest(item, query)
    return (
        _WORDS * (_UNTOLD if match is None else match)
        + _SHAPE * _kept(largest, query)
        + _SHARPNESS * _sharpness(largest, query.width, query.height)
        + _LENGTH * _lasts(item, query)
        + _MOVES * (item.kind is MediaKind.CLIP)
    )


def _is_good(item: StockItem, query: MediaQuery) -> bool:
    match, largest = relevance(item, query), _largest(item, query)
    return (
        (match is None or match >= _GOOD_MATCH)
        and _kept(largest, query) >= _GOOD_SHAPE
        and _sharpness(largest, query.width, query.height) >= _GOOD_SHARPNESS
        and _lasts(item, query) == 1
    )


def _largest(item: StockItem, query: MediaQuery) -> Rendition:
    return max(item.renditions, key=lambda rendition: _sharpness(rendition, query.width, query.height))


def _kept(rendition: Rendition, query: MediaQuery) -> float:
    """The share of the picture that is left when it is cut to the canvas's shape."""
    shape, wanted = rendition.width / rendition.height, query.width / query.height
    return min(shape / wanted, wanted / shape)


def _sharpness(rendition: Rendition, width: int, height: int) -> float:
    """1 when it fills the canvas as it is, less the more it must be enlarged."""
    return min(rendition.width / width, rendition.height / height, 1.0)


def _lasts(item: StockItem, query: MediaQuery) -> float:
    """1 for what lasts as long as the scene, as a still does; else the share of the scene that it covers."""
    if item.kind is not MediaKind.CLIP or item.duration_ms is None:
        return 1.0
    return min(1.0, item.duration_ms / query.duration_ms)


def _pixels(rendition: Rendition) -> int:
    return rendition.width * rendition.height


def _share(wanted: Sequence[str], known: Sequence[str]) -> float:
    """How many of the wanted words are among those known, 0 to 1."""
    if not wanted:
        return 0.0
    return sum(max((likeness(word, other) for other in known), default=0.0) for word in wanted) / len(wanted)


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    found = dict.fromkeys(fold(word) for word in _LETTERS.findall(text))
    return tuple(word for word in found if word not in _SAY_NOTHING and (len(word) > 1 or not word.isascii()))

"""What a stock site is asked for a scene: its terms, their language and the canvas's shape, in the site's own words."""

from __future__ import annotations

from vidgen_pipeline.domain.media import MediaQuery
from vidgen_pipeline.domain.text import fold

LONGEST_TERM = 100
"""Characters of a search; no site takes less."""

_ALSO_CALLED = {"no": ("nb",), "nb": ("no",), "nn": ("no", "nb"), "tl": ("fil",), "fil": ("tl",)}
_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})


def search_terms(query: MediaQuery, most: int) -> list[str]:
    """What to ask a site for, most telling first, at most `most` of them; the narration where there are no terms."""
    terms: dict[str, str] = {}
    for written in query.search_terms or (query.narration,):
        term = _cut(" ".join(written.split()))
        if term:
            terms.setdefault(fold(term), term)
    return list(terms.values())[:most]


def shape_word(query: MediaQuery, *, wide: str, tall: str, square: str) -> str:
    """The site's word for the canvas's shape."""
    if query.width == query.height:
        return square
    return wide if query.width > query.height else tall


def is_english(query: MediaQuery) -> bool:
    """Whether the terms are English, which every site takes them for."""
    return _primary(query.language) == "en"


def in_language(query: MediaQuery, parameter: str, offered: str) -> dict[str, str]:
    """The parameter that tells a site the terms' language; none for English, and for a language it does not know.

    `offered` are the site's own names of languages, with spaces between them.
    Where it knows another region only, that one is taken: Mexican Spanish is looked for as Spain's.
    """
    if is_english(query):
        return {}
    tag = query.language.replace("_", "-").casefold()
    wanted = (tag, _primary(tag), *_ALSO_CALLED.get(_primary(tag), ()))
    if _primary(tag) == "zh":
        wanted = ("zh-hant", "zh-tw", "zh") if _TRADITIONAL & set(tag.split("-")) else ("zh-hans", "zh-cn", "zh")
    first_come_last = offered.split()[::-1]  # of several regions the one that stands first is taken
    named = {name.casefold(): name for name in first_come_last}
    by_primary = {_primary(name): name for name in first_come_last}
    found = next((names[name] for names in (named, by_primary) for name in wanted if name in names), None)
    return {} if found is None else {parameter: found}


def _primary(tag: str) -> str:
    return tag.replace("_", "-").partition("-")[0].casefold()


def _cut(term: str) -> str:
    """The term, at most as long as sites take it, cut between words."""
    return term if len(term) <= LONGEST_TERM else (term[: LONGEST_TERM + 1].rpartition(" ")[0] or term[:LONGEST_TERM])

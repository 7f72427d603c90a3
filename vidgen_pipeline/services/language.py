"""Which language a script is in: what the person said, or what its letters and words show."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.text import writing_system
from vidgen_pipeline.services.language_names import NAMES

FALLBACK = "en"
"""The language of a text too short or too mixed to recognise."""

_LISTED = 20
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
# Older or narrower codes for what the product calls otherwise.
_SAME = {"cmn": "zh", "iw": "he", "in": "id", "ji": "yi", "fil": "tl", "ger": "de", "deu": "de", "eng": "en"}
_NORWEGIAN = frozenset({"no", "nb", "nn"})

_NOT_WORDS = re.compile(r"\[(?:image|pause)\b[^\]\n]*\]|https?://\S+|www\.\S+|\S+@\S+", re.IGNORECASE)

_OF_SCRIPT = {
    "DEVANAGARI": "hi",
    "HANGUL": "ko",
    "THAI": "th",
    "HEBREW": "he",
    "GREEK": "el",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "ORIYA": "or",
    "SINHALA": "si",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "ETHIOPIC": "am",
}
# Letters that one language has and its neighbours lack; the first that are found decide.
_CYRILLIC_LETTERS = (("ў", "be"), ("їєґ", "uk"), ("құғ", "kk"), ("ђћ", "sr"), ("ѓќѕ", "mk"))
_ARABIC_LETTERS = (("ٹڈڑےں", "ur"), ("پچژگکی", "fa"))
_LATIN = "en de fr es pt it nl sv da no fi is pl cs sk sl hr hu ro sq lt lv et tr az id ms vi sw af ca eu"

# Differences of py3langid's scores (natural logarithms). Names and short phrases in English reach 20 in favour of some
# other language, two plain sentences in any other language 50 and more.
_OVER_ENGLISH = 22.0
_OVER_SECOND = 2.0
_OVER_USUAL = 10.0
_OVER_RUSSIAN = 6.0


def resolve_language(asked: str | None, text: str, speakable: Collection[str]) -> tuple[str, bool]:
    """The script's language as a BCP-47 tag, and whether it was recognised from the text.

    `asked` is what the person named it: a tag, an English name or its own name; it is taken if some voice speaks it.
    Otherwise the text decides; when it is too short or too mixed the answer is ("en", False). `speakable` are the tags
    of the languages voices speak; empty means any. Raises InvalidInput for a name that is not known (with a
    suggestion), and for a language that no voice speaks.
    """
    spoken = {_primary(tag) for tag in speakable}
    if asked is not None:
        tag = _asked(asked.strip(), spoken)
        if not _is_spoken(tag, spoken):
            raise InvalidInput(f"No voice here speaks {_called(tag)}.", remedy=f"Choose one of: {_listed(speakable)}.")
        return tag, False
    recognised = _recognise(_NOT_WORDS.sub(" ", text), spoken)
    if recognised is None:
        return FALLBACK, False
    if not _is_spoken(recognised, spoken):
        raise InvalidInput(
            f"The script seems to be in {_called(recognised)}, which no voice here speaks.",
            remedy="If it is in another language, name it with --language.",
        )
    return recognised, True


def _asked(written: str, spoken: Collection[str]) -> str:
    names = _tags_by_name()
    tag = names.get(_plain(written))
    if tag:
        return tag
    primary = _primary(written)
    if _TAG.fullmatch(written) and (primary in NAMES or primary in spoken):
        return _canonical(written)
    near = get_close_matches(_plain(written), names, n=1, cutoff=0.6) if len(written) > 3 else []
    if near:
        remedy = f"Did you mean {_called(names[near[0]])}?"
    else:
        remedy = "Write a tag such as en or pt-BR, or a name such as German."
    raise InvalidInput(f"There is no language called '{written}'.", remedy=remedy)


@lru_cache(maxsize=1)
def _tags_by_name() -> dict[str, str]:
    return {_plain(name): tag for tag, names in NAMES.items() for name in names}


def _plain(name: str) -> str:
    """A name in lower case without accents, as it is typed in a hurry."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(character for character in decomposed if not unicodedata.combining(character)).split())


def _primary(tag: str) -> str:
    primary = re.split("[-_]", tag, maxsplit=1)[0].lower()
    return _SAME.get(primary, primary)


def _canonical(tag: str) -> str:
    """The tag as it is usually written: `pt-BR`, `zh-Hant-TW`."""
    _, *rest = re.split("[-_]", tag)
    return "-".join(
        [_primary(tag), *({2: part.upper(), 4: part.title()}.get(len(part), part.lower()) for part in rest)]
    )


def _is_spoken(tag: str, spoken: Collection[str]) -> bool:
    primary = _primary(tag)
    alike = _NORWEGIAN if primary in _NORWEGIAN else {primary}
    return not spoken or not alike.isdisjoint(spoken)


def _called(tag: str) -> str:
    names = NAMES.get(tag) or NAMES.get(_primary(tag))
    return f"{names[0]} ({tag})" if names else tag


def _listed(tags: Iterable[str]) -> str:
    names = sorted({_primary(tag) for tag in tags})
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _recognise(text: str, spoken: Collection[str]) -> str | None:
    systems = Counter(map(writing_system, text.lower()))
    del systems[""]
    if not systems:
        return None
    # A Chinese character or Korean syllable says as much as several letters.
    weights = {system: count * (3 if system in {"CJK", "HANGUL"} else 1) for system, count in systems.items()}
    match max(weights, key=lambda system: (weights[system], system)):
        case "LATIN":
            return _latin(text, spoken)
        case "CJK" | "HIRAGANA" | "KATAKANA":
            kana = systems["HIRAGANA"] + systems["KATAKANA"]
            tag: str | None = "ja" if kana >= 0.05 * (systems["CJK"] + kana) else "zh"
        case "CYRILLIC":
            tag = _by_letters(text, _CYRILLIC_LETTERS)
            tag = tag or _preferred(text, "ru", ("uk", "be", "bg", "sr", "mk"), _OVER_RUSSIAN)
        case "ARABIC":
            tag = _by_letters(text, _ARABIC_LETTERS) or "ar"
        case "DEVANAGARI":
            tag = _preferred(text, "hi", tuple(tag for tag in ("mr", "ne") if tag in spoken), _OVER_USUAL)
        case system:
            tag = _OF_SCRIPT.get(system)
    return tag


def _by_letters(text: str, letters: Iterable[tuple[str, str]]) -> str | None:
    counts = Counter(text.lower())
    enough = sum(map(str.isalpha, text)) * 0.003
    for some, tag in letters:
        if sum(counts[letter] for letter in some) > enough:
            return tag
    return None


def _latin(text: str, spoken: Collection[str]) -> str | None:
    scores = _scores(text, [tag for tag in _LATIN.split() if tag == FALLBACK or _is_spoken(tag, spoken)])
    best, second = [*sorted(scores, key=lambda tag: -scores[tag]), FALLBACK][:2]
    if best == FALLBACK:
        # Without a margin this is no more than what is assumed anyway.
        return best if scores[best] - scores[second] >= _OVER_USUAL or len(scores) == 1 else None
    sure = scores[best] - scores[FALLBACK] >= _OVER_ENGLISH and scores[best] - scores[second] >= _OVER_SECOND
    if not sure:
        return None
    return "nb" if best == "no" and "no" not in spoken and "nb" in spoken else best


def _preferred(text: str, usual: str, others: tuple[str, ...], margin: float) -> str:
    scores = _scores(text, (usual, *others))
    best = max(scores, key=lambda tag: scores[tag])
    return best if scores[best] - scores[usual] >= margin else usual


def _scores(text: str, candidates: Collection[str]) -> dict[str, float]:
    return {tag: float(score) for tag, score in _identifier().rank(text[:20_000]) if tag in candidates}


@lru_cache(maxsize=1)
def _identifier() -> Any:
    # Its model takes most of a second to load, and many texts are recognised without it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    return LanguageIdentifier.from_model_file(MODEL_FILE)

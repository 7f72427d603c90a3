"""A line of script as words: what captions show and voices are timed by."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import sentencex

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.text import one_line
from vidgen_pipeline.domain.word_breaks import SOUTH_EAST, may_part, word_starts

_SAID_SYMBOLS = frozenset("&%+=@°$£€¥₹×÷<>℃℉№")
_UNSPACED = re.compile(f"[{SOUTH_EAST}\u3005-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SOUTH_EAST = re.compile(f"[{SOUTH_EAST}]")
_OPEN_CLAUSE = frozenset(",;:–—-，、；：،؛")
_CLAUSE_MARKS = _OPEN_CLAUSE | frozenset(".!?…。！？।؟")
_CLOSING = "\"'”’»)]}*_』」）】"
_ALWAYS_ENDS = re.compile(f"[。！？｡।؟]+[{re.escape(_CLOSING)}]*")
_CLOSED_ENDS = re.compile(r"[.!?…]+[\"'”’»)\]]+(?=\s)")
_EXCERPT_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class ScriptWord:
    """One word as written, with what silently belongs to it (a lone dash, an emoji): the line's `text[start:end]`.

    `space_after` is None for the line's last.
    """

    text: str
    start: int
    end: int
    sentence_end: bool = False
    space_after: bool | None = None


def says_something(token: str) -> bool:
    """Whether a reader says anything at this token: it holds a letter, a digit, or a sign that has a name."""
    return any(unicodedata.category(character)[0] in "LN" or character in _SAID_SYMBOLS for character in token)


def script_words(text: str, language: str, cut_at: Iterable[int] = ()) -> list[ScriptWord]:
    """The whitespace-separated tokens of `text`, none lost.

    A silent token joins the word before it or, at the start, the one after it. Where a script puts no spaces between
    words, words are also cut before the positions `cut_at`, and those of South-East Asia where a dictionary says so.
    A sentence ends where its punctuation says so, and at the end of the line, unless that stops at a comma or a dash.
    Raises InvalidInput when nothing in the text is said.
    """
    spans: list[tuple[int, int]] = []
    line_start: int | None = None
    for token in re.finditer(r"\S+", text):
        if says_something(token.group()):
            spans.append((token.start() if line_start is None else line_start, token.end()))
            line_start = None
        elif spans:
            spans[-1] = (spans[-1][0], token.end())
        elif line_start is None:
            line_start = token.start()
    if not spans:
        raise nothing_to_say(text)
    cuts = sorted({*(cut for cut in cut_at if not _SOUTH_EAST.match(text, cut)), *word_starts(text)})
    spans = [piece for span in spans for piece in _pieces(text, span, cuts)]
    ends = _sentence_ends(text, language)
    followers = [*(start for start, _ in spans[1:]), None]
    return [
        ScriptWord(
            text=" ".join(text[start:end].split()),
            start=start,
            end=end,
            sentence_end=bisect_right(ends, start) < bisect_right(ends, len(text) if follower is None else follower),
            space_after=None if follower is None else end < follower,
        )
        for (start, end), follower in zip(spans, followers, strict=True)
    ]


def nothing_to_say(text: str) -> InvalidInput:
    """The error for a line that holds no words."""
    if not text.strip():
        return InvalidInput("A line of the script is empty.", remedy="Write something to say, or remove the line.")
    return InvalidInput(
        f"Nothing in this line can be spoken: {excerpt(text)}.", remedy="Write it in words, or remove the line."
    )


def excerpt(text: str) -> str:
    """The beginning of `text`, quoted, on one line, for a sentence to a person."""
    return f"«{one_line(text, _EXCERPT_CHARACTERS)}»"


def letter_positions(text: str) -> list[int]:
    """Where letters and digits stand: the cuts for scripts without spaces when nothing better is known."""
    return [position for position, character in enumerate(text) if unicodedata.category(character)[0] in "LN"]


def clauses(words: Sequence[ScriptWord]) -> list[list[int]]:
    """The words' indices, parted where a reader pauses: after punctuation and at the ends of sentences."""
    parts: list[list[int]] = [[]]
    for index, word in enumerate(words):
        parts[-1].append(index)
        end = word.text.rstrip(_CLOSING)
        abbreviated = end.endswith(".") and not end.endswith("..")  # or it would be a sentence's end
        if word.sentence_end or (end[-1:] in _CLAUSE_MARKS and not abbreviated):
            parts.append([])
    return [part for part in parts if part]


def _pieces(text: str, span: tuple[int, int], cuts: Sequence[int]) -> list[tuple[int, int]]:
    """The span cut where it may be: only in a script without spaces, before a letter, each piece saying something."""
    start, end = span
    if not _UNSPACED.search(text, start, end):
        return [span]
    edges = [start]
    for cut in cuts:
        if not start < cut < end or not _starts_syllable(text, cut):
            continue
        edge = _before_opening_marks(text, cut)
        piece = text[edges[-1] : edge]
        letters = [character for character in piece if unicodedata.category(character)[0] in "LN"]
        if letters and (_UNSPACED.match(letters[-1]) or _UNSPACED.match(text[cut])):
            edges.append(edge)
    return list(pairwise([*edges, end]))


def _starts_syllable(text: str, position: int) -> bool:
    return unicodedata.category(text[position])[0] in "LN" and may_part(text, position)


def _before_opening_marks(text: str, position: int) -> int:
    while position > 0 and unicodedata.category(text[position - 1]) in {"Ps", "Pi"}:
        position -= 1
    return position


def _sentence_ends(text: str, language: str) -> list[int]:
    ends: list[int] = []
    position = 0
    for segment in sentencex.segment(language.split("-", maxsplit=1)[0].lower(), text):
        # Segments hold the text in order; found again, so that a white space the splitter dropped moves nothing.
        found = text.find(segment, position)
        position = (found if found >= 0 else position) + len(segment)
        ends.append(position)
    ends = [end for end in ends if text[:end].rstrip().rstrip(_CLOSING)[-1:] not in _OPEN_CLAUSE]
    # Ends that the splitter misses: marks used for nothing else, and a bracket or quote closed after a full stop.
    ends += [match.end() for match in _ALWAYS_ENDS.finditer(text)]
    ends += [match.end() for match in _CLOSED_ENDS.finditer(text) if _next_letter(text, match.end()).isupper()]
    return sorted(ends)


def _next_letter(text: str, position: int) -> str:
    return next((character for character in text[position:] if character.isalnum()), "")

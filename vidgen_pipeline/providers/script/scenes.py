"""Where one picture ends and the next begins: sentences, their parts, and the grouping of both into scenes."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import sentencex

from vidgen_pipeline.domain.text import estimate_ms, is_speakable, writing_system
from vidgen_pipeline.domain.word_breaks import may_part, word_starts
from vidgen_pipeline.providers.script.markup import Passage

SHORTEST_SCENE_MS = 3000
LONGEST_SCENE_MS = 12_000
BREATH_MS = 250
"""The silence between two passages of one scene: list items, lines of verse, very short paragraphs."""

_BEST_SCENE_SECONDS = 6.0
_HARD_LIMIT_MS = 13_500
_TINY_MS = SHORTEST_SCENE_MS
_MERE_BEAT_MS = 1500


class Cut(Enum):
    """What a cut after a piece of text would part; the value is how much that hurts, beside scenes' lengths."""

    PARAGRAPH = 0.0
    PASSAGE = 0.1
    SENTENCE = 0.15
    CLAUSE = 0.5
    COMMA = 0.7
    CONJUNCTION = 0.9
    PHRASE = 1.8
    WORDS = 2.5
    CHARACTERS = 4.0


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Text that stays in one scene. `text` keeps the space after it; `cut` is what ends with it."""

    text: str
    spoken_ms: int
    cut: Cut
    passage: Passage
    starts_passage: bool

    @property
    def pause_after_ms(self) -> int:
        return self.passage.pause_after_ms if self.cut in {Cut.PARAGRAPH, Cut.PASSAGE} else 0

    @property
    def starts_scene(self) -> bool:
        return self.starts_passage and self.passage.starts_scene


def cut_into_pieces(passages: Sequence[Passage], language: str) -> list[Piece]:
    """All passages in pieces: sentences, and the parts of those that are too long for one scene.

    The pieces of a passage, put together, are its text.
    """
    pieces = []
    for number, passage in enumerate(passages):
        parts = [part for sentence in split_sentences(passage.text, language) for part in _parts(sentence, language)]
        is_last = number + 1 == len(passages) or passages[number + 1].paragraph != passage.paragraph
        parts[-1] = (parts[-1][0], Cut.PARAGRAPH if is_last else Cut.PASSAGE)
        pieces += [
            Piece(
                text=text, spoken_ms=estimate_ms(text, language), cut=cut, passage=passage, starts_passage=position == 0
            )
            for position, (text, cut) in enumerate(parts)
        ]
    return pieces


_ONLY_A_NUMBER = re.compile(r"[(\s]*\d{1,3}[.)]\s*")
_INITIAL = re.compile(r"(?:.*[\s.(])?[^\W\d_]\.\s*", re.DOTALL)
_ORDINAL = re.compile(r"(?:.*\s)?\d{1,2}\.\s*", re.DOTALL)
_DOT_AFTER_ORDINAL = "bs cs da de et fi hr hu is lb lv nb nn no pl sk sl sr tr"
_CLOSING_QUOTES = tuple('」』”’»")）】》')


def split_sentences(text: str, language: str) -> list[str]:
    """Sentences with the space after them; put together they are `text` again.

    What the library takes for a sentence's end but a reader would not is mended: "1." before a list item, an initial,
    an ordinal number's dot, a quotation within a sentence of a script without spaces, and marks with nothing to say.
    """
    tag = language.partition("-")[0].lower()
    sentences: list[list[str]] = []
    for part in sentencex.segment(tag, text):
        if not sentences or _ends_sentence(sentences[-1][-1], part, tag):
            sentences.append([part])
        else:
            sentences[-1].append(part)
    whole = ["".join(parts) for parts in sentences]
    # Marks before the first word have nothing before them that they could go with.
    return ["".join(whole[:2]), *whole[2:]] if whole and not is_speakable(whole[0]) else whole


def _ends_sentence(before: str, part: str, tag: str) -> bool:
    if not is_speakable(part):
        return False
    if _ONLY_A_NUMBER.fullmatch(before) or _INITIAL.fullmatch(before[-6:]):
        return False
    if tag in _DOT_AFTER_ORDINAL.split() and _ORDINAL.fullmatch(before[-6:]):
        return False
    return not (before.endswith(_CLOSING_QUOTES) and part[0].isalnum())


_CONJUNCTIONS = {
    "en": "and but or so because although though while when which who that where if unless until before after as",
    "de": "und aber oder denn weil dass obwohl während wenn damit sodass bevor nachdem bis sondern",
    "fr": "et mais ou donc car parce que qui lorsque quand bien si avant après pour",
    "es": "y pero o porque que aunque cuando mientras si donde para",
    "pt": "e mas ou porque que embora quando enquanto se onde para",
    "it": "e ma o perché che sebbene quando mentre se dove per",
    "nl": "en maar of want omdat dat hoewel terwijl wanneer als die zodat",
    "sv": "och men eller för eftersom att medan när om som så",
    "da": "og men eller for fordi at mens når om som så",
    "no": "og men eller for fordi at mens når om som så",
    "pl": "i ale lub bo ponieważ że choć gdy kiedy jeśli który która które aby",
    "ru": "и но или потому что чтобы хотя когда пока если который которая которое где",
    "uk": "і й та але або бо тому що щоб хоча коли поки якщо який яка яке де",
    "tr": "ve ama veya çünkü ki eğer",
    "ar": "ولكن لكن أو لأن عندما حتى إذا الذي التي",
    "hi": "और लेकिन या क्योंकि कि जब जो अगर ताकि",
    "ko": "그리고 하지만 또는 왜냐하면",
}
_WORD = re.compile(r"\w+")
_STRONG_MARKS = frozenset(";:；：—–…؛।")
_WEAK_MARKS = frozenset(",،、，")
_UNSPACED = frozenset({"CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"})


def _parts(sentence: str, language: str) -> list[tuple[str, Cut]]:
    """A sentence whole, or, when it is too long for a scene, in parts that may be cut."""
    if estimate_ms(sentence, language) <= LONGEST_SCENE_MS:
        return [(sentence, Cut.SENTENCE)]
    conjunctions = frozenset(_CONJUNCTIONS.get(language.partition("-")[0].lower(), "").split())
    parts = []
    start = 0
    for position, cut in _possible_cuts(sentence, conjunctions):
        parts.append((sentence[start:position], cut))
        start = position
    return [*parts, (sentence[start:], Cut.SENTENCE)]


def _possible_cuts(sentence: str, conjunctions: frozenset[str]) -> Iterator[tuple[int, Cut]]:
    spoken = [position for position, character in enumerate(sentence) if character.isalnum()]
    for position in range(spoken[0] + 1, spoken[-1] + 1):
        before, after = sentence[position - 1], sentence[position]
        cut = None
        if after.isspace():
            continue
        if before.isspace():
            cut = _cut_at_space(sentence, position, conjunctions)
        elif before == "\u200b":
            cut = Cut.WORDS
        elif writing_system(after) in _UNSPACED and unicodedata.category(after)[0] == "L":
            cut = _cut_between_characters(sentence, position)
        if cut:
            yield position, cut


def _cut_at_space(sentence: str, position: int, conjunctions: frozenset[str]) -> Cut:
    end = position - 1
    while end and sentence[end - 1].isspace():
        end -= 1
    mark, behind_space = sentence[end - 1 : end], sentence[end - 2 : end - 1].isspace()
    if mark in _STRONG_MARKS or (mark == "-" and behind_space):
        return Cut.CLAUSE
    if mark in _WEAK_MARKS:
        return Cut.COMMA
    word = _WORD.match(sentence, position)
    return Cut.CONJUNCTION if word and word[0].casefold() in conjunctions else Cut.WORDS


def _cut_between_characters(sentence: str, position: int) -> Cut | None:
    before, after = sentence[position - 1], sentence[position]
    if before in _STRONG_MARKS:
        return Cut.CLAUSE
    if before in _WEAK_MARKS:
        return Cut.COMMA
    systems = writing_system(before), writing_system(after)
    if systems[0] not in _UNSPACED:
        return None
    if systems[0] == "HIRAGANA" and systems[1] in {"CJK", "KATAKANA"}:  # a particle has just ended
        return Cut.PHRASE
    if not may_part(sentence, position):
        return None
    return Cut.WORDS if position in word_starts(sentence) else Cut.CHARACTERS


def group_into_scenes(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The cheapest way to part all pieces, in order, into scenes: cuts hurt by kind, scenes by unhandy length.

    Paragraphs share a scene only when both are tiny, or one is no more than a beat.
    """
    paragraphs: Counter[int] = Counter()
    for piece in pieces:
        paragraphs[piece.passage.paragraph] += piece.spoken_ms

    spoken = [piece.spoken_ms for piece in pieces]
    silences = [silence_after(piece, is_last=False) for piece in pieces]
    pauses = [piece.pause_after_ms for piece in pieces]
    joins = [_join_cost(piece, following, paragraphs) for piece, following in pairwise(pieces)]
    cuts = [piece.cut.value for piece in pieces]

    best = [0.0] + [math.inf] * len(pieces)
    starts = [0] * (len(pieces) + 1)
    for end in range(1, len(pieces) + 1):
        start = end - 1
        length, joined = spoken[start] + pauses[start], 0.0
        while True:
            cost = best[start] + _length_cost(length) + joined + (cuts[start - 1] if start else 0)
            if cost < best[end]:
                best[end], starts[end] = cost, start
            start -= 1
            if start < 0 or joins[start] == math.inf:
                break
            length += spoken[start] + silences[start]
            joined += joins[start]
            if length > _HARD_LIMIT_MS + pauses[end - 1]:
                break
    scenes = []
    end = len(pieces)
    while end:
        scenes.append(list(pieces[starts[end] : end]))
        end = starts[end]
    return scenes[::-1]


def scene_ms(scene: Sequence[Piece]) -> int:
    """How long a scene lasts, with its pauses."""
    return sum(piece.spoken_ms + silence_after(piece, is_last=piece is scene[-1]) for piece in scene) or 1


def silence_after(piece: Piece, *, is_last: bool) -> int:
    """The silence after a piece of a scene: the pause that was written, or a breath between passages."""
    if is_last or piece.cut not in {Cut.PARAGRAPH, Cut.PASSAGE}:
        return piece.pause_after_ms
    return piece.pause_after_ms or BREATH_MS


def _length_cost(milliseconds: int) -> float:
    cost = ((milliseconds / 1000 - _BEST_SCENE_SECONDS) / 8) ** 2
    if milliseconds < SHORTEST_SCENE_MS:
        cost += (SHORTEST_SCENE_MS - milliseconds) / 2000
    if milliseconds > LONGEST_SCENE_MS:
        cost += (milliseconds - LONGEST_SCENE_MS) / 700
    return cost


def _join_cost(piece: Piece, following: Piece, paragraphs: Counter[int]) -> float:
    if following.starts_scene:
        return math.inf
    if piece.cut is not Cut.PARAGRAPH:
        return 0.0
    lengths = paragraphs[piece.passage.paragraph], paragraphs[following.passage.paragraph]
    if max(lengths) < _TINY_MS:
        return 0.4
    return 0.9 if min(lengths) < _MERE_BEAT_MS else math.inf

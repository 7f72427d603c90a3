"""A text's words between its punctuation, and which of them carry no meaning by themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from vidgen_pipeline.domain.text import is_speakable, writing_system


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word and where it stands in its text. `term` is what one would search for; `content` that it carries meaning.

    In a script without spaces a "word" is a run of characters that belong together.
    """

    start: int
    end: int
    term: str
    content: bool
    capitalised: bool

    @property
    def number(self) -> bool:
        return any(character.isdigit() or character in _CHINESE_NUMERALS for character in self.term)


@dataclass(frozen=True, kw_only=True)
class Clause:
    """The words between two marks of punctuation."""

    words: tuple[Word, ...]
    starts_sentence: bool
    ends_sentence: bool
    spaced: bool


class StopWords:
    """The words of a language that carry no meaning by themselves.

    For a language without a list they are guessed from `texts`: very short words, and those used most.
    """

    def __init__(self, language: str, texts: Iterable[str]) -> None:
        self.tag = language.partition("-")[0].lower()
        self._listed = _listed(self.tag)
        self._guessed: frozenset[str] = frozenset()
        if not self._listed:
            counts = Counter(_bare(chunk).lower() for text in texts for chunk in text.split())
            often = max(3, counts.total() // 40)
            self._guessed = frozenset(word for word, count in counts.items() if len(word) <= 3 or count >= often)

    def __contains__(self, term: str) -> bool:
        return term in self._listed or term in self._guessed or (len(term) == 1 and not _unspaced(term))

    def longest_at(self, text: str, position: int) -> int:
        """How many characters of a text without spaces are a stop word, from `position` on; 0 when none."""
        for length in range(min(6, len(text) - position), 0, -1):
            candidate = text[position : position + length]
            if candidate in _ONE_CHARACTER_STOPS or (length >= _SHORTEST_STOP.get(self.tag, 2) and candidate in self):
                return length
        return 0


# Characters that are nearly always a word by themselves; most others of the list also begin longer words.
_ONE_CHARACTER_STOPS = frozenset(
    "的了是在和与與也都就而被把着著吗嗎呢吧啊很不它他她我你们們这這那会會于於为為从從每种種里裡之"
)
# Short entries are found inside of longer words, which must not be cut there.
_SHORTEST_STOP = {"th": 3, "lo": 3, "km": 3, "my": 3}

# The English list is made for search engines and counts these as empty; a viewer does not.
_NOT_EMPTY = {
    "en": "area areas best better biggest billion book bottom computer eight eleven empty face faces fact facts "
    "fifteen fifty fire five forty four full good great greatest group groups half high highest home hundred important "
    "information interesting invention large longest long members million nine ninety novel number numbers old oldest "
    "open order page pages people point points problem problems proud research results right ring room rooms secret "
    "serious seven seventy sincere six sixty small smallest state states strong system ten text thick thin thirty "
    "thousand top trillion twelve twenty work world year years young younger youngest zero",
}
# Words that only serve others and are missing in some lists.
_ALSO_EMPTY = {
    "en": "lot lots bit kind sort isn't it's that's there's really actually simply",
    "de": "gar etwa fast ganz sogar schließlich dabei ob je beim zum zur ins vom am im gibt lässt",
    "fr": "l d c j m n s t qu lorsqu jusqu y en est",
    "zh": "认为 認為 可能 可以 已经 已經 因为 因為 所以 无论 無論 还是 還是",
}


@lru_cache(maxsize=32)
def _listed(tag: str) -> frozenset[str]:
    import stopwordsiso  # noqa: PLC0415 - reads all languages' lists when it is imported

    listed = frozenset(word.lower().replace("’", "'") for word in stopwordsiso.stopwords(tag))
    listed -= frozenset(_NOT_EMPTY.get(tag, "").split())
    return listed | frozenset(_ALSO_EMPTY.get(tag, "").split()) if listed else listed


DETERMINERS = {
    "en": "a an the my your his her its our their this these those no every each some two three how why",
    "de": "der die das den dem des ein eine einen einem einer eines mein meine dein deine sein seine ihr ihre unser "
    "unsere kein keine jeder jede jedes dieser diese dieses zwei drei wie warum",
    "fr": "le la les un une des du mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces "
    "chaque deux trois",
    "es": "el la los las un una unos unas mi mis tu tus su sus este esta estos estas cada dos tres",
    "pt": "o a os as um uma uns umas meu minha seu sua seus suas este esta cada dois duas três",
    "it": "il lo la i gli le un uno una mio mia suo sua loro questo questa ogni due tre",
    "nl": "de het een mijn jouw zijn haar ons onze hun deze dit elke twee drie",
    "sv": "en ett den det de min din sin varje två tre",
    "da": "en et den det de min din sin hver to tre",
    "no": "en et ei den det de min din sin hver to tre",
}
"""Words that open a phrase about a thing: one may begin with them, and misses them when they are cut off."""

_CHUNK = re.compile(r"[^\s—…\u200b]+|[—…]+")
_ABBREVIATIONS = "dr mr mrs ms st prof no vs sr sra jr hr fr nr e.g i.e z.b u.a d.h bzw ca"
_SENTENCE_MARKS = frozenset(".!?。！？؟।۔…")
_KEPT_AT_EDGES = frozenset("%#&@°")
_CONTRACTIONS = frozenset({"s", "re", "ve", "ll", "d", "m", "t"})
_ELIDING = frozenset({"fr", "it", "ca", "oc"})
_UNSPACED = frozenset({"CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"})
# What a French verb may take behind a hyphen: "est-il".
_INVERTED = re.compile(r"(?:-t)?-(?:il|elle|on|ils|elles|ce|je|tu|nous|vous|là|ci)$")
# After a Japanese noun stands one of these; other kana behind a kanji spell the end of a verb or adjective.
_JAPANESE_PARTICLES = frozenset("はがをにでとものへ")
_CHINESE_NUMERALS = frozenset("〇零一二三四五六七八九十百千万萬亿億两兩")
_KOREAN_PARTICLES = (
    "에서",
    "으로",
    "에게",
    "까지",
    "부터",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "로",
    "와",
    "과",
    "도",
)


def clauses(text: str, stop_words: StopWords) -> list[Clause]:
    """The text's clauses, each with at least one word."""
    found: list[Clause] = []
    words: list[Word] = []
    starts_sentence = True
    for word, mark in _words_and_marks(text, stop_words):
        if word:
            words.append(word)
        if not mark or (not words and mark != "."):
            continue
        ends_sentence = mark == "."
        if words:
            found.append(_clause(text, words, starts_sentence=starts_sentence, ends_sentence=ends_sentence))
        words, starts_sentence = [], ends_sentence
    if words:
        found.append(_clause(text, words, starts_sentence=starts_sentence, ends_sentence=True))
    return found


def _clause(text: str, words: list[Word], *, starts_sentence: bool, ends_sentence: bool) -> Clause:
    spaced = not any(_unspaced(character) for word in words for character in text[word.start : word.end])
    return Clause(words=tuple(words), starts_sentence=starts_sentence, ends_sentence=ends_sentence, spaced=spaced)


def _words_and_marks(text: str, stop_words: StopWords) -> Iterator[tuple[Word | None, str]]:
    """Words, and behind them what ends there: "" nothing, "," a clause, "." a sentence. Marks also come alone."""
    for chunk in _CHUNK.finditer(text):
        if any(_unspaced(character) for character in chunk[0]):
            yield from _unspaced_words(chunk[0], chunk.start(), stop_words)
            yield None, "," if stop_words.tag in {"th", "lo", "km", "my"} else ""
            continue
        if not is_speakable(chunk[0]):
            # Dashes and emoji stand between clauses; "&" is a word.
            yield None, "" if chunk[0] == "&" else ","
            continue
        core = _bare(chunk[0])
        start = chunk.start() + chunk[0].index(core)
        before, after = text[chunk.start() : start], text[start + len(core) : chunk.end()]
        if before:
            yield None, ","
        if "://" in core or core.startswith("www."):
            yield None, ","
            continue
        yield _word(core, start, stop_words), _mark(core, after)


def _mark(core: str, after: str) -> str:
    if not after or (after == "." and (core.lower() in _ABBREVIATIONS.split() or len(core) == 1)):
        return ""
    return "." if any(character in _SENTENCE_MARKS for character in after) else ","


def _word(core: str, start: int, stop_words: StopWords) -> Word:
    term = core.lower().replace("’", "'")
    head, apostrophe, tail = term.partition("'")
    content = term not in stop_words
    if apostrophe and stop_words.tag in _ELIDING and len(head) <= 5:
        term, content = tail, tail not in stop_words
    elif apostrophe and tail in _CONTRACTIONS:
        term = head if tail == "s" else term
        content = content and head not in stop_words and head.removesuffix("n") not in stop_words
    if stop_words.tag == "fr" and term != (bare := _INVERTED.sub("", term)):
        term, content = bare, bare not in stop_words
    if stop_words.tag == "ko":
        term = _without_particle(term)
    return Word(
        start=start, end=start + len(core), term=term, content=content and bool(term), capitalised=core[:1].isupper()
    )


def _without_particle(term: str) -> str:
    for particle in _KOREAN_PARTICLES:
        if term.endswith(particle) and len(term) >= len(particle) + 2:
            return term.removesuffix(particle)
    return term


def _unspaced_words(chunk: str, offset: int, stop_words: StopWords) -> Iterator[tuple[Word | None, str]]:
    position = 0
    for kind, run in groupby(chunk, key=_kind):
        characters = "".join(run)
        if kind == "mark":
            yield None, "." if any(character in _SENTENCE_MARKS for character in characters) else ","
        else:
            behind = chunk[position + len(characters) :][:1]
            for start, end, content in _parts(characters, kind, behind, stop_words):
                yield _part(characters[start:end], offset + position + start, content=content), ""
        position += len(characters)


def _parts(characters: str, kind: str, behind: str, stop_words: StopWords) -> Iterator[tuple[int, int, bool]]:
    """Where words begin and end in a run of one script, and whether they carry meaning."""
    if kind == "HIRAGANA":
        yield 0, len(characters), False
        return
    if kind in {"KATAKANA", "other"} or stop_words.tag == "ja":
        inflected = kind == "CJK" and writing_system(behind or ".") == "HIRAGANA" and behind not in _JAPANESE_PARTICLES
        yield 0, len(characters), characters.lower() not in stop_words and not inflected
        return
    start = position = 0
    while position < len(characters):
        length = stop_words.longest_at(characters, position)
        if length:
            if position > start:
                yield start, position, True
            yield position, position + length, False
            start = position + length
        position += length or 1
    if start < len(characters):
        yield start, len(characters), True


def _part(characters: str, start: int, *, content: bool) -> Word:
    return Word(start=start, end=start + len(characters), term=characters.lower(), content=content, capitalised=False)


def _kind(character: str) -> str:
    system = writing_system(character)
    if system in _UNSPACED:
        return system
    if system or character.isalnum():
        return "other"
    return "mark"


def _unspaced(character: str) -> bool:
    return writing_system(character) in _UNSPACED


def _bare(chunk: str) -> str:
    """The chunk without punctuation around it."""
    start, end = 0, len(chunk)
    while start < end and not _belongs(chunk[start]):
        start += 1
    while end > start and not _belongs(chunk[end - 1]):
        end -= 1
    return chunk[start:end]


def _belongs(character: str) -> bool:
    return character.isalnum() or bool(writing_system(character)) or character in _KEPT_AT_EDGES or character in "$€£¥+"

"""What a scene is about: terms to search pictures with, and a phrase of its own words to set on the screen.

In the manner of RAKE: words that carry meaning are those left between stop words and punctuation. A run of them is a
search term; a stretch of text that begins and ends at such an edge reads like a phrase.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from vidgen_pipeline.domain.text import stem, writing_system
from vidgen_pipeline.providers.script.words import DETERMINERS, Clause, StopWords, Word, clauses

LONGEST_PHRASE_WORDS = 6
"""One more when that completes the clause."""
LONGEST_PHRASE = 36
"""Width of an on-screen phrase in letters; a Chinese or Japanese character is as wide as two."""

MOST_TERMS = 5
FEWEST_TERMS = 2

# A verb before one of these is not done.
_OBJECTS = frozenset({"it", "them", "him", "her", "us", "me"})
_TOPIC_COUNT = 3
_QUOTES = frozenset('"“”„«»‘’「」『』')


class KeyPhrases:
    """Finds terms and phrases in the parts of one text; what the whole text keeps coming back to is its topic."""

    def __init__(self, texts: Sequence[str], *, language: str, title: str) -> None:
        self._stop_words = StopWords(language, texts)
        self._determiners = frozenset(DETERMINERS.get(self._stop_words.tag, "").split())
        self._nouns_are_capitalised = self._stop_words.tag in {"de", "lb"}
        self._counts: Counter[str] = Counter()
        self._capitals: Counter[str] = Counter()
        self._words: dict[str, str] = {}
        # A title made of the first words is no second mention.
        for text in texts if title in texts[0] else (title, *texts):
            for clause in clauses(text, self._stop_words):
                for position, word in enumerate(clause.words):
                    self._count(word, starts_sentence=clause.starts_sentence and position == 0)
        most = max(self._counts.values(), default=0)
        self._topics = {key for key, count in self._counts.items() if count == most}

    def search_terms(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Two to five lower-case terms in the text's own language, most telling first; fewer when it holds no more."""
        scores: dict[str, float] = {}
        for text in texts:
            for clause in clauses(text, self._stop_words):
                for words in _content_runs(clause):
                    for term, score in self._terms_of(words, spaced=clause.spaced):
                        scores[term] = max(score, scores.get(term, 0.0))
        chosen: list[str] = []
        covered: set[str] = set()
        for term in sorted(scores, key=lambda term: (-scores[term], term)):
            stems = {stem(word) for word in term.split()}
            if len(chosen) < MOST_TERMS - 1 and not stems & covered:
                chosen.append(term)
                covered |= stems
        # What the whole text is about may be only a pronoun in this scene.
        for key, count in self._counts.most_common():
            if len(chosen) >= FEWEST_TERMS and (count < _TOPIC_COUNT or covered & self._topics):
                break
            if key not in covered:
                chosen.append(self._words[key])
                covered.add(key)
        return tuple(chosen)

    def on_screen(self, texts: Iterable[str], *, avoid: Sequence[str]) -> str:
        """A phrase that stands in one of the texts, at most LONGEST_PHRASE wide; "" when there is none.

        `avoid` are phrases shown before, in order: none is repeated, and the last is not resembled.
        """
        used = {phrase.casefold() for phrase in avoid}
        last = {stem(word) for word in avoid[-1].lower().split()} if avoid else set()
        best, best_score = "", -math.inf
        for text in texts:
            for clause in clauses(text, self._stop_words):
                for words, score in self._spans(text, clause):
                    phrase = text[words[0].start : words[-1].end]
                    stems = {stem(word.term) for word in words if word.content}
                    total = score - (
                        1.5 if stems & last and stems <= last else 0.4 * len(stems & last) / (len(stems) or 1)
                    )
                    if total > best_score and phrase.casefold() not in used:
                        best, best_score = phrase, total
        return best

    def _count(self, word: Word, *, starts_sentence: bool) -> None:
        if not word.content or word.number:
            return
        key = stem(word.term)
        self._counts[key] += 1
        self._words.setdefault(key, word.term)
        self._capitals[key] += word.capitalised and not starts_sentence

    def _weight(self, word: Word) -> float:
        """How much a word tells: long ones, names and nouns more, and what the text comes back to."""
        if not word.content:
            return 0.0
        if word.number:
            return 0.7
        key = stem(word.term)
        letters = len(word.term) * (3 if writing_system(word.term[0]) in {"CJK", "KATAKANA", "HANGUL"} else 1)
        weight = 0.5 + 0.05 * min(letters, 10)
        if self._stop_words.tag == "en" and word.term.endswith("ed"):
            weight *= 0.75
        weight *= 1 + 0.25 * math.log2(max(self._counts[key], 1))
        if self._capitals[key]:
            weight *= 1.3
        elif self._nouns_are_capitalised:
            weight *= 0.7
        if self._stop_words.tag == "en" and word.term.endswith("ly"):
            weight *= 0.5
        return weight

    def _terms_of(self, run: Sequence[Word], *, spaced: bool) -> Iterator[tuple[str, float]]:
        for word in run:
            repeated = self._counts[stem(word.term)] > 1
            yield from ((term, self._weight(word)) for term in _searchable(word.term, spaced=spaced, repeated=repeated))
        for first, second in pairwise(run if spaced else ()):
            yield f"{first.term} {second.term}", (self._weight(first) + self._weight(second)) * 0.75

    def _spans(self, text: str, clause: Clause) -> Iterator[tuple[Sequence[Word], float]]:
        words = clause.words
        for start, first in enumerate(words):
            if not first.content and start > 0 and first.term not in self._determiners:
                continue
            for end in range(start + 1, min(start + LONGEST_PHRASE_WORDS + 1, len(words)) + 1):
                if _width(text[first.start : words[end - 1].end]) > LONGEST_PHRASE:
                    break
                whole = start == 0 and end == len(words)
                if not whole and end - start > LONGEST_PHRASE_WORDS:
                    continue
                # A Japanese or Chinese clause may end with a verb's ending, which carries no meaning by itself.
                if words[end - 1].content or (end == len(words) and not clause.spaced):
                    yield words[start:end], self._score(clause, start, end) + 0.4 * _is_quoted(text, words[start:end])

    def _score(self, clause: Clause, start: int, end: int) -> float:
        words = clause.words[start:end]
        telling = [self._weight(word) for word in words if word.content]
        opens = words[0].content or words[0].term in self._determiners
        empty = sum(not word.content for word in words[opens:])
        score = sum(telling) / math.sqrt(len(telling) or 1) - 0.06 * empty - 0.1 * max(empty - 2, 0)
        if clause.spaced and len(telling) <= 1 < len(clause.words):
            score -= 0.4 if opens else 0.65
        if start == 0 and end == len(clause.words):
            score += 0.7 if clause.starts_sentence and clause.ends_sentence else 0.3
            return score if opens or clause.starts_sentence else score - 0.3
        if not clause.spaced:
            # Where words end is a guess here; a whole clause is not.
            score -= 0.6
        return score - self._loss_at_start(clause, start) - self._loss_at_end(clause, end)

    def _loss_at_start(self, clause: Clause, start: int) -> float:
        """What the phrase loses by not beginning with the clause, or by beginning like half a sentence."""
        first = clause.words[start]
        opens = first.content or first.term in self._determiners
        if start == 0:
            return 0.0 if opens else 0.25
        before = clause.words[start - 1]
        if before.term in self._determiners:
            return 0.35
        return 0.9 if before.content else 0.2

    def _loss_at_end(self, clause: Clause, end: int) -> float:
        if end == len(clause.words):
            return 0.0
        last, following = clause.words[end - 1], clause.words[end]
        if self._nouns_are_capitalised:
            # After a noun may come a verb; a verb wants what comes after it.
            return 0.25 if last.capitalised else 0.6
        if last.capitalised and following.content and not following.capitalised:
            return 0.35  # the end of a name
        if following.content or following.term in _OBJECTS:
            return 0.9
        # Before an article mostly stands a verb or preposition that wants what the article opens.
        return 0.5 if following.term in self._determiners else 0.15


def shorten(text: str, longest: int, language: str) -> str:
    """The text's first words, at most `longest` characters: to the end of a clause, else to a word that tells."""
    if len(text) <= longest:
        return text
    shown = [
        [word for word in clause.words if word.end < longest]
        for clause in clauses(text[: longest + 1], StopWords(language, [text]))
    ]
    *whole, last = [words for words in shown if words] or [[]]
    if whole and whole[-1][-1].end >= longest // 2:
        last = whole[-1]
    while len(last) > 1 and not last[-1].content:
        last = last[:-1]
    if not last:
        return text[:longest]
    start, end = shown[0][0].start if shown[0] else 0, last[-1].end
    return text[start:end] + (text[end] if text[end] in "?!？！؟" else "")


def _is_quoted(text: str, words: Sequence[Word]) -> bool:
    before, after = text[: words[0].start][-1:], text[words[-1].end :][:2].lstrip(".,!?")[:1]
    return before in _QUOTES and after in _QUOTES if before and after else False


def _content_runs(clause: Clause) -> Iterator[Sequence[Word]]:
    run: list[Word] = []
    for word in clause.words:
        if word.content and not word.number:
            run.append(word)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _searchable(term: str, *, spaced: bool, repeated: bool) -> list[str]:
    """What of a word can be searched for; a long run without spaces is cut where Chinese words mostly end."""
    letters = sum(character.isalpha() for character in term)
    if spaced:
        return [term] if letters >= 2 else []
    if writing_system(term[0]) != "CJK":
        return [term] if 2 <= letters <= 20 else []
    if letters == 5:
        return [term[:2], term[2:]]
    if letters == 6:
        return [term[:2], term[2:4], term[4:]]
    return [term[-4:]] if letters >= 2 or repeated else []


def _width(text: str) -> int:
    return sum(2 if writing_system(character) in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"} else 1 for character in text)

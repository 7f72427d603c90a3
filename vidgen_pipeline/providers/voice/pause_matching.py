"""Which clauses of a text are heard in which stretches of speech, judged by lengths and pauses alone.

Readers pause at most punctuation, seldom elsewhere. So clauses and stretches, both in order, are matched in small
groups: one clause to some stretches, or some clauses to one stretch, at the least cost in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from vidgen_pipeline.providers.voice.sound import Span

# Costs, in seconds of unexpected length (squared, for each second expected). Fitted on narration of two engines whose
# word times are known; results hardly change when these are doubled or halved.
_PAUSE_INSIDE_CLAUSE = 4.0  # a second of pause, beyond what a word may hold
_PAUSE_IN_WORD_MS = 100.0
_NO_PAUSE_AT_COMMA = 0.1
_NO_PAUSE_AT_SENTENCE_END = 1.0

_MOST_IN_GROUP = 8
_STRAY_MS = 5000.0  # how far text and sound may be apart, beside a tenth of the whole
_SHORTEST_CLAUSE_MS = 50.0


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the text between two marks: how long it takes, compared with others, and whether it ends a sentence."""

    weight: float
    ends_sentence: bool


@dataclass(frozen=True, slots=True)
class Match:
    """Clauses `clauses.start` up to `clauses.stop` are heard in these stretches."""

    clauses: range
    stretches: range


def match_clauses(clauses: Sequence[Clause], speech: Sequence[Span]) -> list[Match]:
    """Every clause and every stretch in exactly one match, in order. Neither may be empty."""
    heard = [0.0, *accumulate(span.duration_ms for span in speech)]
    scale = heard[-1] / sum(clause.weight for clause in clauses)
    expected = [0.0, *accumulate(clause.weight * scale for clause in clauses)]
    pauses = [0.0, *accumulate(_pause_cost(left, right) for left, right in pairwise(speech)), 0.0]
    unpaused = [0.0, *accumulate(_unpaused_cost(clause) for clause in clauses)]
    stray = _STRAY_MS + heard[-1] / 10

    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for stretch in range(len(speech)):
        for clause in range(len(clauses)):
            here = best.get((stretch, clause))
            if here is None:
                continue
            for next_stretch, next_clause in _steps(stretch, clause, len(speech), len(clauses)):
                if abs(heard[next_stretch] - expected[next_clause]) > stray:
                    continue
                cost = (
                    here[0]
                    + _length_cost(heard[next_stretch] - heard[stretch], expected[next_clause] - expected[clause])
                    + (pauses[next_stretch - 1] - pauses[stretch])
                    + (unpaused[next_clause - 1] - unpaused[clause])
                )
                known = best.get((next_stretch, next_clause))
                if known is None or cost < known[0]:
                    best[next_stretch, next_clause] = (cost, (stretch, clause))
    return _traced(best, len(speech), len(clauses))


def _steps(stretch: int, clause: int, stretches: int, clauses: int) -> list[tuple[int, int]]:
    """What may be matched next: one clause to some stretches or some clauses to one; both run out together."""
    reach = [(stretch + count, clause + 1) for count in range(1, _MOST_IN_GROUP + 1)]
    reach += [(stretch + 1, clause + count) for count in range(2, _MOST_IN_GROUP + 1)]
    return [
        (at, then)
        for at, then in reach
        if at <= stretches and then <= clauses and (at == stretches) == (then == clauses)
    ]


def _length_cost(heard_ms: float, expected_ms: float) -> float:
    return (heard_ms - expected_ms) ** 2 / max(expected_ms, _SHORTEST_CLAUSE_MS) / 1000


def _pause_cost(left: Span, right: Span) -> float:
    return _PAUSE_INSIDE_CLAUSE * max(right.start_ms - left.end_ms - _PAUSE_IN_WORD_MS, 0.0) / 1000


def _unpaused_cost(clause: Clause) -> float:
    return _NO_PAUSE_AT_SENTENCE_END if clause.ends_sentence else _NO_PAUSE_AT_COMMA


def _traced(best: dict[tuple[int, int], tuple[float, tuple[int, int]]], stretches: int, clauses: int) -> list[Match]:
    """The way that led to the end; one match of all with all where none did (the sound is of another text)."""
    at = (stretches, clauses)
    if at not in best:
        return [Match(range(clauses), range(stretches))]
    matches: list[Match] = []
    while at != (0, 0):
        before = best[at][1]
        matches.append(Match(range(before[1], at[1]), range(before[0], at[0])))
        at = before
    return matches[::-1]

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from vidgen_pipeline.providers.voice.pause_matching import Clause, match_clauses
from vidgen_pipeline.providers.voice.sound import Span


def spans(*lengths_and_pauses: int) -> list[Span]:
    """Speech and pauses in turn, in ms."""
    found, at = [], 0
    for index, length in enumerate(lengths_and_pauses):
        if index % 2 == 0:
            found.append(Span(at, at + length))
        at += length
    return found


def pairs(clauses: list[Clause], speech: list[Span]) -> list[tuple[list[int], list[int]]]:
    return [(list(match.clauses), list(match.stretches)) for match in match_clauses(clauses, speech)]


def test_clauses_meet_the_stretches_of_their_length():
    clauses = [Clause(5, True), Clause(20, False), Clause(10, True)]
    assert pairs(clauses, spans(500, 300, 2000, 300, 1000)) == [([0], [0]), ([1], [1]), ([2], [2])]


def test_a_short_gap_inside_a_clause_is_kept_inside():
    clauses = [Clause(20, True), Clause(10, True)]
    assert pairs(clauses, spans(1000, 90, 1000, 350, 1000)) == [([0], [0, 1]), ([1], [2])]


def test_a_comma_without_a_pause_shares_its_stretch():
    clauses = [Clause(10, False), Clause(10, True), Clause(20, True)]
    assert pairs(clauses, spans(2000, 300, 2000)) == [([0, 1], [0]), ([2], [1])]


def test_the_long_pause_is_the_sentence_end_even_if_lengths_mislead():
    clauses = [Clause(14, False), Clause(10, True), Clause(16, True)]
    assert pairs(clauses, spans(2000, 120, 400, 400, 1600))[-1] == ([2], [2])


@given(
    st.lists(st.tuples(st.floats(0.5, 60), st.booleans()), min_size=1, max_size=25),
    st.lists(st.integers(15, 3000), min_size=1, max_size=41),
)
def test_nothing_is_left_out_and_order_is_kept(clauses: list[tuple[float, bool]], lengths: list[int]):
    speech = spans(*lengths)
    matches = match_clauses([Clause(*clause) for clause in clauses], speech)
    assert list(chain.from_iterable(match.clauses for match in matches)) == list(range(len(clauses)))
    assert list(chain.from_iterable(match.stretches for match in matches)) == list(range(len(speech)))

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.word_breaks import is_in_word, may_part, word_starts


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("เก่ง", {3}),  # a vowel written first, and a mark
        ("ນ້ຳ", set()),
        ("ខ្មែរ", {4}),  # the second letter is written below the first
        ("မင်္ဂလာ", {5}),  # so it is here
        ("ကျွန်", set()),  # the last letter has no vowel of its own
        ("きゃく", {2}),
        ("ab", {1}),
    ],
)
def test_letters_are_not_parted_from_what_belongs_to_them(text: str, places: set[int]) -> None:
    assert {place for place in range(1, len(text)) if may_part(text, place)} == places


def test_words_of_other_scripts_are_not_looked_for() -> None:
    assert word_starts("Where words begin, 你好") == frozenset()
    assert not is_in_word("words", 2)

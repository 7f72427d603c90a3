"""Where Thai words begin: the script puts no spaces between them."""

from __future__ import annotations

from functools import cache
from itertools import accumulate

from budoux import Parser, load_default_thai_parser


def thai_word_starts(text: str) -> list[int]:
    """The positions in `text` at which a word begins, but for its first."""
    lengths = [len(word) for word in _parser().parse(text)]
    return list(accumulate(lengths))[:-1]


@cache
def _parser() -> Parser:
    return load_default_thai_parser()

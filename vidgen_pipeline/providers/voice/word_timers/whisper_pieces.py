"""What whisper says of a known text, led back to the words of the script.

It speaks of pieces: words, parts of words and marks, each with a time and with how likely it is to be what is heard.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import median

from vidgen_pipeline.providers.voice.script_words import ScriptWord
from vidgen_pipeline.providers.voice.sound import Span

LEAST_LIKELY = 0.05
"""Half of a right text's pieces are likelier: 0.88 and more for English, 0.057 for Chinese by a robot's voice, 0.035
and less for wrong texts, where it was measured."""

_UNSAID = frozenset({"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn"})
_SAID = frozenset("°℃℉№")
_VARIANTS = frozenset(map(chr, range(0xFE00, 0xFE10)))


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters of the text, when they are heard, in ms, and how likely they are what is heard, 0 to 1."""

    text: str
    start_ms: float
    end_ms: float
    likelihood: float


def readable(text: str) -> str:
    """The text as whisper is to read it: emoji and invisible signs, which it would look for in the sound, left out."""
    kept = (" " if _is_unsaid(sign) else sign for sign in text)
    return " ".join("".join(kept).split())


def is_likely(pieces: Sequence[Piece]) -> bool:
    """Whether the pieces are what is heard."""
    said = [piece.likelihood for piece in pieces if any(map(str.isalnum, piece.text))]
    return bool(said) and median(said) >= LEAST_LIKELY


def spans_of_pieces(text: str, words: Sequence[ScriptWord], pieces: Sequence[Piece]) -> list[Span | None]:
    """When each word is heard: from its first letter's piece to its last one's. None for a word with no such piece.

    Characters that the engine changed or left out are passed over.
    """
    said = [(character, piece) for piece in pieces for character in piece.text.casefold() if character.isalnum()]
    written = [
        (folded, position)
        for position, character in enumerate(text)
        for folded in character.casefold()
        if folded.isalnum()
    ]
    matcher = SequenceMatcher(None, [one for one, _ in written], [one for one, _ in said], autojunk=False)
    piece_at: dict[int, Piece] = {}
    for place, start, size in matcher.get_matching_blocks():
        for offset in range(size):
            piece_at[written[place + offset][1]] = said[start + offset][1]
    spans: list[Span | None] = []
    for word in words:
        own = [piece_at[position] for position in range(word.start, word.end) if position in piece_at]
        spans.append(Span(own[0].start_ms, max(own[0].start_ms, own[-1].end_ms)) if own else None)
    return spans


def _is_unsaid(sign: str) -> bool:
    return sign in _VARIANTS or (unicodedata.category(sign) in _UNSAID and sign not in _SAID)

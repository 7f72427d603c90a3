"""Pronunciations in the phones of the CMU dictionary, which the English acoustic model knows, from those in IPA."""

from __future__ import annotations

import re

_R_COLOURED = re.compile("[ɜə]ɹ")  # one phone in that dictionary
# The letters A, I, O, W, Y and T are our voice's signs for five diphthongs and the flapped t.
_PHONES = {
    "A": "EY", "I": "AY", "O": "OW", "Q": "OW", "W": "AW", "Y": "OY", "T": "T", "ʤ": "JH", "ʧ": "CH",
    "a": "AA", "ɐ": "AH", "ɑ": "AA", "ɒ": "AA", "æ": "AE", "e": "EY", "ə": "AH", "ᵊ": "AH", "ɚ": "ER", "ɛ": "EH",
    "ɜ": "ER", "i": "IY", "ɪ": "IH", "ᵻ": "IH", "o": "OW", "ɔ": "AO", "u": "UW", "ʊ": "UH", "ʌ": "AH", "y": "IY",
    "b": "B", "c": "K", "ç": "HH", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "h": "HH", "j": "Y", "k": "K", "l": "L",
    "m": "M", "n": "N", "ŋ": "NG", "p": "P", "q": "K", "r": "R", "ɹ": "R", "ɾ": "D", "s": "S", "ʃ": "SH", "t": "T",
    "ʔ": "T", "θ": "TH", "v": "V", "w": "W", "x": "K", "z": "Z", "ʒ": "ZH",
}  # fmt: skip


def arpabet(ipa: str) -> list[str]:
    """The phones of one word; stress, punctuation and what has no counterpart are left out."""
    return [_PHONES[sign] for sign in _R_COLOURED.sub("ɚ", ipa) if sign in _PHONES]

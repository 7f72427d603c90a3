"""Written English as the words to say: "$3.2bn" becomes "3.2 billion dollars".

It goes token by token, so that what is heard can be led back to what is written. A form holds only letters, digits and
the few signs and marks that the English engine reads well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import stopwordsiso

from vidgen_pipeline.providers.voice.english.names import say_abbreviation, say_file, say_link
from vidgen_pipeline.providers.voice.english.number_words import say_number
from vidgen_pipeline.providers.voice.english.written import Token, mark_of, take_apart

_MARKS = ",.;:!?…—"
_JOINED = re.compile(
    r"(\.{2,}|—+|(?<=[^\W\d_])–(?=[^\W\d_])|[,;!?]+(?=[^\W\d_])|:(?=[^\W\d_])"
    r"|(?<=[0-9]),(?=[0-9])|(?<=[a-z]{2})\.(?=[A-Z][a-z]))"
)
_FACES = re.compile(r"[:;]'?-?[()\[\]DPpOo3/\\|*]|[xX]D|<3+|\^_\^")
_SIGN_WORDS = {
    "&": "and", "+": "plus", "=": "equals", "%": "percent", "@": "at", "×": "times", "÷": "divided by",
    "<": "less than", ">": "greater than", "°": "degrees", "$": "dollars", "£": "pounds", "€": "euros", "¥": "yen",
    "₹": "rupees",
}  # fmt: skip
_POWERS = {"^2": " squared", "^3": " cubed"}
_LONGEST_SPELLED = 3  # shorter ones may be initials: US, IT, WHO
_UNREADABLE = re.compile(rf"[^A-Za-z0-9\u00c0-\u024f'&+/ {_MARKS}-]")


def spoken_forms(tokens: Sequence[str]) -> list[str]:
    """What is said for each whitespace-separated token of one sentence; "" for a silent one (an emoji, a lone dash).

    Pauses that a silent token or a bracket asks for are marked on the word before it. A word in letters the English
    voice can't read is silent too, and gets a pause to be seen in.
    """
    forms: list[str] = []
    for token in take_apart(tokens):
        said, short = _say(token)
        said = _readable(said)
        spelling = token.mark == "." and (said.endswith(".") or (short and not token.last))
        if token.aside:
            _pause(forms, ",")
        if said:
            forms.append(said + ("" if spelling else token.mark))
        else:
            _pause(forms, token.mark or ("," if token.core else ""))
            forms.append("")
    return forms


def _pause(forms: list[str], mark: str) -> None:
    """Put the mark on the last word said, unless one is there."""
    for index in range(len(forms) - 1, -1, -1):
        if forms[index]:
            if forms[index][-1] not in _MARKS:
                forms[index] += mark
            return


def _say(token: Token) -> tuple[str, bool]:
    """What is said for the token's core, without its mark, and whether the core is an abbreviation."""
    if not token.core or _FACES.fullmatch(token.core):
        return "", False
    for say in (say_link, say_number):
        if (said := say(token)) is not None:
            return said, False
    if (said := say_abbreviation(token)) is not None:
        return said, True
    pieces = _JOINED.split(token.core)
    if len(pieces) > 1:
        return _say_joined(token, pieces), False
    if (said := say_file(token)) is not None:
        return said, False
    return _say_compound(token), False


def _say_joined(token: Token, pieces: list[str]) -> str:
    """Words that touch through punctuation: "wait…what", "in—out"."""
    said = ""
    for piece, between in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        word = _say(replace(token, core=piece, before="", after="", mark=mark_of(between)))[0] if piece else ""
        said = f"{said} {word}{mark_of(between)}" if word else said
    return said.strip()


def _say_compound(token: Token) -> str:
    """A word, or parts joined by hyphens and slashes of which some are numbers: "10-year-old", "and/or"."""
    parts = re.split("[-–/]", token.core)
    if len(parts) == 1 or not ("/" in token.core or any(any(map(str.isdigit, part)) for part in parts)):
        return _say_word(token.core)
    said: list[str] = []
    numbers = [bool(re.fullmatch("[0-9]+", part)) for part in parts]
    for index, part in enumerate(parts):
        if index and numbers[index] and numbers[index - 1] and sum(numbers) == 2:
            said.append("to")
        alone = replace(token, core=part, before="", after="", apostrophe=False)
        said.append((say_number(alone) or _say_word(part)) if part else "")
    return " ".join(filter(None, said))


def _say_word(word: str) -> str:
    if word in _SIGN_WORDS:
        return _SIGN_WORDS[word]
    if len(word) > _LONGEST_SPELLED and word.isupper() and word.lower() in _common_words():
        return word.lower()  # shouted, not spelled
    for written, said in _POWERS.items():
        word = word.replace(written, said)
    for sign in "=×÷<>%@€£$°":
        word = word.replace(sign, f" {_SIGN_WORDS[sign]} ")
    word = re.sub("[0-9]{16,}", lambda digits: " ".join(digits[0]), word.replace("_", " "))
    return _readable(word).strip(".,/- ")


def _readable(said: str) -> str:
    """What the engine can read of it; empty when no letter or digit is left."""
    kept = " ".join(_UNREADABLE.sub("", _closest_letters(said)).split())
    return kept if any(map(str.isalnum, kept)) else ""


@cache
def _common_words() -> frozenset[str]:
    return frozenset(stopwordsiso.stopwords("en"))


def _closest_letters(word: str) -> str:
    """Latin letters beyond the common ones without their accents (ắ as a), so that they are not lost."""
    return "".join(letter if letter < "\u0250" else unicodedata.normalize("NFD", letter)[0] for letter in word)

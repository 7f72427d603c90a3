"""One written token taken apart for reading aloud: its core, its punctuation, its neighbours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

# Before Unicode's own simplification, which would read ½ as "1⁄2" and drop the height of ².
_PLAIN = str.maketrans(
    {
        "’": "'", "‘": "'", "ʼ": "'", "′": "'", "‐": "-", "‑": "-", "‒": "-", "−": "-", "―": "—", "№": "#", "⁄": "/",
        "℃": "°C", "℉": "°F", "²": "^2", "³": "^3", "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3",
        "™": None, "®": None, "©": None,
    }
)  # fmt: skip
_OPENING = "([{\"“”„«»‹›¿¡*_`'"
_CLOSING = ")]}\"“”«»‹›*_`'|"
_MARKS = ".,;:!?—–"
_BRACKETS = frozenset("()[]{}")
_NAMED_SIGNS = frozenset("&%+=@°$£€¥₹×÷<>")
_STRONGEST_FIRST = "?!.—:;,"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token's core, free of quotes and punctuation, and what stands around it.

    `mark` is the pause or tone its punctuation asks for, `aside` whether a bracket or dash opens before it,
    `apostrophe` whether one leads it, `dotted` whether a full stop followed the core. `before` and `after` are the
    neighbours' cores; `last` is true of the sentence's last token that has a core.
    """

    core: str
    mark: str = ""
    aside: bool = False
    apostrophe: bool = False
    dotted: bool = False
    before: str = ""
    before_that: str = ""
    after: str = ""
    last: bool = False

    @property
    def describes_next(self) -> bool:
        """Whether it stands as an adjective, such as the amount in "a $5 coffee"."""
        return self.before.lower() in {"a", "an"} and self.after[:1].isalpha() and not self.mark


def take_apart(tokens: Sequence[str]) -> list[Token]:
    """Every token of one sentence, with its neighbours in view."""
    alone = [_take_apart(token) for token in tokens]
    cores = ["", "", *(token.core for token in alone if token.core), ""]
    whole: list[Token] = []
    at = 2
    for token in alone:
        if not token.core:
            whole.append(token)
            continue
        before_that, before, after = cores[at - 2], cores[at - 1], cores[at + 1]
        last = at == len(cores) - 2
        whole.append(replace(token, before_that=before_that, before=before, after=after, last=last))
        at += 1
    return whole


def mark_of(punctuation: str) -> str:
    """The one mark that the reading voice follows, of all that were written; empty when there is none."""
    if ".." in punctuation:
        return "…"
    return next((mark for mark in _STRONGEST_FIRST if mark in punctuation.replace("–", "—")), "")


def _take_apart(token: str) -> Token:
    text = _plain(token)
    body = text.lstrip(_OPENING + _MARKS)
    opening = text[: len(text) - len(body)]
    if opening.endswith(".") and not opening.endswith("..") and body[:1].isdigit():
        body = "." + body
    core = body.rstrip(_CLOSING + _MARKS)
    closing = body[len(core) :]
    if len(core) > 1 and core.endswith("-"):
        core, closing = core.rstrip("-"), closing + "—"
    if not any(character.isalnum() or character in _NAMED_SIGNS for character in core):
        return Token(core="", mark=mark_of(text.replace("-", "—")))
    return Token(
        core=core,
        mark=mark_of(closing) or ("," if _BRACKETS & set(closing) and not _BRACKETS & set(core) else ""),
        aside=bool((_BRACKETS | set("—–")) & set(opening)),
        apostrophe=opening.endswith("'"),
        dotted="." in closing and ".." not in closing,
    )


def _plain(token: str) -> str:
    """The token in plain letters, digits and signs: no emoji, nothing invisible, one shape of quote and dash."""
    text = unicodedata.normalize("NFKC", token.translate(_PLAIN))
    text = re.sub(r"\]\([^)]*\)?", "]", "".join(map(_plain_character, text)))  # the address of a Markdown link
    return " ".join(re.sub("-{2,}", "—", text).split())


def _plain_character(character: str) -> str:
    if character in "^°`":
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    return "" if category[0] in "CM" or category in {"So", "Sk"} else character

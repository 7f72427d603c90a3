"""The made-up collection of every stock site: for any words there are photos and clips that show them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

AUTHORS = ("Jane Roe", "Ravi Demo", "Ana Muster", "Tom Beispiel", "Mei Sample")

_FOUND = 12
_SHAPES = {"landscape": (16, 9), "portrait": (9, 16), "square": (1, 1)}
_MIXED = ("landscape", "portrait", "landscape", "square")
_SECONDS = (12, 20, 8, 15, 5, 30)


@dataclass(frozen=True)
class Exhibit:
    """A photo or clip. `words` are what the site says of it; `shape` is `(16, 9)` or the like; times in seconds."""

    number: int
    words: str
    shape: tuple[int, int]
    seconds: int
    author: str

    def size(self, short_side: int) -> tuple[int, int]:
        """Width and height in px, even, with this shorter side."""
        unit = short_side / min(self.shape)
        return round(self.shape[0] * unit / 2) * 2, round(self.shape[1] * unit / 2) * 2


class Shelf:
    """What one account was shown so far, to be found again by number."""

    def __init__(self) -> None:
        self._shown: dict[int, Exhibit] = {}

    def find(self, words: str, orientation: str | None) -> list[Exhibit]:
        """What the site has for the words, best first. Words with a digit in them are found nowhere."""
        found = [] if any(letter.isdecimal() for letter in words) else list(_exhibits(words, orientation))
        self._shown.update({exhibit.number: exhibit for exhibit in found})
        return found

    def known(self, number: int) -> Exhibit | None:
        """What was shown under this number."""
        return self._shown.get(number)


def _exhibits(words: str, orientation: str | None) -> Iterator[Exhibit]:
    known = words.split()
    for place in range(_FOUND):
        # Every third is a near miss: it shows one of the words only.
        said = " ".join(known[:1] if place % 3 == 2 else known)
        digest = hashlib.sha256(f"{words.lower()}|{orientation}|{place}".encode("utf-8", "surrogatepass")).digest()
        yield Exhibit(
            number=int.from_bytes(digest[:4]) % 90_000_000 + 1_000_000,
            words=said,
            shape=_SHAPES[orientation or _MIXED[place % len(_MIXED)]],
            seconds=_SECONDS[place % len(_SECONDS)],
            author=AUTHORS[place % len(AUTHORS)],
        )

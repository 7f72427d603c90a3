"""Keys of test mode. The first word of a key says how the account behind it stands; the account is the key.

`sandbox-…` is good, `bad-…` unknown, `broke-…` out of credit, `limited-…` rate limited; any other key is unknown too,
so that a real one that strays here is refused. Further words may describe the account where a vendor's double knows
them: `sandbox-free-1` is on the free plan at `elevenlabs`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from starlette.datastructures import Headers, QueryParams

KeyReader = Callable[[Headers, QueryParams], str | None]
"""Finds the key in a request; None when there is none where the vendor looks for it."""


class Standing(StrEnum):
    """How an account stands, by the first word of its key."""

    GOOD = "sandbox"
    BAD = "bad"
    BROKE = "broke"
    LIMITED = "limited"


@dataclass(frozen=True)
class Account:
    """The account behind a key."""

    key: str = field(repr=False)
    standing: Standing

    @property
    def id(self) -> str:
        """A name that is the same for the same key and does not tell it."""
        return f"{self.standing}-{hashlib.sha256(self.key.encode()).hexdigest()[:12]}"

    def has(self, word: str) -> bool:
        """Whether `word` is one of the key's further words."""
        return word in self.key.split("-")[1:]


def account_of(key: str) -> Account:
    """The account behind `key`."""
    word = key.partition("-")[0]
    return Account(key, Standing(word) if word in set(Standing) else Standing.BAD)


def header_key(name: str, scheme: str = "") -> KeyReader:
    """Keys in the header `name`, behind the word `scheme` if there is one."""

    def read(headers: Headers, _: QueryParams) -> str | None:
        value = headers.get(name)
        if value is None or not scheme:
            return value
        word, key = value.split(" ", maxsplit=1) if " " in value else (value, "")
        return key.strip() if word.lower() == scheme.lower() else None

    return read


def query_key(name: str) -> KeyReader:
    """Keys in the query parameter `name`."""
    return lambda _, query: query.get(name)


def any_of(*readers: KeyReader) -> KeyReader:
    """Keys that may be in one of several places; the first that holds one decides."""

    def read(headers: Headers, query: QueryParams) -> str | None:
        return next(filter(None, (reader(headers, query) for reader in readers)), None)

    return read


bearer = header_key("authorization", "Bearer")
"""Keys as most vendors take them: `Authorization: Bearer …`."""

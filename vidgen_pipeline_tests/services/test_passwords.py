"""Passwords: which are refused, how they are kept, and that nobody is told apart from somebody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from argon2 import Type, extract_parameters
from argon2.low_level import hash_secret
from pwdlib.hashers.argon2 import Argon2Hasher

from vidgen_pipeline.domain.accounts import TooManyTries
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.services import passwords
from vidgen_pipeline.services.passwords import check_password, hash_password, matches, nobodys_hash

GOOD = "seven blue kites at noon"


@pytest.mark.parametrize(
    "password",
    ["short", "elevenchars", "x" * 201, "password1234", "PassWord1234", "aaaaaaaaaaaaaaaa", "abababababab",
     "abcdefghijklmnop", "zyxwvutsrqponm", "alice@example.org", "Alice-Liddell", "bad half \ud800 of one"],
)  # fmt: skip
def test_a_password_that_is_no_protection_is_refused_and_not_repeated(password: str):
    with pytest.raises(InvalidInput) as refused:
        check_password(password, name="alice-liddell", email="alice@example.org")
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password",
    [GOOD, "mußte größer sein", "密码密码很长很长很安全的呀", "x" * 190 + "qwert zuio", "9876543210zz", "a b c d e f "],
)
def test_anything_else_will_do(password: str):
    check_password(password, name="alice", email="alice@example.org")


def test_a_hash_is_argon2id_with_the_parameters_we_say_and_another_each_time():
    first, second = (asyncio.run(hash_password(GOOD)) for _ in range(2))
    assert first != second
    kept = extract_parameters(first)
    assert (kept.type, kept.memory_cost, kept.time_cost, kept.parallelism) == (Type.ID, 19_456, 2, 1)
    assert GOOD not in first
    assert asyncio.run(matches(GOOD, first)) == (True, None)
    assert asyncio.run(matches(GOOD + " ", first)) == (False, None)
    assert asyncio.run(matches(GOOD[:-1], first)) == (False, None)


def test_a_hash_of_other_parameters_is_renewed():
    old = hash_secret(GOOD.encode(), b"salt" * 4, 1, 8_192, 1, 32, Type.ID).decode()
    valid, renewed = asyncio.run(matches(GOOD, old))
    assert valid
    assert renewed is not None
    assert extract_parameters(renewed).memory_cost == 19_456
    assert asyncio.run(matches(GOOD, renewed)) == (True, None)
    assert asyncio.run(matches("another one altogether", old)) == (False, None)


def test_for_nobody_the_same_work_is_done(monkeypatch: pytest.MonkeyPatch):
    compared: list[str] = []
    original: Callable[..., bool] = Argon2Hasher.verify

    def counting(self: Argon2Hasher, password: str | bytes, stored: str | bytes) -> bool:
        compared.append(str(stored))
        return original(self, password, stored)

    monkeypatch.setattr(Argon2Hasher, "verify", counting)
    somebodys = asyncio.run(hash_password(GOOD))
    for stored in (somebodys, None):
        assert asyncio.run(matches("a wrong password", stored)) == (False, None)
    assert compared == [somebodys, nobodys_hash()]
    assert extract_parameters(compared[0]) == extract_parameters(compared[1])
    assert asyncio.run(matches("a" * 5000, somebodys)) == (False, None)
    assert asyncio.run(matches("half \ud800", somebodys)) == (False, None)
    assert len(compared) == 4


def test_two_are_worked_on_at_once_and_who_would_wait_long_is_sent_away(monkeypatch: pytest.MonkeyPatch):
    at_work, most, lock = 0, 0, threading.Lock()
    original = Argon2Hasher.hash

    def counting(self: Argon2Hasher, password: str | bytes, **how: bytes | None) -> str:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        try:
            return original(self, password, **how)
        finally:
            with lock:
                at_work -= 1

    monkeypatch.setattr(Argon2Hasher, "hash", counting)
    monkeypatch.setattr(passwords, "_PLACES", threading.BoundedSemaphore(10))

    async def flood() -> list[str | BaseException]:
        return await asyncio.gather(*(hash_password(GOOD) for _ in range(25)), return_exceptions=True)

    outcomes = asyncio.run(flood())
    assert most == 2
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 10
    assert sum(isinstance(outcome, TooManyTries) for outcome in outcomes) == 15
    assert asyncio.run(hash_password(GOOD)).startswith("$argon2id$")  # all places are free again

"""Passwords: what one must be like, and its argon2id hash, made and compared two at a time and never on an event loop.

A hash takes 19 MiB and about 30 ms. Two threads make all of this process's, so that a flood of logins costs neither
memory nor the pages' time; who would have to wait behind a hundred others is asked to come back instead.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from vidgen_pipeline.domain.accounts import TooManyTries
from vidgen_pipeline.domain.errors import InvalidInput

Result = TypeVar("Result")

SHORTEST, LONGEST = 12, 200
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
AT_ONCE, MOST_WAITING = 2, 100

_LEAST_DIFFERENT = 5
_HASHER = PasswordHash((Argon2Hasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES),))
_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")
_PLACES = threading.BoundedSemaphore(AT_ONCE + MOST_WAITING)


def check_password(password: str, *, name: str = "", email: str = "") -> None:
    """Refuse a password that is too short, too long, or among the first that somebody would try. Raises InvalidInput.

    Anything else may stand in it: spaces and letters of any writing.
    """
    remedy = "Several words that nobody says together make a good one."
    if len(password) < SHORTEST:
        raise InvalidInput(f"The password has fewer than {SHORTEST} characters.", remedy=remedy)
    if len(password) > LONGEST:
        raise InvalidInput(f"The password has more than {LONGEST} characters.", remedy="Choose a shorter one.")
    if not _is_text(password):
        raise InvalidInput("The password holds characters that are none.", remedy="Type it again.")
    plain = password.casefold().strip()
    own = {part.casefold() for part in (name, email, email.partition("@")[0]) if part}
    easy = plain in _commonest() or plain in own or len(set(plain)) < _LEAST_DIFFERENT or _counts(plain)
    if easy:
        raise InvalidInput("The password is one of the first that somebody would try.", remedy=remedy)


async def hash_password(password: str) -> str:
    """The hash under which the password is kept. Raises TooManyTries when too many wait."""
    return await asyncio.wrap_future(_in_turn(lambda: _HASHER.hash(password)))


async def matches(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether it is the password with this hash, and a new hash to keep if the old one is not made as they are now.

    None stands for a user who is not there, or has no password: the same work is done for them, to the same answer.
    Raises TooManyTries when too many wait.
    """
    return await asyncio.wrap_future(_in_turn(lambda: _compare(password, stored)))


def _compare(password: str, stored: str | None) -> tuple[bool, str | None]:
    nobody = nobodys_hash()
    if not _is_text(password):  # argon2 takes bytes, and these letters have none
        password, stored = "", None
    try:
        valid, renewed = _HASHER.verify_and_update(password[:LONGEST], stored or nobody)
    except UnknownHashError:
        return False, None
    if stored is None or len(password) > LONGEST:
        return False, None
    return valid, renewed


@cache
def nobodys_hash() -> str:
    """A hash like everybody's, of a password that nobody knows."""
    return _HASHER.hash(secrets.token_urlsafe())


@cache
def _commonest() -> frozenset[str]:
    """Those of twelve letters and more that people choose most often. Shorter ones are refused for their length."""
    return frozenset(files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8").split())


def _in_turn(work: Callable[[], Result]) -> Future[Result]:
    if not _PLACES.acquire(blocking=False):
        raise TooManyTries("Too many people log in at this moment.", retry_after=2)
    try:
        done = _THREADS.submit(work)
    except BaseException:
        _PLACES.release()
        raise
    done.add_done_callback(lambda _: _PLACES.release())
    return done


def _is_text(password: str) -> bool:
    try:
        password.encode()
    except UnicodeEncodeError:  # half of a character
        return False
    return True


def _counts(plain: str) -> bool:
    """Whether each character is the next or the one before in the alphabet or among the digits, all through."""
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    return steps <= {1} or steps <= {-1}

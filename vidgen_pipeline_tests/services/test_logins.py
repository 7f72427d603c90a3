"""Logging in: the same answer whatever is wrong, a limit to trying, and many at once."""

from __future__ import annotations

import asyncio
import traceback
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from argon2 import Type, extract_parameters
from argon2.low_level import hash_secret
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.accounts import NotAuthenticated, TooManyTries
from vidgen_pipeline.domain.errors import InvalidInput, VidgenError
from vidgen_pipeline.services.accounts import create_user
from vidgen_pipeline.services.logins import TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS, change_password, log_in
from vidgen_pipeline.services.sessions import NewSession, Visitor, caller_of_session, list_sessions
from vidgen_pipeline_tests.providers.canary import spellings
from vidgen_pipeline_tests.services.people import PASSWORD, somebody
from vidgen_pipeline_tests.services.whole_database import everything_in

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def at(number: int) -> Visitor:
    """Somebody at an address of their own."""
    return Visitor(ip=f"198.51.{number // 250}.{number % 250}", user_agent="a browser")


def _try(engine: Engine, name: str, password: str, visitor: Visitor, now: datetime = NOW) -> NewSession:
    return asyncio.run(log_in(engine, name, password, visitor, now=now))


def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    somebody(engine, "alice")
    create_user(engine, "newcomer")
    somebody(engine, "leaver")
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET disabled_at = now() WHERE name = 'leaver'"))
    compared = []
    original = Argon2Hasher.verify

    def counting(self: Argon2Hasher, password: str | bytes, stored: str | bytes) -> bool:
        compared.append(extract_parameters(str(stored)))
        return original(self, password, stored)

    monkeypatch.setattr(Argon2Hasher, "verify", counting)
    answers = []
    tries = [("alice", "wrong"), ("nobody", PASSWORD), ("newcomer", PASSWORD), ("leaver", PASSWORD), ("", ""),
             ("alice\x00", PASSWORD + "x"), ("a\ud800", "\ud800"), ("x" * 10_000, "y" * 10_000)]  # fmt: skip
    for number, (name, password) in enumerate(tries):
        with pytest.raises(NotAuthenticated) as refused:
            _try(engine, name, password, at(number))
        answers.append(str(refused.value))
        assert password not in "".join(traceback.format_exception(refused.value)) or len(password) < 6
    assert len(set(answers)) == 1
    assert len(compared) == len(tries)
    assert len(set(map(repr, compared))) == 1


def test_one_account_can_be_tried_ten_times_and_then_once_a_minute(engine: Engine):
    somebody(engine, "alice")
    for name in ("alice", "nobody"):  # who is not there is limited like somebody
        for number in range(TRIES_PER_ACCOUNT):
            with pytest.raises(NotAuthenticated):
                _try(engine, name, "wrong wrong wrong", at(number))
        with pytest.raises(TooManyTries) as refused:
            _try(engine, name.upper(), PASSWORD, at(99))
        assert refused.value.retry_after == 60
    assert _try(engine, "alice", PASSWORD, at(98), NOW + timedelta(seconds=61)).token
    # A good login gives all tries back.
    for number in range(TRIES_PER_ACCOUNT):
        with pytest.raises(NotAuthenticated):
            _try(engine, "alice", "wrong wrong wrong", at(200 + number), NOW + timedelta(seconds=62))


def test_one_address_can_try_twenty_times_over_all_accounts(engine: Engine):
    for number in range(TRIES_PER_ADDRESS):
        with pytest.raises(NotAuthenticated):
            _try(engine, f"user{number}", "wrong wrong wrong", at(1))
    somebody(engine, "alice")
    with pytest.raises(TooManyTries) as refused:
        _try(engine, "alice", PASSWORD, at(1))
    assert refused.value.retry_after == 15
    assert _try(engine, "alice", PASSWORD, at(2)).token


def test_fifty_wrong_tries_at_once_are_ten_tries(engine: Engine):
    somebody(engine, "alice")

    async def flood() -> list[object]:
        tries = (log_in(engine, "alice", "wrong wrong wrong", at(number)) for number in range(50))
        return list(await asyncio.gather(*tries, return_exceptions=True))

    outcomes = asyncio.run(flood())
    assert sum(isinstance(outcome, NotAuthenticated) for outcome in outcomes) == TRIES_PER_ACCOUNT
    assert sum(isinstance(outcome, TooManyTries) for outcome in outcomes) == 50 - TRIES_PER_ACCOUNT


def test_fifty_people_log_in_at_once(engine: Engine):
    people = [somebody(engine, f"user{number}") for number in range(50)]

    async def all_of_them() -> list[NewSession]:
        return await asyncio.gather(*(log_in(engine, f"user{number}", PASSWORD, at(number)) for number in range(50)))

    logins = asyncio.run(all_of_them())
    assert [login.user_id for login in logins] == people
    assert len({login.token for login in logins}) == 50
    assert caller_of_session(engine, logins[7].token).name == "user7"


def test_a_login_is_always_a_new_one_and_its_token_is_kept_nowhere(engine: Engine):
    alice = somebody(engine, "Alice", email="alice@example.org")
    first = _try(engine, "alice", PASSWORD, at(1), datetime.now(UTC))
    second = _try(engine, "ALICE@example.org", PASSWORD, at(1), datetime.now(UTC))
    assert first.token != second.token
    assert first.token not in repr(first)
    dump = everything_in(engine)
    for secret in (first.token, second.token, PASSWORD):
        assert not [spelling for spelling in spellings(secret) if spelling in dump]
    shown = list_sessions(engine, alice, current=second.id)
    assert [(view.id, view.is_current, view.ip) for view in shown] == [
        (second.id, True, "198.51.0.1"),
        (first.id, False, "198.51.0.1"),
    ]


def test_a_changed_password_ends_every_login_and_begins_another(engine: Engine):
    alice = somebody(engine, "alice")
    now = datetime.now(UTC)
    before = [_try(engine, "alice", PASSWORD, at(number), now) for number in range(3)]
    new = "eight green kites at dusk"
    for old, wanted, error in (("wrong wrong wrong", new, "another one"), (PASSWORD, "short", "fewer")):
        with pytest.raises(InvalidInput, match=error):
            asyncio.run(change_password(engine, alice, old, wanted, at(1)))
    after = asyncio.run(change_password(engine, alice, PASSWORD, new, at(1)))
    for login in before:
        with pytest.raises(NotAuthenticated):
            caller_of_session(engine, login.token)
    assert caller_of_session(engine, after.token).user_id == alice
    with pytest.raises(NotAuthenticated):
        _try(engine, "alice", PASSWORD, at(5), now)
    _try(engine, "alice", new, at(5), now)


def test_guessing_the_present_password_is_limited_too(engine: Engine):
    alice = somebody(engine, "alice")

    def guess() -> type[VidgenError]:
        try:
            asyncio.run(change_password(engine, alice, "wrong wrong wrong", "eight green kites", at(1), now=NOW))
        except VidgenError as error:
            return type(error)
        raise AssertionError

    assert [guess() for _ in range(TRIES_PER_ACCOUNT + 1)] == [InvalidInput] * TRIES_PER_ACCOUNT + [TooManyTries]


def test_an_old_hash_is_renewed_by_logging_in(engine: Engine, user_id: UUID):
    old = hash_secret(PASSWORD.encode(), b"salt" * 4, 1, 8_192, 1, 32, Type.ID).decode()
    with engine.begin() as connection:
        connection.execute(text("UPDATE users SET password_hash = :old WHERE id = :id"), {"old": old, "id": user_id})
    _try(engine, "local", PASSWORD, at(1))
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT password_hash FROM users WHERE id = :id"), {"id": user_id}).scalar_one()
    assert extract_parameters(kept).memory_cost == 19_456
    _try(engine, "local", PASSWORD, at(1))

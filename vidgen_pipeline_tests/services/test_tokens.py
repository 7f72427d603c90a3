"""Tokens for programs: their form, what they are good for, and their end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, event

from vidgen_pipeline.domain.accounts import Forbidden, NotAuthenticated, Role, Scope
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound
from vidgen_pipeline.providers.masking import Masker
from vidgen_pipeline.services.accounts import set_disabled, set_role
from vidgen_pipeline.services.tokens import (
    MOST_PER_USER,
    caller_of_token,
    checksum,
    create_token,
    list_tokens,
    revoke_token,
)
from vidgen_pipeline_tests.providers.canary import spellings
from vidgen_pipeline_tests.services.people import somebody
from vidgen_pipeline_tests.services.whole_database import everything_in

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_token_has_its_form_and_is_kept_as_a_hash_alone(engine: Engine, user_id: UUID):
    made = create_token(engine, user_id, "laptop", ["videos:read", "settings"], now=NOW)
    assert re.fullmatch(r"vgp_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", made.token)
    assert made.token not in repr(made)
    secret = made.token.split("_")[2]
    dump = everything_in(engine)
    assert not [spelling for text in (made.token, secret) for spelling in spellings(text) if spelling in dump]
    assert made.view.shown.removeprefix("vgp_") in dump
    assert Masker().text(f"GET / with {made.token}!") == f"GET / with ***{made.token[-4:]}!"
    caller = caller_of_token(engine, made.token, now=NOW)
    assert (caller.user_id, caller.by_token, caller.credential_id) == (user_id, True, made.view.id)
    assert caller.scopes == {Scope.VIDEOS_READ, Scope.SETTINGS}
    caller.require(Scope.SETTINGS)
    with pytest.raises(Forbidden, match="videos:write"):
        caller.require(Scope.VIDEOS_WRITE)
    assert not caller.is_admin  # its user is one, the token is not good for it


def test_a_mistyped_token_is_refused_without_asking_the_database(engine: Engine, user_id: UUID):
    token = create_token(engine, user_id, "laptop", ["videos:read"]).token
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    swapped = token[:20] + token[21] + token[20] + token[22:] if token[20] != token[21] else token[::-1]
    wrong = [token[:-1] + ("a" if token[-1] != "a" else "b"), token[:30], token + "x", "", " " + token, token.upper(),
             swapped, "Bearer " + token, token.replace("vgp_", "vgx_"), "\x00", "\ud800" * 67]  # fmt: skip
    for written in wrong:
        with pytest.raises(NotAuthenticated, match="not valid"):
            caller_of_token(nowhere, written)
    head = f"vgp_{'0' * 12}_{'0' * 43}"
    with pytest.raises(NotAuthenticated, match="not valid"):
        caller_of_token(engine, f"{head}_{checksum(head)}")
    forged = f"{token[:16]}_{'0' * 43}"
    with pytest.raises(NotAuthenticated, match="not valid"):
        caller_of_token(engine, f"{forged}_{checksum(forged)}")


def test_a_token_ends_at_its_time_when_it_is_revoked_and_with_its_user(engine: Engine, user_id: UUID):
    alice = somebody(engine, "alice")
    token = create_token(engine, alice, "laptop", ["videos:read"], days=2, now=NOW).token
    assert caller_of_token(engine, token, now=NOW + timedelta(hours=47, minutes=59)).name == "alice"
    with pytest.raises(NotAuthenticated):
        caller_of_token(engine, token, now=NOW + timedelta(days=2))
    assert [view.is_expired for view in list_tokens(engine, alice, now=NOW + timedelta(days=2))] == [True]
    set_disabled(engine, alice, disabled=True)
    with pytest.raises(NotAuthenticated):
        caller_of_token(engine, token, now=NOW)
    set_disabled(engine, alice, disabled=False)
    assert revoke_token(engine, alice, token[:10]).name == "laptop"
    with pytest.raises(NotAuthenticated):
        caller_of_token(engine, token, now=NOW)
    assert list_tokens(engine, alice) == []


def test_nobody_revokes_anothers_token(engine: Engine, user_id: UUID):
    alice = somebody(engine, "alice")
    made = create_token(engine, alice, "laptop", ["videos:read"])
    for written in (made.view.id, made.view.shown, str(made.view.id)[:8], uuid4(), "vgp_", ""):
        with pytest.raises(NotFound):
            revoke_token(engine, user_id, written)
    assert list_tokens(engine, user_id) == []
    revoke_token(engine, alice, made.view.id)


def test_an_admins_scope_is_an_admins_for_as_long_as_they_are_one(engine: Engine, user_id: UUID):
    alice = somebody(engine, "alice", role=Role.ADMIN)
    token = create_token(engine, alice, "watch", ["logs:admin"]).token
    assert caller_of_token(engine, token).is_admin
    set_role(engine, alice, Role.USER)
    assert caller_of_token(engine, token).scopes == frozenset()
    with pytest.raises(Forbidden):
        create_token(engine, alice, "watch", ["videos:read", "logs:admin"])


def test_that_it_is_used_is_noted_at_most_once_a_minute(engine: Engine, user_id: UUID):
    token = create_token(engine, user_id, "laptop", ["videos:read"], now=NOW).token
    writes = []

    @event.listens_for(engine, "before_cursor_execute")
    def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        writes.append(statement.startswith("UPDATE"))

    for seconds, noted in ((0, 0), (30, 0), (59, 0), (61, 61)):
        caller_of_token(engine, token, now=NOW + timedelta(seconds=seconds))
        assert list_tokens(engine, user_id)[0].last_used_at == NOW + timedelta(seconds=noted)
    assert sum(writes) == 2


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [("", ["settings"], 1), ("x", [], 1), ("x", ["everything"], 1), ("x", ["settings"], 0), ("x", ["settings"], 367)],
)
def test_a_token_for_nothing_or_for_ever_is_refused(
    engine: Engine, user_id: UUID, name: str, scopes: list[str], days: int
):
    with pytest.raises(InvalidInput):
        create_token(engine, user_id, name, scopes, days=days)


def test_there_is_an_end_to_tokens(engine: Engine, user_id: UUID):
    for number in range(MOST_PER_USER):
        create_token(engine, user_id, f"token {number}", ["settings"])
    with pytest.raises(Conflict, match="Revoke one"):
        create_token(engine, user_id, "one more", ["settings"])

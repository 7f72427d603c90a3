"""Users: the first admin, invitations, roles, and who can't be locked out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.accounts import NotAuthenticated, Role
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound
from vidgen_pipeline.services.accounts import (
    create_user,
    first_admin_link,
    forget_what_has_ended,
    list_users,
    password_link,
    set_disabled,
    set_role,
    set_user_email,
    show_user,
    user_called,
)
from vidgen_pipeline.services.logins import link_user, log_in, set_password_by_link
from vidgen_pipeline.services.rate_limits import rate_limit
from vidgen_pipeline.services.sessions import Visitor, caller_of_session, list_sessions
from vidgen_pipeline.services.tokens import create_token
from vidgen_pipeline_tests.services.people import PASSWORD, somebody
from vidgen_pipeline_tests.services.whole_database import everything_in

HERE = Visitor(ip="203.0.113.9", user_agent="a browser")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_first_admin_sets_a_password_by_a_link_that_works_once(engine: Engine, user_id: UUID):
    link = first_admin_link(engine)
    assert link is not None
    assert link not in everything_in(engine)
    assert link_user(engine, link).id == user_id  # the command line and the pages see the same videos
    with pytest.raises(InvalidInput, match="first that somebody would try"):
        asyncio.run(set_password_by_link(engine, link, "password1234", HERE))
    new = asyncio.run(set_password_by_link(engine, link, PASSWORD, HERE))
    caller = caller_of_session(engine, new.token)
    assert (caller.user_id, caller.role, caller.is_admin, caller.by_token) == (user_id, Role.ADMIN, True, False)
    with pytest.raises(NotFound):
        asyncio.run(set_password_by_link(engine, link, PASSWORD, HERE))
    assert first_admin_link(engine) is None
    assert asyncio.run(log_in(engine, "Local", PASSWORD, HERE)).user_id == user_id


def test_a_link_ends_after_a_day_and_when_there_is_a_newer_one(engine: Engine):
    first = first_admin_link(engine, now=NOW)
    second = first_admin_link(engine, now=NOW)
    assert first is not None
    assert second is not None
    for link, when in ((first, NOW), (second, NOW + timedelta(hours=24)), ("", NOW), ("x\x00\ud800", NOW)):
        with pytest.raises(NotFound, match="not valid"):
            link_user(engine, link, now=when)
    assert link_user(engine, second, now=NOW + timedelta(hours=23, minutes=59)).name == "local"


def test_of_many_who_use_a_link_at_once_one_sets_the_password(engine: Engine):
    link = create_user(engine, "alice").link_token

    def use(number: int) -> bool:
        try:
            asyncio.run(set_password_by_link(engine, link, f"{PASSWORD} {number}", HERE))
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(8) as people:
        outcomes = list(people.map(use, range(8)))
    assert sum(outcomes) == 1
    asyncio.run(log_in(engine, "alice", f"{PASSWORD} {outcomes.index(True)}", HERE))


def test_names_and_addresses_are_one_persons_in_whatever_case(engine: Engine):
    create_user(engine, "Alice", email="Alice@Example.org")
    for name, email in (("aLICE", None), ("bob", "alice@EXAMPLE.org")):
        with pytest.raises(Conflict):
            create_user(engine, name, email=email)
    bob = create_user(engine, "bob").user
    with pytest.raises(Conflict):
        set_user_email(engine, bob.id, "ALICE@example.org")
    assert set_user_email(engine, bob.id, "bob@example.org").email == "bob@example.org"
    assert set_user_email(engine, bob.id, None).email is None
    assert user_called(engine, "alice@example.ORG").name == "Alice"
    assert [user.name for user in list_users(engine)] == ["local", "Alice", "bob"]
    with pytest.raises(NotFound):
        show_user(engine, uuid4())


@pytest.mark.parametrize("name", ["", "a", "a b", "alice@example.org", "-alice", "al\x00ice", "älice", "a" * 65])
def test_a_name_that_is_none_is_refused(engine: Engine, name: str):
    with pytest.raises(InvalidInput):
        create_user(engine, name)


def test_the_last_admin_and_the_command_lines_user_stay(engine: Engine, user_id: UUID):
    for change in (lambda: set_role(engine, user_id, Role.USER), lambda: set_disabled(engine, user_id, disabled=True)):
        with pytest.raises(Conflict):
            change()
    alice = somebody(engine, "alice", role=Role.ADMIN)
    assert set_role(engine, user_id, Role.USER).role is Role.USER
    with pytest.raises(Conflict, match="last admin"):
        set_disabled(engine, alice, disabled=True)


def test_two_admins_can_not_demote_each_other_at_once(engine: Engine, user_id: UUID):
    alice = somebody(engine, "alice", role=Role.ADMIN)

    def demote(other: UUID) -> bool:
        try:
            set_role(engine, other, Role.USER)
        except Conflict:
            return False
        return True

    for _ in range(5):
        with ThreadPoolExecutor(2) as admins:
            assert sorted(admins.map(demote, (alice, user_id))) == [False, True]
        assert sum(user.role is Role.ADMIN for user in list_users(engine)) == 1
        with engine.begin() as connection:
            connection.execute(text("UPDATE users SET role = 'admin'"))


def test_a_disabled_user_is_out_at_once_and_can_not_come_back(engine: Engine):
    alice = somebody(engine, "alice")
    login = asyncio.run(log_in(engine, "alice", PASSWORD, HERE))
    link = password_link(engine, alice).link_token
    assert set_disabled(engine, alice, disabled=True).disabled
    with pytest.raises(NotAuthenticated):
        caller_of_session(engine, login.token)
    with pytest.raises(NotAuthenticated, match="name or the password is wrong"):
        asyncio.run(log_in(engine, "alice", PASSWORD, HERE))
    with pytest.raises(NotAuthenticated, match="disabled"):
        asyncio.run(set_password_by_link(engine, link, PASSWORD + "!", HERE))
    set_disabled(engine, alice, disabled=False)
    assert list_sessions(engine, alice) == []
    asyncio.run(log_in(engine, "alice", PASSWORD, HERE))


def test_what_has_ended_is_forgotten_and_nothing_else(engine: Engine):
    alice = somebody(engine, "alice")
    asyncio.run(log_in(engine, "alice", PASSWORD, HERE, now=NOW))
    create_token(engine, alice, "short", ["settings"], days=1, now=NOW)
    create_token(engine, alice, "long", ["settings"], days=100, now=NOW)
    password_link(engine, alice, now=NOW)
    rate_limit(engine, "read", "alice", 1, 5, now=NOW)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM rate_limits WHERE bucket LIKE 'login%'"))
    assert forget_what_has_ended(engine, now=NOW + timedelta(hours=23)) == 0
    assert forget_what_has_ended(engine, now=NOW + timedelta(hours=49)) == 3
    assert forget_what_has_ended(engine, now=NOW + timedelta(days=40)) == 1

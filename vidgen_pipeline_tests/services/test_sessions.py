"""Logins as they age, are looked at and are ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.domain.accounts import NotAuthenticated, Role, Scope
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.services.sessions import (
    MOST_PER_USER,
    NewSession,
    Visitor,
    caller_of_session,
    form_token,
    is_form_token,
    list_sessions,
    log_out,
    open_session,
    revoke_all_sessions,
    revoke_session,
)
from vidgen_pipeline_tests.services.people import last_seen, somebody

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def opened(engine: Engine, user_id: UUID, now: datetime = NOW, visitor: Visitor | None = None) -> NewSession:
    with Session(engine) as session, session.begin():
        return open_session(session, user_id, visitor or Visitor(ip="203.0.113.9", user_agent="a browser"), now=now)


def alive(engine: Engine, login: NewSession, now: datetime) -> bool:
    try:
        caller_of_session(engine, login.token, now=now)
    except NotAuthenticated:
        return False
    return True


def test_a_login_that_is_not_used_for_a_day_ends(engine: Engine, user_id: UUID):
    unused, used = opened(engine, user_id), opened(engine, user_id)
    assert alive(engine, used, NOW + timedelta(hours=23))
    assert alive(engine, used, NOW + timedelta(hours=46))
    assert not alive(engine, unused, NOW + timedelta(hours=24))
    assert not alive(engine, used, NOW + timedelta(hours=71))


def test_a_login_ends_after_two_weeks_however_much_it_is_used(engine: Engine, user_id: UUID):
    login = opened(engine, user_id)
    for hour in range(12, 14 * 24, 12):
        assert alive(engine, login, NOW + timedelta(hours=hour))
    assert not alive(engine, login, NOW + timedelta(days=14))


def test_that_it_is_used_is_noted_at_most_once_a_minute(engine: Engine, user_id: UUID):
    login = opened(engine, user_id)
    for seconds, noted in ((59, 0), (61, 61), (100, 61), (122, 122)):
        assert alive(engine, login, NOW + timedelta(seconds=seconds))
        assert last_seen(engine, login.id) == NOW + timedelta(seconds=noted)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 100_000, "\x00", "\ud800", "' OR 1=1 --"])
def test_a_token_that_is_none_is_refused(engine: Engine, user_id: UUID, token: str):
    opened(engine, user_id)
    with pytest.raises(NotAuthenticated):
        caller_of_session(engine, token, now=NOW)


def test_a_login_is_good_for_all_that_its_user_may_do(engine: Engine, user_id: UUID):
    admin = caller_of_session(engine, opened(engine, user_id).token, now=NOW)
    user = caller_of_session(engine, opened(engine, somebody(engine, "alice")).token, now=NOW)
    assert (admin.role, admin.scopes, admin.is_admin) == (Role.ADMIN, frozenset(Scope), True)
    assert (user.role, user.scopes, user.is_admin) == (Role.USER, frozenset(Scope) - {Scope.LOGS_ADMIN}, False)


def test_logins_are_listed_and_ended_by_their_owner_alone(engine: Engine, user_id: UUID):
    alice = somebody(engine, "alice")
    first, second, hers = opened(engine, user_id), opened(engine, user_id), opened(engine, alice)
    assert {view.id for view in list_sessions(engine, user_id, now=NOW)} == {first.id, second.id}
    for stranger, session_id in ((alice, first.id), (user_id, hers.id), (user_id, uuid4())):
        with pytest.raises(NotFound) as refused:
            revoke_session(engine, stranger, session_id)
        assert str(refused.value) == "There is no login of yours with this id."
    revoke_session(engine, user_id, first.id)
    assert [alive(engine, login, NOW) for login in (first, second, hers)] == [False, True, True]
    assert log_out(engine, second.token)
    assert not log_out(engine, second.token)
    assert revoke_all_sessions(engine, alice) == 1
    assert not alive(engine, hers, NOW)


def test_of_very_many_logins_the_oldest_end(engine: Engine, user_id: UUID):
    logins = [opened(engine, user_id, NOW + timedelta(seconds=number)) for number in range(MOST_PER_USER + 2)]
    later = NOW + timedelta(minutes=2)
    assert [alive(engine, login, later) for login in logins[:3]] == [False, False, True]
    assert len(list_sessions(engine, user_id, now=later)) == MOST_PER_USER


def test_what_a_browser_calls_itself_is_cut_and_cleaned(engine: Engine, user_id: UUID):
    opened(engine, user_id, visitor=Visitor(ip="x" * 500, user_agent="Moz\x00illa\n\x1b[2J" + "y" * 5000))
    [view] = list_sessions(engine, user_id, now=NOW)
    assert (len(view.ip), len(view.user_agent)) == (64, 200)
    assert view.user_agent.startswith("Moz illa [2Jyyy")


def test_a_forms_token_belongs_to_one_login(engine: Engine, user_id: UUID):
    one, other = opened(engine, user_id), opened(engine, user_id)
    assert is_form_token(one.token, form_token(one.token))
    assert not is_form_token(one.token, form_token(other.token))
    assert not is_form_token(one.token, "\ud800")
    assert one.token not in form_token(one.token)

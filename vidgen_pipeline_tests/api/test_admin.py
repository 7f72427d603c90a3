"""What admins change for everybody: who gets in as what, and the pause."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from vidgen_pipeline.domain.accounts import Role
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.accounts import list_users, user_called
from vidgen_pipeline.services.budgets import pause
from vidgen_pipeline_tests.api.conftest import Clock, LoggedIn, Somebody, logged_in
from vidgen_pipeline_tests.services.people import PASSWORD


@pytest.fixture
def boss(admin: Somebody) -> LoggedIn:
    """An admin who logged in."""
    return logged_in(admin)


def at_login(client: TestClient, name: str) -> int:
    status: int = client.post("/api/v1/sessions", json={"name": name, "password": PASSWORD}).status_code
    client.cookies.clear()
    return status


def test_a_user_is_added_and_sets_a_password_by_the_link(boss: LoggedIn, client: TestClient, clock: Clock):
    made = boss.post("/admin/users", json={"name": "alice", "email": "alice@example.org"})
    assert made.status_code == 201, made.text
    told = made.json()
    alice = told["user"]
    assert (alice["name"], alice["role"], alice["has_password"], alice["disabled"]) == ("alice", "user", False, False)
    assert datetime.fromisoformat(told["expires_at"]) == clock.now + timedelta(hours=24)
    assert told["link_token"] not in boss.get("/admin/users").text, "it was shown once"
    by_link = {"link_token": told["link_token"], "password": PASSWORD}
    assert client.post("/api/v1/password-links", json=by_link).status_code == 201
    client.cookies.clear()
    assert client.post("/api/v1/password-links", json=by_link).status_code == 404
    assert at_login(client, "alice@example.org") == 201
    assert boss.get(f"/admin/users/{alice['id']}").json() == {**alice, "has_password": True}
    assert [user["name"] for user in boss.get("/admin/users").json()["data"]] == ["local", "boss", "alice"]

    again = boss.post(f"/admin/users/{alice['id']}/link").json()
    assert again["link_token"] != told["link_token"]
    assert at_login(client, "alice") == 201, "the present password stays until the link is used"
    clock.go_on(hours=25)
    late = {"link_token": again["link_token"], "password": PASSWORD}
    assert client.post("/api/v1/password-links", json=late).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "BOSS"}, 409, "conflict"),
        ({"name": "a b"}, 422, "invalid_input"),
        ({"name": "alice", "email": "nobody"}, 422, "invalid_input"),
        ({"name": "alice", "role": "owner"}, 422, "validation_failed"),
        ({"name": "alice", "password": PASSWORD}, 422, "validation_failed"),
        ({"name": "alice", "id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f67"}, 422, "validation_failed"),
        ({"name": "alice", "has_password": True}, 422, "validation_failed"),
    ],
)
def test_who_can_not_be_added(boss: LoggedIn, body: dict[str, Any], status: int, code: str):
    refused = boss.post("/admin/users", json=body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert [user.name for user in list_users(boss.lives.engine)] == ["local", "boss"]


def test_roles_are_given_and_taken_but_the_last_admins(boss: LoggedIn, owner: Somebody):
    own, local = f"/admin/users/{boss.user_id}/role", user_called(boss.lives.engine, "local").id
    assert boss.post(f"/admin/users/{local}/disable").status_code == 409, "the command line works for this one"
    assert boss.put(f"/admin/users/{local}/role", json={"role": "user"}).json()["role"] == "user"
    last = boss.put(own, json={"role": "user"})
    assert (last.status_code, last.json()["detail"]) == (409, "This is the last admin.")
    assert boss.post(f"/admin/users/{boss.user_id}/disable").status_code == 409
    person = logged_in(owner)
    assert person.get("/admin/users").status_code == 403
    made = boss.put(f"/admin/users/{owner.user_id}/role", json={"role": "admin"})
    assert (made.status_code, made.json()["role"]) == (200, "admin")
    assert person.get("/videos").status_code == 401, "a login ends with the role it was made in"
    assert boss.put(own, json={"role": "user", "disabled": True}).status_code == 422
    assert boss.put(own, json={"role": "user"}).status_code == 200
    new_boss = logged_in(owner)
    assert new_boss.put(f"/admin/users/{owner.user_id}/role", json={"role": "user"}).status_code == 409


def test_who_is_disabled_is_out_with_every_token_until_let_in_again(boss: LoggedIn, owner: Somebody):
    person = logged_in(owner)
    here = f"/admin/users/{owner.user_id}"
    assert boss.post(f"{here}/disable").json()["disabled"] is True
    assert (owner.get("/videos").status_code, person.get("/videos").status_code) == (401, 401)
    assert at_login(person.client, "owner") == 401
    assert boss.post(f"{here}/enable").json()["disabled"] is False
    assert (owner.get("/videos").status_code, person.get("/videos").status_code) == (200, 401)


def test_a_token_gives_nobody_a_way_in(admin: Somebody, new_somebody: Callable[..., Somebody]):
    """An admin's token could otherwise make itself a login, which is good for more and for longer."""
    other = new_somebody("other", Role.ADMIN)
    assert admin.get("/admin/users").status_code == 200
    for method, path, body in (
        ("POST", "/admin/users", {"name": "mallory", "role": "admin"}),
        ("POST", f"/admin/users/{admin.user_id}/link", None),
        ("PUT", f"/admin/users/{other.user_id}/role", {"role": "user"}),
        ("POST", f"/admin/users/{other.user_id}/disable", None),
    ):
        refused = admin.ask(method, path, json=body)
        assert (refused.status_code, refused.json()["detail"]) == (403, "A token may not do this."), path
    assert user_called(admin.lives.engine, "other").role is Role.ADMIN


def test_a_pause_holds_everybody_up_and_says_why(admin: Somebody, owner: Somebody):
    assert admin.get("/admin/pause").json() == {"paused": False, "reason": ""}
    wanted = {"paused": True, "reason": "the disk is being\nchanged."}
    shown = {"paused": True, "reason": "the disk is being changed"}
    assert admin.put("/admin/pause", json=wanted).json() == shown
    assert admin.get("/admin/pause").json() == shown
    video_id = owner.lives.video(VideoStatus.DRAFT)
    key = {"Idempotency-Key": "now"}
    held_up = owner.post(f"/videos/{video_id}/generate-now", headers=key)
    assert (held_up.status_code, held_up.json()["code"]) == (409, "paused")
    assert held_up.json()["detail"] == "Generation is paused: the disk is being changed."
    assert owner.get("/admin/pause").status_code == 403
    assert admin.put("/admin/pause", json={"paused": False}).json() == {"paused": False, "reason": ""}
    assert owner.post(f"/videos/{video_id}/generate-now", headers=key).status_code == 202


def test_the_command_lines_pause_is_the_same(admin: Somebody):
    pause(admin.lives.engine, "x" * 1000)
    assert len(admin.get("/admin/pause").json()["reason"]) == 300
    assert admin.put("/admin/pause", json={"paused": "yes"}).status_code == 422
    assert admin.put("/admin/pause", json={"paused": True, "paused_reason": "no"}).status_code == 422

"""Who gets in, how, and what for: tokens, logins, and pages of other sites."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.domain.accounts import Role, Scope
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.accounts import first_admin_link, password_link, set_disabled
from vidgen_pipeline_tests.api.conftest import Clock, Somebody

PASSWORD = "a long walk at low tide"
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def logged_in(app: FastAPI, context: ApiContext, owner: Somebody) -> Any:
    """A browser in which the owner is logged in, and what it was told."""
    link = password_link(context.engine, owner.user_id).link_token
    with open_client_without_lifespan(app) as browser:
        answer = browser.post("/api/v1/password-links", json={"link_token": link, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        yield browser, answer.json()


def open_client_without_lifespan(app: FastAPI) -> TestClient:
    """A browser of its own over the application that runs already."""
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def test_nobody_gets_in_without_saying_who(client: TestClient):
    for headers in (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer vgp_wrong"},
        {"Authorization": "Basic bG9jYWw6eA=="},
        {"Cookie": "vidgen_session=guess"},
        {"Cookie": "__Host-vidgen_session=guess"},
    ):
        answer = client.get("/api/v1/videos", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_is_good_for_its_scopes_alone(new_somebody: Callable[..., Somebody]):
    reader = new_somebody("reader", scopes=frozenset({Scope.VIDEOS_READ}))
    assert reader.get("/videos").status_code == 200
    refused = reader.post("/videos", json={"script_text": "Cats purr."})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert reader.get("/settings/generation").status_code == 403
    assert reader.get("/admin/logs").status_code == 403
    me = reader.get("/me").json()
    assert (me["name"], me["role"], me["scopes"], me["by_token"]) == ("reader", "user", ["videos:read"], True)


def test_a_token_gives_no_other_way_in(owner: Somebody):
    for method, path, body in (
        ("GET", "/tokens", None),
        ("POST", "/tokens", {"name": "more", "scopes": ["settings"], "days": 366}),
        ("GET", "/sessions", None),
        ("PUT", "/me/password", {"old": PASSWORD, "new": PASSWORD + "!"}),
    ):
        assert owner.ask(method, path, json=body).status_code == 403


def test_login_and_what_it_takes_to_change_something(logged_in: Any, owner: Somebody):
    browser, told = logged_in
    cookie = browser.cookies.jar._cookies["127.0.0.1"]["/"]["vidgen_session"]
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert browser.get("/api/v1/me").json()["csrf_token"] == told["csrf_token"]
    proof = {"X-CSRF-Token": told["csrf_token"]}
    body = {"script_text": "Cats purr."}
    good = [{**SAME, **proof}, {"Origin": "http://127.0.0.1:8000", **proof}]
    bad = [
        {},
        proof,
        SAME,
        {**SAME, "X-CSRF-Token": "0" * 64},
        {"Sec-Fetch-Site": "cross-site", **proof},
        {"Sec-Fetch-Site": "same-site", **proof},
        {"Sec-Fetch-Site": "none", **proof},
        {"Origin": "http://evil.example", **proof},
        {"Origin": "null", **proof},
    ]
    for headers in good:
        assert browser.post("/api/v1/videos", json=body, headers=headers).status_code == 201
    for headers in bad:
        answer = browser.post("/api/v1/videos", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request"), headers
    assert browser.get("/api/v1/videos", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert owner.get("/videos/counts").json()["total"] == len(good)


def test_log_out_and_old_cookies(logged_in: Any, context: ApiContext):
    browser, _ = logged_in
    again = browser.post("/api/v1/sessions", json={"name": "owner", "password": PASSWORD})
    assert again.status_code == 201
    assert len(browser.get("/api/v1/sessions").json()["data"]) == 2
    proof = {**SAME, "X-CSRF-Token": again.json()["csrf_token"]}
    old = browser.cookies["vidgen_session"]
    changed = browser.put(
        "/api/v1/me/password", json={"old": PASSWORD, "new": "another walk at high tide"}, headers=proof
    )
    assert changed.status_code == 200
    other = open_client_without_lifespan(browser.app)
    assert other.get("/api/v1/videos", headers={"Cookie": f"vidgen_session={old}"}).status_code == 401
    proof = {**SAME, "X-CSRF-Token": changed.json()["csrf_token"]}
    out = browser.delete("/api/v1/sessions/current", headers=proof)
    assert out.status_code == 204
    assert browser.get("/api/v1/videos").status_code == 401


def test_a_wrong_password_and_a_name_that_nobody_has_look_the_same(client: TestClient, logged_in: Any):
    answers = [
        client.post("/api/v1/sessions", json={"name": name, "password": "wrong password here"})
        for name in ("owner", "nobody")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({re.sub(r'"request_id": "\w+"', "", answer.text) for answer in answers}) == 1


def test_tokens_are_made_by_people(logged_in: Any, client: TestClient, clock: Clock):
    browser, told = logged_in
    proof = {**SAME, "X-CSRF-Token": told["csrf_token"]}
    wanted = {"name": "laptop", "scopes": ["videos:read"], "days": 1}
    made = browser.post("/api/v1/tokens", json=wanted, headers=proof).json()
    assert made["token"].startswith(made["shown"])
    assert made["token"] not in browser.get("/api/v1/tokens").text
    asking = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/v1/videos", headers=asking).status_code == 200
    greedy = {**wanted, "scopes": ["logs:admin"]}
    assert browser.post("/api/v1/tokens", json=greedy, headers=proof).status_code == 403
    clock.go_on(days=2)
    assert client.get("/api/v1/videos", headers=asking).status_code == 401
    clock.go_on(days=-2)
    assert browser.delete(f"/api/v1/tokens/{made['id']}", headers=proof).status_code == 204
    assert client.get("/api/v1/videos", headers=asking).status_code == 401


def test_who_is_disabled_is_out_at_once(owner: Somebody, context: ApiContext):
    assert owner.get("/videos").status_code == 200
    set_disabled(context.engine, owner.user_id, disabled=True)
    assert owner.get("/videos").status_code == 401


def test_over_tls_the_cookie_is_bound_to_its_host(app: FastAPI, context: ApiContext, owner: Somebody):
    link = password_link(context.engine, owner.user_id).link_token
    browser = TestClient(app, base_url="https://videos.example")
    answer = browser.post("/api/v1/password-links", json={"link_token": link, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-vidgen_session=")
    for part in ("Path=/", "HttpOnly", "SameSite=lax", "Secure"):
        assert part in cookie
    assert "Domain" not in cookie


def test_the_first_admins_link_is_a_page_with_a_form(client: TestClient, context: ApiContext):
    link = first_admin_link(context.engine)
    page = client.get("/set-password", params={"link": link})
    assert "'none'" in page.headers["Content-Security-Policy"]
    assert f'value="{link}"' in page.text
    easy = client.post("/set-password", data={"link": link, "password": "password1234"})
    assert easy.status_code == 422
    assert 'role="alert"' in easy.text
    assert client.post("/set-password", data={"link": "no", "password": PASSWORD}).status_code == 404
    crossed = {"link": link, "password": PASSWORD}
    assert client.post("/set-password", data=crossed, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/set-password", data=crossed).status_code == 200
    me = client.get("/api/v1/me").json()
    assert (me["name"], me["role"]) == ("local", "admin")
    client.cookies.clear()
    assert client.post("/set-password", data=crossed).status_code == 404, "it is used up"
    hostile = client.get("/set-password", params={"link": '"><script>alert(1)</script>'})
    assert "<script>" not in hostile.text


def test_roles_are_not_for_the_taking(new_somebody: Callable[..., Somebody], owner: Somebody):
    boss = new_somebody("boss", Role.ADMIN)
    owner.lives.video(VideoStatus.DRAFT)
    assert boss.get("/admin/stats").json()["videos"]["draft"] == 1
    assert owner.get("/admin/stats").status_code == 403
    assert owner.put("/settings/generation", json={"role": "admin"}, headers={"If-Match": "*"}).status_code == 422
    limited = new_somebody("boss2", Role.ADMIN, scopes=frozenset({Scope.VIDEOS_READ}))
    assert limited.get("/admin/stats").status_code == 403, "an admin's token without the scope is no admin's"

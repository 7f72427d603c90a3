"""Errors, headers, limits, logs and numbers: what all answers have in common."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from starlette.testclient import TestClient

from vidgen_pipeline.api import problems
from vidgen_pipeline.api.app import create_app
from vidgen_pipeline.api.context import ApiContext, Limit
from vidgen_pipeline.api.middleware import LARGEST_BODY_BYTES
from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline_tests.api.conftest import Clock, Somebody, open_client, with_limits


def every_error(kind: type[VidgenError] = VidgenError) -> list[type[VidgenError]]:
    return [kind, *(error for child in kind.__subclasses__() for error in every_error(child))]


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:vidgen:problem:{code}")
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return body


def test_every_error_of_ours_has_a_status_and_a_code():
    kinds = every_error()
    assert len(kinds) > 25
    for kind in kinds:
        made = kind.__new__(kind)
        assert 400 <= problems.status_of(made) < 600, kind
        assert kind.code.replace("_", "").isalpha(), kind


def test_what_the_framework_refuses_is_a_problem_too(client: TestClient, owner: Somebody):
    assert_problem(client.get("/api/v1/nowhere"), 404, "not_found")
    assert_problem(client.get("/"), 404, "not_found")
    wrong = client.patch("/api/v1/videos")
    assert_problem(wrong, 405, "method_not_allowed")
    assert set(wrong.headers["Allow"].split(", ")) & {"GET", "POST"}
    assert_problem(owner.post("/videos", content=b"x" * (LARGEST_BODY_BYTES + 1)), 413, "body_too_large")
    chunks = (b" " * 100_000 for _ in range(LARGEST_BODY_BYTES // 100_000 + 2))
    streamed = owner.post("/videos", content=chunks, headers={"Content-Type": "application/json"})
    assert_problem(streamed, 413, "body_too_large")
    form = owner.post("/videos", data={"script_text": "Cats purr."})
    assert_problem(form, 415, "unsupported_media_type")
    broken = owner.post("/videos", content=b'{"script_text": ', headers={"Content-Type": "application/json"})
    assert_problem(broken, 422, "validation_failed")
    for odd in ('{"script_text": "a\\u0000b"}', '{"title": "\\ud800", "script_text": "Cats."}', "[]", "null", '"x"'):
        answer = owner.post("/videos", content=odd.encode(), headers={"Content-Type": "application/json"})
        assert_problem(answer, 422, "validation_failed")
    assert_problem(owner.get("/videos?text=%00"), 400, "bad_request")


def test_a_fault_of_ours_tells_nothing(context: ApiContext):
    def break_down(*_: object) -> object:
        raise RuntimeError("the secret is sk-canary-1234 in postgresql://u:p@h/db")

    app = create_app(replace(context, clock=break_down))
    with structlog.testing.capture_logs() as logs, open_client(app) as client:
        body = client.post("/api/v1/sessions", json={"name": "x", "password": "y"})
    assert_problem(body, 500, "internal_error")
    assert "canary" not in body.text + json.dumps(logs)
    failed = [entry for entry in logs if entry["event"] == "request failed"]
    assert failed[0]["error"] == "RuntimeError"
    assert any("break_down" in place for place in failed[0]["at"])


def test_headers_of_every_answer(client: TestClient, owner: Somebody):
    for answer in (client.get("/healthz"), client.get("/api/v1/nowhere"), owner.get("/videos")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert len(answer.headers["X-Request-Id"]) == 32
    assert client.get("/healthz", headers={"X-Request-Id": "mine-1.2_3"}).headers["X-Request-Id"] == "mine-1.2_3"
    forged = client.get("/healthz", headers={"X-Request-Id": 'a"b\x01'})
    assert forged.headers["X-Request-Id"] != 'a"b\x01'


def test_health_and_readiness(client: TestClient, context: ApiContext):
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    with context.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    behind = client.get("/readyz")
    assert behind.status_code == 503
    assert behind.json()["checks"] == {"database": True, "migrations": False, "storage": True}
    context.home.artifacts.rmdir()
    assert client.get("/readyz").json()["checks"]["storage"] is False


def test_limits_by_rate(context: ApiContext, clock: Clock, owner: Somebody, stranger: Somebody):
    limited = with_limits(replace(context, metrics=CollectorRegistry()), read=Limit(3, 0.5))
    with open_client(create_app(limited)) as client:
        one, other = replace(owner, client=client), replace(stranger, client=client)
        left = [one.get("/videos").headers["X-RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        refused = one.get("/videos")
        assert_problem(refused, 429, "too_many_requests")
        assert (refused.headers["Retry-After"], refused.headers["X-RateLimit-Limit"]) == ("2", "3")
        assert int(refused.headers["X-RateLimit-Reset"]) >= int(clock.now.timestamp()) + 5
        assert one.post("/videos", json={"script_text": "Cats purr."}).status_code == 201, "another bucket"
        assert other.get("/videos").status_code == 200, "another user's"
        clock.go_on(seconds=2)
        assert one.get("/videos").status_code == 200


def test_logins_are_limited_by_address(context: ApiContext, clock: Clock):
    with open_client(create_app(with_limits(context, login=Limit(2, 0.1)))) as client:
        body = {"name": "x", "password": "y" * 12}
        codes = [client.post("/api/v1/sessions", json=body).status_code for _ in range(3)]
    assert codes == [401, 401, 429]


def test_the_log_has_no_query_and_the_numbers_no_ids(
    app: FastAPI, context: ApiContext, new_somebody: Callable[..., Somebody]
):
    owner = new_somebody("logged")
    video_id = owner.lives.video(VideoStatus.DRAFT)
    with structlog.testing.capture_logs() as logs:
        owner.get(f"/videos/{video_id}", headers={"X-Request-Id": "traced"})
        owner.get("/videos", params={"text": "a-secret-search"})
        owner.ask("BREW", "/videos")
    entries = [entry for entry in logs if entry["event"] == "request"]
    assert entries[0]["request_id"] == "traced"
    assert (entries[0]["route"], entries[0]["status"]) == ("/api/v1/videos/{video_id}", 200)
    assert entries[0]["user_id"] == str(owner.user_id)
    assert [entry["code"] for entry in entries] == [None, None, "method_not_allowed"]
    assert "a-secret-search" not in json.dumps(logs)
    numbers = generate_latest(context.metrics).decode()
    assert 'vidgen_api_requests_total{method="GET",route="/api/v1/videos/{video_id}",status="200"} 1.0' in numbers
    assert str(video_id) not in numbers
    assert "BREW" not in numbers


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/metrics"])
def test_what_is_not_served(client: TestClient, path: str):
    assert client.get(path).status_code == 404

"""Every route, asked by everybody, for every kind of id: made from the OpenAPI document, so that none is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

from vidgen_pipeline.api.guard import Guard
from vidgen_pipeline.api.openapi import guards
from vidgen_pipeline.database.tables import ApiRequestLog, ApiRequestLogBody
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.accounts import create_user
from vidgen_pipeline.services.budgets import set_budget
from vidgen_pipeline.services.caption_styles import save_style
from vidgen_pipeline.services.integrations import set_integration
from vidgen_pipeline.services.planning import Wishes
from vidgen_pipeline.services.recurring import Recurrence, add_recurring_plan
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.tokens import list_tokens
from vidgen_pipeline.services.webhooks import add_webhook
from vidgen_pipeline_tests.api.conftest import Somebody, logged_in

ASKS_A_VENDOR = {"checkIntegration"}
"""Its own test asks the sandbox."""
NEVER_ENDS = {"followVideos"}
"""Its own test follows it over a socket, and no stranger's event is there."""

NAMED_BY_ITS_OWNER = {"putStyle"}
"""Who puts something under a name that another has used, too, makes their own."""

_keys = count()
_ID = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Operation:
    """One method of one path, and how to ask for it."""

    name: str
    method: str
    path: str
    body: Any
    guard: Guard

    @property
    def ids(self) -> list[str]:
        if self.name in NAMED_BY_ITS_OWNER:
            return []
        return [name for name in _ID.findall(self.path) if name not in {"kind", "file", "period", "number", "provider"}]

    def ask(self, somebody: Somebody, values: dict[str, str], *, anonymous: bool = False) -> Any:
        fixed = {"kind": "srt", "file": "content", "period": "month", "number": "1"}
        path = self.path.format(**{**fixed, **values}).removeprefix("/api/v1")
        headers = {"If-Match": "*", "Idempotency-Key": f"matrix-{next(_keys)}", "Last-Event-ID": "999"}
        if anonymous:
            headers["Authorization"] = ""
            return somebody.client.request(
                self.method, f"/api/v1{path}", headers={"Idempotency-Key": "x"}, json=self.body
            )
        return somebody.ask(self.method, path, headers=headers, json=self.body)


def operations_of(app: FastAPI) -> Iterator[Operation]:
    by_id = guards()
    for path, methods in app.openapi()["paths"].items():
        for method, described in methods.items():
            body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
            example = body.get("example")
            assert bool(body) == (example is not None), f"{described['operationId']} has no example"
            yield Operation(described["operationId"], method.upper(), path, example, by_id[described["operationId"]])


def belongings(somebody: Somebody) -> dict[str, str]:
    """One of everything that has an id."""
    engine, user_id = somebody.lives.engine, somebody.user_id
    context = somebody.client.app.state.context  # type: ignore[attr-defined]
    set_budget(engine, user_id, BudgetPeriod.MONTH, Decimal(10))
    with engine.begin() as connection:  # only one of a user's videos is under way
        connection.execute(text("UPDATE videos SET status = 'cancelled' WHERE status = 'queued'"))
        connection.execute(text("DELETE FROM webhooks WHERE user_id = :user"), {"user": user_id})
    video_id = somebody.lives.video(VideoStatus.CANCELLED)
    now, log_id = datetime.now(UTC), uuid4()
    with Session(engine) as session, session.begin():
        session.add(
            ApiRequestLog(
                created_at=now, id=log_id, user_id=user_id, video_id=video_id, provider="elevenlabs",
                endpoint="/v1", method="GET",
            )
        )  # fmt: skip
        session.add(ApiRequestLogBody(created_at=now, id=log_id))
    recurrence = Recurrence(
        name=f"plan {uuid4()}", cron="0 9 * * *", time_zone="UTC", prompt_template="About {topic}", topics=("cats",)
    )
    wishes = Wishes(test_mode=True, providers={"script": "openai_gpt"})  # type: ignore[dict-item]
    add_recurring_plan(engine, user_id, recurrence, wishes, defaults_of(engine, user_id), now=now)
    set_integration(engine, user_id, context.vault, "elevenlabs", {"key": "sk_0123456789abcdef"})
    style = {"font": "Inter", "size": 30, "colour": "#FFFFFF", "highlight_colour": "#FF3366"}
    save_style(engine, user_id, "brand", style)
    return {
        "video_id": str(video_id),
        "log_id": str(log_id),
        "webhook_id": str(add_webhook(engine, user_id, context.vault, "https://hooks.example/vidgen").webhook.id),
        "user_id": str(create_user(engine, f"guest-{uuid4()}").user.id),
        "token_id": str(list_tokens(engine, user_id)[0].id),
        "session_id": str(uuid4()),
        "name": recurrence.name,
        "provider": "elevenlabs",
        "style": "brand",
    }


@pytest.fixture
def operations(app: FastAPI) -> list[Operation]:
    return list(operations_of(app))


def test_no_route_is_left_out(operations: list[Operation]):
    assert len(operations) >= 60
    open_to_all = {operation.name for operation in operations if operation.guard.scope is None}
    assert open_to_all == {"logIn", "setPasswordByLink", "openVideoLink"}


def test_anonymous_gets_nothing_but_401(operations: list[Operation], owner: Somebody):
    mine = belongings(owner)
    for operation in operations:
        if operation.guard.scope is not None:
            for values in (mine, {name: str(uuid4()) for name in mine}):
                answer = operation.ask(owner, values, anonymous=True)
                assert answer.status_code == 401, operation.name


def by_users(operations: list[Operation]) -> list[Operation]:
    """Those that users with a token may ask for."""
    return [
        operation
        for operation in operations
        if not operation.guard.by_person and operation.guard.scope not in {None, Scope.LOGS_ADMIN}
    ]


def test_what_a_stranger_has_not_is_not_there(
    operations: list[Operation], owner: Somebody, stranger: Somebody, admin: Somebody
):
    mine = belongings(owner)
    unknown = {**{name: str(uuid4()) for name in mine}, "name": "nobody's plan", "provider": "pexels"}
    odd = {name: "not-an-id" if name.endswith("_id") else value for name, value in mine.items()}
    before = _owned(owner)
    for operation in by_users(operations):
        for somebody in (stranger, admin):
            if operation.ids:
                refused = operation.ask(somebody, mine)
                assert refused.status_code == 404, (operation.name, refused.text)
                assert _normal(refused, mine) == _normal(operation.ask(somebody, unknown), unknown), operation.name
                if set(operation.ids) != {"name"}:
                    assert operation.ask(somebody, odd).status_code in {404, 422}, operation.name
            elif operation.name not in ASKS_A_VENDOR | NEVER_ENDS | NAMED_BY_ITS_OWNER:
                assert operation.ask(somebody, mine).status_code < 500, operation.name
    assert _owned(owner) == before, "nobody else changed anything"


def test_what_is_for_admins_and_for_persons(
    operations: list[Operation], owner: Somebody, stranger: Somebody, admin: Somebody
):
    mine = belongings(owner)
    for operation in operations:
        if operation.guard.by_person:
            for somebody in (owner, stranger, admin):
                assert operation.ask(somebody, mine).status_code == 403, operation.name
        elif operation.guard.scope is Scope.LOGS_ADMIN:
            for somebody in (owner, stranger):
                assert operation.ask(somebody, mine).status_code == 403, operation.name
            allowed = operation.ask(admin, mine)
            assert allowed.status_code == 200, (operation.name, allowed.text)


def test_what_is_for_admins_who_logged_in(
    operations: list[Operation], owner: Somebody, stranger: Somebody, admin: Somebody
):
    persons, boss = [logged_in(owner), logged_in(stranger)], logged_in(admin)
    mine = belongings(owner)
    unknown = {**mine, "user_id": str(uuid4())}
    for_them = [one for one in operations if one.guard.by_person and one.guard.scope is Scope.LOGS_ADMIN]
    assert len(for_them) >= 5
    for operation in for_them:
        for person in persons:
            refused = operation.ask(person, mine)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), operation.name
            assert refused.json()["detail"] == "You are not allowed to do this.", operation.name
        if operation.ids:
            assert operation.ask(boss, unknown).status_code == 404, operation.name
        assert operation.ask(boss, mine).status_code in {200, 201}, operation.name


def test_owners_get_what_is_theirs(operations: list[Operation], owner: Somebody):
    mine = belongings(owner)
    for operation in by_users(operations):
        if operation.name in ASKS_A_VENDOR | NEVER_ENDS:
            continue
        mine = belongings(owner) if operation.ids else mine
        answer = operation.ask(owner, mine)
        assert answer.status_code not in {401, 403, 404}, (operation.name, answer.text)
        assert answer.status_code < 500, (operation.name, answer.text)


def test_nothing_is_set_that_is_only_shown(operations: list[Operation], app: FastAPI, admin: Somebody):
    """Columns of tables in every body: refused by name, and no row is another afterwards."""
    mine = belongings(admin)
    before = _owned(admin)
    schemas, tried = app.openapi()["components"]["schemas"], 0
    for operation in operations:
        if operation.body is None or operation.guard.by_person:
            continue
        for column in (
            "id",
            "user_id",
            "role",
            "status",
            "attempt",
            "version",
            "cost_usd",
            "created_at",
            "script_folder",
        ):
            body = {**operation.body, column: "1"}
            refused = replace(operation, body=body).ask(admin, mine)
            assert refused.status_code == 422, (operation.name, column, refused.text)
            pointers = [mistake["pointer"] for mistake in refused.json()["errors"]]
            assert f"#/{column}" in pointers, (operation.name, column)
            tried += 1
    assert tried > 100
    assert "script_folder" not in str(schemas)
    assert _owned(admin) == before


def _normal(answer: Any, values: dict[str, str]) -> str:
    """An answer without what is different in any two: the request's id and what was asked for."""
    said = re.sub(r'"request_id": "[^"]+"', "", answer.text)
    for value in values.values():
        said = said.replace(value, "…").replace(value.replace(" ", "%20"), "…")
    return said


def _owned(owner: Somebody) -> list[Any]:
    """All rows of the owner's."""
    tables = (
        "videos",
        "webhooks",
        "recurring_plans",
        "integrations",
        "budgets",
        "user_generation_settings",
        "caption_styles",
    )
    with owner.lives.engine.connect() as connection:
        return [
            connection.execute(text(f"SELECT * FROM {table} WHERE user_id = :user ORDER BY 1"), {"user": owner.user_id})  # noqa: S608
            .tuples()
            .all()
            for table in tables
        ]

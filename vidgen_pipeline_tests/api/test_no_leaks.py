"""Canary keys and passwords through everything that can go right or wrong, and then looked for everywhere."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine, text

from vidgen_pipeline.api.app import create_app
from vidgen_pipeline.api.context import ApiContext, Limit
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.services.accounts import password_link
from vidgen_pipeline_tests.api.conftest import Somebody, open_client, with_limits

PASSWORD, WRONG = "canary-password-4711-zebra", "canary-wrong-0815-otter"


def every_way_to_write(secret: str) -> Iterator[str]:
    yield secret
    yield secret[::-1]
    yield urllib.parse.quote_plus(secret)
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + secret.encode()).decode()
        yield encoded[4:-4]
    yield secret.encode().hex()


def places_of(secrets: list[str], everywhere: dict[str, str]) -> list[tuple[str, str]]:
    """Where which secret is found, however it is written."""
    return [
        (where, secret)
        for secret in secrets
        for written in every_way_to_write(secret)
        for where, said in everywhere.items()
        if written in said
    ]


def test_what_is_looked_for_would_be_found():
    for written in every_way_to_write("sk canary/1"):
        assert places_of(["sk canary/1"], {"log": f"x{written}y"})
    inside = base64.b64encode(b'{"k":"sk-canary-0001-x"}').decode()
    assert places_of(["sk-canary-0001-x"], {"database": inside})


def dump(engine: Engine) -> str:
    """Every row of every table, as text."""
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        rows = [connection.execute(text(f'SELECT t::text FROM "{table}" AS t')).scalars().all() for table in tables]  # noqa: S608
    return "\n".join(row for table in rows for row in table)


def test_no_secret_is_found_anywhere(context: ApiContext, owner: Somebody, new_somebody: Callable[..., Somebody]):
    canaries = {
        provider.id: f"sk-canary-{number:04d}-{provider.id.replace('_', '-')}-zxcvbnmasdfgh"
        for number, provider in enumerate(catalogue().values())
        if provider.needs_key and provider.retired_on is None
    }
    shown: list[str] = []
    once: list[str] = []

    def told(answer: Any) -> Any:
        shown.append(answer.text + str(answer.headers))
        return answer

    def calm(answer: Any) -> Any:
        """An answer that shows a secret once, as it has to."""
        once.append(answer.json()["secret"])
        return answer

    registry = CollectorRegistry()
    app = create_app(with_limits(replace(context, metrics=registry), estimate=Limit(1, 0.001)))
    failures = set()
    with structlog.testing.capture_logs() as logs, open_client(app) as client:
        me = replace(owner, client=client)
        for provider, key in canaries.items():
            for parts in ({"key": key}, {"access_key": key, "secret_key": key}, {"user_id": key, "key": key}):
                told(me.put(f"/integrations/{provider}", json={"parts": parts}))
        key = canaries["elevenlabs"]
        video_id = owner.lives.video(VideoStatus.COMPLETED)
        told(me.get("/integrations"))
        told(me.get("/integrations/available"))
        told(me.get("/settings/generation/available-providers"))
        hook = calm(me.post("/webhooks", json={"url": "https://hooks.example/x"}))
        calm(me.post(f"/webhooks/{hook.json()['id']}/rotate"))
        link = password_link(context.engine, owner.user_id).link_token
        told(client.post("/api/v1/password-links", json={"link_token": link, "password": PASSWORD}))
        json_type = {"Content-Type": "application/json"}
        wrong = [
            me.put("/integrations/elevenlabs", json={"parts": {"key": key}, key: key}),
            me.put("/integrations/elevenlabs", json={"parts": key}),
            me.put("/integrations/elevenlabs", content=f'{{"parts": "{key}'.encode(), headers=json_type),
            me.put("/integrations/elevenlabs", content=key.encode(), headers={"Content-Type": "text/plain"}),
            me.put("/integrations/elevenlabs", content=key.encode() * 100_000, headers=json_type),
            me.put("/integrations/ffmpeg", json={"parts": {"key": key}}),
            me.post(f"/videos/{video_id}/generate-now", headers={"Idempotency-Key": "k"}),
            me.put(f"/videos/{video_id}/edit", json={"music": "none"}),
            me.put(f"/videos/{video_id}/edit", json={"title": "x"}, headers={"If-Match": '"99-0123456789abcdef"'}),
            me.get(f"/videos/{video_id}/content", headers={"Range": "bytes=999999-"}),
            me.get("/videos", params={"cursor": key}),
            me.get("/admin/logs"),
            me.get("/nowhere", params={"key": key}),
            me.ask("PATCH", "/videos", params={"key": key}),
            client.get("/api/v1/videos", headers={"Authorization": f"Bearer {key}"}),
            client.post("/api/v1/sessions", json={"name": "owner", "password": WRONG}),
            client.post("/api/v1/sessions", json={"name": WRONG, "password": WRONG}),
            *(me.get("/settings/generation/cost-estimate", params={"script": "x"}) for _ in range(2)),
        ]
        for answer in wrong:
            told(answer)
            if answer.status_code >= 400:
                failures.add((answer.status_code, answer.json()["code"]))
    assert len(failures) >= 12, failures
    numbers = generate_latest(registry).decode()
    everywhere = {
        "answers": "\n".join(shown),
        "log": json.dumps(logs, default=str),
        "numbers": numbers,
        "database": dump(context.engine),
    }
    assert places_of([*canaries.values(), PASSWORD, WRONG], everywhere) == []
    kept = {where: said for where, said in everywhere.items() if where != "answers"}
    assert places_of([*once, owner.token], kept) == []
    assert re.search(r"\*\*\*dfgh", everywhere["answers"]), "its last four characters are shown"

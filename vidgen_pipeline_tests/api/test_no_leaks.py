"""Canary keys and passwords through everything that can go right or wrong, and then looked for everywhere."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from dagster import DagsterInstance
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration
from prometheus_client import generate_latest
from sqlalchemy import Engine, make_url, text

from vidgen_pipeline.api.context import ApiContext, Limit
from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.domain import timeline
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.domain.video import AspectRatio, VideoStatus
from vidgen_pipeline.orchestration.run import generate_in_process
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Databases, dagster_environment
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.services.accounts import password_link
from vidgen_pipeline.services.integrations import check_key
from vidgen_pipeline_tests.api.conftest import Launches, Somebody, with_limits
from vidgen_pipeline_tests.providers.canary import spellings
from vidgen_pipeline_tests.providers.contract import REMOTE
from vidgen_pipeline_tests.providers.contract_bench import keep_everything
from vidgen_pipeline_tests.sandbox.desk import Desk, account

PASSWORD, WRONG = "canary-password-4711-zebra", "canary-wrong-0815-otter"
KEYS = {
    name: f'sandbox-{name.replace("_", "-")}/canary+{number:02}="Zr&Lw\\2Vt8'
    for number, name in enumerate(catalogue())
    if name in REMOTE and catalogue()[name].retired_on is None
}
"""Good at the doubles, and of letters that are written otherwise in an address, in JSON and in a page."""

LOCAL = {"script": "own_script", "voice": "hibari", "media": "backdrop", "assembly": "ffmpeg"}
FAILURES = [
    ("anthropic", "status", "submit", "needs_review"),
    ("openai_gpt", "html", "submit", "needs_review"),
    ("anthropic", "out_of_credit", "submit", "failed"),
    ("openai_gpt", "redirect_to_private", "submit", "needs_review"),
    ("anthropic", "garbage", "submit", "needs_review"),
    ("openai_gpt", "wrong_schema", "submit", "needs_review"),
    ("anthropic", "gzip_bomb", "submit", "needs_review"),
    ("elevenlabs", "unauthorised", "submit", "failed"),
    ("openai_tts", "cut_short", "submit", "needs_review"),
    ("pexels", "huge_body", "any", "failed"),
    ("minimax", "job_failed", "submit", "failed"),
    ("runway", "moderation", "submit", "failed"),
]
SAT_OUT = [("anthropic", "rate_limited", "submit"), ("pexels", "status", "read"), ("kling", "expired_url", "download")]
"""What a video gets over that is completed in the end."""


def places_of(secrets: list[str], everywhere: dict[str, str]) -> list[tuple[str, str]]:
    """Where which secret is found, however it is written."""
    return [
        (where, secret)
        for secret in secrets
        for written in spellings(secret)
        for where, said in everywhere.items()
        if written in said
    ]


def test_what_is_looked_for_would_be_found():
    for secret in ("sk canary/1", KEYS["kling"]):
        for written in spellings(secret):
            assert places_of([secret], {"log": f"x{written}y"})
    inside = base64.b64encode(b'{"k":"sk canary/1"}').decode()
    assert places_of(["sk canary/1"], {"database": inside})


@dataclass
class Stage:
    """An owner with a key for every vendor, whose videos the engine makes while vendors fail and repeat the key."""

    me: Somebody
    desk: Desk
    instance: DagsterInstance
    dagsters: Engine
    launches: Launches
    context: ApiContext
    shown: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def told(self, answer: Any) -> Any:
        """An answer, which is looked at in the end."""
        self.shown.append(answer.text + str(answer.headers))
        return answer

    def make(self, *faults: tuple[str, str, str]) -> str:
        """Have a video planned and made, all the way through the engine; every vendor meets its faults."""
        self.desk.control("reset")
        self.desk.control("jobs", pending_polls=0)
        for provider, kind, phase in faults:
            more = {"retry_after": 0.1} if kind == "rate_limited" else {}
            self.desk.fault(kind, provider=provider, phase=phase, echo=True, **more)
        who = {**LOCAL, **{catalogue()[provider].category.value: provider for provider, *_ in faults}}
        words = {"script_text": "Cats purr."} if who["script"] == "own_script" else {"prompt": "Why cats purr"}
        shape = {"language": "en", "aspect_ratio": "1:1", "length_seconds": 6, "music": "none"}
        wanted = {**words, **shape, "title": "Cats", "providers": who, "generate": True}
        asked = self.me.post("/videos", json=wanted, headers={"Idempotency-Key": f"leaks-{len(self.shown)}"})
        assert self.told(asked).status_code == 201, asked.text
        video_id, launch = self.launches.asked[-1]
        job = definitions.resolve_job_def("generate_video")
        generate_in_process(job, self.instance, video_id, self.me.user_id, launch=launch)
        for order in self.desk.client.get("/_control/faults").json()["faults"]:
            assert order["met"] >= 1, order
            self.kinds.add(order["kind"])
        for provider, *_ in faults:
            assert account(KEYS[provider]) in {visit["account"] for visit in self.desk.requests(provider=provider)}
        for path in ("costs", "review", "script"):
            self.told(self.me.get(f"/videos/{video_id}/{path}"))
        exchanges = self.told(self.me.get(f"/videos/{video_id}/logs")).json()["data"]
        assert exchanges
        for exchange in exchanges:
            self.told(self.me.get(f"/videos/{video_id}/logs/{exchange['id']}"))
        return str(self.told(self.me.get(f"/videos/{video_id}")).json()["status"])

    def check_key(self, provider: str) -> None:
        """Ask the vendor about the key, which it refuses and repeats."""
        self.desk.control("reset")
        self.desk.fault("unauthorised", provider=provider, times=None, echo=True)
        there = {provider: type(REMOTE[provider])(base_url=f"{self.desk.url}/{provider}")}
        context = self.context
        checked = asyncio.run(check_key(context.engine, context.home, self.me.user_id, provider, configured=there))
        self.shown.append(str(checked))
        assert checked.outcome == "rejected"

    def tick(self) -> None:
        """Have the daemon's sensors look once, as they are in the engine's own process."""
        target = LoadableTargetOrigin(module_name="vidgen_pipeline.definitions", attribute="definitions")
        origin = InProcessCodeLocationOrigin(target, location_name="vidgen_pipeline")
        with WorkspaceProcessContext(self.instance, InProcessWorkspaceLoadTarget(origin)) as workspace:
            list(execute_sensor_iteration(workspace, logging.getLogger("dagster.daemon"), None, None))
        ticks = [
            tick
            for state in self.instance.all_instigator_state()
            for tick in self.instance.get_ticks(state.instigator_origin_id, state.selector_id)
        ]
        assert len(ticks) >= 5


@pytest.fixture
def context(context: ApiContext) -> ApiContext:
    """One with a limit that is soon reached."""
    return with_limits(context, estimate=Limit(1, 0.001))


@pytest.fixture
def stage(
    context: ApiContext,
    owner: Somebody,
    launches: Launches,
    server: Databases,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stage]:
    """The stage, with a database of Dagster's that nobody else writes to."""
    engines = open_engine(server.dagster_url, pooled=False).execution_options(isolation_level="AUTOCOMMIT")
    with engines.connect() as connection:
        connection.execute(text('CREATE DATABASE "leaks"'))
    dagster_url = make_url(server.dagster_url).set(database="leaks").render_as_string(hide_password=False)
    with running_sandbox() as url:
        environment = dagster_environment(Databases(database_url, dagster_url), context.home)
        for name, value in {**environment, "VIDGEN_SANDBOX_URL": url}.items():
            monkeypatch.setenv(name, value)
        # The sandbox passes for real: it is given people's own keys.
        monkeypatch.setattr(Network, "test_mode", property(lambda _: False))
        monkeypatch.setitem(timeline.CANVASES, AspectRatio.SQUARE, Canvas(width=180, height=180))
        with DagsterInstance.get() as instance:
            desk = Desk(url)
            yield Stage(owner, desk, instance, open_engine(dagster_url, pooled=False), launches, context)
            desk.client.close()
    with engines.connect() as connection:
        connection.execute(text('DROP DATABASE "leaks" WITH (FORCE)'))


def wrong_requests(stage: Stage) -> Iterator[Any]:
    """All that a person may do wrong with a secret in their hand."""
    me, client, key = stage.me, stage.me.client, KEYS["elevenlabs"]
    video_id = me.lives.video(VideoStatus.COMPLETED)
    link = password_link(stage.context.engine, me.user_id).link_token
    stage.told(client.post("/api/v1/password-links", json={"link_token": link, "password": PASSWORD}))
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
        stage.told(answer)
        if answer.status_code >= 400:
            yield answer


def dump(engine: Engine) -> str:
    """Every value of every row of every table, as text."""
    columns = (
        "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS place,"
        " string_agg(quote_ident(column_name) || '::text', ', ') AS names FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') GROUP BY 1"
    )
    with engine.connect() as connection:
        tables = connection.execute(text(columns)).tuples().all()
        return "\n".join(
            row
            for place, names in tables
            for row in connection.scalars(text(f"SELECT concat_ws(E'\\n', {names}) FROM {place}"))  # noqa: S608
        )


def files(folder: Path) -> dict[str, str]:
    """Every file below the folder, by its name; the database is asked by itself."""
    found = (path for path in folder.rglob("*") if path.is_file() and folder / "pg/data" not in path.parents)
    return {str(path): path.read_bytes().decode("latin-1") for path in found}


@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")  # its own
def test_no_secret_is_found_anywhere(
    stage: Stage,
    owner: Somebody,
    admin: Somebody,
    home: Home,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):
    context, once = stage.context, list[str]()
    caplog.set_level(logging.WARNING, logger="httpx2")  # the test's own client
    keep_everything(caplog)
    with structlog.testing.capture_logs() as logs:
        for provider, key in KEYS.items():
            for parts in ({"access_key": key, "secret_key": key}, {"user_id": key, "key": key}, {"key": key}):
                stage.told(owner.put(f"/integrations/{provider}", json={"parts": parts}))
        hook = owner.post("/webhooks", json={"url": "https://hooks.example/x"}).json()
        once += [hook["secret"], owner.post(f"/webhooks/{hook['id']}/rotate").json()["secret"], owner.token]
        owner.delete(f"/webhooks/{hook['id']}")
        refusals = {(answer.status_code, answer.json()["code"]) for answer in wrong_requests(stage)}
        assert len(refusals) >= 12, refusals
        for provider, kind, phase, end in FAILURES:
            assert stage.make((provider, kind, phase)) == end, (provider, kind)
        assert stage.make(*SAT_OUT) == "completed"
        assert len(stage.kinds) >= 12
        for provider in KEYS:
            stage.check_key(provider)
        stage.tick()
        for path in ("/integrations", "/integrations/available", "/notifications", "/videos", "/me"):
            assert stage.told(owner.get(path)).status_code == 200, path
        for path in ("/admin/logs", "/admin/stats", "/settings/generation/available-providers"):
            assert stage.told(admin.get(path)).status_code == 200, path
    everywhere = {
        "answers": "\n".join(stage.shown),
        "log": json.dumps(logs, default=str),
        "loggers": caplog.text,
        "terminal": "".join(capfd.readouterr()),
        "metrics": generate_latest(context.metrics).decode(),
        "database": dump(context.engine),
        "Dagster's database": dump(stage.dagsters),
        **files(context.home.root),
        **files(home.root),
    }
    assert places_of([*KEYS.values(), PASSWORD, WRONG], everywhere) == []
    kept = {where: said for where, said in everywhere.items() if where != "answers"}
    assert places_of(once, kept) == []
    video_id = str(stage.launches.asked[0][0])
    looked_into = {where for where, _ in places_of([video_id], everywhere)}
    assert {"answers", "database", "Dagster's database"} < looked_into
    assert any(where.endswith("exchanges.jsonl") for where in looked_into)
    assert re.search(r"\*\*\*2Vt8", everywhere["answers"]), "its last four characters are shown"

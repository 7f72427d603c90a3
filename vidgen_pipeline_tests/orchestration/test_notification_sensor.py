"""The sensor that sends notices out, ticked as the engine ticks it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from dagster import DagsterInstance, DefaultSensorStatus, SkipReason, build_sensor_context
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.domain.notifications import NotificationType
from vidgen_pipeline.orchestration.resources import PipelineResource
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.vault import open_vault
from vidgen_pipeline.services.webhooks import add_webhook
from vidgen_pipeline_tests.providers.vendor_double import Vendor, answers, vendor

Tick = Callable[[], str]


@pytest.fixture
def tick(database_url: str, home: Home, monkeypatch: pytest.MonkeyPatch) -> Tick:
    for variable in ("VIDGEN_SMTP_URL", "VIDGEN_APPRISE_URLS", "VIDGEN_MASTER_KEY"):
        monkeypatch.delenv(variable, raising=False)
    sensor = definitions.resolve_sensor_def("notifications")
    assert sensor.default_status is DefaultSensorStatus.RUNNING
    pipeline = PipelineResource(database_url=database_url, home=str(home.root))

    def once() -> str:
        with (
            DagsterInstance.ephemeral() as instance,
            build_sensor_context(instance=instance, resources={"pipeline": pipeline}) as context,
        ):
            result = sensor(context)
        assert isinstance(result, SkipReason)
        return result.skip_message or ""

    return once


def tell(engine: Engine, user_id: UUID, once: str) -> None:
    with Session(engine) as session, session.begin():
        add_notification(
            session, user_id, NotificationType.PROVIDER_KEY_REJECTED, title="A key", body="", once_key=once
        )


def test_a_tick_delivers_and_says_what_it_did(
    tick: Tick, engine: Engine, user_id: UUID, home: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VIDGEN_ALLOW_LOCAL_WEBHOOKS", "1")
    assert tick() == "Nobody is to be told of anything."
    ready, done = threading.Event(), threading.Event()
    found: list[Vendor] = []

    async def serve() -> None:
        async with vendor(answers({})) as double:
            found.append(double)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(10)
    try:
        add_webhook(engine, user_id, open_vault(home), found[0].url)
        tell(engine, user_id, "one")
        assert tick() == "1 new notices; deliveries: 1 sent."
    finally:
        done.set()
        thread.join(10)
    assert [seen.json()["type"] for seen in found[0].seen] == ["provider_key_rejected"]


def test_its_log_says_plainly_that_a_package_is_missing(
    tick: Tick, engine: Engine, user_id: UUID, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setenv("VIDGEN_APPRISE_URLS", "json://operator/token")
    tell(engine, user_id, "one")
    assert tick() == "1 new notices; deliveries: 1 to be tried again."
    logged = capfd.readouterr().err
    assert "the package apprise is not installed" in logged
    assert "token" not in logged

"""The log of exchanges: in the application's log at once, in the database a moment later, in files while it is away."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from vidgen_pipeline.domain.errors import AuthFailed
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.network.records import ExchangeRecord, WorkContext
from vidgen_pipeline.providers.wire import Phase, WireRequest, segment
from vidgen_pipeline.services.api_logging import ApiLog
from vidgen_pipeline_tests.providers.canary import CANARY, assert_no_canary
from vidgen_pipeline_tests.providers.vendor_double import answers, vendor
from vidgen_pipeline_tests.services.paying import House

VIDEO = uuid4()


def record(user_id: UUID, **fields: Any) -> ExchangeRecord:
    return ExchangeRecord(
        **{
            "created_at": datetime.now(UTC),
            "context": WorkContext(user_id=user_id, video_id=VIDEO, step="voice", attempt=2),
            "scene": 4,
            "provider": "acme",
            "model": "say-1",
            "host": "api.acme.test",
            "endpoint": "/v1/speak",
            "method": "POST",
            "phase": Phase.SUBMIT,
            "try_number": 1,
            "test_mode": True,
            "call_id": uuid4(),
            "status_code": 200,
            "duration_ms": 120,
            "vendor_request_id": "req-1",
            "cost": Cost(amount="0.000042", usage={"characters": 5}),
            "request_headers": {"X-Api-Key": "***2Vt8"},
            "request_body": {"text": "Rain.", "n": None},
            "response_headers": {"content-type": "application/json"},
            "response_body": ["a", {"b": 1.5}],
            **fields,
        }
    )


def rows(engine: Engine) -> list[Any]:
    query = "SELECT * FROM api_request_logs JOIN api_request_log_bodies USING (created_at, id) ORDER BY created_at"
    with engine.connect() as connection:
        return list(connection.execute(text(query)).mappings())


@pytest.fixture
def away(engine: Engine) -> Iterator[threading.Event]:
    """While this is set the database answers nothing."""
    gone = threading.Event()

    @event.listens_for(engine, "do_connect")
    @event.listens_for(engine, "do_execute")
    def refuse(*_: Any) -> None:
        if gone.is_set():
            raise OperationalError("SELECT 1", {}, Exception("the database is away"))

    yield gone
    event.remove(engine, "do_connect", refuse)
    event.remove(engine, "do_execute", refuse)


def test_a_record_becomes_a_complete_row(engine: Engine, user_id: UUID, tmp_path: Path):
    one = record(user_id)
    with ApiLog(engine, tmp_path) as log:
        log.put(one)
        log.flush()
        (row,) = rows(engine)
    assert dict(row) == {
        "id": one.id, "created_at": one.created_at, "user_id": user_id, "video_id": VIDEO, "generation_step": "voice",
        "attempt": 2, "scene": 4, "call_id": one.call_id, "provider": "acme", "model": "say-1", "host": "api.acme.test",
        "endpoint": "/v1/speak", "method": "POST", "phase": "submit", "try_number": 1, "status_code": 200,
        "duration_ms": 120, "vendor_request_id": "req-1", "usage": {"characters": 5}, "cost_amount": one.cost.amount,
        "cost_currency": "USD", "error_code": None, "error_message": None, "test_mode": True,
        "request_headers": {"X-Api-Key": "***2Vt8"}, "request_body": {"text": "Rain.", "n": None},
        "response_headers": {"content-type": "application/json"}, "response_body": ["a", {"b": 1.5}],
    }  # fmt: skip


def test_leaving_writes_out_what_is_left(engine: Engine, user_id: UUID, tmp_path: Path):
    with ApiLog(engine, tmp_path) as log:
        for number in range(450):
            log.put(record(user_id, try_number=number))
    assert [row["try_number"] for row in rows(engine)] == list(range(450))
    assert list(tmp_path.iterdir()) == []


def test_while_the_database_is_away_rows_are_kept_in_files_and_read_back(
    engine: Engine, user_id: UUID, tmp_path: Path, away: threading.Event
):
    kept = [record(user_id, response_body={"n": number, "text": "Füchse \U0001f98a"}) for number in range(3)]
    with ApiLog(engine, tmp_path) as log:
        away.set()
        for one in kept:
            log.put(one)
        log.flush()
        (file,) = tmp_path.glob("spooled-*.json")
        assert file.stat().st_mode & 0o077 == 0
        log.put(record(user_id))
        log.flush()
    assert len(list(tmp_path.glob("spooled-*.json"))) == 2
    away.clear()
    assert rows(engine) == []
    with ApiLog(engine, tmp_path) as log:
        log.flush()
        assert len(rows(engine)) == 4
        assert [row["response_body"] for row in rows(engine)[:3]] == [one.response_body for one in kept]
        assert list(tmp_path.iterdir()) == []


def test_a_spool_read_twice_gives_no_row_twice(engine: Engine, user_id: UUID, tmp_path: Path, away: threading.Event):
    with ApiLog(engine, tmp_path) as log:
        away.set()
        log.put(record(user_id))
        log.flush()
    away.clear()
    (file,) = tmp_path.glob("spooled-*.json")
    copy = file.read_bytes()
    for _ in range(2):
        file.write_bytes(copy)
        with ApiLog(engine, tmp_path) as log:
            log.flush()
        assert list(tmp_path.iterdir()) == []
    assert len(rows(engine)) == 1


def test_a_day_without_partition_gets_one(engine: Engine, user_id: UUID, tmp_path: Path):
    with ApiLog(engine, tmp_path) as log:
        log.put(record(user_id, created_at=datetime.now(UTC) - timedelta(days=20)))
        log.put(record(user_id))
    assert len(rows(engine)) == 2


def test_a_row_the_database_will_not_have_is_put_aside_and_holds_nobody_up(
    engine: Engine, user_id: UUID, tmp_path: Path
):
    with ApiLog(engine, tmp_path) as log:
        log.put(record(user_id))
        log.put(record(user_id, method="A METHOD OF MORE THAN TEN LETTERS"))
        log.put(record(user_id))
    assert len(rows(engine)) == 2
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("rejected-")
    assert "MORE THAN TEN" in file.read_text()
    file.rename(tmp_path / "spooled-1-broken.json").write_text("{ half a")
    with ApiLog(engine, tmp_path) as log:
        log.flush()
        log.put(record(user_id))
    assert len(rows(engine)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["rejected-spooled-1-broken.json"]


def test_a_spool_that_can_not_be_written_is_no_reason_to_fail(
    engine: Engine, user_id: UUID, tmp_path: Path, away: threading.Event, caplog: pytest.LogCaptureFixture
):
    nowhere = tmp_path / "a file"
    nowhere.write_text("")
    with ApiLog(engine, nowhere) as log:
        away.set()
        log.put(record(user_id))
        log.flush()
    assert "could not be kept" in caplog.text


def test_the_application_log_has_the_same_record_as_one_line_of_json(
    engine: Engine, user_id: UUID, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "vidgen_pipeline.exchanges")
    good = record(user_id, response_body={"long": "words " * 5000})
    bad = record(user_id, error_code="auth_failed", error_message="Acme does not accept Bearer abcdefghijklmnop now.")
    with ApiLog(engine, tmp_path) as log:
        log.put(good)
        log.put(bad)
    info, warning = [one for one in caplog.records if one.name == "vidgen_pipeline.exchanges"]
    line = json.loads(info.getMessage())
    assert (line["event"], line["level"], info.levelname) == ("exchange", "info", "INFO")
    assert (line["id"], line["provider"], line["scene"]) == (str(good.id), "acme", 4)
    assert line["cost"] == {"amount": "0.000042", "currency": "USD", "usage": {"characters": 5}}
    assert line["context"]["video_id"] == str(VIDEO)
    assert len(info.getMessage()) < 8_000
    assert warning.levelname == "WARNING"
    assert "Bearer ***mnop" in json.loads(warning.getMessage())["error_message"]


def test_a_key_that_a_vendor_throws_back_is_in_no_row_no_line_and_no_file(
    engine: Engine, user_id: UUID, tmp_path: Path, away: threading.Event, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    house = House(engine, tmp_path / "house")
    echo = {"message": f"{CANARY} is bad", "sent": [CANARY, {"x-key": CANARY}], "again": f"https://x.test/?k={CANARY}"}

    async def ask(log: ApiLog) -> None:
        async with vendor(answers(echo, 401, {"X-Echo": CANARY})) as double:
            house.log = log
            async with house.door(double.url) as door:
                with pytest.raises(AuthFailed):
                    await door.send(
                        WireRequest(method="GET", path=f"/v1/{segment(CANARY)}", query={"q": CANARY}, phase=Phase.READ),
                        lambda reply: reply.json(),
                    )

    with ApiLog(engine, tmp_path / "spool") as log:
        asyncio.run(ask(log))
        log.flush()
        away.set()
        asyncio.run(ask(log))
        log.flush()
        away.clear()
    (row,) = rows(engine)
    (spooled,) = (tmp_path / "spool").iterdir()
    lines = [one.getMessage() for one in caplog.records if one.name == "vidgen_pipeline.exchanges"]
    assert len(lines) == 2
    for text_kept in (str(dict(row)), json.dumps(row["response_body"]), spooled.read_text(), caplog.text, *lines):
        assert_no_canary(text_kept)
    assert row["response_body"]["sent"] == ["***2Vt8", {"x-key": "***2Vt8"}]
    assert row["endpoint"] == "/v1/***2Vt8"

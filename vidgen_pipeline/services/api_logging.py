"""The log of exchanges: into the application's log at once, into the database a moment later, and never in the way.

A thread of its own writes batches. While the database is away they are spooled to files, one a batch, and read back
when it has returned. What is put here is masked already; the application's log is masked once more by its patterns.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, Self

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from vidgen_pipeline.database.api_logs import add_logs, make_partitions
from vidgen_pipeline.providers.masking import Masker
from vidgen_pipeline.providers.network.records import ExchangeRecord
from vidgen_pipeline.runtime.files import write_whole

BATCH_ROWS = 200
BATCH_SECONDS = 0.25
AWAY_SECONDS = 5.0
CLOSE_SECONDS = 30.0
SHOWN_BODY_CHARACTERS = 4_000

_ONE = TypeAdapter(ExchangeRecord)
_BATCH = TypeAdapter(list[ExchangeRecord])
_SPOOLED, _REJECTED = "spooled", "rejected"

logger = logging.getLogger(__name__)


class ApiLog:
    """Takes in records of exchanges (a `LogSink`). Used with `with`; leaving it writes out what is left."""

    def __init__(self, engine: Engine, spool: Path) -> None:
        self._engine = engine
        self._spool = spool
        self._queue: queue.SimpleQueue[ExchangeRecord | threading.Event] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._away_until = 0.0
        self._application_log = _application_log()
        self._writer = threading.Thread(target=self._work, name="api-log", daemon=True)

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        self._queue.put(threading.Event())
        self._writer.join(CLOSE_SECONDS)

    def put(self, record: ExchangeRecord) -> None:
        """Take a record in. Returns at once."""
        level = logging.INFO if record.error_code is None else logging.WARNING
        if self._application_log.isEnabledFor(level):
            self._application_log.log(level, "exchange", **_as_line(record))
        self._queue.put(record)

    def flush(self) -> None:
        """Wait until all that was put is in the database or, when that is away, in the spool."""
        reached = threading.Event()
        self._queue.put(reached)
        reached.wait(CLOSE_SECONDS)

    def _work(self) -> None:
        while True:
            batch, reached = self._next_batch()
            try:
                if batch:
                    self._store(batch)
                elif not self._closing.is_set():
                    self._read_back()
            except Exception:  # the log outlives whatever happens to a batch
                logger.exception("%d log rows were lost.", len(batch))
            for event in reached:
                event.set()
            if self._closing.is_set() and self._queue.empty():
                return

    def _next_batch(self) -> tuple[list[ExchangeRecord], list[threading.Event]]:
        """What has come within a quarter of a second of the first record; empty after some time without any."""
        batch: list[ExchangeRecord] = []
        reached: list[threading.Event] = []
        ends_at = time.monotonic() + AWAY_SECONDS
        while len(batch) < BATCH_ROWS and (left := ends_at - time.monotonic()) > 0:
            try:
                item = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(item, threading.Event):
                reached.append(item)
                break
            if not batch:
                ends_at = time.monotonic() + BATCH_SECONDS
            batch.append(item)
        return batch, reached

    def _store(self, batch: Sequence[ExchangeRecord]) -> None:
        if time.monotonic() < self._away_until or not self._insert(batch):
            self._keep(batch, _SPOOLED)

    def _insert(self, batch: Sequence[ExchangeRecord]) -> bool:
        """Write a batch; False when the database is away. A row it will not have is put aside."""
        try:
            self._add(batch)
        except (OperationalError, InterfaceError):
            self._away_until = time.monotonic() + AWAY_SECONDS
            return False
        except SQLAlchemyError as error:
            if len(batch) == 1:
                logger.warning("A log row was refused (%s).", type(error).__name__)
                self._keep(batch, _REJECTED)
                return True
            return all(self._insert([record]) for record in batch)
        return True

    def _add(self, batch: Sequence[ExchangeRecord]) -> None:
        rows, bodies = [_as_row(record) for record in batch], [_as_body(record) for record in batch]
        try:
            with Session(self._engine) as session, session.begin():
                add_logs(session, rows, bodies)
        except (OperationalError, InterfaceError):
            raise
        except DatabaseError:  # mostly a day without a partition: an old spool, or a program that ran for weeks
            with Session(self._engine) as session, session.begin():
                make_partitions(session, sorted({record.created_at.astimezone(UTC).date() for record in batch}))
                add_logs(session, rows, bodies)

    def _keep(self, batch: Sequence[ExchangeRecord], kind: str) -> None:
        try:
            self._spool.mkdir(parents=True, exist_ok=True)
            name = f"{kind}-{time.time_ns()}-{uuid.uuid4().hex[:8]}.json"
            write_whole(self._spool / name, _BATCH.dump_json(list(batch)).decode())
        except OSError as error:
            logger.warning("%d log rows could not be kept: %s.", len(batch), error.strerror)

    def _read_back(self) -> None:
        """Write what was spooled earlier, by this program or another; a row that is there already stands."""
        if time.monotonic() < self._away_until:
            return
        for file in sorted(self._spool.glob(f"{_SPOOLED}-*.json")):
            try:
                batch = _BATCH.validate_json(file.read_bytes())
            except FileNotFoundError:
                continue  # another program was quicker
            except ValidationError:
                file.rename(file.with_name(f"{_REJECTED}-{file.name}"))
                continue
            if not self._insert(batch):
                return
            file.unlink(missing_ok=True)


def _as_row(record: ExchangeRecord) -> dict[str, Any]:
    context = record.context
    return {
        "created_at": record.created_at,
        "id": record.id,
        "user_id": context.user_id,
        "video_id": context.video_id,
        "generation_step": context.step,
        "attempt": context.attempt,
        "scene": record.scene,
        "call_id": record.call_id,
        "provider": record.provider,
        "model": record.model,
        "host": record.host,
        "endpoint": record.endpoint,
        "method": record.method,
        "phase": record.phase,
        "try_number": record.try_number,
        "status_code": record.status_code,
        "duration_ms": record.duration_ms,
        "vendor_request_id": record.vendor_request_id,
        "usage": dict(record.cost.usage) or None,
        "cost_amount": record.cost.amount,
        "cost_currency": record.cost.currency,
        "error_code": record.error_code,
        "error_message": record.error_message,
        "test_mode": record.test_mode,
    }


def _as_body(record: ExchangeRecord) -> dict[str, Any]:
    return {
        "created_at": record.created_at,
        "id": record.id,
        "request_headers": dict(record.request_headers),
        "request_body": record.request_body,
        "response_headers": dict(record.response_headers),
        "response_body": record.response_body,
    }


def _as_line(record: ExchangeRecord) -> dict[str, Any]:
    """The record as one line of the application's log: all of it, but of a long body only the beginning."""
    fields: dict[str, Any] = _ONE.dump_python(record, mode="json")
    for name in ("request_body", "response_body"):
        written = json.dumps(fields[name], ensure_ascii=False)
        if len(written) > SHOWN_BODY_CHARACTERS:
            fields[name] = f"{written[:SHOWN_BODY_CHARACTERS]}… (the whole of it is in the database)"
    return fields


def _application_log() -> structlog.stdlib.BoundLogger:
    masker = Masker()

    def mask(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {name: masker.value(value) for name, value in event.items()}

    log: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger("vidgen_pipeline.exchanges"),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return log

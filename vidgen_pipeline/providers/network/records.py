"""One record for each exchange, masked before anybody sees it."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.masking import Masker
from vidgen_pipeline.providers.wire import Phase, WireReply, WireRequest, written

LARGE_BYTES = 200_000  # what is larger is worked on beside the event loop
MAX_ENDPOINT = 500
_REQUEST_ID_HEADERS = (
    "request-id",
    "x-request-id",
    "x-req-id",
    "trace-id",
    "x-trace-id",
    "ai-trace-id",
    "x-amz-request-id",
)

_scene: ContextVar[int | None] = ContextVar("scene", default=None)


@contextmanager
def on_scene(index: int) -> Iterator[None]:
    """Say that the work inside is for this scene: records and the ledger name it, however deep the call."""
    token = _scene.set(index)
    try:
        yield
    finally:
        _scene.reset(token)


def current_scene() -> int | None:
    """The scene that the running task works for, if any."""
    return _scene.get()


@dataclass(frozen=True, kw_only=True)
class WorkContext:
    """Whose work an exchange is part of."""

    user_id: UUID | None = None
    video_id: UUID | None = None
    step: str | None = None
    attempt: int | None = None


@dataclass(frozen=True, kw_only=True)
class ExchangeRecord:
    """One try of one exchange as it is kept. Everything in it is masked; the endpoint is a path without its query."""

    id: UUID = field(default_factory=uuid.uuid4)
    created_at: datetime
    context: WorkContext
    scene: int | None
    provider: str
    model: str | None
    host: str
    endpoint: str
    method: str
    phase: Phase
    try_number: int
    test_mode: bool
    call_id: UUID | None = None
    status_code: int | None = None
    duration_ms: int = 0
    vendor_request_id: str | None = None
    cost: Cost = FREE
    error_code: str | None = None
    error_message: str | None = None
    request_headers: Mapping[str, Any] = field(default_factory=dict)
    request_body: Any = None
    response_headers: Mapping[str, Any] = field(default_factory=dict)
    response_body: Any = None


class LogSink(Protocol):
    """Takes records in. It returns at once and never raises."""

    def put(self, record: ExchangeRecord) -> None: ...


class NoLog:
    """A sink for exchanges nobody asks about."""

    def put(self, record: ExchangeRecord) -> None:
        """Forget the record."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What is known of one try when it has ended, not yet masked."""

    started_at: datetime
    url: str
    request: WireRequest
    try_number: int
    duration_seconds: float = 0.0
    reply: WireReply | None = None
    status: int | None = None
    received: Mapping[str, Any] | None = None
    error: VidgenError | None = None
    cost: Cost = FREE
    call_id: UUID | None = None


class Recorder:
    """Makes and files the records of one provider's exchanges, and masks what its errors say."""

    def __init__(
        self,
        sink: LogSink,
        masker: Masker,
        *,
        provider: str,
        name: str,
        test_mode: bool,
        context: WorkContext,
        shown_key: Mapping[str, str],
    ) -> None:
        self._sink = sink
        self._masker = masker
        self._provider = provider
        self._name = name
        self._test_mode = test_mode
        self._context = context
        self._shown_key = shown_key

    async def note(self, exchange: Exchange) -> None:
        """File an exchange."""
        large = exchange.request.paid or (exchange.reply is not None and len(exchange.reply.content) > LARGE_BYTES)
        scene = current_scene()
        self._sink.put(
            await asyncio.to_thread(self._record, exchange, scene) if large else self._record(exchange, scene)
        )

    def note_now(self, exchange: Exchange) -> None:
        """File an exchange without letting anything else happen meanwhile: when its task is being cancelled."""
        self._sink.put(self._record(exchange, current_scene()))

    def told(self, error: VidgenError) -> VidgenError:
        """The error with this provider's name in it and nothing secret, also none that it carries along."""
        message = error.message if self._name in error.message else f"{self._name}: {error.message}"
        error.message = self._masker.text(message)
        error.remedy = self._masker.text(error.remedy)
        error.args = (error.message,)
        error.provider = self._provider
        error.__cause__ = error.__context__ = None  # such as a decoding error, which holds the whole answer
        return error.with_traceback(None)

    def _record(self, exchange: Exchange, scene: int | None) -> ExchangeRecord:
        masker, request, reply = self._masker, exchange.request, exchange.reply
        parts = urlsplit(exchange.url)
        body = exchange.received
        if body is None and reply is not None:
            body = masker.body(reply.content, reply.media_type)
        return ExchangeRecord(
            created_at=exchange.started_at,
            context=self._context,
            scene=scene,
            provider=self._provider,
            model=request.model or None,
            host=masker.text(parts.hostname or "")[:255],
            endpoint=masker.text(parts.path or "/")[:MAX_ENDPOINT],
            method=request.method,
            phase=request.phase,
            try_number=exchange.try_number,
            test_mode=self._test_mode,
            call_id=exchange.call_id,
            status_code=reply.status if reply else exchange.status,
            duration_ms=round(exchange.duration_seconds * 1000),
            vendor_request_id=_request_id(reply, masker),
            cost=exchange.cost,
            error_code=exchange.error.code if exchange.error else None,
            error_message=masker.text(str(exchange.error))[:2000] if exchange.error else None,
            request_headers=masker.headers(request.headers) | ({} if request.url else dict(self._shown_key)),
            request_body=_request_body(request, masker),
            response_headers=masker.headers(reply.headers) if reply else {},
            response_body=body,
        )


def _request_body(request: WireRequest, masker: Masker) -> Any:
    if request.json is not None:
        body: Any = masker.json_body(request.json)
    elif request.form is not None or request.files:
        files = {
            name: {"type": part.media_type, "size_bytes": len(part.content), "sha256": _sha256(part.content)}
            for name, part in request.files.items()
        }
        body = masker.json_body({**(request.form or {}), **files})
    elif isinstance(request.content, Path):
        body = {"type": "file", "size_bytes": request.content.stat().st_size if request.content.exists() else None}
    else:
        body = masker.body(request.content or b"", request.headers.get("Content-Type", ""))
    if not request.query:
        return body
    query = {name: written(value) for name, value in request.query.items()}
    return {"query": masker.query(query)} | ({"body": body} if body is not None else {})


def _request_id(reply: WireReply | None, masker: Masker) -> str | None:
    found = next((reply.headers[name] for name in _REQUEST_ID_HEADERS if reply and name in reply.headers), None)
    return masker.text(found)[:200] if found else None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

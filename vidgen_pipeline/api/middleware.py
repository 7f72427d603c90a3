"""Around every request: its id, the headers all answers have, a line in the log, the numbers, the last safety net."""

from __future__ import annotations

import re
import time
import traceback
import uuid
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidgen_pipeline.api.problems import internal_problem

REQUEST_ID = "X-Request-Id"
LARGEST_BODY_BYTES = 2_000_000

_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""An answer that has one of them already keeps its own."""


class Numbers:
    """What is counted of requests: by method, route and status, never by anything a client can make up."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "vidgen_api_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.seconds = Histogram(
            "vidgen_api_request_seconds",
            "From a request's arrival to the end of its answer.",
            ("method", "route"),
            registry=registry,
        )


class Around:
    """The outermost layer, as plain ASGI: a body that streams is not held back by it."""

    def __init__(self, app: ASGIApp, numbers: Numbers, log: Any = None) -> None:
        self._app = app
        self._numbers = numbers
        self._log = log or structlog.get_logger("vidgen_pipeline.api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        state = scope["state"] = {**scope.get("state", {}), "request_id": request_id, "headers": {}}
        started, status = time.monotonic(), 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in {**_HEADERS, **state["headers"]}.items():
                    headers.setdefault(name, value)
                headers[REQUEST_ID] = request_id
            await send(message)

        error: Exception | None = None
        try:
            await self._app(scope, _limited(scope, receive), send_on)
        except Exception as caught:  # noqa: BLE001 - the last net: told without its text, which may be anybody's
            error = caught
            if status == 0:
                await internal_problem(Request(scope))(scope, receive, send_on)
        finally:
            self._write_down(scope, status or 500, time.monotonic() - started, error)

    def _write_down(self, scope: Scope, status: int, seconds: float, error: Exception | None) -> None:
        route = _route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self._numbers.requests.labels(method, route, str(status)).inc()
        self._numbers.seconds.labels(method, route).observe(seconds)
        caller = scope["state"].get("caller")
        facts = {
            "request_id": scope["state"]["request_id"],
            "method": method,
            "route": route,
            "path": scope["path"] if route else "",
            "status": status,
            "code": scope["state"].get("code"),
            "ms": round(seconds * 1000, 1),
            "user_id": str(caller.user_id) if caller else None,
        }
        if error is None:
            self._log.info("request", **facts)
        else:
            self._log.error("request failed", **facts, error=type(error).__name__, at=_places(error))


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _limited(scope: Scope, receive: Receive) -> Receive:
    """The body, as long as it is not too long."""
    got, announced = 0, Headers(scope=scope).get("content-length", "0")

    async def receive_some() -> Message:
        nonlocal got
        if announced.isdigit() and len(announced) < 20 and int(announced) > LARGEST_BODY_BYTES:
            raise HTTPException(413)
        message = await receive()
        got += len(message.get("body", b""))
        if got > LARGEST_BODY_BYTES:
            raise HTTPException(413)
        return message

    return receive_some


def _route_of(scope: Scope) -> str:
    """The pattern of the route that answered; empty when none did."""
    return str(getattr(scope.get("route"), "path_format", ""))


def _places(error: BaseException) -> list[str]:
    """Where an error came from, without what it says."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}" for frame in frames]

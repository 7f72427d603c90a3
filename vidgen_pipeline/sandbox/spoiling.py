"""The middleware that carries out faults, so that no double knows of them."""

from __future__ import annotations

import asyncio
import base64
import html
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.datastructures import Headers, QueryParams
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidgen_pipeline.sandbox.faults import ORDAINED, FaultKind, FaultOrder, Faults
from vidgen_pipeline.sandbox.validation import Problem, Refusal, problem_of_status
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.visits import Visit

_DRIP_SECONDS = 0.2
_BLOCK = 1 << 20
_GARBAGE = bytes(range(256)) * 4
_PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1>"
    "<p>Ray ID: 8f0c0ffee</p></body></html>"
)

# The work is not done where the vendor (or what stands before it) turns the request away.
_NOT_ACCEPTED = frozenset(
    (
        FaultKind.STATUS,
        FaultKind.RATE_LIMITED,
        FaultKind.UNAUTHORISED,
        FaultKind.OUT_OF_CREDIT,
        FaultKind.CLOSE_BEFORE_READING,
        FaultKind.STALL_BEFORE_ACCEPTING,
        FaultKind.REDIRECT_TO_PRIVATE,
    )
)


@dataclass
class _Answer:
    """The true answer, kept from the client."""

    start: Message = field(default_factory=lambda: {"type": "http.response.start", "status": 500, "headers": []})
    body: bytearray = field(default_factory=bytearray)

    async def keep(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    @property
    def media_type(self) -> str:
        found = (value for name, value in self.start["headers"] if name.lower() == b"content-type")
        return next(found, b"application/octet-stream").decode("latin-1")


class FaultMiddleware:
    """Stands before a vendor's double and spoils what is ordered to be spoiled."""

    def __init__(self, app: ASGIApp, *, vendor: Vendor, faults: Faults) -> None:
        self._app = app
        self._vendor = vendor
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit: Visit = scope["visit"]
        fault = self._faults.take(visit)
        if fault is None:
            await self._app(scope, receive, send)
            return
        visit.fault = fault.kind
        key = self._vendor.key(Headers(scope=scope), QueryParams(scope["query_string"])) if fault.echo else None
        send = _echoing(send, key) if key else send
        if fault.kind in ORDAINED:
            visit.ordained = fault.kind
            await self._app(scope, receive, send)
            return
        truth = _Answer()
        if fault.kind not in _NOT_ACCEPTED if fault.accepted is None else fault.accepted:
            await self._app(scope, receive, truth.keep)
        if (response := self._response(fault, visit, truth, key or "")) is not None:
            await response(scope, receive, send)
        else:
            await _break_off(fault.kind, truth, visit, scope, receive, send)

    def _response(self, fault: FaultOrder, visit: Visit, truth: _Answer, key: str) -> Response | None:
        """What is answered in place of the truth; None where the connection breaks off instead. `key` is repeated."""
        problem = _PROBLEMS.get(fault.kind)
        if fault.kind is FaultKind.STATUS:
            problem = problem_of_status(fault.status or 500)
        if problem is not None:
            message = f"Not with the key {key}" if key else ""
            response = self._vendor.refuse(Refusal(problem, message, status=fault.status), visit.request_id)
            response.status_code = fault.status or response.status_code
            if fault.retry_after is not None:
                response.headers["retry-after"] = f"{fault.retry_after:g}"
            return response
        answer = _ANSWERS.get(fault.kind)
        return answer(fault, truth, key) if answer else None


_PROBLEMS = {
    FaultKind.RATE_LIMITED: Problem.RATE_LIMITED,
    FaultKind.UNAUTHORISED: Problem.UNAUTHORISED,
    FaultKind.OUT_OF_CREDIT: Problem.OUT_OF_CREDIT,
}


def _echoing(send: Send, key: str) -> Send:
    """Repeats the key in headers: as a number of the request's, behind a name, in an address."""
    repeated = [
        (b"x-trace-id", key.encode()),
        (b"authorization", b"Basic " + base64.b64encode(f"user:{key}".encode())),
        (b"link", f'<https://vendor.test/keys?key={quote(key, safe="")}>; rel="help"'.encode()),
    ]

    async def send_with_key(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *repeated]}
        await send(message)

    return send_with_key


def _garbage(fault: FaultOrder, truth: _Answer, key: str) -> Response:
    return Response(_GARBAGE + key.encode(), fault.status or 200, media_type=truth.media_type)


def _wrong_schema(fault: FaultOrder, _: _Answer, key: str) -> Response:
    return JSONResponse({"result": [{"version": 99, "payload": key or None}], "next": 7}, fault.status or 200)


def _page(fault: FaultOrder, _: _Answer, key: str) -> Response:
    return HTMLResponse(_PAGE.replace("8f0c0ffee", html.escape(key) or "8f0c0ffee"), fault.status or 200)


def _nothing(fault: FaultOrder, truth: _Answer, _: str) -> Response:
    return Response(b"", fault.status or 200, media_type=truth.media_type)


def _huge(fault: FaultOrder, truth: _Answer, _: str) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"padding":"'
        for _ in range(-(-fault.size_bytes // _BLOCK)):
            yield b"x" * _BLOCK
        yield b'"}'

    return StreamingResponse(body(), fault.status or 200, media_type=truth.media_type)


def _bomb(fault: FaultOrder, truth: _Answer, _: str) -> Response:
    async def body() -> AsyncIterator[bytes]:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        for _ in range(-(-fault.size_bytes // _BLOCK)):
            yield packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_SYNC_FLUSH)
            await asyncio.sleep(0)
        yield packer.flush()

    packed = {"content-encoding": "gzip"}
    return StreamingResponse(body(), fault.status or 200, packed, media_type=truth.media_type)


def _redirect(fault: FaultOrder, _: _Answer, key: str) -> Response:
    query = f"?key={quote(key, safe='')}" if key else ""
    return RedirectResponse(fault.location + query, fault.status or 302)


def _drip(_: FaultOrder, truth: _Answer, __: str) -> Response:
    async def body() -> AsyncIterator[bytes]:
        for byte in bytes(truth.body):
            yield bytes([byte])
            await asyncio.sleep(_DRIP_SECONDS)

    response = StreamingResponse(body(), truth.start["status"])
    response.raw_headers = list(truth.start["headers"])
    return response


_ANSWERS: dict[FaultKind, Callable[[FaultOrder, _Answer, str], Response]] = {
    FaultKind.GARBAGE: _garbage,
    FaultKind.WRONG_SCHEMA: _wrong_schema,
    FaultKind.HTML: _page,
    FaultKind.EMPTY: _nothing,
    FaultKind.HUGE_BODY: _huge,
    FaultKind.GZIP_BOMB: _bomb,
    FaultKind.REDIRECT_TO_PRIVATE: _redirect,
    FaultKind.SLOW_DRIP: _drip,
}


async def _break_off(
    kind: FaultKind, truth: _Answer, visit: Visit, scope: Scope, receive: Receive, send: Send
) -> None:  # fmt: skip
    """Leave the client without a whole answer."""
    transport: asyncio.Transport = scope["state"]["transport"]
    if kind in {FaultKind.STALL_BEFORE_ACCEPTING, FaultKind.STALL_AFTER_ACCEPTING}:
        visit.outcome = "left without an answer"
    elif kind is FaultKind.CUT_SHORT:
        visit.outcome = "cut short"
        await send(truth.start)
        await send({"type": "http.response.body", "body": bytes(truth.body[: len(truth.body) // 2]), "more_body": True})
        transport.close()  # after what has been written
    else:
        visit.outcome = "closed"
        transport.abort()
    try:
        await _until_gone(receive)
    except asyncio.CancelledError:  # the sandbox stops: it leaves without a word, too
        transport.abort()
        await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

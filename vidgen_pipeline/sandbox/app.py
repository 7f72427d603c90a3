"""The sandbox as one Starlette app: every double below its provider's id, and the control desk below `/_control`."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.control import ControlDesk
from vidgen_pipeline.sandbox.keys import Standing, account_of
from vidgen_pipeline.sandbox.spoiling import FaultMiddleware
from vidgen_pipeline.sandbox.state import Sandbox
from vidgen_pipeline.sandbox.validation import Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Found, Vendor
from vidgen_pipeline.sandbox.visits import Visit, masked_headers, masked_query

LIMITED_SECONDS = 20
"""What `limited-…` keys are asked to wait."""

_MAX_BODY_BYTES = 100_000_000
_logger = logging.getLogger(__name__)


def build_app(sandbox: Sandbox, vendors: Sequence[Vendor]) -> Starlette:
    """The app for these vendors' doubles."""

    async def index(_: Request) -> JSONResponse:
        return JSONResponse({"sandbox": "vidgen", "providers": sorted(vendor.provider for vendor in vendors)})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await sandbox.jobs.clear()

    doubles = [
        Mount(
            f"/{vendor.provider}",
            app=Double(vendor, sandbox),
            middleware=[
                Middleware(VisitMiddleware, vendor=vendor, sandbox=sandbox),
                Middleware(FaultMiddleware, vendor=vendor, faults=sandbox.faults),
            ],
        )
        for vendor in vendors
    ]
    control = Mount("/_control", routes=ControlDesk(sandbox).routes)
    return Starlette(routes=[Route("/", index), control, *doubles], lifespan=lifespan)


class VisitMiddleware:
    """Finds out whose request it is and what for, and writes down what comes and goes."""

    def __init__(self, app: ASGIApp, *, vendor: Vendor, sandbox: Sandbox) -> None:
        self._app = app
        self._vendor = vendor
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        path = scope["path"].removeprefix(f"/{self._vendor.provider}") or "/"
        found = self._vendor.find(request.method, path)
        key = self._vendor.key(request.headers, request.query_params)
        visit = Visit(
            number=self._sandbox.visits.next_number(),
            request_id=uuid.uuid4().hex,
            time=self._sandbox.clock.now(),
            provider=self._vendor.provider,
            phase=found.route.phase if isinstance(found, Found) else "",
            account=account_of(key).id if key else "",
            method=request.method,
            path=path,
            query=masked_query(request.query_params.multi_items(), key),
            headers=masked_headers(request.headers.items(), key),
        )
        self._sandbox.visits.add(visit)
        scope["visit"], scope["found"] = visit, found

        async def counted_receive() -> Message:
            message = await receive()
            if (body := message.get("body")) and visit.outcome == "pending":
                visit.body_bytes += len(body)
                visit.body_digest.update(body)
            return message

        async def noted_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status = message["status"]
                visit.outcome = "answered" if visit.outcome == "pending" else visit.outcome
            await send(message)

        await self._app(scope, counted_receive, noted_send)


class Double:
    """One vendor's double as an ASGI app: key, route, handler, and refusals in the vendor's own words."""

    def __init__(self, vendor: Vendor, sandbox: Sandbox) -> None:
        self._vendor = vendor
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit: Visit = scope["visit"]
        try:
            response = await self._answer(Request(scope, receive), visit, scope["found"])
        except Refusal as refusal:
            response = self._vendor.refuse(refusal, visit.request_id)
        except Exception:
            _logger.exception("the double of %s failed at %s %s", visit.provider, visit.method, visit.path)
            response = self._vendor.refuse(Refusal(Problem.SERVER_ERROR), visit.request_id)
        await response(scope, receive, send)

    async def _answer(self, request: Request, visit: Visit, found: Found | Refusal) -> Response:
        if isinstance(found, Refusal):
            raise found
        route = found.route
        account = account_of(self._vendor.key(request.headers, request.query_params) or "")
        if not route.public:
            if account.standing is Standing.BAD:
                raise Refusal(Problem.UNAUTHORISED if account.key else Problem.NO_KEY)
            if account.standing is Standing.LIMITED:
                raise Refusal(Problem.RATE_LIMITED, retry_after=LIMITED_SECONDS)
        content = b"" if route.streamed else await _whole_body(request)
        call = Call(self._sandbox, visit, request, found.names, account, content)
        if self._vendor.check and not route.public:
            self._vendor.check(call)
        response = await route.handler(call)
        response.headers.update(self._vendor.headers(visit.request_id))
        return response


async def _whole_body(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > _MAX_BODY_BYTES:
            raise Refusal(Problem.INVALID, "Request body too large", status=413)
    return bytes(content)

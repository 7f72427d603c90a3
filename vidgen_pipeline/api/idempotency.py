"""Requests that may spend: sent again under the same Idempotency-Key, they get the same answer and nothing is done.

An answer is kept when the work was done, or may have been (2xx and 500). One that says that nothing was done (4xx)
is not: the key is then free for the corrected request.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.api.errors import InFlight, KeyRequired, KeyReused
from vidgen_pipeline.api.problems import internal_problem
from vidgen_pipeline.database import idempotency as rows
from vidgen_pipeline.domain.errors import VidgenError

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
KEPT_FOR = timedelta(days=7)
GIVEN_UP_AFTER = timedelta(minutes=5)
"""Work whose process ended without a word may be begun anew after so long. The services refuse what was done."""

_FORM = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "location", "etag", "retry-after")


def key_of(request: Request) -> str | None:
    """The request's key; None without one. Raises KeyRequired for what can't be one."""
    written = request.headers.get(HEADER)
    if written is not None and not _FORM.fullmatch(written):
        raise KeyRequired(
            f"The {HEADER} is of no use.", remedy="It has 1 to 255 visible ASCII characters; a random UUID is best."
        )
    return written


def require_key(request: Request) -> str:
    """The request's key. Raises KeyRequired where it has none."""
    if (key := key_of(request)) is None:
        raise KeyRequired(
            f"This may spend money, so the request needs an {HEADER}.",
            remedy="Give it a random UUID, and the same one when you send the same request again.",
        )
    return key


async def once(
    context: ApiContext, request: Request, user_id: UUID, key: str, work: Callable[[], Awaitable[Response]]
) -> Response:
    """Do the work, unless it was done for this key before. Raises InFlight, KeyReused and what the work raises."""
    digest, claim = await _digest(request), uuid4()
    before = await run_in_threadpool(_claim, context, user_id, key, digest, claim)
    if before is not None:
        return _again(before, digest)
    try:
        response = await work()
    except Exception as error:
        if _did_nothing(error):
            await run_in_threadpool(_let_go, context, user_id, key, claim)
        else:
            await run_in_threadpool(_keep, context, user_id, key, claim, internal_problem(request))
        raise
    if response.status_code < 400:
        await run_in_threadpool(_keep, context, user_id, key, claim, response)
    else:
        await run_in_threadpool(_let_go, context, user_id, key, claim)
    return response


def _did_nothing(error: Exception) -> bool:
    """Whether an error says that nothing was done. Raised on purpose, by a service or by the framework, it does."""
    return isinstance(error, VidgenError | RequestValidationError | HTTPException)


async def _digest(request: Request) -> bytes:
    body = await request.body()
    where = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(where.encode() + body).digest()


def _again(before: rows.Kept, digest: bytes) -> Response:
    if before.request_hash != digest:
        raise KeyReused(f"This {HEADER} was used for another request.", remedy="Give each request a key of its own.")
    if before.status is None:
        raise InFlight("The same request is being worked on.", remedy="Send it again in a moment, with the same key.")
    return Response(before.body, before.status, {**before.headers, REPLAYED: "true"})


def _claim(context: ApiContext, user_id: UUID, key: str, digest: bytes, claim: UUID) -> rows.Kept | None:
    with Session(context.engine) as session, session.begin():
        return rows.claim_key(
            session,
            user_id,
            key,
            request_hash=digest,
            claim=claim,
            now=context.clock(),
            kept_for=KEPT_FOR,
            given_up_after=GIVEN_UP_AFTER,
        )


def _keep(context: ApiContext, user_id: UUID, key: str, claim: UUID, response: Response) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    with Session(context.engine) as session, session.begin():
        rows.keep_answer(
            session, user_id, key, claim, status=response.status_code, headers=headers, body=bytes(response.body)
        )


def _let_go(context: ApiContext, user_id: UUID, key: str, claim: UUID) -> None:
    with Session(context.engine) as session, session.begin():
        rows.let_go(session, user_id, key, claim)

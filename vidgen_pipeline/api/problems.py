"""Every error as `application/problem+json` (RFC 9457), with a stable code and no word that was not meant for it."""

from __future__ import annotations

import http
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vidgen_pipeline.api.errors import ApiError, NothingMore, NotModified
from vidgen_pipeline.domain.accounts import Forbidden, NotAuthenticated, TooManyTries
from vidgen_pipeline.domain.errors import (
    BadReply,
    Cancelled,
    Conflict,
    InvalidInput,
    MissingTool,
    NotFound,
    OverBudget,
    Paused,
    ProviderDown,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    StaleVersion,
    StorageFull,
    SubmitUnknown,
    TimedOut,
    VidgenError,
    remedy_from_afar,
)

MEDIA_TYPE = "application/problem+json"

STATUSES: Mapping[type[VidgenError], int] = {
    NotAuthenticated: 401,
    Forbidden: 403,
    TooManyTries: 429,
    InvalidInput: 422,
    StorageFull: 507,
    MissingTool: 503,
    NotFound: 404,
    StaleVersion: 412,
    Conflict: 409,
    Cancelled: 409,
    OverBudget: 409,
    Paused: 409,
    TimedOut: 504,
    ProviderUnavailable: 422,
    RateLimited: 503,
    ProviderDown: 503,
    BadReply: 502,
    SubmitUnknown: 502,
    ProviderError: 502,
}
"""The nearest class of an error's says its status; what has none is a fault of ours: 500."""

_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}
_LONGEST_NAME = 30
_WORDS = {
    400: "The request can't be understood.",
    404: "There is nothing here.",
    405: "This can't be done here.",
    413: "The request is too large.",
}
_INTERNAL = "Something went wrong here that should not have. It was written down under the request's id."


def problem_of(error: VidgenError, request: Request) -> Response:
    """The answer to an error that was raised on purpose."""
    status = status_of(error)
    if status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return internal_problem(request, code=error.code)
    more: dict[str, Any] = {"remedy": remedy} if (remedy := remedy_from_afar(error.remedy)) else {}
    if error.provider:
        more["provider"] = error.provider
    headers = {}
    if status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="vidgen"'
    if (retry_after := getattr(error, "retry_after", None)) is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return problem(request, status, error.code, error.message, headers=headers, **more)


def status_of(error: VidgenError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, ApiError):
        return error.status
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def problem(
    request: Request, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """A problem as a response."""
    request.scope.setdefault("state", {})["code"] = code  # for the log
    body = {
        "type": f"urn:vidgen:problem:{code}",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "request_id": request_id_of(request),
        **more,
    }
    # Escaped, so that half a surrogate pair in somebody's text is no fault of the answer.
    return Response(json.dumps(body), status, dict(headers or {}), MEDIA_TYPE)


def internal_problem(request: Request, *, code: str = VidgenError.code) -> Response:
    """The answer to what nobody foresaw. It tells nothing but where to look."""
    return problem(request, 500, code, _INTERNAL)


def request_id_of(request: Request) -> str:
    """The request's id, as it is in the answer's header and in the log."""
    return str(request.scope.get("state", {}).get("request_id", ""))


async def on_vidgen_error(request: Request, error: Exception) -> Response:
    """Handle an error of ours."""
    assert isinstance(error, VidgenError)  # noqa: S101 - registered for these
    return problem_of(error, request)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Handle what the framework refuses: no such route, a wrong method, a body that is too large."""
    assert isinstance(error, HTTPException)  # noqa: S101
    status = error.status_code
    code = _HTTP_CODES.get(status, "bad_request" if status < 500 else VidgenError.code)
    headers = error.headers
    if status == http.HTTPStatus.METHOD_NOT_ALLOWED and (methods := request.app.state.methods_at(request.url.path)):
        headers = {"Allow": ", ".join(methods)}  # the framework names those of one route alone
    return problem(request, status, code, _WORDS.get(status, _WORDS[400]), headers=headers)


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Handle input that is not of the form it has to have: each mistake with a pointer to it, none with the input."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    mistakes = [
        {"pointer": _pointer(mistake["loc"]), "code": mistake["type"], "message": mistake["msg"]}
        for mistake in error.errors()[:50]
    ]
    first = f"{mistakes[0]['pointer']}: {mistakes[0]['message']}" if mistakes else ""
    return problem(request, 422, "validation_failed", f"The request is not of the right form. {first}", errors=mistakes)


async def on_not_modified(request: Request, error: Exception) -> Response:
    """End with 304."""
    assert isinstance(error, NotModified)  # noqa: S101
    return Response(status_code=304, headers=error.headers)


async def on_nothing_more(request: Request, error: Exception) -> Response:
    """End with 204."""
    assert isinstance(error, NothingMore)  # noqa: S101
    return Response(status_code=204)


def _name(part: Any) -> str:
    """A field's name. What is longer than any of ours may be a secret that went to the wrong place."""
    name = str(part)
    return name if len(name) <= _LONGEST_NAME else f"{name[:4]}…"


def _pointer(place: Sequence[Any]) -> str:
    """Where a mistake is: a JSON pointer into the body, or the kind and name of a parameter."""
    where, *path = [_name(part) for part in place or ("body",)]
    if where != "body":
        return "/".join((where, *path))
    return "#" + "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)

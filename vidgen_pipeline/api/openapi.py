"""The OpenAPI document: what FastAPI knows of the routes, and what it can't: security, errors and examples of all."""

from __future__ import annotations

import http
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from vidgen_pipeline.api.guard import Again, Guard, GuardedRoute
from vidgen_pipeline.api.models.base import Given, Problem, Shown
from vidgen_pipeline.api.models.bulk import Rows
from vidgen_pipeline.api.problems import MEDIA_TYPE
from vidgen_pipeline.api.routes import ROUTERS

_ABOUT = """Turn a script into a narrated, captioned video.

Every error is a problem (RFC 9457) with a stable `code`. Whoever is not the owner of something is told that it is not
there. Requests that may spend carry an `Idempotency-Key`; changes carry the ETag they were made from as `If-Match`.
"""
_TAGS = {
    "videos": "Plan videos, have them made, change them.",
    "files": "What came out.",
    "events": "What happens, as it happens.",
    "logs": "Exchanges with vendors.",
    "settings": "What videos are made with, who can make them, and what that costs.",
    "caption styles": "How captions look: everybody's, and your own.",
    "looks": "How a whole video looks and sounds, under one name.",
    "integrations": "Your own keys for providers.",
    "budgets": "Ceilings for money.",
    "recurring plans": "Videos that come again and again.",
    "notifications": "What you are told.",
    "webhooks": "Addresses that are told of it.",
    "accounts": "Logins, passwords and tokens.",
    "admin": "Everybody's, for admins.",
}
_EXAMPLES: dict[int, tuple[str, str]] = {
    400: ("invalid_cursor", "This cursor is not one of this list's."),
    401: ("not_authenticated", "The request says not who asks."),
    403: ("forbidden", "This token is not allowed to do this."),
    404: ("not_found", "There is no video with this id."),
    409: ("conflict", "“Why cats purr” is already processing."),
    412: ("stale_version", "“Why cats purr” was changed meanwhile: this was about version 1, and it is 2 now."),
    413: ("body_too_large", "The request is too large."),
    415: ("unsupported_media_type", "The body has to be JSON."),
    416: ("range_not_satisfiable", "The file has no such part."),
    422: ("validation_failed", "The request is not of the right form. #/titel: Extra inputs are not permitted"),
    428: ("precondition_required", "A change has to say from which version it was made."),
    429: ("too_many_requests", "There were too many requests of the kind 'read'."),
    500: ("internal_error", "Something went wrong here that should not have."),
    507: ("storage_full", "Only 12 MB are free."),
}
_FREE_LINE = {"model": None, "low": 0.0, "expected": 0.0, "high": 0.0, "basis": "free", "videos": None}
_ESTIMATE = {
    "script_cost": 0.01, "voice_cost": 0.11, "media_cost": 0.0, "video_ai_cost": 0.0, "assembly_cost": 0.0,
    "total_estimated_cost": 0.12, "currency": "USD", "low": 0.1, "high": 0.15, "length_seconds": 45.0,
    "lines": [
        {
            "category": "script", "provider": "openai_gpt", "model": "gpt-5.6", "low": 0.01, "expected": 0.01,
            "high": 0.02, "basis": "prices", "videos": None,
        },
        {
            "category": "voice", "provider": "elevenlabs", "model": "eleven_v3", "low": 0.09, "expected": 0.11,
            "high": 0.13, "basis": "history", "videos": 24,
        },
        {"category": "media", "provider": "pexels", **_FREE_LINE},
        {"category": "video_ai", "provider": None, **_FREE_LINE},
        {"category": "assembly", "provider": "ffmpeg", **_FREE_LINE},
    ],
    "problems": {},
    "test_mode": False,
}  # fmt: skip
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    "example": "3f0e9f4e-0a51-4d6c-9d57-5a3a3c7f6a10",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": '^(\\*|"[0-9]{1,9}-[0-9a-f]{16}")$'},
    "example": '"1-0123456789abcdef"',
}


def describe(app: FastAPI) -> None:
    """Let the app say all this at its address for it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def guards() -> dict[str, Guard]:
    """The guard of each operation, by its id."""
    return {route.operation_id or "": route.guard for route in _routes()}


def _routes() -> Iterator[GuardedRoute]:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, GuardedRoute):
                yield route


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in _TAGS.items()],
        servers=[{"url": "http://127.0.0.1:8000", "description": "What `vidgen up` serves."}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    components = document["components"]
    schemas = components["schemas"]
    for extra in (Problem, Rows):
        described = extra.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[extra.__name__] = described
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for name, example in _examples().items():
        if name in schemas:
            schemas[name]["examples"] = [example]  # with the nulls that FastAPI leaves out
    components["responses"] = {f"Problem{status}": _problem_response(status) for status in _EXAMPLES}
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token, `vgp_…`."},
        "login": {
            "type": "apiKey",
            "in": "cookie",
            "name": "vidgen_session",
            "description": "A person's login (`__Host-vidgen_session` over TLS). Changes also carry X-CSRF-Token.",
        },
    }
    by_id = guards()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(operation, by_id[operation["operationId"]], path, method, schemas)
    return document


def _examples() -> dict[str, Any]:
    """The example of each model, by its name."""
    found: dict[str, Any] = {"CostEstimateResponse": _ESTIMATE}
    kinds: list[type[BaseModel]] = [Shown, Given]
    for kind in kinds:
        kinds += kind.__subclasses__()
        extra = kind.model_config.get("json_schema_extra")
        if isinstance(extra, dict) and isinstance(given := extra.get("examples"), list):
            found[kind.__name__] = given[0]
    return found


def _complete(operation: dict[str, Any], guard: Guard, path: str, method: str, schemas: dict[str, Any]) -> None:
    if guard.scope is None:
        operation["security"] = []
    else:
        operation["security"] = [{"login": []}] if guard.by_person else [{"token": []}, {"login": []}]
        operation["x-scope"] = guard.scope.value
    parameters = operation.setdefault("parameters", [])
    parameters[:] = [parameter for parameter in parameters if parameter["name"] != "last-event-id"]
    if guard.again is not Again.NO:
        parameters.append({**_KEY, "required": guard.again is Again.MUST})
    if guard.conditional:
        parameters.append(_IF_MATCH)
    if not parameters:
        del operation["parameters"]
    responses = operation["responses"]
    responses.pop("422", None)
    for status in sorted(_errors(operation, guard, path, method)):
        responses[str(status)] = (
            {"description": http.HTTPStatus(status).phrase}
            if status == http.HTTPStatus.NOT_MODIFIED
            else {"$ref": f"#/components/responses/Problem{status}"}
        )
    for holder in (operation.get("requestBody", {}), *responses.values()):
        for media in holder.get("content", {}).values():
            _give_example(media, schemas)


def _errors(operation: dict[str, Any], guard: Guard, path: str, method: str) -> set[int]:
    errors = {400, 422, 429, 500, *guard.statuses}
    if guard.scope is not None:
        errors |= {401, 403}
    if "{" in path or method == "delete":
        errors.add(404)
    if "requestBody" in operation or method in {"post", "put"}:
        errors.add(413)
    if "requestBody" in operation:
        errors.add(415)
    if guard.again is not Again.NO:
        errors.add(409)
    if guard.again is Again.MUST or operation["operationId"] == "createVideo":
        errors.add(507)
    if guard.conditional:
        errors |= {412, 428}
    return errors


def _give_example(media: dict[str, Any], schemas: dict[str, Any]) -> None:
    name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
    given = schemas.get(name, {}).get("examples")
    if given and "example" not in media:
        media["example"] = given[0]


def _problem_response(status: int) -> dict[str, Any]:
    code, detail = _EXAMPLES[status]
    title = http.HTTPStatus(status).phrase
    example: dict[str, Any] = {
        "type": f"urn:vidgen:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "/api/v1/videos",
        "code": code,
        "request_id": "0b5c7e3a9f0e4d1cb8a2f6d1c3e5a7b9",
    }
    if status == http.HTTPStatus.UNPROCESSABLE_ENTITY:
        mistake = {"pointer": "#/titel", "code": "extra_forbidden", "message": "Extra inputs are not permitted"}
        example["errors"] = [mistake]
    return {
        "description": title,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }

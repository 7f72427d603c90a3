"""Anthropic: the Messages API, its token counter and the list of models.

Words in a key that are known here: `scoped` (may write, but not list models), `capped` (a monthly spending limit is
reached: 429 without a time to wait), and those of `written_scripts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.keys import any_of, bearer, header_key
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.written_scripts import WrittenText, parts_of_schema, problem_in_schema, write

_VERSIONS = ("2026-10-21", "2023-06-01")


@dataclass(frozen=True)
class _Model:
    """USD a million tokens, read, written and read again."""

    name: str
    read: str
    written: str
    cached: str = ""
    retires_at: str | None = None

    @property
    def is_5_5(self) -> bool:
        return self.name.endswith("5.5")

    def usd(self, written: WrittenText) -> Decimal:
        amount = (written.input_tokens - written.cached_tokens) * Decimal(self.read)
        amount += written.cached_tokens * Decimal(self.cached or self.read)
        amount += written.output_tokens * Decimal(self.written)
        return amount / 1_000_000


_MODELS = {
    "claude-sonnet-5-5": _Model("Claude Sonnet 5.5", "2", "10", "0.10"),
    "claude-haiku-5-5": _Model("Claude Haiku 5.5", "0.10", "0.50"),
    "claude-opus-5-5": _Model("Claude Opus 5.5", "4", "20"),
    "claude-fable-5-1": _Model("Claude Fable 5.1", "10", "50"),
    "claude-sonnet-5": _Model("Claude Sonnet 5", "2", "10"),
    "claude-haiku-4-5": _Model("Claude Haiku 4.5", "1", "5"),
    # Its own price is not documented any more; charged like its replacement.
    "claude-sonnet-4-5": _Model("Claude Sonnet 4.5", "2", "10", retires_at="2026-11-30T00:00:00Z"),
}
_ERRORS = {
    Problem.NO_KEY: (401, "authentication_error", "x-api-key header is required"),
    Problem.UNAUTHORISED: (401, "authentication_error", "invalid x-api-key"),
    Problem.FORBIDDEN: (
        403,
        "permission_error",
        "Your API key does not have permission to use this resource.",
    ),
    Problem.OUT_OF_CREDIT: (402, "billing_error", "There is an issue with your organization's billing."),
    Problem.RATE_LIMITED: (
        429,
        "rate_limit_error",
        "This request would exceed the rate limit for your organization.",
    ),
    Problem.INVALID: (400, "invalid_request_error", "Invalid request."),
    Problem.NOT_FOUND: (404, "not_found_error", "Not found"),
    Problem.CONFLICT: (409, "conflict_error", "The request conflicts with another."),
    Problem.MODERATION: (400, "invalid_request_error", "Output blocked by content filtering policy"),
    Problem.SERVER_ERROR: (500, "api_error", "Internal server error"),
    Problem.OVERLOADED: (529, "overloaded_error", "Overloaded"),
}
_TYPES_BY_STATUS = {413: "request_too_large", 503: "api_error", 504: "timeout_error"}


def _error(refusal: Refusal, request_id: str) -> Response:
    status, kind, message = _ERRORS[refusal.problem]
    status = refusal.status or status
    error = {
        "type": _TYPES_BY_STATUS.get(status, kind),
        "message": refusal.message or message,
        "details": {"error_code": refusal.code} if refusal.code else None,
    }
    return JSONResponse({"type": "error", "error": error, "request_id": f"req_{request_id}"}, status)


def _check(call: Call) -> None:
    version = call.headers.get("anthropic-version")
    if version is None:
        raise Refusal(Problem.INVALID, "anthropic-version: header is required")
    if version not in _VERSIONS:
        raise Refusal(Problem.INVALID, f"anthropic-version: {version!r} is not a valid version")


def _headers(request_id: str) -> dict[str, str]:
    limits = {
        f"anthropic-ratelimit-{kind}-{name}": value
        for kind in ("requests", "tokens", "input-tokens", "output-tokens")
        for name, value in (("limit", "1000"), ("remaining", "999"), ("reset", "2026-11-22T00:01:00Z"))
    }
    return {"request-id": f"req_{request_id}", "anthropic-organization-id": "org-sandbox", **limits}


VENDOR = Vendor(
    "anthropic", key=any_of(bearer, header_key("x-api-key")), error=_error, check=_check, headers=_headers
)  # fmt: skip


class TextBlock(Body):
    """A block of text."""

    type: Literal["text"]
    text: str
    cache_control: dict[str, str] | None = None


class InputMessage(Body):
    """A turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str | list[TextBlock]


class Format(Body):
    """The form of the output."""

    type: Literal["json_schema"]
    json_schema: dict[str, Any] = Field(alias="schema")


class OutputConfig(Body):
    """How the output is to be."""

    format: Format | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


class Thinking(Body):
    """Whether and how the model thinks."""

    type: Literal["adaptive", "disabled", "between_tools", "enabled"]
    budget_tokens: int | None = Field(default=None, ge=1024)


class Metadata(Body):
    """Who asks."""

    user_id: str | None = None


class CountBody(Body):
    """What is to be read."""

    model: str
    messages: list[InputMessage] = Field(min_length=1)
    system: str | list[TextBlock] | None = None
    output_config: OutputConfig = OutputConfig()
    thinking: Thinking | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | None = None
    cache_control: dict[str, str] | None = None

    @property
    def message(self) -> str:
        return "\n".join(_words(message.content) for message in self.messages)


class MessageBody(CountBody):
    """A request for a message."""

    max_tokens: int = Field(ge=1, le=128_000)
    stop_sequences: list[str] | None = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    speed: Literal["standard", "fast"] | None = None
    stream: Literal[False] | None = None


class ModelsQuery(Query):
    """Which models, how many at a time."""

    limit: int = Field(default=20, ge=1, le=1000)
    after_id: str | None = None
    before_id: str | None = None


@VENDOR.submit("/v1/messages")
async def create_message(call: Call) -> Response:
    """Write what is asked for, and charge its tokens, also those of a refusal or of a text that was cut off."""
    body = call.json(MessageBody)
    model = _known_model(call, body.model)
    _check_body(body, model)
    if call.account.has("capped"):
        said = "You have reached your monthly spend limit."
        raise Refusal(Problem.RATE_LIMITED, said, code="enforced_spend_limit_reached")
    written = _written(call, body, body.max_tokens)
    refused = call.against_policy(body.message)
    if refused:
        written = WrittenText("", written.input_tokens, 0, 3, cut_off=False)
    call.charge(Bill(operation="messages", usd=model.usd(written), units=written.units(body.model)))
    return JSONResponse(_message(call, body, written, refused=refused))


@VENDOR.read("/v1/messages/count_tokens", "POST")
async def count_tokens(call: Call) -> Response:
    """How many tokens a request has, for nothing."""
    body = call.json(CountBody)
    _check_body(body, _known_model(call, body.model))
    return JSONResponse({"input_tokens": _written(call, body, 1).input_tokens})


@VENDOR.read("/v1/models")
async def models(call: Call) -> Response:
    """The models, page by page; one of them is about to end."""
    _check_scope(call)
    query, names = call.query(ModelsQuery), [name for name in _MODELS if _is_there(call, name)]
    start = names.index(query.after_id) + 1 if query.after_id in names else 0
    page = names[start : start + query.limit]
    answer = {
        "data": [_shown(name) for name in page],
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
        "has_more": start + query.limit < len(names),
    }
    return JSONResponse(answer)


@VENDOR.read("/v1/models/{id}")
async def model(call: Call) -> Response:
    """One model."""
    _check_scope(call)
    _known_model(call, call.names["id"])
    return JSONResponse(_shown(call.names["id"]))


def _check_scope(call: Call) -> None:
    if call.account.has("scoped"):
        raise Refusal(Problem.FORBIDDEN)


def _words(content: str | list[TextBlock] | None) -> str:
    return "".join(block.text for block in content) if isinstance(content, list) else content or ""


def _written(call: Call, body: CountBody, room: int) -> WrittenText:
    form = body.output_config.format
    schema = form.json_schema if form else None
    return write(call.account, instructions=_words(body.system), message=body.message, schema=schema, room=room)


def _known_model(call: Call, name: str) -> _Model:
    if not _is_there(call, name):
        raise Refusal(Problem.NOT_FOUND, f"model: {name}")
    return _MODELS[name]


def _is_there(call: Call, name: str) -> bool:
    model = _MODELS.get(name)
    return model is not None and (
        model.retires_at is None or call.now() < datetime.fromisoformat(model.retires_at)
    )  # fmt: skip


def _check_body(body: CountBody, model: _Model) -> None:
    if body.messages[-1].role != "user":
        raise Refusal(Problem.INVALID, "messages: the final message must have the role user; prefill is not supported")
    choice = (body.tool_choice or {}).get("type")
    if choice in {"any", "tool"} and body.model == "claude-sonnet-5-5":
        raise Refusal(Problem.INVALID, f"tool_choice.type: '{choice}' is not supported with this model")
    thinking = body.thinking.type if body.thinking else None
    if thinking == "enabled" and model.is_5_5:
        raise Refusal(Problem.INVALID, "thinking.type: 'enabled' is not supported with this model")
    if thinking == "disabled" and (body.model == "claude-sonnet-5-5" or body.output_config.effort in {"xhigh", "max"}):
        raise Refusal(Problem.INVALID, "thinking.type: 'disabled' is not supported here")
    if form := body.output_config.format:
        problem = problem_in_schema(form.json_schema)
        optional = sum(
            len(set(part.get("properties", {})) - set(part.get("required", [])))
            for _, part in parts_of_schema(form.json_schema)
        )
        if optional > 24:
            problem = "Schema is too complex for compilation"
        if problem:
            raise Refusal(Problem.INVALID, f"output_config.format.schema: {problem}")


def _shown(name: str) -> dict[str, Any]:
    model = _MODELS[name]
    return {
        "type": "model", "id": name, "display_name": model.name, "created_at": "2026-09-28T00:00:00Z",
        "lifecycle": "deprecated" if model.retires_at else "active", "line": name.split("-")[1],
        "max_input_tokens": 1_000_000, "max_tokens": 128_000,
        "capabilities": _capabilities(name),
        "deprecated_at": "2026-09-28T00:00:00Z" if model.retires_at else None, "retires_at": model.retires_at,
    }  # fmt: skip


def _capabilities(name: str) -> dict[str, Any]:
    """What the model can do, each thing told as the vendor tells it. What is not made here is not supported."""
    can, cannot = {"supported": True}, {"supported": False}
    thinking = {
        "adaptive": can, "between_tools": can, "disabled": cannot if name == "claude-sonnet-5-5" else can,
        "enabled": cannot if _MODELS[name].is_5_5 else can,
    }  # fmt: skip
    efforts = dict.fromkeys(("low", "medium", "high", "xhigh", "max"), can)
    return {
        "batch": cannot, "citations": cannot, "code_execution": cannot, "image_input": cannot, "pdf_input": cannot,
        "context_management": cannot, "server_tools": {**cannot, "web_search": cannot, "code_execution": cannot},
        "effort": {**can, **efforts}, "structured_outputs": can, "thinking": {**can, "types": thinking},
    }  # fmt: skip


def _message(call: Call, body: MessageBody, written: WrittenText, *, refused: bool) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    details = None
    if refused:
        stop, details = "refusal", {"type": "refusal", "category": "general_harms", "explanation": None}
    else:
        stop = "max_tokens" if written.cut_off else "end_turn"
        content.append({"type": "thinking", "thinking": "", "signature": "c2ln"})
        if written.text:
            content.append({"type": "text", "text": written.text, "citations": None})
    return {
        "id": f"msg_{call.request_id}", "type": "message", "role": "assistant", "model": body.model, "content": content,
        "stop_reason": stop, "stop_sequence": None, "stop_details": details, "container": None,
        "usage": {
            "input_tokens": written.input_tokens - written.cached_tokens, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": written.cached_tokens,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": written.output_tokens,
            "output_tokens_details": {"thinking_tokens": written.thinking_tokens},
            "service_tier": "standard", "speed": body.speed or "standard", "inference_geo": None,
        },
    }  # fmt: skip

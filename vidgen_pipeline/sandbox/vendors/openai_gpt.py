"""OpenAI: the Responses API and the list of models.

Words in a key that are known here: `scoped` (may write, but not list models), `failing` (responses end as failed), and
those of `written_scripts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.keys import bearer
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.written_scripts import WrittenText, parts_of_schema, problem_in_schema, write


@dataclass(frozen=True)
class _Model:
    """USD a million tokens, read, written and read again."""

    read: str
    written: str
    cached: str = ""
    ends_on: date | None = None
    thinks: bool = True
    must_think: bool = False

    def usd(self, written: WrittenText, tier: str) -> Decimal:
        share = {"flex": Decimal("0.5"), "fast": Decimal(2)}.get(tier, Decimal(1))
        amount = (written.input_tokens - written.cached_tokens) * Decimal(self.read)
        amount += written.cached_tokens * Decimal(self.cached or self.read)
        amount += written.output_tokens * Decimal(self.written)
        return amount * share / 1_000_000


_MODELS = {
    "gpt-6.1-terra": _Model("1", "5", cached="0.05"),
    "gpt-6-luna": _Model("0.10", "0.50", cached="0.01"),
    "gpt-6.2-sol": _Model("2", "10", cached="0.10", must_think=True),
    "gpt-6.1-sol": _Model("2", "10", cached="0.10", must_think=True),
    "gpt-6-sol": _Model("2", "10", cached="0.20"),
    "gpt-6.2-astra": _Model("8", "40"),
    "gpt-6-astra": _Model("10", "50"),
    "gpt-5.6-luna": _Model("0.20", "1.20"),
    "gpt-5.6-terra": _Model("2", "12"),
    "gpt-5.6-sol": _Model("4", "20"),
    "gpt-4o": _Model("2.50", "10", ends_on=date(2027, 1, 14), thinks=False),
}
_NOT_IN_SCHEMA = ("allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "default")
_MOST_OUTPUT = 128_000

_ERRORS = {
    Problem.NO_KEY: (401, "invalid_request_error", None, "You didn't provide an API key in the Authorization header."),
    Problem.UNAUTHORISED: (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: bad-***."),
    Problem.FORBIDDEN: (403, "invalid_request_error", None, "You have insufficient permissions for this operation."),
    Problem.OUT_OF_CREDIT: (
        429, "insufficient_quota", "credit_balance_exhausted",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    Problem.RATE_LIMITED: (429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached for requests per min."),
    Problem.INVALID: (400, "invalid_request_error", None, "Invalid request."),
    Problem.NOT_FOUND: (404, "invalid_request_error", None, "Invalid URL."),
    Problem.CONFLICT: (409, "invalid_request_error", None, "The resource is locked."),
    Problem.MODERATION: (400, "invalid_request_error", "invalid_prompt", "Your prompt was flagged by our policy."),
    Problem.SERVER_ERROR: (500, "server_error", "server_error", "The server had an error processing your request."),
    Problem.OVERLOADED: (
        503, "service_unavailable_error", "server_is_overloaded", "The server is overloaded. Please try again later."
    ),
}  # fmt: skip


def _error(refusal: Refusal, request_id: str) -> Response:
    del request_id
    status, kind, code, message = _ERRORS[refusal.problem]
    error = {
        "message": refusal.message or message,
        "type": kind,
        "param": refusal.field or None,
        "code": refusal.code or code,
    }
    return JSONResponse({"error": error}, refusal.status or status)


def _headers(request_id: str) -> dict[str, str]:
    limits = {"limit-requests": "500", "remaining-requests": "499", "reset-requests": "120ms"}
    limits |= {"limit-tokens": "500000", "remaining-tokens": "499000", "reset-tokens": "6m0s"}
    return {
        "x-request-id": f"req_{request_id}",
        "openai-processing-ms": "12",
        **{f"x-ratelimit-{name}": value for name, value in limits.items()},
    }


VENDOR = Vendor("openai_gpt", key=bearer, error=_error, headers=_headers)


class InputText(Body):
    """A part of a message."""

    type: Literal["input_text"]
    text: str


class InputMessage(Body):
    """A message of the conversation."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[InputText]

    @property
    def words(self) -> str:
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class Format(Body):
    """The form of the output."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    json_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None
    description: str | None = None


class TextOptions(Body):
    """How the text is to be."""

    format: Format = Format()
    verbosity: Literal["low", "medium", "high"] | None = "medium"


class Reasoning(Body):
    """How much the model thinks."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class ResponseBody(Body):
    """A request for a response."""

    model: str
    input: str | list[InputMessage]
    instructions: str | None = None
    max_output_tokens: int | None = Field(default=None, ge=16)
    text: TextOptions = TextOptions()
    reasoning: Reasoning | None = None
    store: bool | None = True
    metadata: dict[str, str] | None = Field(default=None, max_length=16)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    service_tier: Literal["auto", "default", "flex", "priority", "fast", "ultrafast", "scale"] | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = Field(default=None, max_length=128)
    truncation: Literal["auto", "disabled"] | None = "disabled"
    background: Literal[False] | None = None
    stream: Literal[False] | None = None

    @property
    def message(self) -> str:
        return self.input if isinstance(self.input, str) else "\n".join(message.words for message in self.input)


@VENDOR.submit("/v1/responses")
async def create_response(call: Call) -> Response:
    """Write what is asked for, and charge its tokens, also those of a refusal or of a text that was cut off."""
    body = call.json(ResponseBody)
    model = _known_model(call, body.model)
    _check_settings(body, model)
    _check_format(body.text.format)
    if call.account.has("failing"):
        failed = {"code": "server_error", "message": "The model failed to generate a response."}
        return JSONResponse(_response(call, body, [], None, status="failed", error=failed))
    written = write(
        call.account,
        instructions=body.instructions or "",
        message=body.message,
        schema=body.text.format.json_schema,
        room=body.max_output_tokens or _MOST_OUTPUT,
    )
    refused = call.against_policy(body.message)
    usd = model.usd(written, body.service_tier or "default")
    call.charge(Bill(operation="responses", usd=usd, units=written.units(body.model)))
    part: dict[str, Any] = {"type": "output_text", "text": written.text, "annotations": [], "logprobs": []}
    if refused:
        part = {"type": "refusal", "refusal": "I can't help with that."}
    cut = written.cut_off and not refused
    status = "incomplete" if cut else "completed"
    message = {
        "id": f"msg_{call.request_id}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [part],
    }
    output: list[dict[str, Any]] = [message] if part.get("text") != "" else []
    if model.thinks:
        output.insert(0, {"id": f"rs_{call.request_id}", "type": "reasoning", "summary": []})
    return JSONResponse(_response(call, body, output, written, status=status))


@VENDOR.read("/v1/models")
async def models(call: Call) -> Response:
    """All models, each with the date of its end where that is known."""
    _check_scope(call)
    return JSONResponse({"object": "list", "data": [_shown(name) for name in _MODELS if _is_there(call, name)]})


@VENDOR.read("/v1/models/{id}")
async def model(call: Call) -> Response:
    """One model."""
    _check_scope(call)
    _known_model(call, call.names["id"])
    return JSONResponse(_shown(call.names["id"]))


def _check_scope(call: Call) -> None:
    if call.account.has("scoped"):
        said = "You have insufficient permissions for this operation. Missing scopes: api.model.read."
        raise Refusal(Problem.FORBIDDEN, said)


def _known_model(call: Call, name: str) -> _Model:
    if not _is_there(call, name):
        said = f"The model `{name}` does not exist or you do not have access to it."
        raise Refusal(Problem.NOT_FOUND, said, code="model_not_found", field="model")
    return _MODELS[name]


def _is_there(call: Call, name: str) -> bool:
    return name in _MODELS and ((ends := _MODELS[name].ends_on) is None or call.now().date() < ends)


def _check_settings(body: ResponseBody, model: _Model) -> None:
    effort = body.reasoning.effort if body.reasoning else None
    for name in ("temperature", "top_p"):
        if getattr(body, name) is not None and model.thinks and effort != "none":
            said = f"Unsupported parameter: '{name}' is not supported with this model."
            raise Refusal(Problem.INVALID, said, code="unsupported_parameter", field=name)
    if effort is not None and not model.thinks:
        said = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
        raise Refusal(Problem.INVALID, said, code="unsupported_parameter", field="reasoning.effort")
    if effort == "none" and model.must_think:
        said = "Unsupported value: 'none' is not supported with this model."
        raise Refusal(Problem.INVALID, said, code="unsupported_value", field="reasoning.effort")
    if any(len(name) > 64 or len(value) > 512 for name, value in (body.metadata or {}).items()):
        raise Refusal(Problem.INVALID, "Invalid 'metadata': a key or value is too long.", field="metadata")


def _check_format(form: Format) -> None:
    if form.type != "json_schema":
        return
    if form.name is None or form.json_schema is None:
        missing = "name" if form.name is None else "schema"
        said = f"Missing required parameter: 'text.format.{missing}'."
        raise Refusal(Problem.INVALID, said, code="missing_required_parameter", field=f"text.format.{missing}")
    problem = problem_in_schema(form.json_schema) if form.strict else ""
    for path, part in parts_of_schema(form.json_schema) if form.strict and not problem else ():
        if refused := [word for word in _NOT_IN_SCHEMA if word in part]:
            problem = f"In context={path}, '{refused[0]}' is not permitted."
        elif part.get("type") == "object" and set(part.get("properties", {})) != set(part.get("required", [])):
            problem = f"In context={path}, 'required' is required to include every key in properties."
    if problem:
        said = f"Invalid schema for response_format '{form.name}': {problem}"
        raise Refusal(Problem.INVALID, said, code="invalid_json_schema", field="text.format.schema")


def _shown(name: str) -> dict[str, Any]:
    ends = _MODELS[name].ends_on
    return {
        "id": name,
        "object": "model",
        "created": 1_795_000_000,
        "owned_by": "system",
        "shutdown_date": ends.isoformat() if ends else None,
    }


def _response(
    call: Call,
    body: ResponseBody,
    output: list[dict[str, Any]],
    written: WrittenText | None,
    *,
    status: str,
    error: dict[str, str] | None = None,
) -> dict[str, Any]:
    now = int(call.now().timestamp())
    effort = body.reasoning.effort if body.reasoning else None
    return {
        "id": f"resp_{call.request_id}", "object": "response", "created_at": now, "completed_at": now, "status": status,
        "error": error, "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": body.instructions, "max_output_tokens": body.max_output_tokens, "model": body.model,
        "output": output, "parallel_tool_calls": True, "previous_response_id": None,
        "prompt_cache_key": body.prompt_cache_key, "reasoning": {"effort": effort, "summary": None},
        "safety_identifier": body.safety_identifier, "service_tier": body.service_tier or "default",
        "store": body.store, "temperature": body.temperature,
        "text": body.text.model_dump(by_alias=True, exclude_none=True), "tool_choice": "auto", "tools": [],
        "top_p": body.top_p, "truncation": body.truncation, "usage": _usage(written), "metadata": body.metadata or {},
    }  # fmt: skip


def _usage(written: WrittenText | None) -> dict[str, Any] | None:
    if written is None:
        return None
    return {
        "input_tokens": written.input_tokens,
        "input_tokens_details": {"cached_tokens": written.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": written.output_tokens,
        "output_tokens_details": {"reasoning_tokens": written.thinking_tokens},
        "total_tokens": written.input_tokens + written.output_tokens,
    }

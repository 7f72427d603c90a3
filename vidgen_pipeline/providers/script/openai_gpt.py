"""OpenAI: scripts by the Responses API, in a strict JSON schema."""

from __future__ import annotations

from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import (
    BadReply,
    ContentRejected,
    OutOfCredit,
    ProviderDown,
    ProviderRetired,
    ProviderUnavailable,
    RateLimited,
)
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.script.assignment import Ask
from vidgen_pipeline.providers.script.drafts import script_schema
from vidgen_pipeline.providers.script.writing import Ending, ModelAnswer, ScriptWriter
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest

_RESTRICTED = "restricted"
_RESTRICTED_WORDS = ("insufficient permissions", "missing scopes")
_TAKE_NO_EFFORT = ("gpt-4",)


class _Part(WireModel):
    type: str
    text: str = ""
    refusal: str = ""


class _Item(WireModel):
    type: str
    content: list[_Part] | None = None


class _Usage(WireModel):
    input_tokens: int
    output_tokens: int


class _Reason(WireModel):
    reason: str | None = None


class _Error(WireModel):
    code: str
    message: str = ""


class _Response(WireModel):
    status: str
    output: list[_Item]
    usage: _Usage | None = None
    incomplete_details: _Reason | None = None
    error: _Error | None = None


class _Model(WireModel):
    id: str
    shutdown_date: str | None = None


class _Models(WireModel):
    data: list[_Model]


class OpenAIScriptProvider(ScriptWriter):
    """Writes scripts with a GPT model of OpenAI."""

    provider_name: ClassVar[str] = "openai_gpt"
    vendor_url: ClassVar[str] = "https://api.openai.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    most_output_tokens: ClassVar[int] = 64_000
    error_kinds: ClassVar[ErrorKinds] = {
        OutOfCredit: (
            *("insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded"),
            *("project_spend_limit_exceeded", "organization_usage_limit_exceeded"),
        ),
        RateLimited: (
            *("rate_limit_exceeded", "slow_down", "rate_limit_error"),
            *("server_is_overloaded", "service_unavailable_error"),
        ),
        ProviderRetired: ("model_not_found",),
        ProviderUnavailable: (_RESTRICTED,),
        ContentRejected: ("invalid_prompt", "bio_policy", "misalignment_policy_violation"),
    }

    def build(self, ask: Ask) -> WireRequest:
        return build_response(ask, model=self.chosen_model.name, effort=self.effort)

    @staticmethod
    def read(reply: WireReply) -> ModelAnswer:
        return read_response(reply)

    @staticmethod
    def build_models() -> WireRequest:
        return build_models()

    @staticmethod
    def read_models(reply: WireReply) -> dict[str, str]:
        return read_models(reply)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        if reply.status in {401, 403} and any(words in reply.problem().lower() for words in _RESTRICTED_WORDS):
            return _RESTRICTED
        return str(reply.at("error", "code") or reply.at("error", "type") or "")


def build_response(ask: Ask, *, model: str, effort: str) -> WireRequest:
    """A script, asked for in one paid request."""
    schema = {"type": "json_schema", "name": "video_script", "strict": True, "schema": script_schema()}
    body: dict[str, Any] = {
        "model": model,
        "instructions": ask.instructions,
        "input": [{"role": "user", "content": ask.message}],
        "text": {"format": schema},
        "max_output_tokens": ask.max_output_tokens,
        "store": False,
        "prompt_cache_key": "vidgen-script",
    }
    if not model.startswith(_TAKE_NO_EFFORT):
        body["reasoning"] = {"effort": effort}
    return WireRequest(method="POST", path="/v1/responses", json=body, phase=Phase.SUBMIT, paid=True, model=model)


def read_response(reply: WireReply) -> ModelAnswer:
    """How the response ended, and its text: of all its items the messages', of their parts those that are text."""
    response = reply.read(_Response)
    parts = [part for item in response.output if item.type == "message" for part in item.content or ()]
    text = "".join(part.text for part in parts if part.type == "output_text")
    refusals = [part.refusal for part in parts if part.type == "refusal"]
    reason = response.incomplete_details.reason if response.incomplete_details else None
    if response.status == "failed" and response.error and response.error.code == "server_error":
        raise ProviderDown("OpenAI has trouble of its own.", remedy="Try again later.", refused=True)
    match response.status, reason:
        case "completed", _:
            ending = Ending.REFUSED if refusals else Ending.COMPLETE
        case "incomplete", "max_output_tokens":
            ending = Ending.CUT_OFF
        case "incomplete", "content_filter":
            ending = Ending.REFUSED
        case (("incomplete" | "failed" | "cancelled"), _):
            ending = Ending.FAILED
        case _:
            raise BadReply("The answer is a response that has not ended.")
    told = " ".join(refusals) or (response.error.message if response.error else reason or "")
    usage = response.usage or _Usage(input_tokens=0, output_tokens=0)
    return ModelAnswer(
        ending=ending,
        text=text if ending in {Ending.COMPLETE, Ending.CUT_OFF} else told,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
    )


def build_models() -> WireRequest:
    """A free request that only a good key can make."""
    return WireRequest(method="GET", path="/v1/models", phase=Phase.CHECK)


def read_models(reply: WireReply) -> dict[str, str]:
    """The models, each with the day on which it ends."""
    return {model.id: model.shutdown_date or "" for model in reply.read(_Models).data}

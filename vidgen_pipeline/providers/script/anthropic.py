"""Anthropic: scripts by the Messages API, as structured output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import InvalidInput, OutOfCredit, ProviderRetired, ProviderUnavailable, RateLimited
from vidgen_pipeline.domain.providers import Tokens
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.script.assignment import Ask
from vidgen_pipeline.providers.script.drafts import script_schema
from vidgen_pipeline.providers.script.writing import Ending, ModelAnswer, ScriptWriter
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest

VERSION = {"anthropic-version": "2026-10-21"}

_TAKE_NO_EFFORT = frozenset({"claude-haiku-4-5"})
_ENDINGS = {
    "end_turn": Ending.COMPLETE,
    "max_tokens": Ending.CUT_OFF,
    "refusal": Ending.REFUSED,
}


class _Block(WireModel):
    type: str
    text: str = ""


class _Refusal(WireModel):
    category: str | None = None
    explanation: str | None = None


class _Usage(WireModel):
    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Message(WireModel):
    content: list[_Block]
    stop_reason: str
    stop_details: _Refusal | None = None
    usage: _Usage


class AnthropicProvider(ScriptWriter):
    """Writes scripts with a Claude model of Anthropic."""

    provider_name: ClassVar[str] = "anthropic"
    vendor_url: ClassVar[str] = "https://api.anthropic.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    model_headers: ClassVar[Mapping[str, str]] = VERSION
    most_output_tokens: ClassVar[int] = 16_000  # more may outlast the ten minutes of an answer in one piece
    error_kinds: ClassVar[ErrorKinds] = {
        OutOfCredit: (
            *("billing_error", "enforced_spend_limit_reached", "contract_spend_limit_reached"),
            *("linked_organization_billing_unavailable", "linked_organization_spend_limit_reached"),
        ),
        RateLimited: ("rate_limit_error", "ramp_limit_exceeded", "overloaded_error", "conflict_error"),
        ProviderRetired: ("not_found_error",),
        ProviderUnavailable: ("permission_error", "organization_on_hold"),
        InvalidInput: ("request_too_large",),
    }

    def build(self, ask: Ask) -> WireRequest:
        return build_message(ask, model=self.chosen_model.name, effort=self.effort)

    @staticmethod
    def read(reply: WireReply) -> ModelAnswer:
        return read_message(reply)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        if reply.status < 400:
            return ""
        return str(reply.at("error", "details", "error_code") or reply.at("error", "type") or "")


def build_message(ask: Ask, *, model: str, effort: str) -> WireRequest:
    """A script, asked for in one paid request."""
    output: dict[str, Any] = {"format": {"type": "json_schema", "schema": script_schema()}}
    if model not in _TAKE_NO_EFFORT:
        output["effort"] = effort
    body = {
        "model": model,
        "max_tokens": ask.max_output_tokens,
        "system": ask.instructions,
        "messages": [{"role": "user", "content": ask.message}],
        "output_config": output,
    }
    return WireRequest(
        method="POST", path="/v1/messages", headers=VERSION, json=body, phase=Phase.SUBMIT, paid=True, model=model
    )


def read_message(reply: WireReply) -> ModelAnswer:
    """How the message ended, and the text of its blocks; those of thinking are left out."""
    message = reply.read(_Message)
    ending = _ENDINGS.get(message.stop_reason, Ending.FAILED)
    details = message.stop_details
    if ending is Ending.REFUSED:
        text = " ".join(said for said in (details and details.category, details and details.explanation) if said)
    elif ending is Ending.FAILED:
        text = f"The model stopped early ({message.stop_reason.replace('_', ' ')})."
    else:
        text = "".join(block.text for block in message.content if block.type == "text")
    return ModelAnswer(ending=ending, text=text, tokens=_tokens(message.usage))


def _tokens(usage: _Usage) -> Tokens:
    """What was counted. Here the tokens of the cache are not among those of the input."""
    cached, kept = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    return Tokens(read=usage.input_tokens + cached + kept, cached=cached, kept=kept, written=usage.output_tokens)

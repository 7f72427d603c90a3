"""OpenAI: scripts by the Responses API, in a strict JSON schema."""

from __future__ import annotations

from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import BadReply, ProviderDown
from vidgen_pipeline.domain.providers import Tokens
from vidgen_pipeline.providers.openai_account import OpenAIAccount
from vidgen_pipeline.providers.script.assignment import Ask
from vidgen_pipeline.providers.script.drafts import script_schema
from vidgen_pipeline.providers.script.writing import Ending, ModelAnswer, ScriptWriter
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest

_TAKE_NO_EFFORT = ("gpt-4",)


class _Part(WireModel):
    type: str
    text: str = ""
    refusal: str = ""


class _Item(WireModel):
    type: str
    content: list[_Part] | None = None


class _Cache(WireModel):
    cached_tokens: int = 0
    cache_write_tokens: int = 0


class _Usage(WireModel):
    input_tokens: int
    input_tokens_details: _Cache | None = None
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


class OpenAIScriptProvider(OpenAIAccount, ScriptWriter):
    """Writes scripts with a GPT model of OpenAI."""

    provider_name: ClassVar[str] = "openai_gpt"
    most_output_tokens: ClassVar[int] = 64_000

    def build(self, ask: Ask) -> WireRequest:
        return build_response(ask, model=self.chosen_model.name, effort=self.effort)

    @staticmethod
    def read(reply: WireReply) -> ModelAnswer:
        return read_response(reply)


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
    if ending in {Ending.REFUSED, Ending.FAILED}:
        text = " ".join(refusals) or (response.error.message if response.error else reason or "")
    return ModelAnswer(ending=ending, text=text, tokens=_tokens(response.usage))


def _tokens(usage: _Usage | None) -> Tokens:
    """What was counted. Here the tokens of the cache are among those of the input."""
    if usage is None:
        return Tokens(read=0, written=0)
    cache = usage.input_tokens_details or _Cache()
    return Tokens(
        read=usage.input_tokens,
        cached=cache.cached_tokens,
        kept=cache.cache_write_tokens,
        written=usage.output_tokens,
    )

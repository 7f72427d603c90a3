"""OpenAI's voices: the speech models until they end, and the audio model that reads aloud in a chat.

A `chatty` key meets a chat model that answers the text in place of reading it; a `scoped` one may not read models.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.keys import bearer
from vidgen_pipeline.sandbox.ledger import Bill, Units
from vidgen_pipeline.sandbox.speech import Encoding, Spoken
from vidgen_pipeline.sandbox.validation import Body, Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor

_RATE = 24_000
_TOKENS_A_SECOND = 20
_BLOCK = 1 << 15
_VOICES = frozenset({"alloy", "ash", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer"})
_NEWER_VOICES = frozenset({"ballad", "verse", "marin", "cedar"})
_MEDIA_TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg"}
_CHAT_ANSWER = "Sure, here is what I think about that."


@dataclass(frozen=True)
class _Model:
    ends: date | None = None
    usd_a_character: Decimal = Decimal(0)
    usd_read: Decimal = Decimal(0)
    usd_spoken: Decimal = Decimal(0)


_ENDS = date(2027, 1, 6)
_SPEECH = {
    "tts-1": _Model(_ENDS, usd_a_character=Decimal("0.000015")),
    "tts-1-hd": _Model(_ENDS, usd_a_character=Decimal("0.00003")),
    "gpt-4o-mini-tts": _Model(_ENDS, usd_read=Decimal("0.0000006"), usd_spoken=Decimal("0.000012")),
    "gpt-4o-mini-tts-2025-12-15": _Model(_ENDS, usd_read=Decimal("0.0000006"), usd_spoken=Decimal("0.000012")),
}
_CHAT = {"gpt-audio-1.5": _Model(usd_read=Decimal("0.0000025"), usd_spoken=Decimal("0.000064"))}
_USD_WRITTEN = Decimal("0.00001")

_ERRORS = {
    Problem.NO_KEY: (401, None, "You didn't provide an API key."),
    Problem.UNAUTHORISED: (401, "invalid_api_key", "Incorrect API key provided."),
    Problem.FORBIDDEN: (403, "unsupported_country_region_territory", "Country, region, or territory not supported"),
    Problem.OUT_OF_CREDIT: (429, "insufficient_quota", "You exceeded your current quota, please check your plan."),
    Problem.RATE_LIMITED: (429, "rate_limit_exceeded", "Rate limit reached for requests."),
    Problem.INVALID: (400, None, "Invalid request."),
    Problem.NOT_FOUND: (404, None, "Invalid URL"),
    Problem.CONFLICT: (409, None, "The resource is locked."),
    Problem.MODERATION: (400, "content_policy_violation", "The input was rejected by our safety system."),
    Problem.SERVER_ERROR: (500, "server_error", "The server had an error while processing your request."),
    Problem.OVERLOADED: (503, "server_is_overloaded", "The server is overloaded."),
}


def _error(refusal: Refusal, _: str) -> Response:
    status, code, message = _ERRORS[refusal.problem]
    status = refusal.status or status
    kinds = {429: "insufficient_quota" if code == "insufficient_quota" else "rate_limit_error", 500: "server_error"}
    told = {
        "message": refusal.message or message,
        "type": kinds.get(status, "service_unavailable_error" if status == 503 else "invalid_request_error"),
        "param": refusal.field or None,
        "code": refusal.code or code,
    }
    return JSONResponse({"error": told}, status)


VENDOR = Vendor(
    "openai_tts", key=bearer, error=_error, headers=lambda request_id: {"x-request-id": f"req_{request_id}"}
)


class OwnVoice(Body):
    """A voice of the account's."""

    id: str


class SpeechBody(Body):
    """What to say, and how."""

    model: str
    input: str = Field(min_length=1)
    voice: str | OwnVoice
    instructions: str = Field(default="", max_length=4096)
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    stream_format: Literal["audio", "sse"] = "audio"


class AudioForm(Body):
    """In which voice and form the answer is spoken."""

    voice: str | OwnVoice
    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"]


class Message(Body):
    """One message of a chat."""

    role: Literal["developer", "system", "user", "assistant"]
    content: str


class ChatBody(Body):
    """A chat that is answered aloud."""

    model: str
    messages: list[Message] = Field(min_length=1)
    modalities: list[Literal["text", "audio"]]
    audio: AudioForm
    store: bool | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=16384)


@VENDOR.read("/v1/models")
async def models(call: Call) -> Response:
    """The models that have not ended."""
    _check_scope(call)
    shown = [_shown(name, model) for name, model in {**_SPEECH, **_CHAT}.items() if not _ended(call, model)]
    return JSONResponse({"object": "list", "data": shown})


@VENDOR.read("/v1/models/{name}")
async def model(call: Call) -> Response:
    """One model."""
    _check_scope(call)
    name = call.names["name"]
    return JSONResponse(_shown(name, _known(call, name, {**_SPEECH, **_CHAT})))


@VENDOR.submit("/v1/audio/speech")
async def speak(call: Call) -> Response:
    """Speech as bytes, or as events that end with the tokens it took."""
    body = call.json(SpeechBody)
    facts = _known(call, body.model, _SPEECH)
    if len(body.input) > 4096:
        said = (
            f"Invalid 'input': string too long. Expected a string with maximum length 4096, but got {len(body.input)}."
        )
        raise Refusal(Problem.INVALID, said, field="input", code="string_above_max_length")
    old = bool(facts.usd_a_character)
    _check_voice(body.voice, _VOICES if old else _VOICES | _NEWER_VOICES, "voice")
    if old and body.stream_format == "sse":
        raise Refusal(Problem.INVALID, f"'sse' is not supported by {body.model}.", field="stream_format")
    call.moderate(body.input, body.instructions)
    spoken = await call.media.speech(body.input, speed=body.speed)
    read, made = math.ceil(len(body.input) / 4), round(spoken.seconds * _TOKENS_A_SECOND)
    usd = len(body.input) * facts.usd_a_character + read * facts.usd_read + made * facts.usd_spoken
    units: Units = {"characters": len(body.input), "input_tokens": read, "output_tokens": made, "model": body.model}
    call.charge(Bill(operation="speech", usd=usd, units=units))
    sound = await _sound(call, spoken, body.response_format)
    if body.stream_format == "sse":
        usage = {"input_tokens": read, "output_tokens": made, "total_tokens": read + made}
        return StreamingResponse(_events(sound, usage), media_type="text/event-stream")
    media_type = _MEDIA_TYPES.get(body.response_format, f"audio/{body.response_format}")
    return StreamingResponse(_blocks(sound), media_type=media_type)


@VENDOR.submit("/v1/chat/completions")
async def chat(call: Call) -> Response:
    """The last message read aloud, as a model does that is told to."""
    body = call.json(ChatBody)
    facts = _known(call, body.model, _CHAT)
    _check_voice(body.audio.voice, _VOICES | _NEWER_VOICES, "audio.voice")
    if set(body.modalities) != {"text", "audio"}:
        raise Refusal(Problem.INVALID, "This model answers in text and audio.", field="modalities")
    text = body.messages[-1].content
    transcript = _CHAT_ANSWER if call.account.has("chatty") else text
    read = math.ceil(sum(len(message.content) for message in body.messages) / 4)
    if refused := call.against_policy(text):
        message = _message(None, refusal="I'm sorry, but I can't help with that.")
        written, made = 10, 0
    else:
        spoken = await call.media.speech(transcript)
        sound = await _sound(call, spoken, {"pcm16": "pcm"}.get(body.audio.format, body.audio.format))
        written, made = math.ceil(len(transcript) / 4), round(spoken.seconds * _TOKENS_A_SECOND)
        message = _message(
            {
                "id": f"audio_{call.request_id[:8]}",
                "data": base64.b64encode(sound).decode(),
                "expires_at": int(call.now().timestamp()) + 3600,
                "transcript": transcript,
            }
        )
    usd = read * facts.usd_read + made * facts.usd_spoken + written * _USD_WRITTEN
    units: Units = {"input_tokens": read, "output_tokens": made + written, "audio_tokens": made, "model": body.model}
    call.charge(Bill(operation="chat", usd=usd, units=units))
    return JSONResponse(_completion(call, body.model, message, read, written, made, refused=refused))


def _completion(
    call: Call, name: str, message: dict[str, Any], read: int, written: int, made: int, *, refused: bool
) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{call.request_id[:12]}", "object": "chat.completion", "created": int(call.now().timestamp()),
        "model": name, "service_tier": "default", "system_fingerprint": None,
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": "content_filter" if refused else "stop"}
        ],
        "usage": {
            "prompt_tokens": read, "completion_tokens": written + made, "total_tokens": read + written + made,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0, "text_tokens": read},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": made, "text_tokens": written},
        },
    }  # fmt: skip


def _message(audio: dict[str, Any] | None, *, refusal: str | None = None) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "refusal": refusal, "annotations": [], "audio": audio}


async def _sound(call: Call, spoken: Spoken, codec: str) -> bytes:
    if not spoken.pcm:
        return b""
    path = await call.media.audio(spoken, Encoding(codec=codec, sample_rate=48_000 if codec == "opus" else _RATE))
    return path.read_bytes()


async def _blocks(sound: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(sound), _BLOCK):
        yield sound[start : start + _BLOCK]


async def _events(sound: bytes, usage: dict[str, int]) -> AsyncIterator[str]:
    async for block in _blocks(sound):
        yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(block).decode()})
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content)}\n\n"


def _known(call: Call, name: str, among: dict[str, _Model]) -> _Model:
    model = among.get(name)
    if model is None or _ended(call, model):
        said = f"The model `{name}` does not exist or you do not have access to it."
        raise Refusal(Problem.NOT_FOUND, said, code="model_not_found")
    return model


def _ended(call: Call, model: _Model) -> bool:
    return model.ends is not None and call.now().date() >= model.ends


def _check_voice(voice: str | OwnVoice, known: frozenset[str], field: str) -> None:
    if isinstance(voice, str) and voice not in known:
        said = f"Invalid value: '{voice}'. Supported values are: {', '.join(sorted(known))}."
        raise Refusal(Problem.INVALID, said, field=field, code="invalid_value")


def _check_scope(call: Call) -> None:
    if call.account.has("scoped"):
        said = "You have insufficient permissions for this operation. Missing scopes: api.model.read."
        raise Refusal(Problem.FORBIDDEN, said, code="missing_scope")


def _shown(name: str, model: _Model) -> dict[str, Any]:
    ends = model.ends.isoformat() if model.ends else None
    return {"id": name, "object": "model", "created": 1760000000, "owned_by": "system", "shutdown_date": ends}

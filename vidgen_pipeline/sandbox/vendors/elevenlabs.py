"""ElevenLabs: speech with the time of every character, voices, models and the account's credits.

Words in a key that are known here: `free`, `starter`, `pro` (the plan, else creator), `scoped` (may not read the
account), `payg` (out of credit is told as 402, not as 401), `unaligned` (answers come without times).
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from starlette.responses import FileResponse, JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.keys import Standing, header_key
from vidgen_pipeline.sandbox.ledger import Bill, Units
from vidgen_pipeline.sandbox.speech import Encoding, Spoken, character_times, without
from vidgen_pipeline.sandbox.validation import Body, Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors import elevenlabs_facts as facts

_ERRORS = {
    Problem.NO_KEY: (401, "missing_api_key", "No API key was provided in the xi-api-key header."),
    Problem.UNAUTHORISED: (401, "invalid_api_key", "Invalid API key"),
    Problem.FORBIDDEN: (403, "feature_not_available", "Your plan does not include this feature."),
    Problem.OUT_OF_CREDIT: (401, "quota_exceeded", "This request exceeds your quota. You have 0 credits remaining."),
    Problem.RATE_LIMITED: (429, "rate_limit_exceeded", "Too many requests. Please try again later."),
    Problem.INVALID: (400, "invalid_parameters", "Invalid request parameters."),
    Problem.NOT_FOUND: (404, "not_found", "Not found."),
    Problem.CONFLICT: (409, "already_running", "The same request is already running."),
    Problem.MODERATION: (403, "content_against_policy", "The text was blocked: it may be against our terms of use."),
    Problem.SERVER_ERROR: (500, "internal_error", "An internal error occurred."),
    Problem.OVERLOADED: (503, "service_unavailable", "The service is under maintenance."),
}
_TYPES = {
    400: "invalid_request", 401: "authentication_error", 402: "payment_required", 403: "authorization_error",
    404: "not_found", 409: "conflict", 422: "validation_error", 429: "rate_limit_error", 503: "service_unavailable",
}  # fmt: skip
_OLD_STATUS = {
    "text_too_long": "max_character_limit_exceeded",
    "concurrent_limit_exceeded": "too_many_concurrent_requests",
    "subscription_required": "only_for_creator+",
}


def _error(refusal: Refusal, request_id: str) -> Response:
    """The three shapes of `detail`: a list for a malformed request, a string for an unknown path, else an object."""
    if refusal.details:
        listed = [{"loc": list(one.where), "msg": one.message, "type": one.type} for one in refusal.details]
        return JSONResponse({"detail": listed}, 422)
    if refusal.problem is Problem.NOT_FOUND and not refusal.code:
        return JSONResponse({"detail": "Not Found"}, 404)
    status, code, message = _ERRORS[refusal.problem]
    status, code = refusal.status or status, refusal.code or code
    detail = {"type": _TYPES.get(status, "internal_error"), "code": code, "message": refusal.message or message}
    detail |= {"status": _OLD_STATUS.get(code, code), "request_id": request_id}
    return JSONResponse({"detail": {**detail, "param": refusal.field or None}}, status)


VENDOR = Vendor("elevenlabs", key=header_key("xi-api-key"), error=_error, headers=lambda number: {"request-id": number})


class VoiceSettings(Body):
    """How a voice sounds."""

    stability: float | None = Field(default=None, ge=0, le=1)
    similarity_boost: float | None = Field(default=None, ge=0, le=1)
    style: float | None = Field(default=None, ge=0)
    use_speaker_boost: bool | None = None
    speed: float | None = Field(default=None, ge=0.7, le=1.2)


class Dictionary(Body):
    """Where a pronunciation dictionary is."""

    pronunciation_dictionary_id: str
    version_id: str | None = None


class SpeechBody(Body):
    """What to say, and how."""

    text: str
    model_id: str = "eleven_multilingual_v2"
    language_code: str | None = None
    voice_settings: VoiceSettings | None = None
    seed: int | None = Field(default=None, ge=0, le=4294967295)
    previous_text: str | None = None
    next_text: str | None = None
    previous_request_ids: list[str] | None = Field(default=None, max_length=3)
    next_request_ids: list[str] | None = Field(default=None, max_length=3)
    pronunciation_dictionary_locators: list[Dictionary] | None = Field(default=None, max_length=3)
    apply_text_normalization: Literal["auto", "on", "off"] = "auto"
    apply_language_text_normalization: bool = False


class SpeechQuery(Query):
    """In which form."""

    output_format: str = "mp3_44100_128"
    enable_logging: bool = True
    optimize_streaming_latency: int | None = Field(default=None, ge=0, le=4)


class VoicesQuery(Query):
    """Which voices, how many at a time."""

    page_size: int = Field(default=10, ge=1, le=100)
    next_page_token: int = Field(default=0, ge=0)
    search: str = ""
    sort: Literal["created_at_unix", "name"] = "created_at_unix"
    sort_direction: Literal["asc", "desc"] = "asc"
    voice_type: str | None = None
    category: str | None = None
    include_total_count: bool = True


@VENDOR.submit("/v1/text-to-speech/{voice_id}/with-timestamps")
async def speak_with_times(call: Call) -> Response:
    """Speech as base64, with the times of its characters."""
    said = await _say(call)
    times = None if call.account.has("unaligned") else _alignment(said)
    sound = base64.b64encode(said.sound.read_bytes()).decode()
    answer = {"audio_base64": sound, "alignment": times, "normalized_alignment": times}
    return JSONResponse(answer, headers=said.headers)


@VENDOR.submit("/v1/text-to-speech/{voice_id}")
async def speak(call: Call) -> Response:
    """Speech as bytes."""
    said = await _say(call)
    return FileResponse(said.sound, headers=said.headers, media_type=said.media_type)


@VENDOR.read("/v1/user/subscription")
async def subscription(call: Call) -> Response:
    """The plan and what is left of it."""
    if call.account.has("scoped"):
        said = "The API key you used is missing the permission user_read to execute this operation."
        raise Refusal(Problem.UNAUTHORISED, said, code="missing_permissions")
    tier = _tier(call)
    used = sum(int(charge.bill.units["credits"]) for charge in call.charges())
    return JSONResponse(
        {
            "tier": tier, "character_limit": facts.CREDITS[tier], "max_credit_limit_extension": 0,
            "character_count": facts.CREDITS[tier] if call.account.standing is Standing.BROKE else used,
            "can_extend_character_limit": tier != "free", "allowed_to_extend_character_limit": False,
            "next_character_count_reset_unix": 1797926400, "voice_slots_used": 0, "professional_voice_slots_used": 0,
            "professional_voice_slots_used_in_workspace": 0, "voice_limit": 30, "voice_add_edit_counter": 0,
            "professional_voice_limit": 1, "can_extend_voice_limit": False,
            "can_use_instant_voice_cloning": tier != "free", "can_use_professional_voice_cloning": tier == "pro",
            "currency": "usd", "current_overage": {"amount": "0", "currency": "usd"},
            "status": "free" if tier == "free" else "active", "billing_period": "monthly_period",
            "character_refresh_period": "monthly_period", "open_invoices": [], "has_open_invoices": False,
        }
    )  # fmt: skip


@VENDOR.read("/v1/models")
async def models(_: Call) -> Response:
    """Every model with its limits."""
    return JSONResponse(
        [
            {
                "model_id": model_id, "name": model_id.replace("_", " ").title(), "can_do_text_to_speech": True,
                "can_use_style": model.honours_speed, "can_use_speaker_boost": model.honours_speed,
                "maximum_text_length_per_request": model.longest, "token_cost_factor": float(model.rate),
                "languages": [{"language_id": tag, "name": tag} for tag in facts.LANGUAGES],
                "model_rates": {"character_cost_multiplier": float(model.rate), "cost_discount_multiplier": 1.0},
                "concurrency_group": "standard" if model.rate == 1 else "turbo",
            }
            for model_id, model in facts.MODELS.items()
        ]
    )  # fmt: skip


@VENDOR.read("/v2/voices")
async def voices(call: Call) -> Response:
    """The voices, page by page."""
    query = call.query(VoicesQuery)
    found = [voice_id for voice_id, (name, *_) in facts.VOICES.items() if query.search.lower() in name.lower()]
    if query.sort == "name":
        found.sort(key=lambda voice_id: facts.VOICES[voice_id][0], reverse=query.sort_direction == "desc")
    end = query.next_page_token + query.page_size
    page = [_shown_voice(call, voice_id) for voice_id in found[query.next_page_token : end]]
    token = str(end) if end < len(found) else None
    return JSONResponse(
        {"voices": page, "has_more": token is not None, "total_count": len(found), "next_page_token": token}
    )


@VENDOR.read("/v1/voices/{voice_id}")
async def voice(call: Call) -> Response:
    """One voice."""
    return JSONResponse(_shown_voice(call, _known_voice(call)))


@dataclass(frozen=True)
class _Said:
    text: str
    written: str  # as spoken, of the same length
    speech: Spoken
    sound: Path
    media_type: str
    headers: dict[str, str]


async def _say(call: Call) -> _Said:
    """Check everything, take the credits, and speak."""
    voice_id, body, query = _known_voice(call), call.json(SpeechBody), call.query(SpeechQuery)
    model, encoding = _checked_model(body), _checked_encoding(call, query)
    if voice_id == facts.FROM_LIBRARY and _tier(call) == "free":
        raise Refusal(Problem.FORBIDDEN, code="subscription_required", field="voice_id")
    call.moderate(body.text)
    cost = math.ceil(len(body.text) * model.rate)
    group, limit = ("standard", 1) if model.rate == 1 else ("turbo", 2)
    limit *= facts.AT_ONCE[_tier(call)]
    async with call.place(group, limit, code="concurrent_limit_exceeded") as at_work:
        if call.account.standing is Standing.BROKE and call.account.has("payg"):
            raise Refusal(Problem.OUT_OF_CREDIT, code="insufficient_credits", status=402)
        units: Units = {"credits": cost, "characters": len(body.text), "model": body.model_id}
        call.charge(Bill(operation="text_to_speech", usd=cost * facts.USD_PER_CREDIT, units=units))
        speed = (body.voice_settings and model.honours_speed and body.voice_settings.speed) or 1.0
        speech = await call.media.speech(
            body.text, language=body.language_code, speed=speed, unspoken=model.unspoken
        )  # fmt: skip
        return _Said(
            text=body.text,
            written=without(body.text, model.unspoken),
            speech=speech,
            sound=await call.media.audio(speech, encoding),
            media_type=facts.MEDIA_TYPES.get(encoding.codec, "audio/basic"),
            headers={
                "character-cost": str(cost),
                "current-concurrent-requests": str(at_work),
                "maximum-concurrent-requests": str(limit),
            },
        )


def _known_voice(call: Call) -> str:
    voice_id = call.names["voice_id"]
    if voice_id not in facts.VOICES:
        raise Refusal(Problem.NOT_FOUND, f"A voice with voice_id {voice_id} was not found.", code="voice_not_found")
    return voice_id


def _checked_model(body: SpeechBody) -> facts.Model:
    model = facts.MODELS.get(body.model_id)
    if model is None:
        raise Refusal(Problem.NOT_FOUND, f"There is no model {body.model_id}.", code="model_not_found")
    if not body.text.strip():
        raise Refusal(Problem.INVALID, "The text must not be empty.", code="empty_text", field="text")
    if len(body.text) > model.longest:
        said = f"The text has {len(body.text)} characters; {body.model_id} takes at most {model.longest}."
        raise Refusal(Problem.INVALID, said, code="text_too_long", field="text")
    for name in model.refuses:
        if getattr(body, name) is not None:
            said = f"The model {body.model_id} does not support {name}."
            raise Refusal(Problem.INVALID, said, code="unsupported_model", field=name)
    if body.language_code not in {None, *facts.LANGUAGES}:
        raise Refusal(Problem.INVALID, f"Unsupported language {body.language_code}.", field="language_code")
    if body.apply_text_normalization == "on" and model.rate < 1:
        raise Refusal(Problem.FORBIDDEN, field="apply_text_normalization")
    return model


def _checked_encoding(call: Call, query: SpeechQuery) -> Encoding:
    found = facts.FORMAT.fullmatch(query.output_format)
    if not found:
        raise Refusal(Problem.INVALID, code="invalid_output_format", field="output_format")
    if not query.enable_logging:
        raise Refusal(Problem.FORBIDDEN, field="enable_logging")
    codec, numbers = (part for part in found.groups() if part)
    rate, _, kbps = numbers.partition("_")
    too_rich = kbps == "192" and _tier(call) in {"free", "starter"}
    if too_rich or (rate == "44100" and codec in {"pcm", "wav"} and _tier(call) != "pro"):
        raise Refusal(Problem.FORBIDDEN, code="subscription_required", field="output_format")
    return Encoding(codec=codec, sample_rate=int(rate), kbps=int(kbps) if kbps else None)


def _tier(call: Call) -> str:
    return next((tier for tier in facts.CREDITS if call.account.has(tier)), "creator")


def _alignment(said: _Said) -> dict[str, Any]:
    times = character_times(said.text, said.speech, said.written)
    return {
        "characters": [time.character for time in times],
        "character_start_times_seconds": [time.start for time in times],
        "character_end_times_seconds": [time.end for time in times],
    }


def _shown_voice(call: Call, voice_id: str) -> dict[str, Any]:
    name, gender, accent = facts.VOICES[voice_id]
    sample = partial(_sample, call, f"Hello, my name is {name}.")
    return {
        "voice_id": voice_id, "name": name, "category": "professional" if voice_id == facts.FROM_LIBRARY else "premade",
        "labels": {"gender": gender, "accent": accent}, "description": None, "settings": None,
        "preview_url": call.publish(f"{voice_id}.mp3", sample, "audio/mpeg"), "available_for_tiers": [],
        "high_quality_base_model_ids": ["eleven_multilingual_v2"],
        "verified_languages": [{"language": "en", "model_id": "eleven_multilingual_v2", "accent": accent}],
    }  # fmt: skip


async def _sample(call: Call, text: str) -> Path:
    speech = await call.media.speech(text, language="en")
    return await call.media.audio(speech, Encoding(codec="mp3", sample_rate=44_100, kbps=64))

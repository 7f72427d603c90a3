"""PlayHT as it was until it ended: the double stands for a compatible server whose base URL is set by hand.

How it told that an account was used up, or a text not wanted, is not written down anywhere any more: those are ours.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.keys import bearer
from vidgen_pipeline.sandbox.ledger import Bill, Units
from vidgen_pipeline.sandbox.speech import Encoding
from vidgen_pipeline.sandbox.validation import Body, Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor

_VOICE = "s3://voice-cloning-zero-shot/00000000-0000-0000-0000-000000000000/example/manifest.json"
_ERRORS = {
    Problem.NO_KEY: (401, "UNAUTHORIZED", "No API key was given."),
    Problem.UNAUTHORISED: (401, "UNAUTHORIZED", "The API key is not valid."),
    Problem.FORBIDDEN: (403, "FORBIDDEN", "This account may not do that."),
    Problem.OUT_OF_CREDIT: (402, "OUT_OF_CREDITS", "The account has no characters left."),
    Problem.RATE_LIMITED: (429, "TOO_MANY_REQUESTS", "Too many requests."),
    Problem.INVALID: (400, "BAD_REQUEST", "The request is not valid."),
    Problem.NOT_FOUND: (404, "NOT_FOUND", "There is no such thing."),
    Problem.CONFLICT: (400, "BAD_REQUEST", "The request is not valid."),
    Problem.MODERATION: (403, "CONTENT_REJECTED", "The text is against the terms of use."),
    Problem.SERVER_ERROR: (500, "INTERNAL", "Something went wrong."),
    Problem.OVERLOADED: (503, "UNAVAILABLE", "The service is overloaded."),
}


def _error(refusal: Refusal, _: str) -> Response:
    status, error_id, message = _ERRORS[refusal.problem]
    return JSONResponse(
        {"error_message": refusal.message or message, "error_id": refusal.code or error_id}, refusal.status or status
    )


VENDOR = Vendor("playht", key=bearer, error=_error)


class SpeechBody(Body):
    """What to say, and how."""

    text: str = Field(min_length=1)
    voice: str = Field(min_length=1)
    voice_engine: Literal[
        "PlayDialog", "PlayDialogMultilingual", "PlayDialogArabic", "Play3.0-mini", "PlayHT2.0-turbo"
    ] = "PlayHT2.0-turbo"
    output_format: Literal["mp3", "wav", "ogg", "flac", "mulaw"] = "mp3"
    quality: str | None = None
    speed: float = Field(default=1.0, gt=0, le=5)
    sample_rate: int = Field(default=24_000, ge=8_000, le=48_000)
    seed: int | None = Field(default=None, ge=0)
    temperature: float | None = Field(default=None, ge=0, le=2)


@VENDOR.submit("/api/v2/tts/stream")
async def speak(call: Call) -> Response:
    """Speech as bytes, at once."""
    body = call.json(SpeechBody)
    call.moderate(body.text)
    units: Units = {"characters": len(body.text), "model": body.voice_engine}
    call.charge(Bill(operation="speech", usd=Decimal(0), units=units))
    spoken = await call.media.speech(body.text, speed=body.speed)
    codec = {"ogg": "opus", "mulaw": "ulaw"}.get(body.output_format, body.output_format)
    sound = await call.media.audio(spoken, Encoding(codec=codec, sample_rate=body.sample_rate))
    media_type = {"mp3": "audio/mpeg", "mulaw": "audio/basic"}.get(body.output_format, f"audio/{body.output_format}")
    return StreamingResponse(iter([sound.read_bytes()]), media_type=media_type)


@VENDOR.read("/api/v2/voices")
async def voices(_: Call) -> Response:
    """The voices."""
    return JSONResponse([{"id": _VOICE, "name": "Example", "language": "English (US)", "gender": "female"}])

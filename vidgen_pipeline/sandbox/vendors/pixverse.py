"""PixVerse: tasks that are made once for each trace number, and pictures that are sent first.

A question under an old trace number is answered as it was answered before, as the vendor does.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Literal
from uuid import UUID

from PIL import Image, UnidentifiedImageError
from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import Standing, header_key
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.clip_making import address_of, film, number_like, size_like, size_of

_ERRORS = {
    Problem.NO_KEY: (400012, "Empty API-KEY"),
    Problem.UNAUTHORISED: (400012, "Invalid account"),
    Problem.FORBIDDEN: (10005, "Not allowed"),
    Problem.OUT_OF_CREDIT: (500090, "Insufficient credits."),
    Problem.RATE_LIMITED: (500044, "Reached the limit for concurrent generations."),
    Problem.INVALID: (400017, "Invalid parameter"),
    Problem.NOT_FOUND: (400017, "Invalid parameter: not found"),
    Problem.CONFLICT: (400017, "Invalid parameter: state"),
    Problem.MODERATION: (500063, "The text was refused by moderation."),
    Problem.SERVER_ERROR: (500001, "Server error"),
    Problem.OVERLOADED: (701020, "The model is busy"),
}
_STATUS = {
    JobState.QUEUED: 5,
    JobState.RUNNING: 5,
    JobState.SUCCEEDED: 1,
    JobState.FAILED: 8,
    JobState.MODERATED: 7,
    JobState.CANCELLED: 6,
}
_SHORT_SIDE = {"360p": 360, "540p": 540, "720p": 720, "1080p": 1080}
_LENGTHS = {"v5": (5, 8), "v5.5": (5, 8, 10), "v6": range(1, 16), "c1": range(1, 16)}
_CREDITS_A_SECOND = {"360p": Decimal("2.5"), "540p": Decimal("4.5"), "720p": Decimal(9), "1080p": Decimal(11)}
_SOUND_CREDITS = Decimal(3)
_CREDIT_USD = Decimal("0.01")
_BALANCE = 100_000


def _error(refusal: Refusal, request_id: str) -> Response:
    del request_id
    code, message = _ERRORS[refusal.problem]
    code = int(refusal.code or code)
    return JSONResponse({"ErrCode": code, "ErrMsg": refusal.message or message, "Resp": None}, refusal.status or 200)


def _check(call: Call) -> None:
    try:
        UUID(call.headers.get("ai-trace-id", ""))
    except ValueError:
        raise Refusal(Problem.INVALID, "Ai-trace-id is missing or no UUID", code="400011") from None


VENDOR = Vendor("pixverse", key=header_key("API-KEY"), error=_error, check=_check)


@dataclass
class _Remembered:
    """What an account has sent: tasks and answers by trace number, pictures by theirs."""

    tasks: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    pictures: dict[int, bytes] = field(default_factory=dict)


class ClipBody(Body):
    """A clip."""

    prompt: str = Field(min_length=1, max_length=2048)
    model: Literal["v5", "v5.5", "v6", "c1"]
    duration: int
    quality: Literal["360p", "540p", "720p", "1080p"]
    seed: int | None = Field(default=None, ge=0, le=2_147_483_647)
    negative_prompt: str | None = Field(default=None, max_length=2048)
    generate_audio_switch: bool | None = None
    generate_multi_clip_switch: bool | None = None
    thinking_type: Literal["enabled", "disabled", "auto"] | None = None


class TextBody(ClipBody):
    """A clip from words."""

    aspect_ratio: Literal["16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9"]


class ImageBody(ClipBody):
    """A clip from a picture that was sent before."""

    img_id: int


@VENDOR.submit("/openapi/v2/video/text/generate")
async def from_text(call: Call) -> Response:
    """A task from words."""
    body = call.json(TextBody)
    if body.aspect_ratio in {"2:3", "3:2", "21:9"} and body.model != "v6":
        raise Refusal(Problem.INVALID, f"{body.model} makes no {body.aspect_ratio}", field="aspect_ratio")
    return _start(call, body, size_of(body.aspect_ratio, _SHORT_SIDE[body.quality]), None)


@VENDOR.submit("/openapi/v2/video/img/generate")
async def from_picture(call: Call) -> Response:
    """A task from a picture and words."""
    body = call.json(ImageBody)
    picture = call.memory(_Remembered).pictures.get(body.img_id)
    if picture is None:
        raise Refusal(Problem.INVALID, "img_id is not known", field="img_id")
    return _start(call, body, size_like(picture, _SHORT_SIDE[body.quality]), picture)


@VENDOR.read("/openapi/v2/image/upload", "POST")
async def upload(call: Call) -> Response:
    """A picture to begin with."""
    content = call.upload("image").content
    try:
        Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")).verify()
    except (UnidentifiedImageError, OSError, ValueError):
        raise Refusal(Problem.INVALID, "image is not a picture", field="image") from None
    number = int(number_like(15))
    call.memory(_Remembered).pictures[number] = content
    return _answer({"img_id": number, "img_url": ""})


@VENDOR.poll("/openapi/v2/video/result/{id}")
async def result(call: Call) -> Response:
    """How far a task is; under a trace number that was used before, how far it was then."""
    answers, trace = call.memory(_Remembered).answers, call.headers["ai-trace-id"]
    if trace not in answers:
        answers[trace] = _shown(call, await call.look_at(call.names["id"]))
    return _answer(answers[trace])


@VENDOR.read("/openapi/v2/account/balance")
async def balance(call: Call) -> Response:
    """What is left in the account."""
    spent = sum(int(charge.bill.units["credits"]) for charge in call.charges() if charge.refunded_at is None)
    left = 0 if call.account.standing is Standing.BROKE else _BALANCE - spent
    return _answer({"account_id": 1, "credit_monthly": 0, "credit_package": left})


def _start(call: Call, body: ClipBody, size: tuple[int, int], picture: bytes | None) -> Response:
    remembered, trace = call.memory(_Remembered), call.headers["ai-trace-id"]
    if trace in remembered.tasks:
        return _submitted(call.job(remembered.tasks[trace]))
    if body.duration not in _LENGTHS[body.model] or (body.quality == "1080p" and body.duration == 10):
        raise Refusal(Problem.INVALID, f"{body.model} makes no {body.duration} s at {body.quality}", field="duration")
    if body.model == "v5" and (body.generate_audio_switch is not None or body.generate_multi_clip_switch is not None):
        raise Refusal(Problem.INVALID, "v5 has no sound and one shot", field="generate_audio_switch")
    call.moderate(body.prompt)
    rate = _CREDITS_A_SECOND[body.quality] + (_SOUND_CREDITS if body.generate_audio_switch else 0)
    spent = int((rate * body.duration).to_integral_value())
    sound = bool(body.generate_audio_switch)
    order = ClipOrder(words=body.prompt, width=size[0], height=size[1], seconds=body.duration, sound=sound)
    job = call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=spent * _CREDIT_USD, units={"credits": spent}),
        job_id=number_like(15),
        reference=trace,
        details={"body": body, "size": size, "credits": spent},
    )
    remembered.tasks[trace] = job.id
    remembered.answers[trace] = _shown(call, job)
    return _submitted(job)


def _submitted(job: Job) -> Response:
    return _answer({"video_id": int(job.id), "credits": job.details["credits"]})


def _answer(content: dict[str, Any]) -> Response:
    return JSONResponse({"ErrCode": 0, "ErrMsg": "success", "Resp": content})


def _shown(call: Call, job: Job) -> dict[str, Any]:
    done, body = job.state is JobState.SUCCEEDED, job.details["body"]
    width, height = job.details["size"] if done else (0, 0)
    shown = {
        "id": int(job.id), "status": _STATUS[job.state], "url": address_of(call, job) if done else "",
        "prompt": body.prompt, "negative_prompt": body.negative_prompt or "", "seed": body.seed or 0,
        "size": job.file.stat().st_size if done else 0, "style": "",
        "resolution_ratio": min(width, height), "outputWidth": width, "outputHeight": height,
        "create_time": job.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "modify_time": job.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    return shown | ({"has_audio": bool(body.generate_audio_switch), "credits": job.details["credits"]} if done else {})

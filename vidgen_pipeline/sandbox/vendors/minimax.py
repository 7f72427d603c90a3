"""MiniMax, second version: tasks by typed content, listed and ended."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import bearer
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.clip_making import (
    address_of,
    film,
    number_like,
    picture_at,
    size_like,
    size_of,
)

_ERRORS = {
    Problem.NO_KEY: (401, "authorized_error", "login fail (1004)"),
    Problem.UNAUTHORISED: (401, "authorized_error", "login fail (1004)"),
    Problem.FORBIDDEN: (401, "authorized_error", "not allowed (1004)"),
    Problem.OUT_OF_CREDIT: (402, "insufficient_balance_error", "insufficient balance (1008)"),
    Problem.RATE_LIMITED: (429, "rate_limit_error", "rate limit (1002)"),
    Problem.INVALID: (400, "bad_request_error", "invalid params (2013)"),
    Problem.NOT_FOUND: (500, "server_error", "record not found"),
    Problem.CONFLICT: (400, "bad_request_error", "invalid state (2013)"),
    Problem.MODERATION: (422, "unprocessable_entity_error", "input content is sensitive (1026)"),
    Problem.SERVER_ERROR: (500, "server_error", "unknown error (1000)"),
    Problem.OVERLOADED: (500, "server_error", "unknown error (1000)"),
}
_STATUS = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "running",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.MODERATED: "failed",
    JobState.CANCELLED: "cancelled",
}
_FAILURES = {
    JobState.FAILED: {"code": "1000", "message": "unknown error"},
    JobState.MODERATED: {"code": "1027", "message": "output content is sensitive"},
}
_USD_A_SECOND = {
    ("MiniMax-H3", "768P"): "0.08", ("MiniMax-H3", "2K"): "0.13",
    ("MiniMax-H3-Max", "480P"): "0.05", ("MiniMax-H3-Max", "768P"): "0.08",
}  # fmt: skip
_SHORTEST = {"MiniMax-H3": 4, "MiniMax-H3-Max": 5}
_SHORT_SIDE = {"480P": 480, "768P": 768, "2K": 1440}


def _error(refusal: Refusal, request_id: str) -> Response:
    status, kind, message = _ERRORS[refusal.problem]
    if refusal.message and refusal.problem is Problem.INVALID:
        message = f"{refusal.message} (2013)"
    status = refusal.status or status
    error = {"type": kind, "message": message, "http_code": str(status)}
    return JSONResponse({"type": "error", "error": error, "request_id": request_id}, status)


VENDOR = Vendor("minimax", key=bearer, error=_error)


class Address(Body):
    """Where something is."""

    url: str


class Content(Body):
    """Words or a picture."""

    type: Literal["text", "image_url"]
    text: str | None = Field(default=None, max_length=7000)
    image_url: Address | None = None
    role: Literal["first_frame", "last_frame", "reference_image"] | None = None


class Extra(Body):
    """What only H3-Max takes."""

    prompt_expansion_mode: Literal["disabled", "balanced", "quality"] = "balanced"


class TaskBody(Body):
    """A clip."""

    model: str
    content: list[Content] = Field(min_length=1)
    resolution: Literal["480P", "768P", "2K"] = "2K"
    duration: int = Field(default=5, le=15)
    ratio: Literal["adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"] | None = None
    callback_url: str | None = None
    aigc_watermark: bool = False
    extra: Extra | None = None


class ListQuery(Query):
    """Which tasks."""

    page_num: int = Field(default=1, ge=1)
    page_size: int = Field(default=20, ge=1, le=100)
    status: str = ""
    model: str = ""


@VENDOR.submit("/v2/video_generation")
async def submit(call: Call) -> Response:
    """A task."""
    body = call.json(TaskBody)
    price = _USD_A_SECOND.get((body.model, body.resolution))
    if price is None or body.duration < _SHORTEST[body.model]:
        raise Refusal(Problem.INVALID, f"{body.model} makes no {body.duration} s at {body.resolution}")
    if body.extra is not None and body.model != "MiniMax-H3-Max":
        raise Refusal(Problem.INVALID, "extra is for MiniMax-H3-Max", field="extra")
    words = [one.text for one in body.content if one.type == "text" and one.text and one.image_url is None]
    frames = [one.image_url.url for one in body.content if one.role == "first_frame" and one.image_url]
    if len(words) != 1 or len(words) + len(frames) != len(body.content) or len(frames) > 1:
        raise Refusal(Problem.INVALID, "content is one text, and a first frame at most", field="content")
    picture = await picture_at(call, frames[0], "content") if frames else None
    if picture is None and body.ratio in {None, "adaptive"}:
        raise Refusal(Problem.INVALID, "ratio is required with text only", field="ratio")
    call.moderate(words[0])
    short_side = _SHORT_SIDE[body.resolution]
    width, height = size_of(body.ratio or "16:9", short_side) if picture is None else size_like(picture, short_side)
    order = ClipOrder(words=words[0], width=width, height=height, seconds=body.duration)
    job = call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=Decimal(price) * body.duration, units={"seconds": body.duration}),
        job_id=number_like(18),
        details={
            "model": body.model, "resolution": body.resolution, "duration": body.duration, "ratio": body.ratio,
            "task_type": "text_to_video" if picture is None else "image_to_video",
        },
    )  # fmt: skip
    return JSONResponse({"task_id": job.id})


@VENDOR.poll("/v2/query/video_generation/{id}")
async def task(call: Call) -> Response:
    """How far a task is."""
    return JSONResponse({"task": _shown(call, await call.look_at(call.names["id"]))})


@VENDOR.read("/v2/query/video_generation")
async def listed(call: Call) -> Response:
    """The tasks, newest first."""
    query = call.query(ListQuery)
    found = [
        job
        for job in call.jobs()
        if query.status in {"", _STATUS[job.state]} and query.model in {"", job.details["model"]}
    ]
    first = (query.page_num - 1) * query.page_size
    page = [_shown(call, job) for job in found[first : first + query.page_size]]
    return JSONResponse({"items": page, "total": len(found)})


@VENDOR.cancel("/v2/video_generation/{id}")
async def end(call: Call) -> Response:
    """End a task, or remove one that has ended."""
    job = call.job(call.names["id"])
    if job.state.ended:
        call.forget_job(job)
    else:
        call.end_job(job)
    return JSONResponse({"task_id": job.id, "status": _STATUS[job.state]})


def _shown(call: Call, job: Job) -> dict[str, Any]:
    done, details = job.state is JobState.SUCCEEDED, job.details
    seconds = details["duration"]
    used = {"total_seconds": seconds, "input_seconds": 0, "output_seconds": seconds, "input_image_count": 0}
    return {
        "id": job.id, "model": details["model"], "status": _STATUS[job.state], "error": _FAILURES.get(job.state),
        "created_at": int(job.started_at.timestamp()), "updated_at": int(job.updated_at.timestamp()),
        "content": {"url": address_of(call, job)} if done else None, "resolution": details["resolution"],
        "duration": seconds, "ratio": details["ratio"], "task_type": details["task_type"], "modality": "video",
        "usage": {**used, "input_audio_seconds": 0} if done else None,
    }  # fmt: skip

"""OpenAI's former video API: clips as jobs, listed with their prompts, their files behind the key."""

from __future__ import annotations

import uuid
from decimal import Decimal
from functools import partial
from io import BytesIO
from typing import Any, Literal

from PIL import Image, UnidentifiedImageError
from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import bearer
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.clip_making import film, picture_at

_ERRORS = {
    Problem.NO_KEY: (401, "invalid_request_error", None, "You didn't provide an API key."),
    Problem.UNAUTHORISED: (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    Problem.FORBIDDEN: (403, "invalid_request_error", None, "Your organization must be verified."),
    Problem.OUT_OF_CREDIT: (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    Problem.RATE_LIMITED: (429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached."),
    Problem.INVALID: (400, "invalid_request_error", None, "Invalid request."),
    Problem.NOT_FOUND: (404, "invalid_request_error", "not_found", "The video was not found."),
    Problem.CONFLICT: (409, "invalid_request_error", None, "The video is not ready yet."),
    Problem.MODERATION: (400, "invalid_request_error", "moderation_blocked", "The request was refused."),
    Problem.SERVER_ERROR: (500, "server_error", "server_error", "The server had an error."),
    Problem.OVERLOADED: (503, "server_error", "server_error", "The server is overloaded."),
}
_STATUS = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "in_progress",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed",
    JobState.MODERATED: "failed",
    JobState.CANCELLED: "failed",
}
_FAILURES = {
    JobState.FAILED: {"code": "server_error", "message": "The video could not be generated."},
    JobState.MODERATED: {"code": "moderation_blocked", "message": "The request was refused by the safety system."},
}
_USD_A_SECOND = {"sora-2": Decimal("0.10"), "sora-2-pro": Decimal("0.30")}
_LARGE = ("1024x1792", "1792x1024")
_LARGE_USD_A_SECOND = Decimal("0.50")
_LIFE_SECONDS = 3600


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


VENDOR = Vendor("openai_sora", key=bearer, error=_error, headers=lambda number: {"x-request-id": number})


class Reference(Body):
    """A picture to begin with, at an address."""

    image_url: str


class VideoBody(Body):
    """A clip, as JSON."""

    prompt: str = Field(min_length=1, max_length=32_000)
    model: str = "sora-2"
    seconds: Literal["4", "8", "12"] = "4"
    size: Literal["720x1280", "1280x720", "1024x1792", "1792x1024"] = "720x1280"
    input_reference: Reference | None = None


class VideoForm(Query):
    """A clip, as a form."""

    prompt: str = Field(min_length=1, max_length=32_000)
    model: str = "sora-2"
    seconds: Literal["4", "8", "12"] = "4"
    size: Literal["720x1280", "1280x720", "1024x1792", "1792x1024"] = "720x1280"


class ListQuery(Query):
    """Which clips."""

    limit: int = Field(default=20, ge=0, le=100)
    order: Literal["asc", "desc"] = "desc"
    after: str = ""


class ContentQuery(Query):
    """What of a clip."""

    variant: Literal["video", "thumbnail", "spritesheet"] = "video"


@VENDOR.submit("/v1/videos")
async def create(call: Call) -> Response:
    """A clip."""
    body: VideoBody | VideoForm
    picture: bytes | None = None
    if call.headers.get("content-type", "").startswith("multipart/form-data"):
        body, picture = call.form(VideoForm), _uploaded(call)
    else:
        body = call.json(VideoBody)
        if body.input_reference is not None:
            picture = await picture_at(call, body.input_reference.image_url, "input_reference")
    price = _USD_A_SECOND.get(body.model)
    if price is None:
        said = f"The model `{body.model}` does not exist or you do not have access to it."
        raise Refusal(Problem.NOT_FOUND, said, code="model_not_found")
    if body.size in _LARGE:
        if body.model != "sora-2-pro":
            raise Refusal(Problem.INVALID, f"{body.model} makes no {body.size}.", field="size")
        price = _LARGE_USD_A_SECOND
    width, height = (int(part) for part in body.size.split("x"))
    if picture is not None and _size(picture) != (width, height):
        raise Refusal(Problem.INVALID, "The picture must have the requested size.", field="input_reference")
    call.moderate(body.prompt)
    seconds = int(body.seconds)
    order = ClipOrder(words=body.prompt, width=width, height=height, seconds=seconds, sound=True)
    job = call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=price * seconds, units={"seconds": seconds}),
        job_id=f"video_{uuid.uuid4().hex}",
        details={"model": body.model, "prompt": body.prompt, "size": body.size, "seconds": body.seconds},
    )
    return JSONResponse(_shown(job))


@VENDOR.poll("/v1/videos/{id}")
async def video(call: Call) -> Response:
    """How far a clip is."""
    return JSONResponse(_shown(await call.look_at(call.names["id"])))


@VENDOR.download("/v1/videos/{id}/content")
async def content(call: Call) -> Response:
    """A finished clip, or a frame of it, for an hour."""
    job = call.job(call.names["id"])
    if job.state is not JobState.SUCCEEDED:
        raise Refusal(Problem.CONFLICT)
    if (call.now() - job.updated_at).total_seconds() > _LIFE_SECONDS:
        raise Refusal(Problem.NOT_FOUND)
    if call.query(ContentQuery).variant == "video":
        return call.send_file(job.file, "video/mp4")
    return call.send_file(await call.media.still(job.file), "image/jpeg")


@VENDOR.read("/v1/videos")
async def videos(call: Call) -> Response:
    """The project's clips."""
    query = call.query(ListQuery)
    jobs = call.jobs() if query.order == "desc" else call.jobs()[::-1]
    numbers = [job.id for job in jobs]
    first = numbers.index(query.after) + 1 if query.after in numbers else 0
    page = jobs[first : first + query.limit]
    return JSONResponse(
        {
            "object": "list",
            "data": [_shown(job) for job in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(jobs) > first + query.limit,
        }
    )


@VENDOR.cancel("/v1/videos/{id}")
async def delete(call: Call) -> Response:
    """Delete a clip that has ended."""
    job = call.job(call.names["id"])
    if not job.state.ended:
        raise Refusal(Problem.CONFLICT)
    call.forget_job(job)
    return JSONResponse({"id": job.id, "object": "video.deleted", "deleted": True})


@VENDOR.read("/v1/models")
async def models(_: Call) -> Response:
    """The models, none of which makes clips any more."""
    listed = [{"id": "gpt-6-luna", "object": "model", "created": 1_780_000_000, "owned_by": "openai"}]
    return JSONResponse({"object": "list", "data": listed})


def _uploaded(call: Call) -> bytes | None:
    """The picture of a form. The vendor's own client sends forms without one too."""
    try:
        return call.upload("input_reference").content
    except Refusal:
        return None


def _size(picture: bytes) -> tuple[int, int] | None:
    try:
        return Image.open(BytesIO(picture), formats=("JPEG", "PNG", "WEBP")).size
    except (UnidentifiedImageError, OSError, ValueError):
        return None


def _shown(job: Job) -> dict[str, Any]:
    ended = int(job.updated_at.timestamp()) if job.state.ended else None
    done = job.state is JobState.SUCCEEDED
    return {
        "id": job.id, "object": "video", "model": job.details["model"], "status": _STATUS[job.state],
        "progress": int(job.progress * 100), "created_at": int(job.started_at.timestamp()), "completed_at": ended,
        "expires_at": ended + _LIFE_SECONDS if done and ended else None, "prompt": job.details["prompt"],
        "size": job.details["size"], "seconds": job.details["seconds"], "remixed_from_video_id": None,
        "error": _FAILURES.get(job.state),
    }  # fmt: skip

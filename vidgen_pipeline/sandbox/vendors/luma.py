"""Luma: generations of the Agents API and of Dream Machine, which are two products with keys of their own.

A key with the word `dream` in it is one of Dream Machine's; any other is the Agents API's.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import Standing, bearer
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.clip_making import address_of, bare_picture, film, picture_at, size_of

_ERRORS = {
    Problem.NO_KEY: (401, "Not authenticated"),
    Problem.UNAUTHORISED: (401, "Invalid API key"),
    Problem.FORBIDDEN: (403, "Your plan does not include this"),
    Problem.OUT_OF_CREDIT: (402, "Insufficient credits"),
    Problem.RATE_LIMITED: (429, "Rate limit exceeded"),
    Problem.INVALID: (400, "Invalid request"),
    Problem.NOT_FOUND: (404, "Not Found"),
    Problem.CONFLICT: (409, "Conflict"),
    Problem.MODERATION: (400, "Prompt was rejected by moderation"),
    Problem.SERVER_ERROR: (500, "Internal server error"),
    Problem.OVERLOADED: (503, "Service unavailable"),
}
_STATES = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "processing",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed",
    JobState.MODERATED: "failed",
    JobState.CANCELLED: "failed",
}
_FAILURES = {
    JobState.FAILED: ("The generation failed.", "generation_failed"),
    JobState.MODERATED: ("The request was refused by moderation.", "content_moderated"),
}
_USD = {
    ("540p", "5s"): "0.15", ("540p", "10s"): "0.45", ("720p", "5s"): "0.30", ("720p", "10s"): "0.90",
    ("1080p", "5s"): "1.20", ("1080p", "10s"): "3.60",
}  # fmt: skip
_DREAM_USD_A_SECOND = {"ray-2": Decimal("0.142"), "ray-flash-2": Decimal("0.048")}
_SHORT_SIDE = {"360p": 360, "540p": 540, "720p": 720, "1080p": 1080, "4k": 2160}
_MOST_PICTURE_BYTES = 20_000_000
_DREAM_MACHINE = "/dream-machine/v1"

Prompt = Annotated[str, Field(min_length=1, max_length=6000)]


def _error(refusal: Refusal, request_id: str) -> Response:
    del request_id
    status, said = _ERRORS[refusal.problem]
    if refusal.details:
        listed = [{"loc": list(one.where), "msg": one.message, "type": one.type} for one in refusal.details]
        return JSONResponse({"detail": listed}, refusal.status or 422)
    return JSONResponse({"detail": refusal.message or said}, refusal.status or status)


VENDOR = Vendor(
    "luma",
    key=bearer,
    error=_error,
    headers=lambda number: {"X-Request-Id": number, "X-API-Version": "2026-04-01"},
)


class Picture(Body):
    """A picture: at an address, or in base64."""

    url: str | None = None
    data: str | None = None
    media_type: Literal["image/jpeg", "image/png", "image/webp"] | None = None


class VideoBody(Body):
    """How the clip is made."""

    resolution: Literal["360p", "540p", "720p", "1080p"] = "720p"
    duration: Literal["5s", "10s"] = "5s"
    loop: bool = False
    hdr: bool = False
    start_frame: Picture | None = None
    end_frame: Picture | None = None


class GenerationBody(Body):
    """A clip by the Agents API."""

    model: Literal["ray-3.2"]
    type: Literal["video"]
    prompt: Prompt
    aspect_ratio: Literal["9:16", "3:4", "1:1", "4:3", "16:9", "21:9"] = "16:9"
    video: VideoBody = VideoBody()
    user_id: str | None = None


class DreamBody(Body):
    """A clip by Dream Machine."""

    model: Literal["ray-2", "ray-flash-2"]
    prompt: str = Field(min_length=3, max_length=5000)
    aspect_ratio: Literal["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"] = "16:9"
    duration: Literal["5s", "9s"] = "5s"
    resolution: Literal["540p", "720p", "1080p", "4k"] = "720p"
    loop: bool = False
    callback_url: str | None = None
    generation_type: Literal["video"] = "video"


class FilesQuery(Query):
    """How many files."""

    limit: int = Field(default=20, ge=1, le=100)


class ListQuery(Query):
    """Which of Dream Machine's generations."""

    limit: int = Field(default=10, ge=1, le=100)
    offset: int = Field(default=0, ge=0)


@VENDOR.submit("/v1/generations")
async def generate(call: Call) -> Response:
    """A generation by the Agents API. What is against the policy is taken on and fails."""
    _of_product(call, dream=False)
    body = call.json(GenerationBody)
    video = body.video
    if video.duration == "10s" and (video.start_frame or video.end_frame or video.loop or video.hdr):
        raise Refusal(Problem.INVALID, "10s excludes start_frame, end_frame, loop and hdr")
    price = _USD.get((video.resolution, video.duration))
    if price is None or video.hdr:
        raise Refusal(Problem.INVALID, "There is no price for this here")
    picture = None if video.start_frame is None else await _picture(call, video.start_frame)
    width, height = size_of(body.aspect_ratio, _SHORT_SIDE[video.resolution])
    order = ClipOrder(words=body.prompt, width=width, height=height, seconds=int(video.duration.removesuffix("s")))
    job = call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=Decimal(price), units={"generations": 1, "duration": video.duration}),
        details={"model": body.model},
    )
    if call.against_policy(body.prompt):
        call.end_job(job, JobState.MODERATED)
    return JSONResponse(_shown(call, job), 201)


@VENDOR.poll("/v1/generations/{id}")
async def generation(call: Call) -> Response:
    """How far a generation is."""
    _of_product(call, dream=False)
    return JSONResponse(_shown(call, await call.look_at(call.names["id"])))


@VENDOR.read("/v1/files")
async def files(call: Call) -> Response:
    """The account's files: none."""
    _of_product(call, dream=False)
    call.query(FilesQuery)
    return JSONResponse({"data": [], "has_more": False, "next_cursor": None})


@VENDOR.submit(f"{_DREAM_MACHINE}/generations/video")
async def dream(call: Call) -> Response:
    """A generation by Dream Machine."""
    _of_product(call, dream=True)
    body = call.json(DreamBody)
    call.moderate(body.prompt)
    seconds = int(body.duration.removesuffix("s"))
    width, height = size_of(body.aspect_ratio, _SHORT_SIDE[body.resolution])
    order = ClipOrder(words=body.prompt, width=width, height=height, seconds=seconds)
    job = call.start_job(
        partial(call.media.clip, order),
        bill=Bill(operation="video", usd=seconds * _DREAM_USD_A_SECOND[body.model], units={"seconds": seconds}),
        details={"model": body.model, "request": body.model_dump(mode="json")},
    )
    return JSONResponse(_dreamt(call, job), 201)


@VENDOR.poll(_DREAM_MACHINE + "/generations/{id}")
async def dreamt(call: Call) -> Response:
    """How far a generation of Dream Machine is."""
    _of_product(call, dream=True)
    return JSONResponse(_dreamt(call, await call.look_at(call.names["id"])))


@VENDOR.read(f"{_DREAM_MACHINE}/generations")
async def dreams(call: Call) -> Response:
    """Dream Machine's generations, newest first."""
    _of_product(call, dream=True)
    query, jobs = call.query(ListQuery), call.jobs()
    page = jobs[query.offset : query.offset + query.limit]
    more = len(jobs) > query.offset + query.limit
    shown = [_dreamt(call, job) for job in page]
    return JSONResponse(
        {"generations": shown, "count": len(jobs), "has_more": more, "limit": query.limit, "offset": query.offset}
    )


@VENDOR.cancel(_DREAM_MACHINE + "/generations/{id}")
async def forget(call: Call) -> Response:
    """Delete a generation of Dream Machine."""
    _of_product(call, dream=True)
    call.forget_job(call.job(call.names["id"]))
    return Response(status_code=204)


@VENDOR.read(f"{_DREAM_MACHINE}/credits")
async def credit(call: Call) -> Response:
    """What is left, in cents."""
    _of_product(call, dream=True)
    return JSONResponse({"credit_balance": 0 if call.account.standing is Standing.BROKE else 100_000})


def _of_product(call: Call, *, dream: bool) -> None:
    if call.account.has("dream") is not dream:
        raise Refusal(Problem.UNAUTHORISED)


async def _picture(call: Call, given: Picture) -> bytes:
    if (given.url is None) == (given.data is None) or (given.data is None) != (given.media_type is None):
        raise Refusal(Problem.INVALID, "A picture is one of url, or data with media_type")
    if given.data is not None:
        return bare_picture(given.data, "start_frame", most_bytes=_MOST_PICTURE_BYTES)
    return await picture_at(call, given.url or "", "start_frame", most_bytes=_MOST_PICTURE_BYTES)


def _created(job: Job) -> str:
    return job.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown(call: Call, job: Job) -> dict[str, Any]:
    done = job.state is JobState.SUCCEEDED
    reason, code = _FAILURES.get(job.state, (None, None))
    return {
        "id": job.id, "type": "video", "state": _STATES[job.state], "model": job.details["model"],
        "created_at": _created(job), "output": [{"type": "video", "url": address_of(call, job)}] if done else None,
        "failure_reason": reason, "failure_code": code,
    }  # fmt: skip


def _dreamt(call: Call, job: Job) -> dict[str, Any]:
    done = job.state is JobState.SUCCEEDED
    state = "dreaming" if job.state is JobState.RUNNING else _STATES[job.state]
    assets = {"video": address_of(call, job), "image": None, "progress_video": None} if done else None
    return {
        "id": job.id, "generation_type": "video", "state": state, "created_at": _created(job), "assets": assets,
        "failure_reason": _FAILURES.get(job.state, (None,))[0], "model": job.details["model"],
        "request": job.details["request"],
    }  # fmt: skip

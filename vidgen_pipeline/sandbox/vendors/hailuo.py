"""Hailuo, which is MiniMax's first version: nearly every answer is a 200, and a number in it says what is wrong."""

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
)

_GOOD = {"status_code": 0, "status_msg": "success"}
_ERRORS = {
    Problem.NO_KEY: (1004, "login fail: please carry the API secret key"),
    Problem.UNAUTHORISED: (2049, "invalid api key"),
    Problem.FORBIDDEN: (2038, "account is not verified"),
    Problem.OUT_OF_CREDIT: (1008, "insufficient balance"),
    Problem.RATE_LIMITED: (1002, "rate limit"),
    Problem.INVALID: (2013, "invalid params"),
    Problem.NOT_FOUND: (2013, "invalid params, not found"),
    Problem.CONFLICT: (2013, "invalid params, state"),
    Problem.MODERATION: (1026, "input new_sensitive"),
    Problem.SERVER_ERROR: (1000, "unknown error"),
    Problem.OVERLOADED: (1013, "internal error"),
}
_STATUS = {
    JobState.QUEUED: "Queueing",
    JobState.RUNNING: "Processing",
    JobState.SUCCEEDED: "Success",
    JobState.FAILED: "Fail",
    JobState.MODERATED: "Fail",
    JobState.CANCELLED: "Fail",
}
_STANDARD = {("768P", 6): "0.28", ("768P", 10): "0.56", ("1080P", 6): "0.49"}
_USD: dict[str, dict[tuple[str, int], str]] = {
    "MiniMax-Hailuo-2.3": _STANDARD,
    "MiniMax-Hailuo-2.3-Fast": {("768P", 6): "0.19", ("768P", 10): "0.32", ("1080P", 6): "0.33"},
    "MiniMax-Hailuo-02": {**_STANDARD, ("512P", 6): "0.10", ("512P", 10): "0.15"},
    "T2V-01": {("720P", 6): "0.43"},
    "T2V-01-Director": {("720P", 6): "0.43"},
}
_SHORT_SIDE = {"512P": 512, "720P": 720, "768P": 768, "1080P": 1080}
_LANDSCAPE = {"512P": (910, 512), "720P": (1280, 720), "768P": (1366, 768), "1080P": (1920, 1080)}


def _error(refusal: Refusal, request_id: str) -> Response:
    del request_id
    code, message = _ERRORS[refusal.problem]
    told = f"{message}, {refusal.message}" if refusal.message and refusal.problem is Problem.INVALID else message
    body = {"task_id": "", "base_resp": {"status_code": code, "status_msg": told}}
    return JSONResponse(body, refusal.status or 200)


VENDOR = Vendor("hailuo", key=bearer, error=_error, headers=lambda number: {"Trace-Id": number})


class TaskBody(Body):
    """A clip."""

    model: str
    prompt: str = Field(default="", max_length=2000)
    duration: Literal[6, 10] = 6
    resolution: Literal["512P", "720P", "768P", "1080P"] | None = None
    prompt_optimizer: bool = True
    fast_pretreatment: bool = False
    first_frame_image: str | None = None
    last_frame_image: str | None = None
    callback_url: str | None = None
    aigc_watermark: bool = False


class TaskQuery(Query):
    """Which task."""

    task_id: str


class FileQuery(Query):
    """Which file."""

    file_id: str


class FilesQuery(Query):
    """Files for what."""

    purpose: Literal["video_generation", "voice_clone", "prompt_audio", "t2a_async_input"]


@VENDOR.submit("/v1/video_generation")
async def submit(call: Call) -> Response:
    """A task."""
    body = call.json(TaskBody)
    prices = _USD.get(body.model)
    resolution = body.resolution or ("720P" if body.model.startswith("T2V") else "768P")
    price = (prices or {}).get((resolution, body.duration))
    if price is None:
        raise Refusal(Problem.INVALID, f"{body.model} makes no {body.duration} s at {resolution}")
    if body.first_frame_image is None and (body.model.endswith("-Fast") or resolution == "512P" or not body.prompt):
        raise Refusal(Problem.INVALID, "first_frame_image is needed", field="first_frame_image")
    if body.last_frame_image is not None and body.model != "MiniMax-Hailuo-02":
        raise Refusal(Problem.INVALID, "last_frame_image is not supported", field="last_frame_image")
    picture = None
    if body.first_frame_image is not None:
        picture = await picture_at(call, body.first_frame_image, "first_frame_image")
    call.moderate(body.prompt)
    width, height = _LANDSCAPE[resolution] if picture is None else size_like(picture, _SHORT_SIDE[resolution])
    order = ClipOrder(words=body.prompt, width=width, height=height, seconds=body.duration)
    job = call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=Decimal(price), units={"videos": 1, "seconds": body.duration}),
        job_id=number_like(18),
        details={"file_id": number_like(18), "width": width, "height": height},
    )
    return JSONResponse({"task_id": job.id, "base_resp": _GOOD})


@VENDOR.poll("/v1/query/video_generation")
async def task(call: Call) -> Response:
    """How far a task is."""
    job = await call.look_at(call.query(TaskQuery).task_id)
    done = job.state is JobState.SUCCEEDED
    shown: dict[str, Any] = {
        "task_id": job.id, "status": _STATUS[job.state], "file_id": job.details["file_id"] if done else "",
        "video_width": job.details["width"] if done else 0, "video_height": job.details["height"] if done else 0,
        "base_resp": _GOOD,
    }  # fmt: skip
    if job.state is JobState.MODERATED:
        shown["error_message"] = "output content is sensitive"
        shown["base_resp"] = {"status_code": 1027, "status_msg": "output new_sensitive"}
    elif job.state is JobState.FAILED:
        shown["error_message"] = "the generation failed"
    return JSONResponse(shown)


@VENDOR.read("/v1/files/retrieve")
async def file(call: Call) -> Response:
    """Where a finished file is."""
    number = call.query(FileQuery).file_id
    job = next((job for job in call.jobs() if _has_file(job, number)), None)
    if job is None:
        raise Refusal(Problem.NOT_FOUND)
    shown = {
        "file_id": int(number), "bytes": job.file.stat().st_size, "created_at": int(job.updated_at.timestamp()),
        "filename": "output.mp4", "purpose": "video_generation", "download_url": address_of(call, job),
    }  # fmt: skip
    return JSONResponse({"file": shown, "base_resp": _GOOD})


@VENDOR.read("/v1/files/list")
async def files(call: Call) -> Response:
    """The account's files."""
    call.query(FilesQuery)
    return JSONResponse({"files": [], "base_resp": _GOOD})


def _has_file(job: Job, number: str) -> bool:
    return job.state is JobState.SUCCEEDED and job.details["file_id"] == number

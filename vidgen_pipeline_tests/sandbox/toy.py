"""A vendor that does not exist: films by the second, with all that real ones have, to test the sandbox's own parts."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.files import ready
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import bearer
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor

_STATUS = {
    Problem.NO_KEY: 401, Problem.UNAUTHORISED: 401, Problem.FORBIDDEN: 403, Problem.OUT_OF_CREDIT: 402,
    Problem.RATE_LIMITED: 429, Problem.INVALID: 400, Problem.NOT_FOUND: 404, Problem.CONFLICT: 409,
    Problem.MODERATION: 451, Problem.SERVER_ERROR: 500, Problem.OVERLOADED: 503,
}  # fmt: skip
_WORDS = {
    JobState.QUEUED: "waiting", JobState.RUNNING: "filming", JobState.SUCCEEDED: "done", JobState.FAILED: "broken",
    JobState.MODERATED: "refused", JobState.CANCELLED: "stopped",
}  # fmt: skip


def _error(refusal: Refusal, request_id: str) -> Response:
    body = {"oops": refusal.problem, "about": refusal.field, "say": refusal.message, "request": request_id}
    return JSONResponse(body, refusal.status or _STATUS[refusal.problem])


def _check(call: Call) -> None:
    if call.headers.get("toy-version") != "1":
        raise Refusal(Problem.INVALID, field="toy-version")


VENDOR = Vendor("toy", key=bearer, error=_error, check=_check, headers=lambda number: {"toy-request": number})


class FilmBody(Body):
    prompt: str = Field(min_length=1, max_length=100)
    seconds: Literal[1, 2] = 1
    name: str = ""


class ListQuery(Query):
    limit: int = Field(default=10, ge=1, le=50)


@VENDOR.submit("/v1/films")
async def submit(call: Call) -> Response:
    body = call.json(FilmBody)
    call.moderate(body.prompt)
    bill = Bill(operation="film", usd=body.seconds * Decimal("0.25"), units={"seconds": body.seconds})
    order = ClipOrder(words=body.prompt, width=128, height=72, seconds=body.seconds, fps=12)
    job = call.start_job(
        partial(call.media.clip, order), bill=bill, reference=body.name, details={"prompt": body.prompt}
    )
    return JSONResponse(_shown(call, job), 201)


@VENDOR.poll("/v1/films/{id}")
async def poll(call: Call) -> Response:
    return JSONResponse(_shown(call, await call.look_at(call.names["id"])))


@VENDOR.read("/v1/films")
async def listed(call: Call) -> Response:
    return JSONResponse([_shown(call, job) for job in call.jobs()[: call.query(ListQuery).limit]])


@VENDOR.cancel("/v1/films/{id}")
async def cancel(call: Call) -> Response:
    job = call.job(call.names["id"])
    if job.state.ended:
        raise Refusal(Problem.CONFLICT)
    call.end_job(job)
    return JSONResponse(_shown(call, job))


class Uploads:
    def __init__(self) -> None:
        self.sizes: list[int] = []


@VENDOR.read("/v1/uploads", method="PUT", streamed=True)
async def upload(call: Call) -> Response:
    path = await call.save_body(".bin")
    uploads = call.memory(Uploads)
    uploads.sizes.append(path.stat().st_size)
    url = call.publish(path.name, ready(path), "application/octet-stream", life_seconds=60)
    return JSONResponse({"url": url, "sizes": uploads.sizes})


@VENDOR.read("/v1/forms", method="POST")
async def form(call: Call) -> Response:
    class Fields(Query):
        word: str
        words: list[str] = Field(default=[], alias="words[]")

    fields, file = call.form(Fields), call.upload("file")
    return JSONResponse({"word": fields.word, "words": fields.words, "name": file.file_name, "hex": file.content.hex()})


class FetchQuery(Query):
    url: str


@VENDOR.read("/v1/fetched")
async def fetched(call: Call) -> Response:
    path = await call.file_at(call.query(FetchQuery).url)
    return JSONResponse({"bytes": path.stat().st_size})


@VENDOR.read("/v1/broken")
async def broken(_: Call) -> Response:
    raise RuntimeError("a fault of the double itself")


def _shown(call: Call, job: Job) -> dict[str, Any]:
    url = call.publish(f"{job.id}.mp4", ready(job.file), "video/mp4") if job.state is JobState.SUCCEEDED else None
    return {"id": job.id, "state": _WORDS[job.state], "progress": job.progress, "name": job.reference, "url": url}

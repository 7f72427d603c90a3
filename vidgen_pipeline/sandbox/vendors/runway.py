"""Runway: tasks from words and from pictures, and what the account holds."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import Standing, bearer
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.clip_making import address_of, film, picture_at

_VERSION = "2024-11-06"
_ERRORS = {
    Problem.NO_KEY: (401, "You did not provide an API key."),
    Problem.UNAUTHORISED: (401, "The API key is not valid."),
    Problem.FORBIDDEN: (403, "This account may not do this."),
    Problem.OUT_OF_CREDIT: (400, "You do not have enough credits to run this task."),
    Problem.RATE_LIMITED: (429, "Too many requests."),
    Problem.INVALID: (400, "Validation of body failed"),
    Problem.NOT_FOUND: (404, "Not found."),
    Problem.CONFLICT: (409, "The task can't be changed now."),
    Problem.MODERATION: (400, "The prompt was refused by content moderation."),
    Problem.SERVER_ERROR: (500, "Internal error."),
    Problem.OVERLOADED: (503, "The service is overloaded."),
}
_STATUS = {
    JobState.QUEUED: "PENDING",
    JobState.RUNNING: "RUNNING",
    JobState.SUCCEEDED: "SUCCEEDED",
    JobState.FAILED: "FAILED",
    JobState.MODERATED: "FAILED",
    JobState.CANCELLED: "CANCELLED",
}
_FAILURES = {
    JobState.FAILED: ("An unexpected error occurred.", "INTERNAL"),
    JobState.MODERATED: ("The prompt was refused by content moderation.", "SAFETY.INPUT.TEXT"),
}
_CREDITS = {"gen4.5": 12, "gen4_turbo": 5, "veo3.1": 20, "veo3.1_fast": 10}
_CREDITS_WITH_SOUND = {"veo3.1": 40, "veo3.1_fast": 15}
_CREDIT_USD = Decimal("0.01")
_BALANCE = 100_000

Prompt = Annotated[str, Field(min_length=1, max_length=1000)]
Seconds = Annotated[int, Field(ge=2, le=10)]
Seed = Annotated[int, Field(ge=0, le=4_294_967_295)]
PictureRatio = Literal["1280:720", "720:1280", "1104:832", "960:960", "832:1104", "1584:672"]


def _error(refusal: Refusal, request_id: str) -> Response:
    del request_id
    status, said = _ERRORS[refusal.problem]
    body: dict[str, Any] = {"error": refusal.message if refusal.message and not refusal.details else said}
    if refusal.details:
        body["issues"] = [{"path": list(one.where[1:]), "message": one.message} for one in refusal.details]
        body["docUrl"] = "https://docs.dev.runwayml.com/api"
    return JSONResponse(body, refusal.status or status)


def _check(call: Call) -> None:
    if call.headers.get("x-runway-version") != _VERSION:
        raise Refusal(Problem.INVALID, "The X-Runway-Version header is missing or unknown.")


VENDOR = Vendor("runway", key=bearer, error=_error, check=_check)


class Moderation(Body):
    """How strict it is."""

    publicFigureThreshold: Literal["auto", "low"] = "auto"  # noqa: N815 - the vendor's spelling


class Gen45Text(Body):
    """A clip from words by Runway's own model."""

    model: Literal["gen4.5"]
    promptText: Prompt  # noqa: N815 - the vendor's spelling
    ratio: Literal["1280:720", "720:1280"]
    duration: Seconds
    seed: Seed | None = None
    contentModeration: Moderation | None = None  # noqa: N815 - the vendor's spelling
    outputFormat: str | None = None  # noqa: N815 - the vendor's spelling


class VeoText(Body):
    """A clip from words by Google's model."""

    model: Literal["veo3.1", "veo3.1_fast"]
    promptText: Prompt  # noqa: N815 - the vendor's spelling
    ratio: Literal["1280:720", "720:1280", "1920:1080", "1080:1920"]
    duration: Literal[4, 6, 8]
    audio: bool = True
    negativePrompt: str | None = None  # noqa: N815 - the vendor's spelling
    seed: Seed | None = None


class Placed(Body):
    """A picture and where it stands in the clip."""

    uri: str
    position: Literal["first"]


class Gen45Image(Body):
    """A clip from a picture and words."""

    model: Literal["gen4.5"]
    promptImage: str | list[Placed]  # noqa: N815 - the vendor's spelling
    promptText: Prompt  # noqa: N815 - the vendor's spelling
    ratio: PictureRatio
    duration: Seconds
    seed: Seed | None = None
    contentModeration: Moderation | None = None  # noqa: N815 - the vendor's spelling


class TurboImage(Body):
    """A clip from a picture."""

    model: Literal["gen4_turbo"]
    promptImage: str | list[Placed]  # noqa: N815 - the vendor's spelling
    promptText: str = Field(default="", max_length=1000)  # noqa: N815 - the vendor's spelling
    ratio: PictureRatio
    duration: Seconds = 10
    seed: Seed | None = None
    contentModeration: Moderation | None = None  # noqa: N815 - the vendor's spelling


class TextBody(RootModel[Annotated[Gen45Text | VeoText, Field(discriminator="model")]]):
    """By the model that is named."""


class ImageBody(RootModel[Annotated[Gen45Image | TurboImage, Field(discriminator="model")]]):
    """By the model that is named."""


@VENDOR.submit("/v1/text_to_video")
async def text_to_video(call: Call) -> Response:
    """A task from words."""
    body = call.json(TextBody).root
    with_sound = isinstance(body, VeoText) and body.audio
    rate = _CREDITS_WITH_SOUND[body.model] if with_sound else _CREDITS[body.model]
    return _start(call, body.promptText, body.ratio, body.duration, rate, sound=with_sound)


@VENDOR.submit("/v1/image_to_video")
async def image_to_video(call: Call) -> Response:
    """A task from a picture."""
    body = call.json(ImageBody).root
    address = body.promptImage if isinstance(body.promptImage, str) else body.promptImage[0].uri
    picture = await picture_at(call, address, "promptImage", most_bytes=5_000_000)
    return _start(call, body.promptText, body.ratio, body.duration, _CREDITS[body.model], picture=picture)


@VENDOR.poll("/v1/tasks/{id}")
async def task(call: Call) -> Response:
    """How far a task is."""
    return JSONResponse(_shown(call, await call.look_at(call.names["id"])))


@VENDOR.cancel("/v1/tasks/{id}")
async def end(call: Call) -> Response:
    """End a task, or delete one that has ended. One that runs already is charged all the same."""
    job = call.job(call.names["id"])
    if job.state.ended:
        call.forget_job(job)
        return Response(status_code=204)
    if job.state is JobState.QUEUED:
        job.refunded |= {JobState.CANCELLED}
    call.end_job(job)
    return Response(status_code=204)


@VENDOR.read("/v1/organization")
async def organization(call: Call) -> Response:
    """What is left, and how much may be done at once."""
    spent = sum(int(charge.bill.units["credits"]) for charge in call.charges() if charge.refunded_at is None)
    left = 0 if call.account.standing is Standing.BROKE else _BALANCE - spent
    limits = {model: {"maxConcurrentGenerations": 20, "maxDailyGenerations": 1000} for model in _CREDITS}
    used = {model: {"dailyGenerations": 0} for model in _CREDITS}
    return JSONResponse(
        {
            "creditBalance": left,
            "tier": {"maxMonthlyCreditSpend": _BALANCE, "models": limits},
            "usage": {"models": used},
        }
    )


def _start(
    call: Call,
    words: str,
    ratio: str,
    seconds: int,
    rate: int,
    *,
    picture: bytes | None = None,
    sound: bool = False,
) -> Response:
    """Take the task on. What is against the policy is taken on too, charged, and fails."""
    width, height = (int(part) for part in ratio.split(":"))
    order = ClipOrder(words=words, width=width, height=height, seconds=seconds, sound=sound)
    spent = rate * seconds
    job = call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=spent * _CREDIT_USD, units={"credits": spent}),
        details={"credits": spent},
        refunded=frozenset({JobState.FAILED}),
    )
    if call.against_policy(words):
        call.end_job(job, JobState.MODERATED)
    return JSONResponse({"id": job.id, "estimatedCost": {"credits": spent}})


def _shown(call: Call, job: Job) -> dict[str, Any]:
    created = job.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    shown: dict[str, Any] = {"id": job.id, "status": _STATUS[job.state], "createdAt": created}
    if not job.state.ended:
        running = {"progress": round(job.progress, 2)} if job.state is JobState.RUNNING else {}
        return shown | running | {"estimatedCost": {"credits": job.details["credits"]}}
    given_back = job.charge is not None and job.charge.refunded_at is not None
    shown["cost"] = {"credits": 0 if given_back else job.details["credits"]}
    if job.state is JobState.SUCCEEDED:
        shown["output"] = [address_of(call, job)]
    elif job.state in _FAILURES:
        shown["failure"], shown["failureCode"] = _FAILURES[job.state]
    return shown

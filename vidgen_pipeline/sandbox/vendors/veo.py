"""Google video: interactions in the background, files that want the key, and Veo's own long-running operations.

The Veo models answer that they have ended, as at Google; for a key with the word `veo` in it they are still there.
"""

from __future__ import annotations

import base64
import uuid
from collections import Counter
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import any_of, header_key, query_key
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.clip_making import bare_picture, film, size_of

_ERRORS = {
    Problem.NO_KEY: (403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers."),
    Problem.UNAUTHORISED: (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    Problem.FORBIDDEN: (403, "PERMISSION_DENIED", "The API is not enabled for this project."),
    Problem.OUT_OF_CREDIT: (400, "FAILED_PRECONDITION", "Billing is not enabled for this project."),
    Problem.RATE_LIMITED: (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
    Problem.INVALID: (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    Problem.NOT_FOUND: (404, "NOT_FOUND", "Requested entity was not found."),
    Problem.CONFLICT: (400, "FAILED_PRECONDITION", "The interaction has ended."),
    Problem.MODERATION: (400, "INVALID_ARGUMENT", "The prompt was refused by a safety filter."),
    Problem.SERVER_ERROR: (500, "INTERNAL", "An internal error has occurred."),
    Problem.OVERLOADED: (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
}
_STATUS = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "in_progress",
    JobState.SUCCEEDED: "completed",
    JobState.FAILED: "failed",
    JobState.MODERATED: "failed",
    JobState.CANCELLED: "cancelled",
}
_FAILURES = {
    JobState.FAILED: {"code": "internal", "message": "An internal error has occurred."},
    JobState.MODERATED: {"code": "content_blocked", "message": "The request was refused by a safety filter."},
}
_USD_A_SECOND = {
    "gemini-omni-1.2-flash": {"360p": "0.023", "720p": "0.07", "1080p": "0.105", "4k": "0.21"},
    "gemini-omni-1.1-flash": {"360p": "0.03", "720p": "0.10", "1080p": "0.15", "4k": "0.30"},
}
_LONGEST = {"gemini-omni-1.2-flash": 15, "gemini-omni-1.1-flash": 10}
_VEO_USD_A_SECOND = {
    "veo-3.1-generate-preview": "0.40",
    "veo-3.1-fast-generate-preview": "0.10",
    "veo-3.1-lite-generate-preview": "0.05",
}
_SHORT_SIDE = {"360p": 360, "720p": 720, "1080p": 1080, "4k": 2160}
_TOKENS_A_SECOND = 5792
_MOST_PICTURE_BYTES = 20_000_000


def _error(refusal: Refusal, request_id: str) -> Response:
    del request_id
    status, word, message = _ERRORS[refusal.problem]
    status = refusal.status or status
    error: dict[str, Any] = {"code": status, "message": refusal.message or message, "status": word}
    if refusal.problem is Problem.UNAUTHORISED:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
    elif refusal.problem is Problem.RATE_LIMITED:
        delay = f"{refusal.retry_after or 7:g}s"
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    return JSONResponse({"error": error}, status)


VENDOR = Vendor("veo", key=any_of(header_key("x-goog-api-key"), query_key("key")), error=_error)


class _FilesAsked(Counter[str]):
    """How often an account has asked for each of its files: a new one is worked on at first."""


class Block(Body):
    """Words or a picture."""

    type: Literal["text", "image"]
    text: str | None = None
    data: str | None = None
    mime_type: Literal["image/jpeg", "image/png", "image/webp"] | None = None


class Turn(Body):
    """The same as the vendor's own client sends it."""

    type: Literal["user_input"]
    content: list[Block]


class Format(Body):
    """What is to come of it."""

    type: Literal["video"]
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    resolution: Literal["360p", "720p", "1080p", "4k"] = "720p"
    duration: str = Field(default="8s", pattern=r"^\d{1,2}s$")
    delivery: Literal["inline", "uri"] = "inline"


class VideoConfig(Body):
    """Which kind of work."""

    task: Literal["text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale"]


class GenerationConfig(Body):
    """How it is done."""

    video_config: VideoConfig | None = None


class InteractionBody(Body):
    """A clip by Gemini Omni."""

    model: str
    input: str | list[Block] | list[Turn]
    background: bool = False
    store: bool = True
    response_format: Format
    generation_config: GenerationConfig | None = None
    labels: dict[str, str] | None = None
    service_tier: Literal["standard", "flex", "priority", "deferred"] = "standard"


class Image(Body):
    """A picture as Veo takes it."""

    bytesBase64Encoded: str  # noqa: N815 - the vendor's spelling
    mimeType: Literal["image/jpeg", "image/png"]  # noqa: N815 - the vendor's spelling


class Instance(Body):
    """What Veo is to show."""

    prompt: str = Field(min_length=1)
    image: Image | None = None


class Parameters(Body):
    """How Veo makes it."""

    aspectRatio: Literal["16:9", "9:16"] = "16:9"  # noqa: N815 - the vendor's spelling
    durationSeconds: Literal[4, 6, 8] = 8  # noqa: N815 - the vendor's spelling
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    negativePrompt: str | None = None  # noqa: N815 - the vendor's spelling
    seed: int | None = None
    personGeneration: Literal["allow_all", "allow_adult", "dont_allow"] | None = None  # noqa: N815 - the vendor's
    sampleCount: Literal[1] = 1  # noqa: N815 - the vendor's spelling


class PredictBody(Body):
    """A clip by Veo."""

    instances: list[Instance] = Field(min_length=1, max_length=1)
    parameters: Parameters = Parameters()


class StreamQuery(Query):
    """Whether the answer is a stream; it never is here."""

    stream: Literal["false"] | None = None


class MediaQuery(Query):
    """What of a file is wanted."""

    alt: Literal["media"]


class ModelsQuery(Query):
    """Which page of models."""

    pageSize: int = Field(default=50, ge=1, le=1000)  # noqa: N815 - the vendor's spelling


@VENDOR.submit("/v1/interactions")
@VENDOR.submit("/v1beta/interactions")
async def interact(call: Call) -> Response:
    """An interaction. What is against the policy is taken on and fails."""
    body = call.json(InteractionBody)
    wanted = body.response_format
    prices, seconds = _USD_A_SECOND.get(body.model), int(wanted.duration.removesuffix("s"))
    if prices is None:
        raise Refusal(Problem.NOT_FOUND, f"models/{body.model} is not found for this API version.")
    if not 3 <= seconds <= _LONGEST[body.model]:
        raise Refusal(Problem.INVALID, f"{body.model} makes no {seconds} s.", field="duration")
    if not body.background or not body.store:
        raise Refusal(Problem.INVALID, "Only background interactions that are stored are made here.")
    if any(len(value) > 63 for value in (body.labels or {}).values()):
        raise Refusal(Problem.INVALID, "A label has at most 63 characters.", field="labels")
    words, picture = _read_input(body.input)
    width, height = size_of(wanted.aspect_ratio, _SHORT_SIDE[wanted.resolution])
    order = ClipOrder(words=words, width=width, height=height, seconds=seconds)
    usd = Decimal(prices[wanted.resolution]) * seconds
    tokens = int(_TOKENS_A_SECOND * seconds * Decimal(prices[wanted.resolution]) / Decimal(prices["720p"]))
    job = call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=usd, units={"seconds": seconds, "tokens": tokens}),
        job_id=f"v1_{uuid.uuid4().hex}",
        reference=(body.labels or {}).get("job", ""),
        details={"model": body.model, "words": words, "tokens": tokens, "delivery": wanted.delivery},
    )
    if call.against_policy(words):
        call.end_job(job, JobState.MODERATED)
    return JSONResponse({"id": job.id, "object": "interaction", "status": "in_progress", "model": body.model})


@VENDOR.poll("/v1/interactions/{id}")
@VENDOR.poll("/v1beta/interactions/{id}")
async def interaction(call: Call) -> Response:
    """How far an interaction is."""
    call.query(StreamQuery)
    return JSONResponse(_shown(call, await call.look_at(call.names["id"])))


@VENDOR.cancel("/v1/interactions/{id}/cancel", "POST")
@VENDOR.cancel("/v1beta/interactions/{id}/cancel", "POST")
async def end(call: Call) -> Response:
    """End an interaction."""
    job = call.job(call.names["id"])
    if job.state.ended:
        raise Refusal(Problem.CONFLICT)
    call.end_job(job)
    return JSONResponse(_shown(call, job))


@VENDOR.download("/v1/files/{name}:download")
@VENDOR.download("/v1beta/files/{name}:download")
async def download(call: Call) -> Response:
    """A file's bytes."""
    call.query(MediaQuery)
    return call.send_file(_job_of_file(call).file, "video/mp4")


@VENDOR.poll("/v1/files/{name}")
@VENDOR.poll("/v1beta/files/{name}")
async def file(call: Call) -> Response:
    """How far a file is."""
    job, asked = _job_of_file(call), call.memory(_FilesAsked)
    asked[job.id] += 1
    state = "ACTIVE" if asked[job.id] > 1 else "PROCESSING"
    size = str(job.file.stat().st_size)
    name = f"files/{call.names['name']}"
    uri = call.url(f"/v1beta/{name}")
    shown = {"name": name, "mimeType": "video/mp4", "sizeBytes": size, "state": state, "uri": uri}
    return JSONResponse(shown | {"source": "GENERATED", "downloadUri": f"{uri}:download?alt=media"})


@VENDOR.read("/v1/models")
@VENDOR.read("/v1beta/models")
async def models(call: Call) -> Response:
    """The models there are."""
    names = list(_USD_A_SECOND)[: call.query(ModelsQuery).pageSize]
    return JSONResponse({"models": [{"name": f"models/{name}", "displayName": name} for name in names]})


@VENDOR.submit("/v1/models/{model}:predictLongRunning")
@VENDOR.submit("/v1beta/models/{model}:predictLongRunning")
async def predict(call: Call) -> Response:
    """An operation of Veo."""
    model = call.names["model"]
    price = _VEO_USD_A_SECOND.get(model)
    if price is None or not call.account.has("veo"):
        raise Refusal(Problem.NOT_FOUND, f"Model models/{model} is no longer available.")
    body = call.json(PredictBody)
    given, wanted = body.instances[0], body.parameters
    if wanted.resolution != "720p" and wanted.durationSeconds != 8:
        raise Refusal(Problem.INVALID, f"{wanted.resolution} needs 8 s.", field="durationSeconds")
    picture = None
    if given.image is not None:
        picture = bare_picture(given.image.bytesBase64Encoded, "image", most_bytes=_MOST_PICTURE_BYTES)
    width, height = size_of(wanted.aspectRatio, _SHORT_SIDE[wanted.resolution])
    order = ClipOrder(words=given.prompt, width=width, height=height, seconds=wanted.durationSeconds, sound=True)
    usd = Decimal(price) * wanted.durationSeconds
    job = call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=usd, units={"seconds": wanted.durationSeconds}),
        job_id=uuid.uuid4().hex[:12],
    )
    if call.against_policy(given.prompt):
        call.end_job(job, JobState.MODERATED)
    return JSONResponse({"name": f"models/{model}/operations/{job.id}"})


@VENDOR.poll("/v1/models/{model}/operations/{id}")
@VENDOR.poll("/v1beta/models/{model}/operations/{id}")
async def operation(call: Call) -> Response:
    """How far an operation of Veo is. While it runs there is no `done`."""
    job = await call.look_at(call.names["id"])
    shown: dict[str, Any] = {"name": f"models/{call.names['model']}/operations/{job.id}"}
    if not job.state.ended:
        return JSONResponse(shown)
    shown["done"] = True
    if job.state is JobState.SUCCEEDED:
        uri = call.url(f"/v1beta/files/{job.id}:download?alt=media")
        shown["response"] = {"generateVideoResponse": {"generatedSamples": [{"video": {"uri": uri}}]}}
    elif job.state is JobState.MODERATED:
        filtered = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Blocked by the safety filter."]}
        shown["response"] = {"generateVideoResponse": filtered}
    else:
        shown["error"] = {"code": 13, "message": "An internal error has occurred."}
    return JSONResponse(shown)


def _read_input(given: str | list[Block] | list[Turn]) -> tuple[str, bytes | None]:
    """The words, and the picture if there is one."""
    if isinstance(given, str):
        return given, None
    blocks = [block for part in given for block in (part.content if isinstance(part, Turn) else [part])]
    words = " ".join(block.text or "" for block in blocks if block.type == "text").strip()
    pictures = [block.data for block in blocks if block.type == "image" and block.data and block.mime_type]
    if not words or len(pictures) > 1:
        raise Refusal(Problem.INVALID, "input needs text, and one picture at most here", field="input")
    return words, bare_picture(pictures[0], "input", most_bytes=_MOST_PICTURE_BYTES) if pictures else None


def _job_of_file(call: Call) -> Job:
    name = call.names["name"]
    found = (job for job in call.jobs() if name in {job.id, job.id.removeprefix("v1_")} and job.result is not None)
    job = next(found, None)
    if job is None:
        raise Refusal(Problem.NOT_FOUND)
    return job


def _shown(call: Call, job: Job) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"type": "user_input", "content": [{"type": "text", "text": job.details["words"]}]}]
    shown: dict[str, Any] = {
        "id": job.id, "object": "interaction", "status": _STATUS[job.state], "model": job.details["model"],
        "created": job.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "updated": job.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    if job.state is JobState.SUCCEEDED:
        clip: dict[str, str] = {"type": "video", "mime_type": "video/mp4"}
        if job.details["delivery"] == "uri":
            clip["uri"] = call.url(f"/v1beta/files/{job.id.removeprefix('v1_')}")
        else:
            clip["data"] = base64.b64encode(job.file.read_bytes()).decode()
        steps.append({"type": "model_output", "content": [clip]})
        tokens, read = job.details["tokens"], len(job.details["words"].split())
        shown["usage"] = {
            "total_input_tokens": read, "total_output_tokens": tokens, "total_tokens": read + tokens,
            "output_tokens_by_modality": [{"modality": "video", "tokens": tokens}],
        }  # fmt: skip
    elif job.state in _FAILURES:
        shown["errors"], steps = [_FAILURES[job.state]], []
    return shown | {"steps": steps}

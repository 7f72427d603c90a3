"""Kling: tasks of the new interface and of the older one, found again by the client's own number.

An API key is used as it is. An access key is used with the secret key `<access key>-secret`, as a signed token, on the
older paths only.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import bearer
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors.clip_making import (
    address_of,
    bare_picture,
    film,
    number_like,
    picture_at,
    size_like,
    size_of,
)
from vidgen_pipeline.sandbox.vendors.kling_bodies import (
    CostsQuery,
    ImageBody,
    LegacyBody,
    LegacyImageBody,
    LegacyTextBody,
    ListBody,
    PageQuery,
    Settings,
    TasksQuery,
    TextBody,
)
from vidgen_pipeline.sandbox.vendors.kling_token import Token

_ERRORS = {
    Problem.NO_KEY: (401, 1001, "Authorization is empty"),
    Problem.UNAUTHORISED: (401, 1002, "Authorization is invalid"),
    Problem.FORBIDDEN: (403, 1103, "No permission for this model or API"),
    Problem.OUT_OF_CREDIT: (429, 1102, "Resource pack is used up or expired"),
    Problem.RATE_LIMITED: (429, 1302, "Too many requests"),
    Problem.INVALID: (400, 1201, "Invalid parameter"),
    Problem.NOT_FOUND: (404, 1203, "The requested resource does not exist"),
    Problem.CONFLICT: (400, 1201, "external_task_id is in use"),
    Problem.MODERATION: (400, 1301, "Content security policy triggered"),
    Problem.SERVER_ERROR: (500, 5000, "Internal error"),
    Problem.OVERLOADED: (503, 5001, "The server is under maintenance"),
}
_STATUS = {
    JobState.QUEUED: "submitted",
    JobState.RUNNING: "processing",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.MODERATED: "failed",
    JobState.CANCELLED: "failed",
}
_WHY = {JobState.FAILED: "Generation failed", JobState.MODERATED: "Content safety policy triggered"}
_USD = {
    ("kling-3.0", "720p", "off"): "0.084", ("kling-3.0", "1080p", "off"): "0.112", ("kling-3.0", "4k", "off"): "0.42",
    ("kling-3.0", "720p", "native"): "0.126", ("kling-3.0", "1080p", "native"): "0.168",
    ("kling-3.0", "4k", "native"): "0.42",
    ("kling-3.0-turbo", "720p", ""): "0.112", ("kling-3.0-turbo", "1080p", ""): "0.14",
}  # fmt: skip
_LEGACY_USD = {
    "kling-v3": ("0.084", "0.112"),
    "kling-v2-6": ("0.042", "0.07"),
    "kling-v2-5-turbo": ("0.042", "0.07"),
}
_SHORT_SIDE = {"720p": 720, "1080p": 1080, "4k": 2160, "std": 720, "pro": 1080}
_UNIT_USD = Decimal("0.14")
_MOST_PICTURE_BYTES = 50_000_000


def _error(refusal: Refusal, request_id: str) -> Response:
    status, code, message = _ERRORS[refusal.problem]
    body = {"code": int(refusal.code or code), "message": refusal.message or message, "request_id": request_id}
    return JSONResponse(body, refusal.status or status)


def _key(headers: Headers, query: QueryParams) -> str | None:
    """The API key, or whose token it is."""
    key = bearer(headers, query)
    token = Token.read(key or "")
    return token.access_key if token else key


def _check(call: Call) -> None:
    """A token must be signed, of this time, and for the older interface."""
    token = Token.read((call.headers.get("authorization") or "").partition(" ")[2])
    if token is None:
        return
    now = call.now().timestamp()
    if not token.genuine or "model" in call.names:
        raise Refusal(Problem.UNAUTHORISED)
    if token.begins > now:
        raise Refusal(Problem.UNAUTHORISED, "Authorization is not yet valid", code="1003")
    if token.ends < now:
        raise Refusal(Problem.UNAUTHORISED, "Authorization is expired", code="1004")


VENDOR = Vendor("kling", key=_key, error=_error, check=_check)


@VENDOR.submit("/text-to-video/{model}")
async def text_to_video(call: Call) -> Response:
    """A task from words."""
    body = call.json(TextBody)
    settings = body.settings
    usd = _price(call.names["model"], settings)
    size = size_of(settings.aspect_ratio or "16:9", _SHORT_SIDE[settings.resolution])
    job = _start(call, body.prompt, settings.duration, size, usd, body.options.external_task_id)
    return _answer(call, _task(call, job))


@VENDOR.submit("/image-to-video/{model}")
async def image_to_video(call: Call) -> Response:
    """A task from a picture and words."""
    body = call.json(ImageBody)
    settings = body.settings
    usd = _price(call.names["model"], settings)
    frames = [content for content in body.contents if content.type == "first_frame"]
    if len(frames) != 1 or settings.aspect_ratio is not None:
        raise Refusal(Problem.INVALID, "One first_frame is needed, and it gives the aspect ratio", field="contents")
    picture = await _picture(call, frames[0].url)
    size = size_like(picture, _SHORT_SIDE[settings.resolution])
    words = " ".join(content.text for content in body.contents if content.type == "prompt")
    job = _start(call, words, settings.duration, size, usd, body.options.external_task_id, picture)
    return _answer(call, _task(call, job))


@VENDOR.poll("/tasks")
async def tasks(call: Call) -> Response:
    """Tasks by their numbers, or by the client's."""
    query = call.query(TasksQuery)
    if bool(query.task_ids) == bool(query.external_task_ids):
        raise Refusal(Problem.INVALID, "Exactly one of task_ids and external_task_ids is needed")
    if query.task_ids:
        wanted = set(query.task_ids.split(","))
        found = [await call.look_at(job.id) for job in call.jobs() if job.id in wanted]
    else:
        wanted = set(query.external_task_ids.split(","))
        found = [job for job in call.jobs() if job.reference in wanted]
    return _answer(call, [_task(call, job) for job in found if not job.details["legacy"]])


@VENDOR.read("/tasks", "POST")
async def list_tasks(call: Call) -> Response:
    """The tasks of a time."""
    body = call.json(ListBody)
    if body.start_time > body.end_time:
        raise Refusal(Problem.INVALID, "start_time is after end_time", field="start_time")
    found = [job for job in call.jobs() if body.start_time <= job.started_at.timestamp() * 1000 <= body.end_time]
    shown = [_task(call, job) for job in found[: body.limit]]
    return _answer(call, {"result": shown, "count": len(shown), "next_cursor": "", "has_more": len(found) > body.limit})


@VENDOR.read("/account/costs")
async def costs(call: Call) -> Response:
    """What is left in the account."""
    query = call.query(CostsQuery)
    if query.start_time > query.end_time:
        raise Refusal(Problem.INVALID, "start_time is after end_time", field="start_time")
    return _answer(call, {"code": 0, "msg": "SUCCEED", "resource_pack_subscribe_infos": []})


@VENDOR.submit("/v1/videos/text2video")
async def text2video(call: Call) -> Response:
    """A task of the older interface, from words."""
    body = call.json(LegacyTextBody)
    return _start_legacy(call, body, size_of(body.aspect_ratio, _SHORT_SIDE[body.mode]), "text2video", None)


@VENDOR.submit("/v1/videos/image2video")
async def image2video(call: Call) -> Response:
    """A task of the older interface, from a picture."""
    body = call.json(LegacyImageBody)
    picture = await _picture(call, body.image)
    return _start_legacy(call, body, size_like(picture, _SHORT_SIDE[body.mode]), "image2video", picture)


@VENDOR.read("/v1/videos/{kind}")
async def legacy_list(call: Call) -> Response:
    """The older interface's tasks, newest first."""
    query = call.query(PageQuery)
    first = (query.pageNum - 1) * query.pageSize
    found = [job for job in call.jobs() if job.details["legacy"] == call.names["kind"]]
    return _answer(call, [_legacy_task(call, job) for job in found[first : first + query.pageSize]])


@VENDOR.poll("/v1/videos/{kind}/{number}")
async def legacy_task(call: Call) -> Response:
    """One of the older interface's tasks, by its number or the client's."""
    number = call.names["number"]
    for job in call.jobs():
        if number in {job.id, job.reference} and job.details["legacy"] == call.names["kind"]:
            return _answer(call, _legacy_task(call, await call.look_at(job.id)))
    raise Refusal(Problem.NOT_FOUND)


def _price(model: str, settings: Settings) -> Decimal:
    """USD for the clip. Raises Refusal for a model that is not known or takes no such settings."""
    if model not in {known for known, *_ in _USD}:
        raise Refusal(Problem.NOT_FOUND, f"model {model} does not exist")
    turbo = model.endswith("-turbo")
    if turbo and (settings.audio is not None or settings.multi_shot is not None):
        raise Refusal(Problem.INVALID, f"{model} takes neither audio nor multi_shot", field="settings")
    price = _USD.get((model, settings.resolution, "" if turbo else settings.audio or "off"))
    if price is None:
        raise Refusal(Problem.INVALID, f"{model} makes no {settings.resolution}", field="settings.resolution")
    return Decimal(price) * settings.duration


async def _picture(call: Call, given: str) -> bytes:
    if given.startswith("data:"):
        raise Refusal(Problem.INVALID, "Base64 goes without a data: prefix", field="url")
    if given.startswith(("http://", "https://")):
        return await picture_at(call, given, "url", most_bytes=_MOST_PICTURE_BYTES)
    return bare_picture(given, "url", most_bytes=_MOST_PICTURE_BYTES)


def _start(
    call: Call,
    words: str,
    seconds: int,
    size: tuple[int, int],
    usd: Decimal,
    reference: str,
    picture: bytes | None = None,
    *,
    legacy: str = "",
) -> Job:
    call.moderate(words)
    if reference and any(job.reference == reference for job in call.jobs()):
        raise Refusal(Problem.CONFLICT)
    order = ClipOrder(words=words, width=size[0], height=size[1], seconds=seconds)
    return call.start_job(
        partial(film, call, order, picture),
        bill=Bill(operation="video", usd=usd, units={"seconds": seconds}),
        job_id=number_like(18),
        reference=reference,
        details={"legacy": legacy, "seconds": seconds, "usd": usd},
        typical_seconds=120,
    )


def _start_legacy(
    call: Call, body: LegacyBody, size: tuple[int, int], kind: str, picture: bytes | None
) -> Response:  # fmt: skip
    prices = _LEGACY_USD.get(body.model_name)
    lengths = range(3, 16) if body.model_name == "kling-v3" else (5, 10)
    if prices is None:
        raise Refusal(Problem.INVALID, f"model_name {body.model_name} is not supported", field="model_name")
    if body.duration not in {str(length) for length in lengths}:
        raise Refusal(Problem.INVALID, f"duration {body.duration} is not supported", field="duration")
    if body.sound is not None and body.model_name == "kling-v2-5-turbo":
        raise Refusal(Problem.INVALID, "sound is not supported", field="sound")
    usd = Decimal(prices[body.mode == "pro"]) * int(body.duration)
    job = _start(call, body.prompt, int(body.duration), size, usd, body.external_task_id, picture, legacy=kind)
    return _answer(call, _legacy_task(call, job))


def _answer(call: Call, data: Any) -> Response:
    return JSONResponse({"code": 0, "message": "SUCCEED", "request_id": call.request_id, "data": data})


def _times(job: Job) -> tuple[int, int]:
    return int(job.started_at.timestamp() * 1000), int(job.updated_at.timestamp() * 1000)


def _task(call: Call, job: Job) -> dict[str, Any]:
    created, updated = _times(job)
    shown: dict[str, Any] = {
        "id": job.id, "status": _STATUS[job.state], "message": _WHY.get(job.state, ""), "create_time": created,
        "update_time": updated, "external_id": job.reference,
    }  # fmt: skip
    if job.state is JobState.SUCCEEDED:
        usd, url = str(job.details["usd"]), address_of(call, job)
        video = {"type": "video", "id": f"v{job.id}", "url": url, "watermark_url": ""}
        shown["outputs"] = [{**video, "duration": f"{job.details['seconds']:.1f}"}]
        bill = {"charge_type": "cash", "cash_type": "balance", "amount": usd, "currency": "USD"}
        shown["billing"] = [{**bill, "package_type": "", "list_price": usd}]
    return shown


def _legacy_task(call: Call, job: Job) -> dict[str, Any]:
    created, updated = _times(job)
    done = job.state is JobState.SUCCEEDED
    shown: dict[str, Any] = {
        "task_id": job.id, "task_status": "succeed" if done else _STATUS[job.state],
        "task_status_msg": _WHY.get(job.state, ""), "task_info": {"external_task_id": job.reference},
        "created_at": created, "updated_at": updated,
    }  # fmt: skip
    if done:
        video = {"id": f"v{job.id}", "url": address_of(call, job), "watermark_url": ""}
        shown["task_result"] = {"videos": [{**video, "duration": str(job.details["seconds"])}]}
        shown["final_unit_deduction"] = f"{job.details['usd'] / _UNIT_USD:g}"
    return shown

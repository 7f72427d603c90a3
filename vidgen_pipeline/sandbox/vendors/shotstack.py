"""Shotstack: uploads through Ingest, and films rendered from them.

Each environment has keys of its own: those with the word `stage` are for `stage`, all others for `v1`.
"""

from __future__ import annotations

import asyncio
import html
import mimetypes
import re
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import pysubs2
from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.runtime.ffmpeg import SAFE_INPUT, file_url, run_ffmpeg
from vidgen_pipeline.runtime.probe import probe_video
from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ENCODER
from vidgen_pipeline.sandbox.files import ready
from vidgen_pipeline.sandbox.films import Film, Line, Shot, Sound
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import header_key
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Phase, Vendor
from vidgen_pipeline.sandbox.vendors import shotstack_schema as schema

USD_PER_MINUTE = Decimal("0.20")

HALF_A_MILLISECOND = 0.0005
"""Films count in ms: a shot is begun so much earlier, lest its start is rounded up and its first frame missing."""

_LONGEST_STAGE_SECONDS = 600
_FOR_EVER = 10 * 365 * 86_400.0
_ROUNDING = 1e-4
_WORD_TIME = re.compile(r"<\d\d:\d\d:\d\d\.\d{3}>")

_SIZES = {
    "preview": (512, 288), "mobile": (640, 360), "sd": (1024, 576), "hd": (1280, 720), "1080": (1920, 1080),
    "4k": (3840, 2160), None: (1280, 720),
}  # fmt: skip
_STATUS = {
    JobState.QUEUED: "fetching",
    JobState.RUNNING: "rendering",
    JobState.SUCCEEDED: "done",
    JobState.FAILED: "failed",
    JobState.MODERATED: "failed",
    JobState.CANCELLED: "failed",
}
_ERRORS = {
    Problem.NO_KEY: (403, "Forbidden"),
    Problem.UNAUTHORISED: (403, "Forbidden"),
    Problem.FORBIDDEN: (403, "Forbidden"),
    Problem.OUT_OF_CREDIT: (402, "Insufficient credits"),
    Problem.RATE_LIMITED: (429, "Too Many Requests"),
    Problem.INVALID: (400, "Bad Request"),
    Problem.NOT_FOUND: (404, "Not Found"),
    Problem.CONFLICT: (409, "Conflict"),
    Problem.MODERATION: (400, "Bad Request"),
    Problem.SERVER_ERROR: (500, "Internal Server Error"),
    Problem.OVERLOADED: (503, "Service Unavailable"),
}


def _error(refusal: Refusal, _: str) -> Response:
    """Two shapes for a bad request: Edit's and Ingest's; the gateway has a bare message for all else."""
    status, message = _ERRORS[refusal.problem]
    status = refusal.status or status
    if status != 400:
        return JSONResponse({"message": refusal.message or message}, status)
    if refusal.code == "ingest":
        return JSONResponse(
            {"errors": [{"status": "400", "title": "Validation Error", "detail": refusal.message}]}, 400
        )
    details = [{"path": list(one.where[1:]), "message": one.message} for one in refusal.details]
    error = {"error": {"name": "ValidationError", "details": details or [{"path": [], "message": refusal.message}]}}
    return JSONResponse({"success": False, "message": message, "response": error}, 400)


def _check(call: Call) -> None:
    environment = call.names.get("env", "")
    if environment not in {"v1", "stage"} or call.account.has("stage") is not (environment == "stage"):
        raise Refusal(Problem.FORBIDDEN)


VENDOR = Vendor("shotstack", key=header_key("x-api-key"), error=_error, check=_check)


class AskQuery(Query):
    """How much a render tells of itself."""

    data: bool = True
    merged: bool = False


class SignedQuery(Query):
    """What a signed address holds."""

    signature: str = Field(alias="Signature")
    key_id: str = Field(alias="AWSAccessKeyId")
    expires: int = Field(alias="Expires")
    acl: str = Field(alias="x-amz-acl")
    token: str = Field(alias="x-amz-security-token")


@dataclass
class _Upload:
    """A place for one file; `looks` is how often it was asked for since the file came."""

    id: str
    signature: str
    created: str
    path: Path | None = None
    url: str = ""
    looks: int = 0
    publish: Callable[[Callable[[], Awaitable[Path]]], str] | None = None


@dataclass
class _Uploads:
    """An account's places."""

    by_id: dict[str, _Upload] = field(default_factory=dict)


# A signed address is used without a key; it is good as long as an account remembers the place.
_SIGNED: WeakValueDictionary[str, _Upload] = WeakValueDictionary()


@VENDOR.read("/edit/{env}/templates")
async def templates(call: Call) -> Response:
    """No templates."""
    return JSONResponse({"success": True, "message": "OK", "response": {"owner": _owner(call), "templates": []}})


@VENDOR.read("/ingest/{env}/upload", "POST")
async def upload(call: Call) -> Response:
    """A place for a file, and a signed address for it."""
    place = _Upload(id=str(uuid.uuid4()), signature=secrets.token_urlsafe(24), created=_stamp(call))
    call.memory(_Uploads).by_id[place.id] = place
    _SIGNED[place.signature] = place
    query = f"AWSAccessKeyId=ASIAEXAMPLE&Expires=1795335540&Signature={place.signature}&x-amz-acl=public-read"
    url = call.url(f"/put/{_owner(call)}/{place.id}/source?{query}&x-amz-security-token={secrets.token_urlsafe(8)}")
    attributes = {"id": place.id, "url": url, "expires": _stamp(call)}
    return JSONResponse({"data": {"type": "upload", "id": place.id, "attributes": attributes}})


@VENDOR.route("/put/{owner}/{id}/source", "PUT", Phase.READ, public=True, streamed=True)
async def put(call: Call) -> Response:
    """Take a file in. No key is needed: the address is signed."""
    place = _SIGNED.get(call.query(SignedQuery).signature)
    if place is None or place.id != call.names["id"]:
        refused = "<Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match.</Message></Error>"
        return Response(refused, 403, media_type="application/xml")
    media_type = call.headers.get("content-type", "application/octet-stream")
    suffix = mimetypes.guess_extension(media_type) or ""
    place.path = await call.save_body(suffix)
    name = f"{call.names['owner']}/{place.id}/source{suffix}"
    place.publish = lambda make: call.publish(name, make, media_type, life_seconds=_FOR_EVER)
    place.url = place.publish(ready(place.path))
    return Response(status_code=200)


@VENDOR.poll("/ingest/{env}/sources/{id}")
async def source(call: Call) -> Response:
    """How far a file is: a look after it came it is still being taken in."""
    place = _place(call)
    if place.path is not None:
        place.looks += 1
    status = "queued" if place.path is None else "importing" if place.looks == 1 else "ready"
    attributes: dict[str, Any] = {
        "id": place.id, "owner": _owner(call), "source": place.url if status == "ready" else None, "status": status,
        "outputs": {}, "width": None, "height": None, "duration": None, "fps": None,
        "created": place.created, "updated": _stamp(call),
    }  # fmt: skip
    return JSONResponse({"data": {"type": "source", "id": place.id, "attributes": attributes}})


@VENDOR.cancel("/ingest/{env}/sources/{id}")
async def delete(call: Call) -> Response:
    """Delete a file: its address leads nowhere from now on."""
    place = _place(call)
    del call.memory(_Uploads).by_id[place.id]
    if place.publish is not None:
        place.publish(_gone)
    return Response(status_code=204)


@VENDOR.submit("/edit/{env}/render")
async def render(call: Call) -> Response:
    """Take on a film."""
    edit = call.json(schema.Edit)
    call.moderate(*(clip.asset.text for clip in _clips(edit) if isinstance(clip.asset, schema.RichText)))
    seconds = _seconds_of(edit)
    stage = call.names["env"] == "stage"
    if stage and seconds > _LONGEST_STAGE_SECONDS:
        raise Refusal(Problem.INVALID, "Stage renders may last 10 minutes.")
    usd = Decimal(0) if stage else Decimal(str(seconds)) / 60 * USD_PER_MINUTE
    job = call.start_job(
        lambda: _film(call, edit, seconds, mark="SHOTSTACK STAGE" if stage else ""),
        bill=Bill(operation="render", usd=usd, units={"seconds": Decimal(str(seconds))}),
        details={"seconds": seconds},
    )
    response = {"message": "Render Successfully Queued", "id": job.id}
    return JSONResponse({"success": True, "message": "Created", "response": response}, 201)


@VENDOR.poll("/edit/{env}/render/{id}")
async def look(call: Call) -> Response:
    """How far a film is."""
    call.query(AskQuery)
    job = await call.look_at(call.names["id"])
    return JSONResponse({"success": True, "message": "OK", "response": _shown(call, job)})


def _shown(call: Call, job: Job) -> dict[str, Any]:
    done = job.state is JobState.SUCCEEDED
    failed = _STATUS[job.state] == "failed"
    name = f"{_owner(call)}/{job.id}.mp4"
    return {
        "id": job.id, "owner": _owner(call), "plan": "basic", "status": _STATUS[job.state],
        "error": "An asset could not be fetched or rendered." if failed else "",
        "duration": job.details["seconds"] if done else None, "renderTime": 8123.5 if done else None,
        "url": call.publish(name, ready(job.file), "video/mp4", life_seconds=86_400) if done else None,
        "poster": None, "thumbnail": None, "created": job.started_at.isoformat(), "updated": job.updated_at.isoformat(),
    }  # fmt: skip


async def _film(call: Call, edit: schema.Edit, seconds: float, mark: str) -> Path:
    """Fetch what is named, and put it together: the first track lies over all others."""
    shots: list[Shot] = []
    sounds: list[Sound] = []
    lines: list[Line] = []
    for track in reversed(edit.timeline.tracks):
        for clip in track.clips:
            asset, start = clip.asset, _number(clip.start)
            length = seconds - start if clip.length == "end" else _number(clip.length)
            if isinstance(asset, schema.RichText):
                lines.append(Line(text=asset.text, start=start, end=start + length, height=_bottom(clip, edit)))
                continue
            path = await call.file_at(asset.src)
            if isinstance(asset, schema.RichCaption):
                lines += _captions(path, _bottom(clip, edit))
            elif isinstance(asset, schema.Audio):
                volume = asset.volume if isinstance(asset.volume, float) else 1.0
                sounds.append(Sound(source=path, start=start, seconds=length, trim=asset.trim or 0, volume=volume))
            else:
                if isinstance(asset, schema.Video) and asset.speed != 1:
                    path = await _at_speed(path, asset.speed)
                trim = (asset.trim or 0.0) if isinstance(asset, schema.Video) else 0.0
                cut = await asyncio.to_thread(_cut, clip, path, edit) if isinstance(asset, schema.Video) else None
                shots.append(
                    Shot(
                        source=path,
                        start=max(start - HALF_A_MILLISECOND, 0.0),
                        seconds=length,
                        trim=trim,
                        contain=clip.fit == "contain" and cut is None,
                        cut=cut or (0.5, 0.5),
                        box=_box(clip, edit),
                        opacity=clip.opacity if isinstance(clip.opacity, float) else 1.0,
                        **_coming(clip),
                    )
                )
    width, height = _size_of(edit.output)
    film = Film(
        width=width, height=height, fps=edit.output.fps, seconds=seconds,
        shots=tuple(shots), sounds=tuple(sounds), lines=tuple(lines), mark=mark,
    )  # fmt: skip
    return await call.media.film(film)


async def _at_speed(clip: Path, speed: float) -> Path:
    target = clip.with_name(f"{clip.stem}-{speed:.4f}.mp4")
    arguments = [*SAFE_INPUT, "-i", file_url(clip), "-vf", f"setpts=PTS/{speed:.6f}", "-an", *ENCODER]
    await run_ffmpeg([*arguments, "-y", file_url(target)])
    return target


def _captions(path: Path, height: float) -> list[Line]:
    """The cues of a subtitle file, as text."""
    file = pysubs2.SSAFile.from_string(_WORD_TIME.sub("", path.read_text(encoding="utf-8")))
    return [
        Line(
            text=html.unescape(event.plaintext).replace("\n", " "),
            start=event.start / 1000,
            end=event.end / 1000,
            height=height,
        )
        for event in file
    ]


def _clips(edit: schema.Edit) -> list[schema.Clip]:
    return [clip for track in edit.timeline.tracks for clip in track.clips]


def _seconds_of(edit: schema.Edit) -> float:
    """A timeline ends with its longest clip of a fixed length."""
    ends = [_number(clip.start) + clip.length for clip in _clips(edit) if isinstance(clip.length, float | int)]
    if not ends or not max(ends):
        raise Refusal(Problem.INVALID, "The timeline has no length.", field="timeline")
    return max(ends)


def _number(value: float | str) -> float:
    """A time; this double knows no smart clips but `end`."""
    if isinstance(value, str):
        raise Refusal(Problem.INVALID, f"{value} is not supported in test mode.")
    return float(value)


def _coming(clip: schema.Clip) -> dict[str, float]:
    """How a clip comes in: what of it changes from its start on, until it is as it stays."""
    coming: dict[str, float] = {}
    if (fade := _first(clip.opacity)) and fade.origin == 0:
        coming["fade_seconds"] = fade.length or 0.0
    if (zoom := _first(clip.scale)) and zoom.origin and zoom.to:
        coming |= {"zoom_seconds": zoom.length or 0.0, "zoom_from": zoom.origin / zoom.to}
    if clip.offset and (slide := _first(clip.offset.x)) and (slide.origin or 0) - (slide.to or 0) > 0.5:
        coming["slide_seconds"] = slide.length or 0.0
    return coming


def _first(value: float | list[schema.Tween] | None) -> schema.Tween | None:
    tween = value[0] if isinstance(value, list) and value else None
    return tween if tween and not tween.start else None


def _cut(clip: schema.Clip, path: Path, edit: schema.Edit) -> tuple[float, float] | None:
    """Of what a clip shown whole is enlarged beyond the picture, the shares on the left and at the top.

    None when it does not fill the picture.
    """
    info = probe_video(path)
    width, height = _size_of(edit.output)
    size, offset = _at_rest(clip.scale, 1.0), clip.offset or schema.Offset()
    shape = info.width / info.height / (width / height)
    across, down = min(1.0, shape) * size, min(1.0, 1 / shape) * size
    if clip.fit != "contain" or min(across, down) < 1 - _ROUNDING:
        return None
    return _share_before(across, _at_rest(offset.x, 0.0)), _share_before(down, -_at_rest(offset.y, 0.0))


def _at_rest(value: float | list[schema.Tween] | None, usual: float) -> float:
    if isinstance(value, list):
        return (value[-1].to or 0.0) if value else usual
    return usual if value is None else value


def _share_before(size: float, offset: float) -> float:
    return 0.5 - offset / (size - 1) if size > 1 + _ROUNDING else 0.5


def _box(clip: schema.Clip, edit: schema.Edit) -> tuple[int, int, int, int] | None:
    """Where a clip that does not fill the picture stands, in px; this double places it by its left upper corner."""
    if clip.width is None or clip.height is None or clip.position != "topLeft":
        return None
    width, height = _size_of(edit.output)
    offset = clip.offset or schema.Offset()
    x, y = (value if isinstance(value, float | int) else 0.0 for value in (offset.x, offset.y))
    return round(x * width), round(-y * height), round(clip.width), round(clip.height)


def _size_of(output: schema.Output) -> tuple[int, int]:
    if output.size:
        return output.size.width, output.size.height
    width, height = _SIZES[output.resolution]
    return (height, width) if output.aspect_ratio in {"9:16", "4:5"} else (width, height)


def _bottom(clip: schema.Clip, edit: schema.Edit) -> float:
    """Where the lower edge of a text's box is, from the picture's top, as a share of it."""
    box = (clip.height or 0) / _size_of(edit.output)[1]
    up = clip.offset.y if clip.offset and isinstance(clip.offset.y, float | int) else 0.0
    place = clip.position or "center"
    edge = box if place.startswith("top") else 1.0 if place.startswith("bottom") else 0.5 + box / 2
    return min(max(edge - up, 0.05), 1.0)


def _place(call: Call) -> _Upload:
    place = call.memory(_Uploads).by_id.get(call.names["id"])
    if place is None:
        raise Refusal(Problem.NOT_FOUND)
    return place


async def _gone() -> Path:
    raise Refusal(Problem.NOT_FOUND)


def _owner(call: Call) -> str:
    return call.account.id.rpartition("-")[2][:10]


def _stamp(call: Call) -> str:
    return call.now().isoformat()

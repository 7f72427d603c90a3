"""Creatomate: films rendered from RenderScript, from files it fetches by their public addresses.

Accounts with the word `trial` in their key get films of at most 480 px a side. Test mode has no public address, so
files may be left at `PUT /public-files/{name}`, which is the sandbox's own and not the vendor's.
"""

from __future__ import annotations

import asyncio
import math
import mimetypes
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, PlainTextResponse, Response

from vidgen_pipeline.domain.narration import Word as SpokenWord
from vidgen_pipeline.runtime.probe import probe_video
from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.files import ready
from vidgen_pipeline.sandbox.films import Film, Line, Shot, Sound
from vidgen_pipeline.sandbox.jobs import Job, JobState
from vidgen_pipeline.sandbox.keys import bearer
from vidgen_pipeline.sandbox.ledger import Bill
from vidgen_pipeline.sandbox.validation import Body, Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Phase, Vendor
from vidgen_pipeline.subtitles.spacing import joined

USD_PER_CREDIT = Decimal("0.027")
HALF_A_MILLISECOND = 0.0005
"""Films count in ms: a shot is begun so much earlier, lest its start is rounded up and its first frame missing."""

_PIXELS_A_CREDIT = 100_000_000
_TRIAL_SIDE = 480
_LIFE_SECONDS = 30 * 86_400
_HELP = "https://creatomate.com/docs/api/reference/introduction"
_STATUS = {
    JobState.QUEUED: "planned",
    JobState.RUNNING: "rendering",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.MODERATED: "failed",
    JobState.CANCELLED: "cancelled",
}
_ERRORS = {
    Problem.NO_KEY: (401, "Provide the API key of your project in the Authorization header."),
    Problem.UNAUTHORISED: (401, "The API key is not known."),
    Problem.FORBIDDEN: (401, "The API key may not do this."),
    Problem.OUT_OF_CREDIT: (402, "There are not enough credits left in this account."),
    Problem.INVALID: (400, "The request is not valid."),
    Problem.NOT_FOUND: (404, "There is nothing here by this name."),
    Problem.CONFLICT: (400, "The request is not valid."),
    Problem.MODERATION: (400, "This content is not allowed."),
    Problem.SERVER_ERROR: (500, "Something went wrong on our side."),
    Problem.OVERLOADED: (503, "The service is not available."),
}


def _error(refusal: Refusal, _: str) -> Response:
    """JSON with a hint; too many requests are told in plain text."""
    if refusal.problem is Problem.RATE_LIMITED:
        return PlainTextResponse("Too Many Requests", refusal.status or 429, {"X-RateLimit-Remaining": "0"})
    status, hint = _ERRORS[refusal.problem]
    return JSONResponse({"hint": refusal.message or hint, "documentation": _HELP}, refusal.status or status)


VENDOR = Vendor("creatomate", key=bearer, error=_error)

_Length = float | str | None
_PERCENT = r"^\d+(\.\d+)?%$"


class Animation(Body):
    """How an element comes, goes or moves."""

    type: str
    time: float | Literal["start", "end"] = "start"
    duration: float | None = Field(default=None, ge=0)
    transition: bool = False
    easing: str = "linear"
    scope: str | None = None
    fade: bool | None = None
    start_scale: str | None = None
    end_scale: str | None = None
    start_x: str | None = None
    end_x: str | None = None
    start_y: str | None = None
    end_y: str | None = None


class Keyframe(Body):
    """What a property is at a time, counted from the element's start; in between it is on its way."""

    time: str = Field(pattern=r"^\d+(\.\d+)? s$")
    value: str
    easing: str = "linear"


class Word(Body):
    """A word of own subtitles; its time counts from the element's start."""

    time: float = Field(ge=0)
    value: str
    duration: float = Field(default=1, ge=0)
    sentence: int | None = None


class Element(Body):
    """Something in a film."""

    type: Literal["video", "image", "audio", "text", "composition"]
    id: str | None = None
    name: str | None = None
    track: int | None = Field(default=None, ge=1)
    time: float | None = Field(default=None, ge=0)
    duration: float | Literal["media"] | None = None
    x: _Length | list[Keyframe] = None
    y: _Length = None
    width: _Length = None
    height: _Length = None
    x_anchor: _Length = None
    y_anchor: _Length = None
    x_alignment: _Length = None
    y_alignment: _Length = None
    animations: list[Animation] | None = None
    opacity: str | None = Field(default=None, pattern=_PERCENT)
    clip: bool | None = None
    elements: list[Element] | None = None
    source: str | None = None
    fit: Literal["cover", "contain", "fill"] | None = None
    trim_start: float | None = None
    trim_duration: float | None = None
    loop: bool | None = None
    volume: str | None = Field(default=None, pattern=_PERCENT)
    audio_fade_in: float | None = None
    audio_fade_out: float | None = None
    text: str | None = None
    font_family: str | None = None
    font_weight: str | None = None
    font_size: _Length = None
    line_height: str | None = None
    fill_color: str | None = None
    stroke_color: str | None = None
    stroke_width: _Length = None
    background_color: str | None = None
    background_x_padding: str | None = None
    transcript_source: str | list[Word] | None = None
    transcript_effect: Literal["color", "karaoke", "highlight", "fade", "bounce", "slide", "enlarge"] | None = None
    transcript_split: Literal["none", "line", "word", "letter"] | None = None
    transcript_placement: Literal["static", "animate", "align"] | None = None
    transcript_maximum_length: int | None = Field(default=None, ge=1)
    transcript_color: str | None = None


class RenderBody(Body):
    """A film to render: its script lies flat in the request."""

    output_format: Literal["mp4", "gif", "png", "jpg"] = "mp4"
    width: int = Field(gt=0, le=4096)
    height: int = Field(gt=0, le=4096)
    frame_rate: float = Field(default=25, ge=1, le=60)
    duration: float | None = Field(default=None, gt=0)
    elements: list[Element] = Field(default_factory=list)
    fill_color: str | None = None
    snapshot_time: float | None = None
    render_scale: float = Field(default=1, ge=0.1, le=10)
    crf: int | None = Field(default=None, ge=17, le=51)
    metadata: str | None = None
    webhook_url: str | None = None
    dry_run: bool = False


@VENDOR.read("/v2/templates")
async def templates(_: Call) -> Response:
    """No templates."""
    return JSONResponse([])


@VENDOR.route("/public-files/{name:path}", "PUT", Phase.READ, streamed=True)
async def leave(call: Call) -> Response:
    """A file for later renders, as if it lay at a public address."""
    name = call.names["name"]
    path = await call.save_body(Path(name).suffix[:8])
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return JSONResponse({"url": call.publish(f"public/{name}", ready(path), media_type, life_seconds=_LIFE_SECONDS)})


@VENDOR.submit("/v2/renders")
async def render(call: Call) -> Response:
    """Take on a film; with `dry_run` only say what is wrong with it."""
    body = call.json(RenderBody)
    errors, warnings = _wrong_with(body), _overlaps(body)
    if body.dry_run:
        source = body.model_dump(mode="json", exclude_none=True, exclude={"dry_run"})
        return JSONResponse({"valid": not errors, "errors": errors, "warnings": warnings, "source": source})
    call.moderate(*(element.text or "" for element in body.elements))
    width, height = _size(call, body)
    seconds = _seconds(body)
    taken = max(1, math.ceil(width * height * body.frame_rate * seconds / _PIXELS_A_CREDIT))
    job = call.start_job(
        lambda: _film(call, body, width, height, seconds),
        bill=Bill(operation="render", usd=taken * USD_PER_CREDIT, units={"credits": taken}),
        reference=body.metadata or "",
        details={"body": body, "width": width, "height": height, "seconds": seconds},
    )
    told = _shown(call, job)
    if errors or warnings:
        told |= {"errors": errors, "warnings": warnings}
    return JSONResponse(told, 202)


@VENDOR.poll("/v2/renders/{id}")
async def look(call: Call) -> Response:
    """How far a film is."""
    return JSONResponse(_shown(call, await call.look_at(call.names["id"])))


def _shown(call: Call, job: Job) -> dict[str, Any]:
    body: RenderBody = job.details["body"]
    told: dict[str, Any] = {
        "id": job.id, "status": _STATUS[job.state], "error_message": None, "url": None, "snapshot_url": None,
        "template_id": None, "template_name": None, "template_tags": None, "output_format": body.output_format,
        "render_scale": body.render_scale, "webhook_url": body.webhook_url, "metadata": body.metadata,
        "modifications": None,
    }  # fmt: skip
    if job.state in {JobState.FAILED, JobState.MODERATED}:
        told["error_message"] = "A source could not be downloaded or rendered."
    if job.state is JobState.SUCCEEDED:
        told |= {
            "url": call.publish(f"renders/{job.id}.mp4", ready(job.file), "video/mp4", life_seconds=_LIFE_SECONDS),
            "width": job.details["width"], "height": job.details["height"], "frame_rate": body.frame_rate,
            "duration": job.details["seconds"], "file_size": job.file.stat().st_size,
        }  # fmt: skip
    return told


def _wrong_with(body: RenderBody) -> list[str]:
    errors = []
    for number, element in enumerate(body.elements, start=1):
        name = element.name or f"element {number}"
        if element.type == "composition" and [each.type for each in element.elements or ()] not in (
            ["video"],
            ["image"],
        ):
            errors.append(f"{name}: in test mode a composition holds one picture")
        if element.type not in {"text", "composition"} and not element.source:
            errors.append(f"{name}: source is missing")
        if element.type == "text" and element.text is None and element.transcript_source is None:
            errors.append(f"{name}: text is missing")
        if element.loop and (element.trim_start is not None or element.trim_duration is not None):
            errors.append(f"{name}: loop and trim exclude each other")
        if isinstance(element.transcript_source, str):
            errors.append(f"{name}: test mode transcribes nothing")
    return errors


def _overlaps(body: RenderBody) -> list[str]:
    """Elements on one track push each other where they overlap."""
    ends: dict[int, float] = {}
    warnings = []
    for element in body.elements:
        start, track = element.time or 0.0, element.track or 0
        if track and start < ends.get(track, 0.0) - 1e-6:
            warnings.append(f"track {track}: an element begins before the one before it ends")
        ends[track] = start + (element.duration if isinstance(element.duration, float | int) else 0.0)
    return warnings


def _seconds(body: RenderBody) -> float:
    ends = [
        (element.time or 0.0) + element.duration
        for element in body.elements
        if isinstance(element.duration, float | int)
    ]
    return float(body.duration or max(ends, default=5.0))


def _size(call: Call, body: RenderBody) -> tuple[int, int]:
    scale = body.render_scale
    if call.account.has("trial"):
        scale = min(scale, _TRIAL_SIDE / max(body.width, body.height))
    return round(body.width * scale / 2) * 2, round(body.height * scale / 2) * 2


async def _film(call: Call, body: RenderBody, width: int, height: int, seconds: float) -> Path:
    """Fetch what is named, and put it together: later elements lie over earlier ones."""
    shots: list[Shot] = []
    sounds: list[Sound] = []
    lines: list[Line] = []
    for element in body.elements:
        start = element.time or 0.0
        length = float(element.duration) if isinstance(element.duration, float | int) else seconds - start
        if element.type == "text":
            lines.append(Line(text=_text(element), start=start, end=start + length, height=_bottom(element, body)))
            continue
        inside = element.elements[0] if element.elements else element
        path = await call.file_at(inside.source or "")
        if element.type == "audio":
            sounds.append(Sound(source=path, start=start, seconds=length, volume=_share(element.volume)))
        else:
            shots += await _shots(element, path, start, length, body)
    film = Film(
        width=width, height=height, fps=body.frame_rate, seconds=seconds,
        shots=tuple(shots), sounds=tuple(sounds), lines=tuple(lines),
    )  # fmt: skip
    return await call.media.film(film)


async def _shots(element: Element, path: Path, start: float, length: float, body: RenderBody) -> list[Shot]:
    """The element's picture, as often as a clip has to be played when it loops."""
    inside = element.elements[0] if element.elements else element
    coming = _coming(element, length)
    once = length
    if inside.loop:
        once = ((await asyncio.to_thread(probe_video, path)).duration_ms or length * 1000) / 1000
    return [
        Shot(
            source=path,
            start=max(start + number * once - HALF_A_MILLISECOND, 0.0),
            seconds=min(once, length - number * once),
            trim=inside.trim_start or 0.0,
            contain=inside.fit == "contain",
            cut=(_cut(inside.x, inside.width), _cut(inside.y, inside.height)),
            box=_box(element, body),
            opacity=_share(element.opacity),
            **({} if number else coming),
        )
        for number in range(math.ceil(round(length / once, 6)))
    ]


def _coming(element: Element, length: float) -> dict[str, float]:
    """How an element comes in. A scale that takes all of its time is how it moves, which this double does not show."""
    coming: dict[str, float] = {}
    for each in element.animations or ():
        seconds = each.duration or 0.0
        if each.type == "fade":
            coming["fade_seconds"] = seconds
        if each.type == "scale" and seconds < length and each.start_scale:
            coming |= {"zoom_seconds": seconds, "zoom_from": _share(each.start_scale)}
    if isinstance(element.x, list) and element.x[0].value == "150%":
        coming["slide_seconds"] = float(element.x[-1].time.removesuffix(" s"))
    return coming


def _box(element: Element, body: RenderBody) -> tuple[int, int, int, int] | None:
    """Where an element that does not fill the picture stands, in px of the film; it is placed by its corner."""
    if element.x_anchor is None or isinstance(element.x, list):
        return None
    across, down = ((element.x, element.width), (element.y, element.height))
    left, width = (round(_part(length, body.width) * body.width) for length in across)
    top, height = (round(_part(length, body.height) * body.height) for length in down)
    return left, top, width, height


def _cut(middle: _Length | list[Keyframe], length: _Length) -> float:
    """Of what a picture reaches beyond its frame, the share that does so at the start."""
    if isinstance(middle, list):
        return 0.5
    size = _part(length, 1.0)
    return 0.5 - (_part(middle, 1.0) - 0.5) / (size - 1) if size > 1 else 0.5


def _text(element: Element) -> str:
    if isinstance(element.transcript_source, list):
        return joined(SpokenWord(text=word.value, start_ms=0, end_ms=0) for word in element.transcript_source)
    return (element.text or "").replace("\n", " ")


def _bottom(element: Element, body: RenderBody) -> float:
    """Where the lower edge of a text's box is, from the picture's top, as a share of it."""
    top, height = (_part(length, body.height) for length in (element.y, element.height))
    anchor = _part(element.y_anchor, 1.0) if element.y_anchor is not None else 0.5
    return min(max(top + height * (1 - anchor), 0.05), 1.0)


def _part(length: _Length, whole: float) -> float:
    """A length as a share of the whole: px, or a percentage."""
    if isinstance(length, str):
        found = re.fullmatch(f"-?{_PERCENT[1:-1]}", length)
        return float(length[:-1]) / 100 if found else 0.5
    return (length or 0.0) / whole


def _share(volume: str | None) -> float:
    return 1.0 if volume is None else float(volume.rstrip("%")) / 100

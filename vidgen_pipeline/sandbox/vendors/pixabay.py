"""Pixabay: photos and clips, with the key in the query and errors in plain text. A `full` key gets photos of any size.

A `broke-…` key has used up its minute.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, Literal

from pydantic import Field
from starlette.responses import JSONResponse, PlainTextResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.keys import Standing, query_key
from vidgen_pipeline.sandbox.stock_shelf import Exhibit, Shelf
from vidgen_pipeline.sandbox.validation import Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor

_IN_A_WINDOW, _WINDOW_SECONDS = 100, 60
_A_DAY = 24 * 3600
_CLIP_FILES = {"large": 2160, "medium": 1080, "small": 720, "tiny": 540}
_NO_FILE = {"url": "", "width": 0, "height": 0, "size": 0, "thumbnail": ""}
_CATEGORIES = (
    "backgrounds|fashion|nature|science|education|feelings|health|people|religion|places|animals|industry|computer|"
    "food|sports|transportation|travel|buildings|business|music"
)
_LANGUAGES = "cs|da|de|en|es|fr|id|it|hu|nl|no|pl|pt|ro|sk|fi|sv|tr|vi|th|bg|ru|el|ja|ko|zh"
_NO_KEY = "[ERROR 400] Invalid or missing API key (https://pixabay.com/api/docs/)."
_ERRORS = {
    Problem.NO_KEY: (400, _NO_KEY),
    Problem.UNAUTHORISED: (400, _NO_KEY),
    Problem.FORBIDDEN: (403, "[ERROR 403] Forbidden."),
    Problem.OUT_OF_CREDIT: (429, "API rate limit exceeded"),
    Problem.RATE_LIMITED: (429, "API rate limit exceeded"),
    Problem.INVALID: (400, "[ERROR 400] Bad request."),
    Problem.NOT_FOUND: (404, "[ERROR 404] Not found."),
    Problem.CONFLICT: (400, "[ERROR 400] Bad request."),
    Problem.MODERATION: (400, "[ERROR 400] Bad request."),
    Problem.SERVER_ERROR: (500, "[ERROR 500] Internal server error."),
    Problem.OVERLOADED: (503, "[ERROR 503] Service unavailable."),
}


class _Asked(deque[float]):
    """When an account asked in the last minute, in Unix seconds."""


def _error(refusal: Refusal, _: str) -> Response:
    status, message = _ERRORS[refusal.problem]
    if refusal.field:
        message = f'[ERROR 400] "{refusal.field}" is out of valid range.'
    headers = {"X-RateLimit-Limit": str(_IN_A_WINDOW), "X-RateLimit-Reset": str(_WINDOW_SECONDS)}
    return PlainTextResponse(message, refusal.status or status, headers=headers)


def _count(call: Call) -> None:
    asked, now = call.memory(_Asked), call.now().timestamp()
    while asked and asked[0] <= now - _WINDOW_SECONDS:
        asked.popleft()
    asked.append(now)
    if len(asked) > _IN_A_WINDOW or call.account.standing is Standing.BROKE:
        raise Refusal(Problem.RATE_LIMITED)


VENDOR = Vendor("pixabay", key=query_key("key"), error=_error, check=_count)


class _SearchQuery(Query):
    key: str
    q: str = Field(default="", max_length=100)
    lang: str = Field(default="en", pattern=f"^({_LANGUAGES})$")
    id: int | None = None
    category: str | None = Field(default=None, pattern=f"^({_CATEGORIES})$")
    min_width: int = Field(default=0, ge=0)
    min_height: int = Field(default=0, ge=0)
    editors_choice: Literal["true", "false"] = "false"
    safesearch: Literal["true", "false"] = "false"
    order: Literal["popular", "latest"] = "popular"
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=20, ge=3, le=200)
    callback: str = ""
    pretty: Literal["true", "false"] = "false"


class ImageQuery(_SearchQuery):
    """Which photos."""

    image_type: Literal["all", "photo", "illustration", "vector"] = "all"
    orientation: Literal["all", "horizontal", "vertical"] = "all"
    colors: str = ""


class VideoQuery(_SearchQuery):
    """Which clips: their orientation can't be asked for."""

    video_type: Literal["all", "film", "animation"] = "all"


@VENDOR.read("/api/videos/")
async def clips(call: Call) -> Response:
    """Clips for some words, or one by its id."""
    query = call.query(VideoQuery)
    return _page(call, query, [_clip(call, exhibit) for exhibit in _found(call, query, None)])


@VENDOR.read("/api/")
async def images(call: Call) -> Response:
    """Photos for some words, or one by its id."""
    query = call.query(ImageQuery)
    orientation = {"horizontal": "landscape", "vertical": "portrait"}.get(query.orientation)
    return _page(call, query, [_image(call, exhibit) for exhibit in _found(call, query, orientation)])


def _found(call: Call, query: _SearchQuery, orientation: str | None) -> list[Exhibit]:
    shelf = call.memory(Shelf)
    if query.id is not None:
        exhibit = shelf.known(query.id)
        return [exhibit] if exhibit else []
    found = shelf.find(query.q, orientation)
    return [
        one for one in found if one.size(2160)[0] >= query.min_width and one.size(2160)[1] >= query.min_height
    ]  # fmt: skip


def _page(call: Call, query: _SearchQuery, hits: list[dict[str, Any]]) -> Response:
    first = (query.page - 1) * query.per_page
    if first and first >= len(hits):
        raise Refusal(Problem.INVALID, field="page")
    body = {"total": len(hits), "totalHits": len(hits), "hits": hits[first : first + query.per_page]}
    left = _IN_A_WINDOW - len(call.memory(_Asked))
    headers = {"Limit": str(_IN_A_WINDOW), "Remaining": str(left), "Reset": str(_WINDOW_SECONDS)}
    return JSONResponse(body, headers={f"X-RateLimit-{name}": value for name, value in headers.items()})


def _hit(exhibit: Exhibit, kind: str) -> dict[str, Any]:
    user = exhibit.author.replace(" ", "").lower()
    return {
        "id": exhibit.number, "pageURL": f"https://pixabay.com/{kind}/id-{exhibit.number}/",
        "tags": exhibit.words.lower().replace(" ", ", "), "views": 1200, "downloads": 300, "likes": 20, "comments": 1,
        "user_id": 4242, "user": user, "userImageURL": "", "userURL": f"https://pixabay.com/users/{user}-4242/",
        "isAiGenerated": False, "isLowQuality": False, "isGRated": True, "noAiTraining": False,
    }  # fmt: skip


def _clip(call: Call, exhibit: Exhibit) -> dict[str, Any]:
    files: dict[str, dict[str, Any]] = {}
    for name, side in _CLIP_FILES.items():
        width, height = exhibit.size(side)
        order = ClipOrder(words=exhibit.words, width=width, height=height, seconds=exhibit.seconds)
        still = partial(call.media.picture, exhibit.words, width=320, height=180)
        files[name] = {
            "url": call.publish(f"{exhibit.number}_{name}.mp4", partial(call.media.clip, order), "video/mp4"),
            "width": width, "height": height, "size": width * height * exhibit.seconds // 8,
            "thumbnail": call.publish(f"{exhibit.number}_{name}.jpg", still, "image/jpeg"),
        }  # fmt: skip
    if exhibit.number % 2:  # many clips have no large file
        files["large"] = dict(_NO_FILE)
    return {**_hit(exhibit, "videos"), "type": "film", "duration": exhibit.seconds, "videos": files}


def _image(call: Call, exhibit: Exhibit) -> dict[str, Any]:
    full = exhibit.size(2160)

    def file(name: str, longest: int) -> tuple[str, int, int]:
        scale = min(1.0, longest / max(full))
        width, height = round(full[0] * scale), round(full[1] * scale)
        make = partial(call.media.picture, exhibit.words, width=width, height=height)
        address = call.publish(f"{exhibit.number}_{name}.jpg", make, "image/jpeg", life_seconds=_A_DAY)
        return address, width, height

    (preview, *preview_size), (web, *web_size) = file("150", 150), file("640", 640)
    more = {"fullHDURL": file("1920", 1920)[0], "imageURL": file("original", max(full))[0]}
    return {
        **_hit(exhibit, "photos"), "type": "photo", "previewURL": preview, "previewWidth": preview_size[0],
        "previewHeight": preview_size[1], "webformatURL": web, "webformatWidth": web_size[0],
        "webformatHeight": web_size[1], "largeImageURL": file("1280", 1280)[0], "imageWidth": full[0],
        "imageHeight": full[1], "imageSize": full[0] * full[1] // 4, "collections": 5,
        **(more if call.account.has("full") else {}),
    }  # fmt: skip

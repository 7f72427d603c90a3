"""Pexels: searches for photos and clips, single items, and their files. A `broke-…` key has used up its month."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import Field
from starlette.responses import JSONResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.keys import Standing, header_key
from vidgen_pipeline.sandbox.stock_shelf import Exhibit, Shelf
from vidgen_pipeline.sandbox.validation import Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor

_A_MONTH, _AN_HOUR, _RESETS_AT = 20_000, 200, 1798761600
_CLIP_FILES = ((540, "sd"), (1080, "hd"), (720, "hd"), (2160, "uhd"))  # not in the order of size, as at the vendor
_PHOTO_SIDE = 2400
_LOCALES = (
    "en-US pt-BR es-ES ca-ES de-DE it-IT fr-FR sv-SE id-ID pl-PL ja-JP zh-TW zh-CN ko-KR th-TH nl-NL hu-HU vi-VN "
    "cs-CZ da-DK fi-FI uk-UA el-GR ro-RO nb-NO sk-SK tr-TR ru-RU"
).replace(" ", "|")
_ERRORS = {
    Problem.NO_KEY: (401, "Missing API key."),
    Problem.UNAUTHORISED: (401, "Invalid API key."),
    Problem.FORBIDDEN: (403, "Forbidden"),
    Problem.OUT_OF_CREDIT: (429, "Rate limit exceeded"),
    Problem.RATE_LIMITED: (429, "Rate limit exceeded"),
    Problem.INVALID: (400, "Bad request"),
    Problem.NOT_FOUND: (404, "Not Found"),
    Problem.CONFLICT: (400, "Bad request"),
    Problem.MODERATION: (403, "Forbidden"),
    Problem.SERVER_ERROR: (500, "Internal Server Error"),
    Problem.OVERLOADED: (503, "Service Unavailable"),
}


class _Asked:
    """How often an account has asked."""

    def __init__(self) -> None:
        self.times = 0


def _error(refusal: Refusal, _: str) -> Response:
    status, message = _ERRORS[refusal.problem]
    return JSONResponse({"error": refusal.message or message}, refusal.status or status)


def _count(call: Call) -> None:
    asked = call.memory(_Asked)
    asked.times += 1
    if asked.times > _AN_HOUR or call.account.standing is Standing.BROKE:
        raise Refusal(Problem.RATE_LIMITED)


VENDOR = Vendor("pexels", key=header_key("authorization"), error=_error, check=_count)


class SearchQuery(Query):
    """What is looked for."""

    query: str = Field(min_length=1)
    orientation: Literal["landscape", "portrait", "square"] | None = None
    size: Literal["large", "medium", "small"] | None = None
    locale: str | None = Field(default=None, pattern=f"^({_LOCALES})$")
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=15, ge=1, le=80)


class PhotoQuery(SearchQuery):
    """The same for photos, which have colours."""

    color: str | None = Field(
        default=None,
        pattern="^(red|orange|yellow|green|turquoise|blue|violet|pink|brown|black|gray|white|#[0-9a-fA-F]{6})$",
    )


@VENDOR.read("/v1/videos/search")
async def search_clips(call: Call) -> Response:
    """Clips for some words."""
    query = call.query(SearchQuery)
    return _page(call, query, "videos", [_clip(call, exhibit) for exhibit in _found(call, query)])


VENDOR.read("/videos/search")(search_clips)


@VENDOR.read("/v1/search")
async def search_photos(call: Call) -> Response:
    """Photos for some words."""
    query = call.query(PhotoQuery)
    return _page(call, query, "photos", [_photo(call, exhibit) for exhibit in _found(call, query)])


@VENDOR.read("/v1/videos/videos/{number}")
async def clip(call: Call) -> Response:
    """One clip."""
    return _answer(call, _clip(call, _exhibit(call)))


VENDOR.read("/videos/videos/{number}")(clip)


@VENDOR.read("/v1/photos/{number}")
async def photo(call: Call) -> Response:
    """One photo."""
    return _answer(call, _photo(call, _exhibit(call)))


def _found(call: Call, query: SearchQuery) -> list[Exhibit]:
    return call.memory(Shelf).find(query.query, query.orientation)


def _exhibit(call: Call) -> Exhibit:
    number = call.names["number"]
    exhibit = call.memory(Shelf).known(int(number)) if number.isdecimal() else None
    if exhibit is None:
        raise Refusal(Problem.NOT_FOUND)
    return exhibit


def _answer(call: Call, body: dict[str, Any]) -> Response:
    left = _A_MONTH - call.memory(_Asked).times
    headers = {"limit": str(_A_MONTH), "remaining": str(left), "reset": str(_RESETS_AT)}
    return JSONResponse(body, headers={f"X-Ratelimit-{name}": value for name, value in headers.items()})


def _page(call: Call, query: SearchQuery, kind: str, items: list[dict[str, Any]]) -> Response:
    first = (query.page - 1) * query.per_page
    body: dict[str, Any] = {
        "page": query.page,
        "per_page": query.per_page,
        "total_results": len(items),
        "url": f"https://www.pexels.com/search/{kind}/?{urlencode({'q': query.query})}",
        kind: items[first : first + query.per_page],
    }
    asked = query.model_dump(exclude_none=True, exclude={"page"})
    place = "/v1/videos/search" if kind == "videos" else "/v1/search"
    for name, page, there in (
        ("next_page", query.page + 1, first + query.per_page < len(items)),
        ("prev_page", query.page - 1, first > 0),
    ):
        if there:
            body[name] = call.url(f"{place}/?{urlencode({**asked, 'page': page})}")
    return _answer(call, body)


def _clip(call: Call, exhibit: Exhibit) -> dict[str, Any]:
    number, slug = exhibit.number, exhibit.words.lower().replace(" ", "-")
    width, height = exhibit.size(2160)
    files: list[dict[str, Any]] = [
        {
            "id": number * 10, "quality": "hls", "file_type": "application/x-mpegURL", "width": None, "height": None,
            "fps": None, "link": f"https://player.vimeo.com/external/{number}.m3u8", "size": 0,
        }
    ]  # fmt: skip
    for place, (side, quality) in enumerate(_CLIP_FILES, 1):
        wide, high = exhibit.size(side)
        order = ClipOrder(words=exhibit.words, width=wide, height=high, seconds=exhibit.seconds)
        link = call.publish(f"{number}-{quality}_{wide}_{high}_24fps.mp4", partial(call.media.clip, order), "video/mp4")
        files.append(
            {
                "id": number * 10 + place, "quality": quality, "file_type": "video/mp4", "width": wide, "height": high,
                "fps": 24, "link": link, "size": wide * high * exhibit.seconds // 8,
            }
        )  # fmt: skip
    poster = call.publish(
        f"{number}.jpeg", partial(call.media.picture, exhibit.words, width=640, height=360), "image/jpeg"
    )
    return {
        "id": number, "width": width, "height": height, "duration": exhibit.seconds, "full_res": None, "tags": [],
        "url": f"https://www.pexels.com/video/{slug}-{number}/", "image": poster, "avg_color": None,
        "user": {"id": number % 1000, "name": exhibit.author, "url": "https://www.pexels.com/@invented"},
        "video_files": files, "video_pictures": [{"id": number, "nr": 0, "picture": poster}],
    }  # fmt: skip


def _photo(call: Call, exhibit: Exhibit) -> dict[str, Any]:
    number = exhibit.number
    width, height = exhibit.size(_PHOTO_SIDE)

    def link(name: str, wide: int, high: int) -> str:
        make = partial(call.media.picture, exhibit.words, width=wide, height=high)
        return call.publish(f"pexels-photo-{number}-{name}.jpeg", make, "image/jpeg")

    return {
        "id": number, "width": width, "height": height,
        "url": f"https://www.pexels.com/photo/{exhibit.words.lower().replace(' ', '-')}-{number}/",
        "photographer": exhibit.author, "photographer_url": "https://www.pexels.com/@invented",
        "photographer_id": number % 1000, "avg_color": "#60544D", "alt": f"Photo of {exhibit.words}", "liked": False,
        "src": {
            "original": link("original", width, height), "large2x": link("large2x", *exhibit.size(1300)),
            "large": link("large", *exhibit.size(650)), "medium": link("medium", *exhibit.size(350)),
            "small": link("small", *exhibit.size(130)), "portrait": link("portrait", 800, 1200),
            "landscape": link("landscape", 1200, 627), "tiny": link("tiny", 280, 200),
        },
    }  # fmt: skip

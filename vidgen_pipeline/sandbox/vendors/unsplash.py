"""Unsplash: photos, the report of every use, and an image server that makes any size. Keys are on the demo's limit.

A `prod` key has 5,000 requests an hour. `limited-…` and `broke-…` keys have none left.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.keys import Standing, header_key
from vidgen_pipeline.sandbox.stock_shelf import Exhibit, Shelf
from vidgen_pipeline.sandbox.validation import Problem, Query, Refusal
from vidgen_pipeline.sandbox.vendor import Phase, Vendor

_DEMO, _PRODUCTION = 50, 5_000
_SHORT_SIDE = 2700
_ORIENTATIONS = {"landscape": "landscape", "portrait": "portrait", "squarish": "square"}
_LANGUAGES = (
    "af sq am ar hy as az bn ba eu bs bg yue ca lzh zh-Hans zh-Hant hr cs da prs dv nl en et fo fj fil fi fr fr-ca gl "
    "ka de el gu ht he hi mww hu is id ikt iu iu-Latn ga it ja kn kk km ko ku kmr ky lo lv lt mk mg ms ml mt mi mr "
    "mn-Cyrl mn-Mong my ne nb or ps fa pl pt pt-pt pa otq ro ru sm sr-Cyrl sr-Latn sk sl so es sw sv ty ta tt te th bo "
    "ti to tr tk uk hsb ur ug uz vi cy yua zu"
).replace(" ", "|")
_COLOURS = "black_and_white|black|white|yellow|orange|red|purple|magenta|green|teal|blue"
_ERRORS = {
    Problem.NO_KEY: (401, "OAuth error: The access token is invalid"),
    Problem.UNAUTHORISED: (401, "OAuth error: The access token is invalid"),
    Problem.FORBIDDEN: (403, "Forbidden"),
    Problem.INVALID: (400, "Bad request"),
    Problem.NOT_FOUND: (404, "Couldn't find Photo"),
    Problem.CONFLICT: (400, "Bad request"),
    Problem.MODERATION: (410, "The query was flagged as spam"),
    Problem.SERVER_ERROR: (500, "Internal Server Error"),
    Problem.OVERLOADED: (503, "Service Unavailable"),
}


class Usage:
    """How often an account asked, and the uses it reported, by photo."""

    def __init__(self) -> None:
        self.asked = 0
        self.downloads: dict[str, int] = {}


def _error(refusal: Refusal, _: str) -> Response:
    if refusal.problem in {Problem.RATE_LIMITED, Problem.OUT_OF_CREDIT}:
        refusal.retry_after = None  # it gives no hint
        headers = {"X-Ratelimit-Limit": str(_DEMO), "X-Ratelimit-Remaining": "0"}
        return PlainTextResponse("Rate Limit Exceeded", 403, headers=headers)
    status, message = _ERRORS[refusal.problem]
    return JSONResponse({"errors": [refusal.message or message]}, refusal.status or status)


def _count(call: Call) -> None:
    usage = call.memory(Usage)
    usage.asked += 1
    if usage.asked > _limit(call) or call.account.standing is Standing.BROKE:
        raise Refusal(Problem.RATE_LIMITED)


VENDOR = Vendor("unsplash", key=header_key("authorization", "Client-ID"), error=_error, check=_count)


class SearchQuery(Query):
    """What is looked for."""

    query: str = Field(min_length=1)
    page: int = Field(default=1, ge=1)
    per_page: int = Field(default=10, ge=1, le=30)
    orientation: Literal["landscape", "portrait", "squarish"] | None = None
    order_by: Literal["relevant", "latest", "editorial"] = "relevant"
    content_filter: Literal["low", "high"] = "low"
    color: str | None = Field(default=None, pattern=f"^({_COLOURS})$")
    collections: str = ""
    lang: str = Field(default="en", pattern=f"^({_LANGUAGES})$")


class NumberQuery(Query):
    """What comes with the address of a download."""

    ixid: str


class ImageQuery(Query):
    """How an image is to be made."""

    ixid: str
    ixlib: str = ""
    w: int = Field(default=10_000, ge=1)
    h: int | None = None
    fit: Literal["max", "crop", "clip"] = "clip"
    crop: str = ""
    fm: Literal["jpg"] = "jpg"
    q: int = Field(default=75, ge=0, le=100)
    dpr: float = 1
    auto: str = ""
    cs: str = ""


@VENDOR.read("/search/photos")
async def search(call: Call) -> Response:
    """Photos for some words."""
    query = call.query(SearchQuery)
    call.moderate(query.query)
    found = call.memory(Shelf).find(query.query, _ORIENTATIONS.get(query.orientation or ""))
    first = (query.page - 1) * query.per_page
    return _answer(
        call,
        {
            "total": len(found),
            "total_pages": -(-len(found) // query.per_page),
            "results": [_photo(call, exhibit) for exhibit in found[first : first + query.per_page]],
        },
    )


@VENDOR.read("/photos/{photo_id}")
async def photo(call: Call) -> Response:
    """One photo, with all that is told about it."""
    more = {"exif": {}, "location": {}, "downloads": 300, "tags": [], "public_domain": False}
    return _answer(call, {**_photo(call, _exhibit(call)), **more})


@VENDOR.read("/photos/{photo_id}/download")
async def track(call: Call) -> Response:
    """A use is reported; the address has to be the one that came with the photo."""
    exhibit, query = _exhibit(call), call.query(NumberQuery)
    if query.ixid != _token(exhibit):
        raise Refusal(Problem.INVALID, "ixid is invalid")
    downloads, photo_id = call.memory(Usage).downloads, call.names["photo_id"]
    downloads[photo_id] = downloads.get(photo_id, 0) + 1
    return _answer(call, {"url": f"{_image_address(call, exhibit)}&fm=jpg&q=85"})


@VENDOR.route("/images/{shape}/{name}", "GET", Phase.DOWNLOAD, public=True)
async def image(call: Call) -> Response:
    """A photo in the size that is asked for, never larger than it is."""
    query = call.query(ImageQuery)
    wide, _, high = call.names["shape"].partition("x")
    width = min(int(wide), query.w)
    height = max(1, round(int(high) * width / int(wide)))
    words = call.names["name"].rpartition("-")[0].replace("-", " ")
    return FileResponse(await call.media.picture(words, width=width, height=height), media_type="image/jpeg")


def _limit(call: Call) -> int:
    return _PRODUCTION if call.account.has("prod") else _DEMO


def _answer(call: Call, body: dict[str, Any]) -> Response:
    left = _limit(call) - call.memory(Usage).asked
    return JSONResponse(body, headers={"X-Ratelimit-Limit": str(_limit(call)), "X-Ratelimit-Remaining": str(left)})


def _exhibit(call: Call) -> Exhibit:
    number = call.names["photo_id"].removeprefix("demo")
    exhibit = call.memory(Shelf).known(int(number)) if number.isdecimal() else None
    if exhibit is None:
        raise Refusal(Problem.NOT_FOUND)
    return exhibit


def _token(exhibit: Exhibit) -> str:
    return sha256(str(exhibit.number).encode()).hexdigest()[:24]


def _image_address(call: Call, exhibit: Exhibit) -> str:
    width, height = exhibit.size(_SHORT_SIDE)
    slug = exhibit.words.replace(" ", "-")
    return call.url(f"/images/{width}x{height}/{slug}-{exhibit.number}?ixid={_token(exhibit)}&ixlib=rb-4.1.0")


def _photo(call: Call, exhibit: Exhibit) -> dict[str, Any]:
    photo_id, raw = f"demo{exhibit.number}", _image_address(call, exhibit)
    download = f"photos/{photo_id}/download?ixid={_token(exhibit)}"
    width, height = exhibit.size(_SHORT_SIDE)
    sized = partial("{}&fm=jpg&w={}&fit=max".format, raw)
    return {
        "id": photo_id, "created_at": "2026-01-05T10:11:12Z", "updated_at": "2026-10-01T00:00:00Z",
        "promoted_at": None, "width": width, "height": height, "color": "#60544D", "blur_hash": None,
        "description": None, "alt_description": f"a picture of {exhibit.words}", "asset_type": "photo", "likes": 3,
        "slug": f"{exhibit.words.lower().replace(' ', '-')}-{photo_id}",
        "urls": {
            "raw": raw, "full": f"{raw}&cs=srgb&fm=jpg&q=85", "regular": sized(1080), "small": sized(400),
            "thumb": sized(200),
        },
        "links": {
            "self": call.url(f"/photos/{photo_id}"), "html": f"https://unsplash.com/photos/{photo_id}",
            "download": f"https://unsplash.com/{download}", "download_location": call.url(f"/{download}"),
        },
        "current_user_collections": [], "user": _user(call, exhibit.author),
    }  # fmt: skip


def _user(call: Call, name: str) -> dict[str, Any]:
    first, _, last = name.partition(" ")
    username = name.lower().replace(" ", "_")
    picture = "https://images.unsplash.com/placeholder-avatars/extra-large.jpg?w="
    return {
        "id": username, "updated_at": "2026-11-01T00:00:00Z", "username": username, "name": name, "first_name": first,
        "last_name": last, "bio": None, "location": None, "total_collections": 0,
        "social": {"instagram_username": None, "portfolio_url": None, "twitter_username": None},
        "links": {
            "self": call.url(f"/users/{username}"), "html": f"https://unsplash.com/@{username}",
            "photos": call.url(f"/users/{username}/photos"),
        },
        "profile_image": {"small": f"{picture}32", "medium": f"{picture}64", "large": f"{picture}128"},
    }  # fmt: skip

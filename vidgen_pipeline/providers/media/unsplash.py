"""Unsplash: photos under the Unsplash License. Its terms want to hear of every use, and are not made for automation."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from vidgen_pipeline.domain.errors import ContentRejected, RateLimited, ResultExpired
from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.providers.media.clean_media import LONGEST_PHOTO_SIDE
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.providers.media.stock_ranking import Rendition, StockItem
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_PER_PAGE = 30
_VERSION = {"Accept-Version": "v1"}
_REFERRAL = {"utm_source": "vidgen_pipeline", "utm_medium": "referral"}
_LONG_SIDES = (1600, 2400, 3200, LONGEST_PHOTO_SIDE)
_USED_UP = "403, nothing left"


class _Urls(WireModel):
    raw: str


class _Links(WireModel):
    html: str
    download_location: str


class _User(WireModel):
    name: str


class _Photo(WireModel):
    id: str
    width: int
    height: int
    description: str | None = None
    alt_description: str | None = None
    slug: str | None = None
    urls: _Urls
    links: _Links
    user: _User


class _Results(WireModel):
    results: list[_Photo]


class UnsplashProvider(StockProvider):
    """Photos only."""

    provider_name: ClassVar[str] = "unsplash"
    vendor_url: ClassVar[str] = "https://api.unsplash.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(header="Authorization", template="Client-ID {key}"),)
    error_kinds: ClassVar[ErrorKinds] = {
        ResultExpired: ("404",),
        ContentRejected: ("410",),  # the words of the search look like spam
        RateLimited: (_USED_UP,),
    }
    kinds: ClassVar[tuple[MediaKind, ...]] = (MediaKind.PHOTO,)
    licence: ClassVar[str] = "Unsplash License"
    licence_url: ClassVar[str] = "https://unsplash.com/license"
    file_hosts: ClassVar[tuple[str, ...]] = ("*.unsplash.com",)

    def ask(self, term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
        del kind
        return build_search(term, query)

    def ask_for_one(self, kind: MediaKind, number: str) -> WireRequest:
        del kind
        return WireRequest(method="GET", path=f"/photos/{segment(number)}", headers=_VERSION, phase=Phase.READ)

    def ask_about_nothing(self, nonce: str) -> WireRequest:
        return build_check(nonce)

    def offers(self, reply: WireReply, kind: MediaKind) -> list[StockItem]:
        del kind
        return read_photos(reply)

    async def tell_used(self, item: StockItem) -> None:
        """Raises ProviderError when Unsplash can't be told: the photo is then not to be used."""
        await self.door.send(build_use(item), WireReply.json)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        if reply.status == 403 and reply.headers.get("x-ratelimit-remaining") == "0":
            return _USED_UP
        return StockProvider.error_code(reply)


def build_search(term: str, query: MediaQuery) -> WireRequest:
    """A search for photos of the canvas's orientation, fit for every eye."""
    wanted = {"query": term, "orientation": orientation_of(query), "content_filter": "high"}
    return WireRequest(
        method="GET",
        path="/search/photos",
        query={**wanted, "per_page": _PER_PAGE},
        headers=_VERSION,
        phase=Phase.READ,
    )


def build_check(nonce: str) -> WireRequest:
    """A request that only a good key can make."""
    query: dict[str, str | int] = {"query": nonce, "per_page": 1}
    return WireRequest(method="GET", path="/search/photos", query=query, headers=_VERSION, phase=Phase.CHECK)


def build_use(item: StockItem) -> WireRequest:
    """The message that a photo is used: to the address that came with it, which needs the key and has a query."""
    query = dict(parse_qsl(urlsplit(item.use_address).query))
    path = f"/photos/{segment(item.id)}/download"
    return WireRequest(method="GET", path=path, query=query, headers=_VERSION, phase=Phase.READ)


def orientation_of(query: MediaQuery) -> str:
    """The canvas's shape, in the site's words."""
    if query.width == query.height:
        return "squarish"
    return "landscape" if query.width > query.height else "portrait"


def read_photos(reply: WireReply) -> list[StockItem]:
    """The photos of a page of results, or the one that was asked for."""
    photos = reply.read(_Results).results if "results" in reply.json() else [reply.read(_Photo)]
    return [
        StockItem(
            kind=MediaKind.PHOTO,
            id=photo.id,
            renditions=_renditions(photo),
            title=photo.description or photo.alt_description or "",
            words=" ".join(filter(None, (photo.description, photo.alt_description, photo.slug))),
            author=photo.user.name,
            page_url=_with_query(photo.links.html, _REFERRAL),
            use_address=photo.links.download_location,
        )
        for photo in photos
    ]


def _renditions(photo: _Photo) -> tuple[Rendition, ...]:
    """The whole photo in several sizes: the site's image server makes any, and never a larger one than there is."""
    longest = max(photo.width, photo.height)
    sides = [side for side in _LONG_SIDES if side < longest] or [longest]
    sides += [min(longest, LONGEST_PHOTO_SIDE)] if sides[-1] < min(longest, LONGEST_PHOTO_SIDE) else []
    return tuple(
        Rendition(
            address=_with_query(photo.urls.raw, {"fm": "jpg", "q": "85", "w": str(width), "fit": "max"}),
            width=width,
            height=max(1, round(photo.height * width / photo.width)),
        )
        for width in (max(1, round(photo.width * side / longest)) for side in sides)
    )


def _with_query(address: str, added: dict[str, str]) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *added.items()])))

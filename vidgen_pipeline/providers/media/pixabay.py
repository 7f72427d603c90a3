"""Pixabay: photos and clips under the Pixabay Content License. Its terms ask that answers are kept for a day."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from vidgen_pipeline.domain.errors import AuthFailed, BadReply, InvalidInput, ResultExpired
from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.providers.media.stock_ranking import Rendition, StockItem
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireModel, WireReply, WireRequest

_PER_PAGE = 50
_FEWEST_PER_PAGE = 3
_PATHS = {MediaKind.CLIP: "/api/videos/", MediaKind.PHOTO: "/api/"}
_LARGE, _FULL_HD = 1280, 1920
_WINDOW_SECONDS = 60.0


class _File(WireModel):
    url: str = ""
    width: int = 0
    height: int = 0
    size: int = 0


class _Hit(WireModel):
    id: int
    pageURL: str = ""  # noqa: N815 - the site's spelling, as below
    tags: str = ""
    user: str = ""
    isAiGenerated: bool = False  # noqa: N815
    isLowQuality: bool = False  # noqa: N815
    isGRated: bool = True  # noqa: N815


class _Image(_Hit):
    imageWidth: int = Field(gt=0)  # noqa: N815
    imageHeight: int = Field(gt=0)  # noqa: N815
    largeImageURL: str = ""  # noqa: N815
    fullHDURL: str = ""  # noqa: N815
    imageURL: str = ""  # noqa: N815


class _Video(_Hit):
    duration: int
    videos: dict[str, _File]


class _Images(WireModel):
    hits: list[_Image]


class _Videos(WireModel):
    hits: list[_Video]


class PixabayProvider(StockProvider):
    """Clips first, photos where there are too few; most accounts get photos of 1280 px only."""

    provider_name: ClassVar[str] = "pixabay"
    vendor_url: ClassVar[str] = "https://pixabay.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(query="key"),)
    error_kinds: ClassVar[ErrorKinds] = {
        AuthFailed: ("key",),
        InvalidInput: ("400",),
        ResultExpired: ("404",),
        BadReply: ("page",),
    }
    licence: ClassVar[str] = "Pixabay Content License"
    licence_url: ClassVar[str] = "https://pixabay.com/service/license-summary/"
    file_hosts: ClassVar[tuple[str, ...]] = ("pixabay.com", "*.pixabay.com")

    family_safe: bool = Field(default=True, description="Leave out what is not for every eye.")
    ai_generated: bool = Field(default=False, description="Offer also what was made by an AI model.")

    def ask(self, term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
        return build_search(term, kind, query, family_safe=self.family_safe)

    def ask_for_one(self, kind: MediaKind, number: str) -> WireRequest:
        return build_item(kind, number)

    def ask_about_nothing(self, nonce: str) -> WireRequest:
        return build_check(nonce)

    def offers(self, reply: WireReply, kind: MediaKind) -> list[StockItem]:
        read = read_clips if kind is MediaKind.CLIP else read_photos
        return read(reply, family_safe=self.family_safe, ai_generated=self.ai_generated)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """The site's errors are plain text; a 400 may be about the key, a 403 a web page of what stands before it."""
        if reply.status == 400 and b"API key" in reply.content:
            return "key"
        if reply.status == 403 and reply.media_type == "text/html":
            return "page"
        return StockProvider.error_code(reply)

    @staticmethod
    def seconds_to_wait(reply: WireReply) -> float | None:
        told = reply.headers.get("x-ratelimit-reset", "")
        return min(float(told), _WINDOW_SECONDS) if told.isdecimal() else reply.retry_after()


def build_search(term: str, kind: MediaKind, query: MediaQuery, *, family_safe: bool) -> WireRequest:
    """A search of the canvas's orientation where the site knows it; of clips it knows only the least size."""
    wanted: dict[str, str | int | bool] = {"q": term, "safesearch": family_safe, "per_page": _PER_PAGE}
    if kind is MediaKind.CLIP:
        wanted |= {"video_type": "film", "min_width": query.width, "min_height": query.height}
    else:
        wanted["image_type"] = "photo"
        if query.width != query.height:
            wanted["orientation"] = "horizontal" if query.width > query.height else "vertical"
    return WireRequest(method="GET", path=_PATHS[kind], query=wanted, phase=Phase.READ)


def build_item(kind: MediaKind, number: str) -> WireRequest:
    """The question for one item."""
    query: dict[str, str | int] = {"id": number, "per_page": _FEWEST_PER_PAGE}
    return WireRequest(method="GET", path=_PATHS[kind], query=query, phase=Phase.READ)


def build_check(nonce: str) -> WireRequest:
    """A request that only a good key can make."""
    query: dict[str, str | int] = {"q": nonce, "per_page": _FEWEST_PER_PAGE}
    return WireRequest(method="GET", path=_PATHS[MediaKind.PHOTO], query=query, phase=Phase.CHECK)


def read_clips(reply: WireReply, *, family_safe: bool = True, ai_generated: bool = False) -> list[StockItem]:
    """The clips of a page of results that may be offered; a rendition without an address is not there."""
    return [
        _item(video, MediaKind.CLIP, files, duration_ms=video.duration * 1000)
        for video in reply.read(_Videos).hits
        if _may_be_offered(video, family_safe, ai_generated) and (files := _clip_files(video))
    ]


def read_photos(reply: WireReply, *, family_safe: bool = True, ai_generated: bool = False) -> list[StockItem]:
    """The photos of a page of results that may be offered, in the sizes that the account gets."""
    return [
        _item(image, MediaKind.PHOTO, files)
        for image in reply.read(_Images).hits
        if _may_be_offered(image, family_safe, ai_generated) and (files := _photo_files(image))
    ]


def _may_be_offered(hit: _Hit, family_safe: bool, ai_generated: bool) -> bool:
    return not hit.isLowQuality and (hit.isGRated or not family_safe) and (ai_generated or not hit.isAiGenerated)


def _item(hit: _Hit, kind: MediaKind, files: tuple[Rendition, ...], duration_ms: int | None = None) -> StockItem:
    return StockItem(
        kind=kind,
        id=str(hit.id),
        renditions=files,
        duration_ms=duration_ms,
        title=hit.tags,
        words=hit.tags,
        author=hit.user,
        page_url=hit.pageURL,
    )


def _clip_files(video: _Video) -> tuple[Rendition, ...]:
    return tuple(
        Rendition(address=file.url, width=file.width, height=file.height, size_bytes=file.size)
        for file in video.videos.values()
        if file.url and file.width > 0 and file.height > 0
    )


def _photo_files(image: _Image) -> tuple[Rendition, ...]:
    longest = max(image.imageWidth, image.imageHeight)
    offered = ((image.largeImageURL, _LARGE), (image.fullHDURL, _FULL_HD), (image.imageURL, longest))
    return tuple(
        Rendition(
            address=address,
            width=max(1, round(image.imageWidth * min(1.0, side / longest))),
            height=max(1, round(image.imageHeight * min(1.0, side / longest))),
        )
        for address, side in offered
        if address
    )

"""Pixabay: photos and clips under the Pixabay Content License. Its terms ask that answers are kept for a day."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from vidgen_pipeline.domain.errors import AuthFailed, BadReply, InvalidInput, ResultExpired
from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.providers.media.stock import Found, StockProvider
from vidgen_pipeline.providers.media.stock_ranking import Rendition, StockItem
from vidgen_pipeline.providers.media.stock_terms import in_language, shape_word
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.wire import KeyPlace, Phase, Scalar, WireModel, WireReply, WireRequest

_PER_PAGE = 50
_PATHS = {MediaKind.CLIP: "/api/videos/", MediaKind.PHOTO: "/api/"}
_LARGE, _FULL_HD = 1280, 1920
_WINDOW_SECONDS = 60.0
_LANGUAGES = "cs da de en es fr id it hu nl no pl pt ro sk fi sv tr vi th bg ru el ja ko zh"


class _File(WireModel):
    url: str = ""
    width: int = 0
    height: int = 0
    size: int = 0


class _Hit(WireModel):
    id: int
    page_url: str = Field(default="", alias="pageURL")
    tags: str = ""
    user: str = ""
    user_url: str = Field(default="", alias="userURL")
    is_ai_generated: bool = Field(default=False, alias="isAiGenerated")
    is_low_quality: bool = Field(default=False, alias="isLowQuality")
    is_g_rated: bool = Field(default=True, alias="isGRated")


class _Image(_Hit):
    width: int = Field(alias="imageWidth", gt=0)
    height: int = Field(alias="imageHeight", gt=0)
    large_url: str = Field(default="", alias="largeImageURL")
    full_hd_url: str = Field(default="", alias="fullHDURL")
    whole_url: str = Field(default="", alias="imageURL")


class _Video(_Hit):
    duration: int
    videos: dict[str, _File]


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
    site_url: ClassVar[str] = "https://pixabay.com"
    licence: ClassVar[str] = "Pixabay Content License"
    licence_url: ClassVar[str] = "https://pixabay.com/service/license-summary/"
    file_hosts: ClassVar[tuple[str, ...]] = ("pixabay.com", "*.pixabay.com")

    family_safe: bool = Field(default=True, description="Leave out what is not for every eye.")
    ai_generated: bool = Field(default=False, description="Offer also what was made by an AI model.")

    def ask(self, term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
        return build_search(term, kind, query, family_safe=self.family_safe)

    def ask_for_one(self, kind: MediaKind, number: str) -> WireRequest:
        return WireRequest(method="GET", path=_PATHS[kind], query={"id": number}, phase=Phase.READ)

    def offers(self, reply: WireReply, kind: MediaKind) -> list[StockItem]:
        del kind
        return read_hits(reply, family_safe=self.family_safe, ai_generated=self.ai_generated)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """The site's errors are plain text; a 400 may be about the key, a 403 a web page of what stands before it."""
        if reply.status == 400 and b"API key" in reply.content:
            return "key"
        page = reply.status == 403 and reply.media_type == "text/html"
        return "page" if page else StockProvider.error_code(reply)

    @staticmethod
    def seconds_to_wait(reply: WireReply) -> float | None:
        told = reply.headers.get("x-ratelimit-reset", "")
        return min(float(told), _WINDOW_SECONDS) if told.isdecimal() else reply.retry_after()


def build_search(term: str, kind: MediaKind, query: MediaQuery, *, family_safe: bool) -> WireRequest:
    """A search of the canvas's orientation where the site knows it; of clips it knows only the least size."""
    wanted: dict[str, Scalar] = {"q": term, "safesearch": family_safe, "per_page": _PER_PAGE}
    if kind is MediaKind.CLIP:
        wanted |= {"video_type": "film", "min_width": query.width, "min_height": query.height}
    else:
        shape = shape_word(query, wide="horizontal", tall="vertical", square="all")
        wanted |= {"image_type": "photo", "orientation": shape}
    wanted |= in_language(query, "lang", _LANGUAGES)
    return WireRequest(method="GET", path=_PATHS[kind], query=wanted, phase=Phase.READ)


def read_hits(reply: WireReply, *, family_safe: bool = True, ai_generated: bool = False) -> list[StockItem]:
    """The clips or photos in an answer that may be offered, in the files that the account gets."""
    return [
        StockItem(
            kind=MediaKind.CLIP if isinstance(hit, _Video) else MediaKind.PHOTO,
            id=str(hit.id),
            renditions=files,
            duration_ms=hit.duration * 1000 if isinstance(hit, _Video) else None,
            title=hit.tags,
            words=hit.tags,
            author=hit.user,
            author_url=hit.user_url,
            page_url=hit.page_url,
        )
        for hit in reply.read(Found[_Video | _Image]).items
        if not hit.is_low_quality
        and (hit.is_g_rated or not family_safe)
        and (ai_generated or not hit.is_ai_generated)
        and (files := _files(hit))
    ]


def _files(hit: _Video | _Image) -> tuple[Rendition, ...]:
    if isinstance(hit, _Video):
        return tuple(
            Rendition(address=file.url, width=file.width, height=file.height, size_bytes=file.size)
            for file in hit.videos.values()
            if file.url and file.width > 0 and file.height > 0
        )
    longest = max(hit.width, hit.height)
    scaled = ((hit.large_url, _LARGE), (hit.full_hd_url, _FULL_HD), (hit.whole_url, longest))
    return tuple(
        Rendition(
            address=address,
            width=max(1, round(hit.width * min(1.0, side / longest))),
            height=max(1, round(hit.height * min(1.0, side / longest))),
        )
        for address, side in scaled
        if address
    )

"""Pexels: photos and clips under the Pexels License."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import urlsplit

from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.providers.media.stock_ranking import Rendition, StockItem
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_PER_PAGE = 30
_FULL_HD = 1080
_CLIP_SEARCH, _PHOTO_SEARCH = "/v1/videos/search", "/v1/search"


class _User(WireModel):
    name: str = ""


class _VideoFile(WireModel):
    link: str = ""
    file_type: str | None = None
    width: int | None = None
    height: int | None = None
    size: int | None = None


class _Video(WireModel):
    id: int
    url: str = ""
    duration: int
    user: _User = _User()
    tags: list[str] | None = None
    video_files: list[_VideoFile]


class _Sources(WireModel):
    original: str


class _Photo(WireModel):
    id: int
    url: str = ""
    width: int
    height: int
    photographer: str = ""
    alt: str | None = None
    src: _Sources


class _Videos(WireModel):
    videos: list[_Video]


class _Photos(WireModel):
    photos: list[_Photo]


class PexelsProvider(StockProvider):
    """Clips first, photos where there are too few."""

    provider_name: ClassVar[str] = "pexels"
    vendor_url: ClassVar[str] = "https://api.pexels.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(header="Authorization"),)
    licence: ClassVar[str] = "Pexels License"
    licence_url: ClassVar[str] = "https://www.pexels.com/license/"
    file_hosts: ClassVar[tuple[str, ...]] = ("*.pexels.com", "player.vimeo.com")

    def ask(self, term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
        return build_search(term, kind, query)

    def ask_for_one(self, kind: MediaKind, number: str) -> WireRequest:
        return build_item(kind, number)

    def ask_about_nothing(self, nonce: str) -> WireRequest:
        return build_check(nonce)

    def offers(self, reply: WireReply, kind: MediaKind) -> list[StockItem]:
        return read_clips(reply) if kind is MediaKind.CLIP else read_photos(reply)


def build_search(term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
    """A search for clips or photos of the canvas's orientation. Lengths can't be asked for; they are ranked."""
    large = min(query.width, query.height) >= _FULL_HD
    size = "medium" if large and kind is MediaKind.CLIP else "small"
    shape = {"query": term, "orientation": orientation_of(query), "size": size}
    path = _CLIP_SEARCH if kind is MediaKind.CLIP else _PHOTO_SEARCH
    return WireRequest(method="GET", path=path, query={**shape, "per_page": _PER_PAGE}, phase=Phase.READ)


def build_item(kind: MediaKind, number: str) -> WireRequest:
    """The question for one clip or photo."""
    place = "/v1/videos/videos" if kind is MediaKind.CLIP else "/v1/photos"
    return WireRequest(method="GET", path=f"{place}/{segment(number)}", phase=Phase.READ)


def build_check(nonce: str) -> WireRequest:
    """A request that only a good key can make."""
    return WireRequest(method="GET", path=_PHOTO_SEARCH, query={"query": nonce, "per_page": 1}, phase=Phase.CHECK)


def orientation_of(query: MediaQuery) -> str:
    """The canvas's shape, in the site's words."""
    if query.width == query.height:
        return "square"
    return "landscape" if query.width > query.height else "portrait"


def read_clips(reply: WireReply) -> list[StockItem]:
    """The clips of a page of results, or the one that was asked for."""
    answer = reply.json()
    videos = reply.read(_Videos).videos if "videos" in answer else [reply.read(_Video)]
    return [item for video in videos if (item := _clip(video)) is not None]


def read_photos(reply: WireReply) -> list[StockItem]:
    """The photos of a page of results, or the one that was asked for."""
    answer = reply.json()
    photos = reply.read(_Photos).photos if "photos" in answer else [reply.read(_Photo)]
    return [
        StockItem(
            kind=MediaKind.PHOTO,
            id=str(photo.id),
            renditions=(Rendition(address=photo.src.original, width=photo.width, height=photo.height),),
            title=photo.alt or _title_in(photo.url),
            words=f"{photo.alt or ''} {_title_in(photo.url)}",
            author=photo.photographer,
            page_url=photo.url,
        )
        for photo in photos
    ]


def _clip(video: _Video) -> StockItem | None:
    """The clip with its MP4 files; None when it has none whose size is told."""
    files = tuple(
        Rendition(address=file.link, width=file.width, height=file.height, size_bytes=file.size or 0)
        for file in video.video_files
        if file.file_type == "video/mp4" and file.link and file.width and file.height
    )
    if not files:
        return None
    title = _title_in(video.url)
    return StockItem(
        kind=MediaKind.CLIP,
        id=str(video.id),
        renditions=files,
        duration_ms=video.duration * 1000,
        title=title,
        words=" ".join([title, *(video.tags or ())]),
        author=video.user.name,
        page_url=video.url,
    )


def _title_in(page_url: str) -> str:
    """What the page's address says: `/video/boats-at-dawn-123/` gives "Boats at dawn"."""
    slug = urlsplit(page_url).path.rstrip("/").rpartition("/")[2]
    return re.sub(r"[-_]+", " ", re.sub(r"-?\d+$", "", slug)).strip().capitalize()

"""Pexels: photos and clips under the Pexels License."""

from __future__ import annotations

import re
from typing import ClassVar
from urllib.parse import urlsplit

from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.providers.media.stock import Found, StockProvider
from vidgen_pipeline.providers.media.stock_ranking import Rendition, StockItem
from vidgen_pipeline.providers.media.stock_terms import in_language, shape_word
from vidgen_pipeline.providers.wire import KeyPlace, Phase, Scalar, WireModel, WireReply, WireRequest, segment

_PER_PAGE = 30
_FULL_HD = 1080
_LOCALES = (
    "en-US pt-BR es-ES ca-ES de-DE it-IT fr-FR sv-SE id-ID pl-PL ja-JP zh-TW zh-CN ko-KR th-TH nl-NL hu-HU vi-VN "
    "cs-CZ da-DK fi-FI uk-UA el-GR ro-RO nb-NO sk-SK tr-TR ru-RU"
)


class _User(WireModel):
    name: str = ""
    url: str | None = None


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
    photographer_url: str | None = None
    alt: str | None = None
    src: _Sources


class PexelsProvider(StockProvider):
    """Clips first, photos where there are too few."""

    provider_name: ClassVar[str] = "pexels"
    vendor_url: ClassVar[str] = "https://api.pexels.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(header="Authorization"),)
    site_url: ClassVar[str] = "https://www.pexels.com"
    licence: ClassVar[str] = "Pexels License"
    licence_url: ClassVar[str] = "https://www.pexels.com/license/"
    file_hosts: ClassVar[tuple[str, ...]] = ("*.pexels.com", "player.vimeo.com")

    def ask(self, term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
        return build_search(term, kind, query)

    def ask_for_one(self, kind: MediaKind, number: str) -> WireRequest:
        return build_item(kind, number)

    def offers(self, reply: WireReply, kind: MediaKind) -> list[StockItem]:
        return read_clips(reply) if kind is MediaKind.CLIP else read_photos(reply)


def build_search(term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
    """A search for clips or photos of the canvas's orientation. Lengths can't be asked for; they are ranked."""
    large = min(query.width, query.height) >= _FULL_HD
    wanted: dict[str, Scalar] = {
        "query": term,
        "orientation": shape_word(query, wide="landscape", tall="portrait", square="square"),
        "size": "medium" if large and kind is MediaKind.CLIP else "small",
        "per_page": _PER_PAGE,
        **in_language(query, "locale", _LOCALES),
    }
    path = "/v1/videos/search" if kind is MediaKind.CLIP else "/v1/search"
    return WireRequest(method="GET", path=path, query=wanted, phase=Phase.READ)


def build_item(kind: MediaKind, number: str) -> WireRequest:
    """The question for one clip or photo."""
    place = "/v1/videos/videos" if kind is MediaKind.CLIP else "/v1/photos"
    return WireRequest(method="GET", path=f"{place}/{segment(number)}", phase=Phase.READ)


def read_clips(reply: WireReply) -> list[StockItem]:
    """The clips in an answer, with their MP4 files; one whose files are of unknown size is left out."""
    return [
        StockItem(
            kind=MediaKind.CLIP,
            id=str(video.id),
            renditions=files,
            duration_ms=video.duration * 1000,
            title=_title_in(video.url),
            words=" ".join([_title_in(video.url), *(video.tags or ())]),
            author=video.user.name,
            author_url=video.user.url or "",
            page_url=video.url,
        )
        for video in reply.read(Found[_Video]).items
        if (files := _mp4_files(video))
    ]


def read_photos(reply: WireReply) -> list[StockItem]:
    """The photos in an answer, in their original size."""
    return [
        StockItem(
            kind=MediaKind.PHOTO,
            id=str(photo.id),
            renditions=(Rendition(address=photo.src.original, width=photo.width, height=photo.height),),
            title=photo.alt or _title_in(photo.url),
            words=f"{photo.alt or ''} {_title_in(photo.url)}",
            author=photo.photographer,
            author_url=photo.photographer_url or "",
            page_url=photo.url,
        )
        for photo in reply.read(Found[_Photo]).items
    ]


def _mp4_files(video: _Video) -> tuple[Rendition, ...]:
    return tuple(
        Rendition(address=file.link, width=file.width, height=file.height, size_bytes=file.size or 0)
        for file in video.video_files
        if file.file_type == "video/mp4" and file.link and file.width and file.height
    )


def _title_in(page_url: str) -> str:
    """What the page's address says: `/video/boats-at-dawn-123/` gives "Boats at dawn"."""
    slug = urlsplit(page_url).path.rstrip("/").rpartition("/")[2]
    return re.sub(r"[-_]+", " ", re.sub(r"-?\d+$", "", slug)).strip().capitalize()

"""Unsplash: photos under the Unsplash License. Its terms want to hear of every use, and are not made for automation."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from vidgen_pipeline.domain.errors import ContentRejected, RateLimited, ResultExpired
from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.providers.media.clean_media import LONGEST_PHOTO_SIDE
from vidgen_pipeline.providers.media.stock import Found, StockProvider
from vidgen_pipeline.providers.media.stock_ranking import Rendition, StockItem
from vidgen_pipeline.providers.media.stock_terms import in_language, shape_word
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.wire import KeyPlace, Phase, Scalar, WireModel, WireReply, WireRequest, segment

_PER_PAGE = 30
_VERSION = {"Accept-Version": "v1"}
_REFERRAL = {"utm_source": "vidgen_pipeline", "utm_medium": "referral"}
_LONG_SIDES = (1600, 2400, 3200, LONGEST_PHOTO_SIDE)
_USED_UP = "403, nothing left"
_LANGUAGES = (  # by its published specification of 2026-04-27
    "af sq am ar hy as az bn ba eu bs bg yue ca lzh zh-Hans zh-Hant hr cs da prs dv nl en et fo fj fil fi fr fr-ca gl "
    "ka de el gu ht he hi mww hu is id ikt iu iu-Latn ga it ja kn kk km ko ku kmr ky lo lv lt mk mg ms ml mt mi mr "
    "mn-Cyrl mn-Mong my ne nb or ps fa pl pt pt-pt pa otq ro ru sm sr-Cyrl sr-Latn sk sl so es sw sv ty ta tt te th bo "
    "ti to tr tk uk hsb ur ug uz vi cy yua zu"
)


class _Urls(WireModel):
    raw: str


class _Links(WireModel):
    html: str
    download_location: str = ""


class _User(WireModel):
    name: str
    links: _Links


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
    site_url: ClassVar[str] = f"https://unsplash.com?{urlencode(_REFERRAL)}"
    licence: ClassVar[str] = "Unsplash License"
    licence_url: ClassVar[str] = "https://unsplash.com/license"
    file_hosts: ClassVar[tuple[str, ...]] = ("*.unsplash.com",)

    def ask(self, term: str, kind: MediaKind, query: MediaQuery) -> WireRequest:
        del kind
        return build_search(term, query)

    def ask_for_one(self, kind: MediaKind, number: str) -> WireRequest:
        del kind
        return WireRequest(method="GET", path=f"/photos/{segment(number)}", headers=_VERSION, phase=Phase.READ)

    def offers(self, reply: WireReply, kind: MediaKind) -> list[StockItem]:
        del kind
        return read_photos(reply)

    async def tell_used(self, item: StockItem) -> None:
        """Raises ProviderError when Unsplash can't be told: the photo is then not to be used."""
        await self.door.send(build_use(item), WireReply.json)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        used_up = reply.status == 403 and reply.headers.get("x-ratelimit-remaining") == "0"
        return _USED_UP if used_up else StockProvider.error_code(reply)


def build_search(term: str, query: MediaQuery) -> WireRequest:
    """A search for photos of the canvas's orientation, fit for every eye."""
    wanted: dict[str, Scalar] = {
        "query": term,
        "orientation": shape_word(query, wide="landscape", tall="portrait", square="squarish"),
        "content_filter": "high",
        "per_page": _PER_PAGE,
        **in_language(query, "lang", _LANGUAGES),
    }
    return WireRequest(method="GET", path="/search/photos", query=wanted, headers=_VERSION, phase=Phase.READ)


def build_use(item: StockItem) -> WireRequest:
    """The message that a photo is used: to the address that came with it, which needs the key and has a query."""
    query = dict(parse_qsl(urlsplit(item.use_address).query))
    path = f"/photos/{segment(item.id)}/download"
    return WireRequest(method="GET", path=path, query=query, headers=_VERSION, phase=Phase.READ)


def read_photos(reply: WireReply) -> list[StockItem]:
    """The photos in an answer. The links to them and to their makers say who leads there, as the terms ask."""
    return [
        StockItem(
            kind=MediaKind.PHOTO,
            id=photo.id,
            renditions=_renditions(photo),
            title=photo.description or photo.alt_description or "",
            words=" ".join(filter(None, (photo.description, photo.alt_description, photo.slug))),
            author=photo.user.name,
            author_url=_with_query(photo.user.links.html, _REFERRAL),
            page_url=_with_query(photo.links.html, _REFERRAL),
            use_address=photo.links.download_location,
        )
        for photo in reply.read(Found[_Photo]).items
    ]


def _renditions(photo: _Photo) -> tuple[Rendition, ...]:
    """The whole photo in several sizes: the site's image server makes any, and never a larger one than there is."""
    longest = max(photo.width, photo.height)
    most = min(longest, LONGEST_PHOTO_SIDE)
    widths = [max(1, round(photo.width * side / longest)) for side in sorted({*_LONG_SIDES, most}) if side <= most]
    return tuple(
        Rendition(
            address=_with_query(photo.urls.raw, {"fm": "jpg", "q": "85", "w": str(width), "fit": "max"}),
            width=width,
            height=max(1, round(photo.height * width / photo.width)),
        )
        for width in widths
    )


def _with_query(address: str, added: dict[str, str]) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *added.items()])))

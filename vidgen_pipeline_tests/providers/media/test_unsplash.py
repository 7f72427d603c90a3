"""Unsplash: both halves by table, and every use reported once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    MediaRejected,
    ProviderDown,
    ProviderError,
    RateLimited,
    ResultExpired,
    VidgenError,
)
from vidgen_pipeline.domain.media import MediaCandidate, MediaKind
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.providers.media.unsplash import (
    UnsplashProvider,
    build_search,
    build_use,
    read_photos,
)
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.wire import WireReply
from vidgen_pipeline.runtime.probe import probe_photo
from vidgen_pipeline_tests.providers.media.stock_scene import asked, at_work, reply, scene
from vidgen_pipeline_tests.providers.vendor_double import Kept
from vidgen_pipeline_tests.sandbox.desk import Desk

_IMAGE = "https://images.unsplash.com/photo-0000000000000-aaaaaaaaaaaa"
PHOTO: dict[str, Any] = {
    "id": "aB3dE5fG7hI", "created_at": "2026-01-05T10:11:12Z", "updated_at": "2026-10-01T00:00:00Z",
    "promoted_at": None, "width": 4000, "height": 6000, "color": "#60544D", "blur_hash": None,
    "description": "Invented harbour at dawn",
    "urls": {"raw": f"{_IMAGE}?ixid=INVENTED&ixlib=rb-4.1.0", "full": f"{_IMAGE}?q=85", "regular": "r", "small": "s"},
    "links": {
        "self": "https://api.unsplash.com/photos/aB3dE5fG7hI", "html": "https://unsplash.com/photos/aB3dE5fG7hI",
        "download": "https://unsplash.com/photos/aB3dE5fG7hI/download?ixid=INVENTED",
        "download_location": "https://api.unsplash.com/photos/aB3dE5fG7hI/download?ixid=INVENTED&x=a%20b",
    },
    "current_user_collections": [],
    "user": {
        "id": "u", "username": "janeroe_invented", "name": "Jane Roe", "first_name": "Jane", "last_name": "Roe",
        "links": {"self": "s", "html": "https://unsplash.com/@janeroe_invented", "photos": "p"},
    },
}  # fmt: skip


def page(*photos: object) -> WireReply:
    return reply(json.dumps({"total": 1, "total_pages": 1, "results": photos}))


def test_a_search_asks_for_the_canvas_and_the_version():
    request = build_search("harbour dawn", scene())
    assert (request.method, request.path, request.headers) == ("GET", "/search/photos", {"Accept-Version": "v1"})
    assert request.query == {
        "query": "harbour dawn", "orientation": "portrait", "content_filter": "high", "per_page": 30,
    }  # fmt: skip
    assert build_search("x", scene(width=1920, height=1080)).query["orientation"] == "landscape"
    assert build_search("x", scene(width=1080, height=1080)).query["orientation"] == "squarish"
    assert build_search("Hafen", scene(language="de-AT")).query["lang"] == "de"
    assert build_search("港口", scene(language="zh-TW")).query["lang"] == "zh-Hant"


@pytest.mark.parametrize("answer", [page(PHOTO), reply(json.dumps({**PHOTO, "exif": {}}))], ids=["a page", "one alone"])
def test_a_photo_comes_in_sizes_that_keep_its_address(answer: WireReply):
    (photo,) = read_photos(answer)
    assert (photo.locator, photo.author, photo.title) == ("photo/aB3dE5fG7hI", "Jane Roe", "Invented harbour at dawn")
    assert photo.author_url == "https://unsplash.com/@janeroe_invented?utm_source=vidgen_pipeline&utm_medium=referral"
    assert photo.page_url == "https://unsplash.com/photos/aB3dE5fG7hI?utm_source=vidgen_pipeline&utm_medium=referral"
    assert [(file.width, file.height) for file in photo.renditions] == [
        (1067, 1600), (1600, 2400), (2133, 3200), (2731, 4096),
    ]  # fmt: skip
    query = parse_qs(urlsplit(photo.renditions[1].address).query)
    assert query == {
        "ixid": ["INVENTED"], "ixlib": ["rb-4.1.0"], "fm": ["jpg"], "q": ["85"], "w": ["1600"], "fit": ["max"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((1000, 800), [(1000, 800)]),
        ((1600, 1200), [(1600, 1200)]),
        ((2000, 1000), [(1600, 800), (2000, 1000)]),
        ((9000, 3000), [(1600, 533), (2400, 800), (3200, 1067), (4096, 1365)]),
    ],
)
def test_no_photo_is_asked_for_larger_than_it_is(size: tuple[int, int], sizes: list[tuple[int, int]]):
    (photo,) = read_photos(page({**PHOTO, "width": size[0], "height": size[1]}))
    assert [(file.width, file.height) for file in photo.renditions] == sizes


def test_a_use_is_reported_at_the_address_that_came_with_the_photo():
    (photo,) = read_photos(page(PHOTO))
    request = build_use(photo)
    assert (request.method, request.path) == ("GET", "/photos/aB3dE5fG7hI/download")
    assert request.query == {"ixid": "INVENTED", "x": "a b"}
    elsewhere = photo.model_copy(update={"use_address": "https://evil.example/steal?ixid=1"})
    assert build_use(elsewhere).path == "/photos/aB3dE5fG7hI/download"  # the key goes nowhere else


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"results": null}', '{"results": [{"id": "x"}]}'])
def test_an_answer_that_is_no_page(body: str):
    with pytest.raises(BadReply):
        read_photos(reply(body))


@pytest.mark.parametrize(
    ("status", "body", "left", "kind"),
    [
        (401, b'{"errors": ["OAuth error: The access token is invalid"]}', None, AuthFailed),
        (403, b"Rate Limit Exceeded", "0", RateLimited),
        (403, b'{"errors": ["Forbidden"]}', "12", AuthFailed),
        (404, b'{"errors": ["gone"]}', "12", ResultExpired),
        (410, b'{"errors": ["spam"]}', "12", ContentRejected),
        (422, b'{"errors": ["bad"]}', "12", ProviderError),
        (429, b"", None, RateLimited),
        (503, b"", None, ProviderDown),
    ],
)
def test_each_documented_error_has_its_class(status: int, body: bytes, left: str | None, kind: type[VidgenError]):
    headers = {} if left is None else {"x-ratelimit-remaining": left}
    answer = WireReply(status=status, content=body, headers=headers)
    assert type(Judge("Unsplash", UnsplashProvider.kind_of_error).error_in(answer, build_search("x", scene()))) is kind


async def _best(site: StockProvider) -> MediaCandidate:
    return (await site.search(scene()))[0]


async def _best_brought_in(site: StockProvider, into: Path) -> tuple[MediaCandidate, Path]:
    best = await _best(site)
    return best, (await site.fetch(best, scene(), into)).data


def test_it_is_off_until_the_operator_turns_it_on():
    row = catalogue()["unsplash"]
    assert not row.enabled
    assert "not automated" in row.note


def test_a_photo_is_found_brought_in_and_its_use_reported_once(sites: Desk, tmp_path: Path):
    log = Kept()
    best, path = at_work(UnsplashProvider(), sites, lambda site: _best_brought_in(site, tmp_path), log=log)
    assert (best.kind, best.attribution.source, best.attribution.author) == (MediaKind.PHOTO, "Unsplash", "Jane Roe")
    assert best.attribution.source_url == "https://unsplash.com?utm_source=vidgen_pipeline&utm_medium=referral"
    assert (probe_photo(path).width, probe_photo(path).height) == (best.width, best.height) == (900, 1600)
    paths = [path for path, _ in asked(sites)]
    assert paths == ["/search/photos", f"/photos/{best.locator.removeprefix('photo/')}/download"]
    assert [record.endpoint.rpartition("/")[2] for record in log.records if "download" in record.endpoint] == [
        "download"
    ]


def test_a_search_alone_reports_nothing(sites: Desk):
    at_work(UnsplashProvider(), sites, _best)
    assert [path for path, _ in asked(sites)] == ["/search/photos"]


def test_what_was_not_brought_in_is_not_reported(sites: Desk, tmp_path: Path):
    sites.fault("garbage", provider="unsplash", phase="download", times=None)
    with pytest.raises(MediaRejected):
        at_work(UnsplashProvider(), sites, lambda site: _best_brought_in(site, tmp_path))
    assert [path for path, _ in asked(sites)] == ["/search/photos"]


def test_without_a_report_there_is_no_use(sites: Desk, tmp_path: Path):
    sites.fault("status", provider="unsplash", path="/photos/*/download", status=500, times=None)
    with pytest.raises(ProviderDown):
        at_work(UnsplashProvider(), sites, lambda site: _best_brought_in(site, tmp_path))


def test_words_that_look_like_spam_are_passed_over_for_the_next_term(sites: Desk):
    found = at_work(UnsplashProvider(), sites, lambda site: site.search(scene("sandbox-refuse", "fishing boats")))
    assert "fishing boats" in found[0].attribution.title
    with pytest.raises(ContentRejected):
        at_work(UnsplashProvider(), sites, lambda site: site.search(scene("sandbox-refuse")))


@pytest.mark.parametrize(("key", "kind"), [("bad-1", AuthFailed), ("broke-1", RateLimited), ("limited-1", RateLimited)])
def test_a_key_that_can_not_search_is_told(key: str, kind: type[VidgenError], sites: Desk):
    with pytest.raises(kind):
        at_work(UnsplashProvider(), sites, _best, key=key)


@pytest.mark.parametrize(
    ("key", "valid", "words"), [("sandbox-prod-1", True, "4999 of 5000"), ("bad-1", False, "does not accept the key")]
)
def test_a_key_is_checked_for_free(key: str, valid: bool, words: str, sites: Desk):
    check = at_work(UnsplashProvider(), sites, lambda site: site.validate_key(), key=key)
    assert (check.valid, words in check.message) == (valid, True)

"""Pixabay: both halves by table, and the key in the query that is seen nowhere."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    InvalidInput,
    ProviderDown,
    RateLimited,
    ResultExpired,
    VidgenError,
)
from vidgen_pipeline.domain.media import MediaCandidate, MediaKind
from vidgen_pipeline.providers.media.answer_cache import FolderCache
from vidgen_pipeline.providers.media.pixabay import (
    PixabayProvider,
    build_search,
    read_hits,
)
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.wire import Credentials, WireReply
from vidgen_pipeline.runtime.probe import probe_photo, probe_video
from vidgen_pipeline_tests.providers.canary import CANARY, assert_error_clean, assert_no_canary, assert_record_clean
from vidgen_pipeline_tests.providers.media.stock_scene import asked, at_work, reply, scene
from vidgen_pipeline_tests.providers.vendor_double import FakeTime, Kept, answers, vendor
from vidgen_pipeline_tests.sandbox.desk import Desk

_CDN = "https://cdn.pixabay.com/video/2026/01/02/800001"
CLIP: dict[str, Any] = {
    "id": 800001, "pageURL": "https://pixabay.com/videos/id-800001/", "type": "film", "tags": "harbour, dawn, boats",
    "duration": 14,
    "videos": {
        "large": {"url": "", "width": 0, "height": 0, "size": 0, "thumbnail": ""},
        "medium": {"url": f"{_CDN}_medium.mp4", "width": 1080, "height": 1920, "size": 7340032, "thumbnail": "t"},
        "tiny": {"url": f"{_CDN}_tiny.mp4", "width": 540, "height": 960, "size": 1048576, "thumbnail": "t"},
    },
    "views": 1200, "downloads": 300, "likes": 20, "comments": 1, "user_id": 4242, "user": "janeroe", "userImageURL": "",
    "userURL": "https://pixabay.com/users/janeroe-4242/",
    "isAiGenerated": False, "isLowQuality": False, "isGRated": True, "noAiTraining": False,
}  # fmt: skip
PHOTO: dict[str, Any] = {
    "id": 7, "pageURL": "https://pixabay.com/photos/id-7/", "type": "photo", "tags": "harbour, dawn", "user": "janeroe",
    "webformatURL": "https://pixabay.com/get/w_640.jpg", "webformatWidth": 427, "webformatHeight": 640,
    "largeImageURL": "https://pixabay.com/get/l_1280.jpg", "imageWidth": 4000, "imageHeight": 6000, "imageSize": 1,
}  # fmt: skip
NO_KEY = b"[ERROR 400] Invalid or missing API key (https://pixabay.com/api/docs/)."


def page(*hits: object) -> WireReply:
    return reply(json.dumps({"total": 412, "totalHits": 412, "hits": hits}))


def test_a_search_asks_for_the_canvas_as_far_as_the_site_knows_it():
    clips = build_search("harbour dawn", MediaKind.CLIP, scene(width=1080, height=1920), family_safe=True)
    assert (clips.method, clips.path) == ("GET", "/api/videos/")
    assert clips.query == {
        "q": "harbour dawn", "safesearch": True, "per_page": 50, "video_type": "film", "min_width": 1080,
        "min_height": 1920,
    }  # fmt: skip
    photos = build_search("dawn", MediaKind.PHOTO, scene(width=1920, height=1080), family_safe=False)
    assert photos.path == "/api/"
    assert photos.query == {
        "q": "dawn", "safesearch": False, "per_page": 50, "image_type": "photo", "orientation": "horizontal",
    }  # fmt: skip
    square = build_search("x", MediaKind.PHOTO, scene(width=9, height=9, language="nb-NO"), family_safe=True)
    assert (square.query["orientation"], square.query["lang"]) == ("all", "no")


def test_a_clip_has_the_files_that_are_there():
    (clip,) = read_hits(page(CLIP))
    assert (clip.locator, clip.duration_ms, clip.author) == ("clip/800001", 14_000, "janeroe")
    assert clip.author_url == "https://pixabay.com/users/janeroe-4242/"
    assert (clip.words, clip.page_url) == ("harbour, dawn, boats", "https://pixabay.com/videos/id-800001/")
    assert [(file.width, file.height, file.size_bytes) for file in clip.renditions] == [
        (1080, 1920, 7340032),
        (540, 960, 1048576),
    ]


@pytest.mark.parametrize(
    ("more", "sizes"),
    [
        ({}, [(853, 1280)]),
        ({"fullHDURL": "https://pixabay.com/get/f", "imageURL": "https://pixabay.com/get/o"},
         [(853, 1280), (1280, 1920), (4000, 6000)]),
        ({"imageWidth": 600, "imageHeight": 900}, [(600, 900)]),
        ({"largeImageURL": ""}, []),
    ],
)  # fmt: skip
def test_a_photo_has_the_sizes_that_the_account_gets(more: dict[str, Any], sizes: list[tuple[int, int]]):
    photos = read_hits(page({**PHOTO, **more}))
    assert [(file.width, file.height) for photo in photos for file in photo.renditions] == sizes


@pytest.mark.parametrize(
    ("flags", "settings", "offered"),
    [
        ({"isLowQuality": True}, {}, False),
        ({"isGRated": False}, {}, False),
        ({"isGRated": False}, {"family_safe": False}, True),
        ({"isAiGenerated": True}, {}, False),
        ({"isAiGenerated": True}, {"ai_generated": True}, True),
        ({"isSomethingNew": 1}, {}, True),
    ],
)
def test_what_is_not_wanted_is_left_out(flags: dict[str, Any], settings: dict[str, bool], offered: bool):
    assert bool(read_hits(page({**CLIP, **flags}), **settings)) is offered
    assert bool(read_hits(page({**PHOTO, **flags}), **settings)) is offered


@pytest.mark.parametrize(
    "body", ["", "<html>", "{}", '{"hits": {}}', '{"hits": [{"id": 1}]}', '{"hits": [{"id": "x"}]}']
)
def test_an_answer_that_is_no_page(body: str):
    with pytest.raises(BadReply):
        read_hits(reply(body))


@pytest.mark.parametrize(
    ("status", "body", "media_type", "kind"),
    [
        (400, NO_KEY, "text/plain", AuthFailed),
        (400, b'[ERROR 400] "page" is out of valid range.', "text/plain", InvalidInput),
        (403, b"<html>Just a moment...</html>", "text/html; charset=utf-8", BadReply),
        (403, b"no", "text/plain", AuthFailed),
        (404, b"", "text/plain", ResultExpired),
        (429, b"API rate limit exceeded", "text/plain", RateLimited),
        (503, b"", "text/plain", ProviderDown),
    ],
)
def test_each_documented_error_has_its_class(status: int, body: bytes, media_type: str, kind: type[VidgenError]):
    answer = WireReply(status=status, content=body, headers={"content-type": media_type})
    assert (
        type(
            Judge("Pixabay", PixabayProvider.kind_of_error).error_in(
                answer, build_search("x", MediaKind.PHOTO, scene(), family_safe=True)
            )
        )
        is kind
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset": "12"}, 12),
        ({"x-ratelimit-reset": "999999"}, 60),
        ({"retry-after": "7"}, 7),
        ({"x-ratelimit-reset": "soon"}, None),
    ],
)
def test_how_long_to_wait_is_told_in_the_sites_own_header(headers: dict[str, str], seconds: float | None):
    assert PixabayProvider.seconds_to_wait(WireReply(status=429, headers=headers)) == seconds


def test_clips_of_the_canvas_shape_come_before_larger_ones_of_another(sites: Desk):
    found = at_work(PixabayProvider(), sites, lambda site: site.search(scene()))
    ((path, query),) = asked(sites)
    assert (path, query["q"], query["safesearch"]) == ("/api/videos/", "harbour dawn", "true")
    assert found[0].kind is MediaKind.CLIP
    assert found[0].width < found[0].height
    assert found[0].attribution.licence == "Pixabay Content License"
    assert found[0].attribution.page_url.startswith("https://pixabay.com/videos/id-")
    assert found[0].attribution.author_url.startswith("https://pixabay.com/users/")


def test_photos_of_1280_px_are_never_enough_for_full_hd_and_their_own_account_gets_more(sites: Desk):
    wanted = scene("harbour dawn", width=1080, height=1920, duration_ms=40_000)

    def photos(key: str) -> set[tuple[int, int]]:
        found = at_work(PixabayProvider(), sites, lambda site: site.search(wanted), key=key)
        return {(one.width, one.height) for one in found if one.kind is MediaKind.PHOTO}

    assert photos("sandbox-1") == {(720, 1280)}
    assert photos("sandbox-full-1") == {(2160, 3840)}


def test_files_are_brought_in(sites: Desk, tmp_path: Path):
    async def work(site: StockProvider) -> list[tuple[MediaCandidate, Path]]:
        brought = []
        for wanted in (scene(), scene(width=360, height=640, duration_ms=40_000)):
            found = await site.search(wanted)
            best = next(one for one in found if (one.kind is MediaKind.CLIP) is (wanted.duration_ms < 40_000))
            brought.append((best, (await site.fetch(best, wanted, tmp_path)).data))
        return brought

    (clip, clip_path), (photo, photo_path) = at_work(PixabayProvider(), sites, work)
    assert (probe_video(clip_path).width, probe_video(clip_path).height) == (clip.width, clip.height) == (540, 960)
    assert (probe_photo(photo_path).width, probe_photo(photo_path).height) == (photo.width, photo.height)


def test_a_photo_whose_address_ran_out_is_asked_for_by_its_number(sites: Desk, tmp_path: Path):
    """As when it was found in yesterday's answer, a minute before that ran out."""
    wanted = scene("lighthouse", duration_ms=40_000)

    async def work(site: StockProvider) -> Path:
        found = await site.search(wanted)
        sites.control("clock", advance_seconds=24 * 3600 + 1)
        best = next(one for one in found if one.kind is MediaKind.PHOTO)
        return (await site.fetch(best, wanted, tmp_path)).data

    assert probe_photo(at_work(PixabayProvider(), sites, work)).width == 720
    assert asked(sites)[-1][1]["id"].isdecimal()


def test_nobody_sees_the_key(tmp_path: Path):
    log = Kept()

    async def run() -> None:
        body = {"total": 1, "totalHits": 1, "hits": [{**CLIP, "tags": f"harbour, dawn, {CANARY}"}]}
        async with vendor(answers(body), answers(NO_KEY + CANARY.encode(), 400)) as double:
            network = Network(sandbox_url=double.url, log=log, timing=FakeTime().timing())
            provider = PixabayProvider().with_cache(FolderCache(tmp_path))
            async with provider.connected(Credentials({"key": CANARY}), network=network) as site:
                with pytest.raises(AuthFailed) as caught:
                    await site.search(scene())
                assert_error_clean(caught.value)
                assert all("key=" in seen.target for seen in double.seen)

    asyncio.run(run())
    assert len(log.records) == 2
    for record in log.records:
        assert_record_clean(record)
    assert [file.read_bytes().count(b"harbour") for file in tmp_path.iterdir()] == [1]
    for file in tmp_path.iterdir():
        assert_no_canary(file.name + file.read_text())


@pytest.mark.parametrize(
    ("key", "valid", "words"), [("sandbox-1", True, "99 of 100"), ("bad-1", False, "does not accept the key")]
)
def test_a_key_is_checked_for_free(key: str, valid: bool, words: str, sites: Desk):
    check = at_work(PixabayProvider(), sites, lambda site: site.validate_key(), key=key)
    assert (check.valid, words in check.message) == (valid, True)


def test_more_than_a_hundred_requests_a_minute_are_refused(sites: Desk):
    for _ in range(100):
        assert sites.client.get("/pixabay/api/", params={"key": "sandbox-1", "per_page": 2}).status_code == 400
    with pytest.raises(RateLimited):
        at_work(PixabayProvider(), sites, lambda site: site.search(scene()), key="sandbox-1")
    sites.control("clock", advance_seconds=61)
    assert at_work(PixabayProvider(), sites, lambda site: site.search(scene()), key="sandbox-1")

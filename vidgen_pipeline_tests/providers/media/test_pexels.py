"""Pexels: both halves by table, and scenes that find their clips over a real socket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    MediaRejected,
    ProviderDown,
    ProviderError,
    RateLimited,
    ResultExpired,
    VidgenError,
)
from vidgen_pipeline.domain.media import MediaCandidate, MediaKind
from vidgen_pipeline.providers.media.answer_cache import FolderCache
from vidgen_pipeline.providers.media.pexels import (
    PexelsProvider,
    build_item,
    build_search,
    read_clips,
    read_photos,
)
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.wire import Credentials, Phase, WireReply
from vidgen_pipeline.runtime.probe import probe_photo, probe_video
from vidgen_pipeline_tests.providers.canary import CANARY, assert_error_clean, assert_record_clean
from vidgen_pipeline_tests.providers.media.stock_scene import asked, at_work, reply, scene
from vidgen_pipeline_tests.providers.vendor_double import Kept, answers, vendor
from vidgen_pipeline_tests.sandbox.desk import Desk

CLIP = {
    "id": 90000001, "width": 1080, "height": 1920, "duration": 12, "full_res": None, "tags": [], "avg_color": None,
    "url": "https://www.pexels.com/video/invented-harbour-90000001/",
    "image": "https://images.pexels.com/videos/90000001/invented.jpeg",
    "user": {"id": 700001, "name": "Jane Roe", "url": "https://www.pexels.com/@janeroe-invented"},
    "video_files": [
        {"id": 1, "quality": "hls", "file_type": "application/x-mpegURL", "width": None, "height": None, "fps": None,
         "link": "https://player.vimeo.com/external/1.m3u8", "size": 0},
        {"id": 8001, "quality": "hd", "file_type": "video/mp4", "width": 1080, "height": 1920, "fps": 29.97,
         "link": "https://videos.pexels.com/video-files/90000001/hd.mp4", "size": 9123456},
        {"id": 8002, "quality": None, "file_type": "video/mp4", "width": 540, "height": 960, "fps": None,
         "link": "https://videos.pexels.com/video-files/90000001/sd.mp4"},
    ],
    "video_pictures": [{"id": 1, "nr": 0, "picture": "https://images.pexels.com/p.jpeg"}],
}  # fmt: skip
PHOTO = {
    "id": 5, "width": 4000, "height": 6000, "url": "https://www.pexels.com/photo/boats-at-dawn-5/",
    "photographer": "Jane Roe", "photographer_url": "https://www.pexels.com/@janeroe", "photographer_id": "700001",
    "avg_color": None, "alt": None, "liked": False,
    "src": {"original": "https://images.pexels.com/photos/5/o.jpeg", "large2x": "https://images.pexels.com/l"},
}  # fmt: skip


def page(kind: str, *found: object) -> WireReply:
    return reply(json.dumps({"page": 1, "per_page": 1, "total_results": 37, "url": "u", kind: list(found)}))


@pytest.mark.parametrize(
    ("kind", "path", "canvas", "shape"),
    [
        (MediaKind.CLIP, "/v1/videos/search", (1080, 1920), ("portrait", "medium")),
        (MediaKind.CLIP, "/v1/videos/search", (1280, 720), ("landscape", "small")),
        (MediaKind.PHOTO, "/v1/search", (1080, 1080), ("square", "small")),
    ],
)
def test_a_search_asks_for_the_canvas(
    kind: MediaKind, path: str, canvas: tuple[int, int], shape: tuple[str, str]
):  # fmt: skip
    request = build_search("harbour dawn", kind, scene(width=canvas[0], height=canvas[1]))
    assert (request.method, request.path, request.phase, request.paid) == ("GET", path, Phase.READ, False)
    assert request.query == {"query": "harbour dawn", "orientation": shape[0], "size": shape[1], "per_page": 30}


@pytest.mark.parametrize(
    ("language", "locale"),
    [("en", None), ("en-GB", None), ("de", "de-DE"), ("pt-PT", "pt-BR"), ("zh-Hant", "zh-TW"), ("hi", None)],
)
def test_the_terms_language_is_told_where_the_site_has_it(language: str, locale: str | None):
    for kind in (MediaKind.CLIP, MediaKind.PHOTO):
        assert build_search("Hafen", kind, scene(language=language)).query.get("locale") == locale


def test_one_item_is_asked_for():
    assert build_item(MediaKind.CLIP, "9").path == "/v1/videos/videos/9"
    assert build_item(MediaKind.PHOTO, "9/../x").path == "/v1/photos/9%2F..%2Fx"


@pytest.mark.parametrize("answer", [page("videos", CLIP), reply(json.dumps(CLIP))], ids=["a page", "one alone"])
def test_a_clip_has_its_mp4_files_its_length_and_its_maker(answer: WireReply):
    (clip,) = read_clips(answer)
    assert (clip.locator, clip.duration_ms, clip.author) == ("clip/90000001", 12_000, "Jane Roe")
    assert clip.page_url == "https://www.pexels.com/video/invented-harbour-90000001/"
    assert clip.author_url == "https://www.pexels.com/@janeroe-invented"
    assert [(file.width, file.height, file.size_bytes) for file in clip.renditions] == [
        (1080, 1920, 9123456),
        (540, 960, 0),
    ]
    assert (clip.title, clip.words.split()) == ("Invented harbour", ["Invented", "harbour"])


@pytest.mark.parametrize("alt", [None, "", "Boats in fog"])
def test_a_photo_is_taken_in_its_original(alt: str | None):
    (photo,) = read_photos(page("photos", {**PHOTO, "alt": alt}))
    assert (photo.kind, photo.id, photo.author) == (MediaKind.PHOTO, "5", "Jane Roe")
    assert photo.author_url == "https://www.pexels.com/@janeroe"
    assert [(file.address, file.width, file.height) for file in photo.renditions] == [
        ("https://images.pexels.com/photos/5/o.jpeg", 4000, 6000)
    ]
    assert photo.title == (alt or "Boats at dawn")
    assert "Boats at dawn" in photo.words


def test_what_has_no_file_is_not_offered_and_an_empty_page_is_none():
    assert read_clips(page("videos", {**CLIP, "video_files": CLIP["video_files"][:1]})) == []  # type: ignore[index]
    assert read_clips(page("videos")) == []
    assert read_photos(page("photos")) == []


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"videos": {}}', '{"videos": [{"id": 1}]}', '{"videos": null}'])
def test_an_answer_that_is_no_page_of_clips(body: str):
    with pytest.raises(BadReply):
        read_clips(reply(body))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"error": "Missing API key."}', AuthFailed),
        (403, b"", AuthFailed),
        (404, b'{"error": "Not Found"}', ResultExpired),
        (400, b'{"error": "bad"}', ProviderError),
        (429, b"", RateLimited),
        (500, b"", ProviderDown),
    ],
)
def test_each_status_has_its_class(status: int, body: bytes, kind: type[VidgenError]):
    judge = Judge("Pexels", PexelsProvider.kind_of_error)
    assert type(judge.error_in(WireReply(status=status, content=body), build_item(MediaKind.PHOTO, "1"))) is kind


def test_a_scene_finds_clips_of_its_shape_in_one_request(sites: Desk):
    log = Kept()
    found = at_work(PexelsProvider(), sites, lambda site: site.search(scene()), log=log)
    ((path, query),) = asked(sites)
    assert (path, query["query"]) == ("/v1/videos/search", "harbour dawn")
    assert len({candidate.locator for candidate in found}) == len(found) == 12
    best = found[0]
    assert (best.kind, best.width, best.height) == (MediaKind.CLIP, 540, 960)
    assert best.duration_ms is not None
    assert best.duration_ms >= 4_000
    thanks = best.attribution
    assert (thanks.source, thanks.licence, thanks.licence_url) == (
        "Pexels", "Pexels License", "https://www.pexels.com/license/",
    )  # fmt: skip
    assert thanks.author
    assert (thanks.author_url, thanks.source_url) == ("https://www.pexels.com/@invented", "https://www.pexels.com")
    assert thanks.page_url.startswith("https://www.pexels.com/video/harbour-dawn-")
    assert [candidate.attribution.title for candidate in found[-4:]] == ["Harbour"] * 4  # the near misses come last
    for record in log.records:
        assert_record_clean(record)


def test_a_poor_search_goes_on_to_photos_and_to_the_next_term(sites: Desk):
    found = at_work(PexelsProvider(), sites, lambda site: site.search(scene("r2d2", "fishing boats")))
    assert [(path, query["query"]) for path, query in asked(sites)] == [
        ("/v1/videos/search", "r2d2"),
        ("/v1/search", "r2d2"),
        ("/v1/videos/search", "fishing boats"),
    ]
    assert found[0].attribution.title == "Fishing boats"


def test_what_other_videos_show_is_offered_last_and_the_next_term_asked_for_more(sites: Desk):
    async def work(site: StockProvider) -> tuple[set[str], list[MediaCandidate]]:
        before = {one.locator for one in await site.search(scene("harbour dawn", "fishing boats"))}
        shown = scene("harbour dawn", "fishing boats", avoid=frozenset(before))
        return before, await site.search(shown)

    before, found = at_work(PexelsProvider(), sites, work)
    assert [one.locator in before for one in found] == [False] * (len(found) - 12) + [True] * 12
    assert len(found) > 14  # enough of the next kind or term
    alone = at_work(PexelsProvider(), sites, lambda site: site.search(scene("sunset", avoid=frozenset({"clip/1"}))))
    everything = frozenset(one.locator for one in alone)
    again = at_work(PexelsProvider(), sites, lambda site: site.search(scene("sunset", avoid=everything)))
    assert everything <= {one.locator for one in again}  # better shown again than nothing


def test_nothing_is_found_for_nothing(sites: Desk):
    assert at_work(PexelsProvider(), sites, lambda site: site.search(scene("r2d2"))) == []


def test_the_same_question_is_asked_once_a_day_also_by_the_next_process(sites: Desk, tmp_path: Path):
    async def twice(site: StockProvider) -> list[Any]:
        return [await site.search(scene()), await site.search(scene())]

    def provider() -> PexelsProvider:
        return PexelsProvider().with_cache(FolderCache(tmp_path))

    first, again = at_work(provider(), sites, twice)
    assert first == again == at_work(provider(), sites, twice)[0]
    at_work(provider(), sites, lambda site: site.search(scene("r2d2")))
    at_work(provider(), sites, lambda site: site.search(scene("r2d2")))
    assert [query["query"] for _, query in asked(sites)] == ["harbour dawn", "r2d2", "r2d2"]  # clips, then photos
    assert all(b"sandbox-tests" not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_kept_answer_that_can_not_be_read_is_asked_for_anew(sites: Desk, tmp_path: Path):
    def provider() -> PexelsProvider:
        return PexelsProvider().with_cache(FolderCache(tmp_path))

    first = at_work(provider(), sites, lambda site: site.search(scene()))
    (file,) = tmp_path.iterdir()
    file.write_text(json.dumps({**json.loads(file.read_text()), "answer": '{"videos": [{}]}'}))
    again = at_work(provider(), sites, lambda site: site.search(scene()))
    assert [one.locator for one in again] == [one.locator for one in first]
    assert len(asked(sites)) == 2


def test_a_clip_is_brought_in_whole_and_of_the_promised_size(sites: Desk, tmp_path: Path):
    async def work(site: StockProvider) -> tuple[MediaCandidate, Path]:
        best = (await site.search(scene()))[0]
        return best, (await site.fetch(best, scene(), tmp_path)).data

    best, path = at_work(PexelsProvider(), sites, work)
    info = probe_video(path)
    assert (info.width, info.height) == (best.width, best.height) == (540, 960)
    assert info.duration_ms == pytest.approx(best.duration_ms, abs=100)
    assert [visit["headers"].get("authorization") for visit in sites.requests(phase="download")] == [None]


def test_a_photo_is_brought_in_as_a_plain_jpeg_also_by_its_number_alone(sites: Desk, tmp_path: Path):
    wanted = scene("lighthouse")

    async def work(site: StockProvider) -> Path:
        items = await site._items(build_search("lighthouse", MediaKind.PHOTO, wanted), MediaKind.PHOTO)
        candidate = site._candidate(items[0], items[0].renditions[0])
        return (await site.fetch(candidate, wanted, tmp_path)).data

    path = at_work(PexelsProvider(), sites, work)
    assert sites.requests(provider="pexels")[-2]["path"].startswith("/v1/photos/")  # it was not among those offered
    assert (probe_photo(path).width, probe_photo(path).height) == (2304, 4096)  # of 2400x4266
    with Image.open(path) as image:
        assert (image.format, image.mode, image.getexif()) == ("JPEG", "RGB", {})


@pytest.mark.parametrize("fault", ["expired_url", "garbage", "html", "empty"])
def test_a_file_that_is_not_what_it_should_be_is_one_candidate_less(fault: str, sites: Desk, tmp_path: Path):
    sites.fault(fault, provider="pexels", phase="download", times=None)

    async def work(site: StockProvider) -> None:
        best = (await site.search(scene()))[0]
        await site.fetch(best, scene(), tmp_path)

    with pytest.raises(MediaRejected, match="'Harbour dawn' from Pexels") as caught:
        at_work(PexelsProvider(), sites, work)
    assert sites.url not in str(caught.value)


def test_an_address_that_ran_out_is_asked_for_anew(sites: Desk, tmp_path: Path):
    sites.fault("expired_url", provider="pexels", phase="download")

    async def work(site: StockProvider) -> Path:
        best = (await site.search(scene()))[0]
        return (await site.fetch(best, scene(), tmp_path)).data

    assert probe_video(at_work(PexelsProvider(), sites, work)).width == 540
    assert [visit["path"].rpartition("/")[0] for visit in sites.requests(provider="pexels")][2] == "/v1/videos/videos"


def test_a_clip_of_another_size_than_promised_is_one_candidate_less(sites: Desk, tmp_path: Path):
    async def work(site: StockProvider) -> None:
        best = (await site.search(scene()))[0]
        await site.fetch(best.model_copy(update={"width": 1080, "height": 1920}), scene(), tmp_path)

    with pytest.raises(MediaRejected, match="is 540x960, but was offered as 1080x1920"):
        at_work(PexelsProvider(), sites, work)


def test_what_is_gone_is_one_candidate_less(sites: Desk, tmp_path: Path):
    async def work(site: StockProvider) -> None:
        best = (await site.search(scene()))[0]
        await site.fetch(best.model_copy(update={"locator": "clip/1"}), scene(), tmp_path)

    with pytest.raises(MediaRejected, match="can't be had"):
        at_work(PexelsProvider(), sites, work)


def test_files_come_from_the_sites_own_hosts_only(tmp_path: Path):
    """Were the search answer forged, nothing would be fetched from where it leads."""

    async def run() -> None:
        elsewhere = {**CLIP, "video_files": [{**CLIP["video_files"][1], "link": "https://evil.example/x.mp4"}]}  # type: ignore[index]
        body = {"page": 1, "per_page": 1, "total_results": 1, "videos": [elsewhere]}
        async with vendor(answers(body), answers({"photos": []})) as double:
            provider = PexelsProvider(base_url=double.url)
            async with provider.connected(Credentials({"key": CANARY}), network=Network()) as site:
                best = (await site.search(scene()))[0]
                await site.fetch(best, scene(), tmp_path)

    with pytest.raises(MediaRejected, match="not fetched from"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("key", "valid", "words"),
    [("sandbox-tests-0001", True, "19999 of 20000"), ("bad-1", False, "does not accept the key")],
)
def test_a_key_is_checked_with_a_word_nobody_searches(key: str, valid: bool, words: str, sites: Desk):
    check = at_work(PexelsProvider(), sites, lambda site: site.validate_key(), key=key)
    assert (check.valid, words in check.message) == (valid, True)
    ((_, query),) = asked(sites)
    assert query["query"].startswith("keycheck-")
    assert query["per_page"] == "3"


@pytest.mark.parametrize(("key", "kind"), [("bad-1", AuthFailed), ("broke-1", RateLimited), ("limited-1", RateLimited)])
def test_a_key_that_can_not_search_is_told(key: str, kind: type[VidgenError], sites: Desk):
    with pytest.raises(kind) as caught:
        at_work(PexelsProvider(), sites, lambda site: site.search(scene()), key=key)
    assert_error_clean(caught.value)


def test_a_limit_met_after_a_find_leaves_what_was_found(sites: Desk):
    sites.fault("rate_limited", provider="pexels", path="/v1/search", times=None)

    async def work(site: StockProvider) -> list[MediaCandidate]:
        return await site.search(scene(duration_ms=40_000))  # no clip is long enough, so photos are asked for

    assert at_work(PexelsProvider(), sites, work)

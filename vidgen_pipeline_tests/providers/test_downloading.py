"""Files over real sockets: broken off, gone on with, too big, something else, elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from vidgen_pipeline.domain.errors import (
    BadReply,
    InvalidInput,
    ProviderDown,
    ProviderError,
    ResultExpired,
    VidgenError,
)
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.downloading import Download, Downloaded, Limits
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import WorkContext
from vidgen_pipeline.providers.network.sniffing import media_type_of
from vidgen_pipeline.providers.wire import BEARER, Credentials, Phase, WireRequest
from vidgen_pipeline_tests.providers.canary import CANARY, assert_error_clean, assert_record_clean
from vidgen_pipeline_tests.providers.vendor_double import (
    Behaviour,
    FakeTime,
    Kept,
    Vendor,
    Visit,
    answers,
    closes_after_reading,
    never_stops,
    vendor,
)

T = TypeVar("T")

MP4 = b"\x00\x00\x00\x20ftypisom" + os.urandom(2_500_000)
SIGNED = "/clips/fox.mp4?Signature=abc%2Fdef&Expires=1"


def serves(
    content: bytes = MP4, *, cut: int | None = None, tag: str | None = '"one"', most: int = len(MP4)
) -> Behaviour:
    """A file server that can go on where it is asked to, with at most `most` bytes at a time.

    With `cut` it stops after so many bytes of each answer.
    """

    async def behave(visit: Visit) -> None:
        seen = await visit.read()
        first = int(seen.headers["range"][6:-1]) if "range" in seen.headers else 0
        fits = seen.headers.get("if-range") in {None, tag}
        headers = {"Content-Type": "text/html"} | ({"ETag": tag} if tag else {})
        if first and fits:
            part = content[first : first + most]
            headers |= {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(content)}"}
            await visit.head(206, headers | {"Content-Length": str(len(part))})
        else:
            part = content
            await visit.head(200, headers | {"Content-Length": str(len(part))})
        await visit.write(part[:cut])

    return behave


def fetch(
    tmp_path: Path,
    *script: Behaviour,
    work: Callable[[Door, Vendor], Awaitable[T]],
    log: Kept | None = None,
    time: FakeTime | None = None,
) -> tuple[T, Vendor]:
    async def run() -> tuple[T, Vendor]:
        async with vendor(*script) as double:
            network = Network(log=log or Kept(), sandbox_url=double.url, timing=(time or FakeTime()).timing())
            async with Door(
                network, provider="acme", base_url=double.url, key_places=(BEARER,),
                credentials=Credentials({"key": CANARY}), judge=Judge("Acme", lambda _: None), context=WorkContext(),
                timeout_seconds=5,
            ) as door:  # fmt: skip
                result = await work(door, double)
        return result, double

    outcome = asyncio.run(run())
    assert list(tmp_path.glob(".*")) == []
    return outcome


def video(tmp_path: Path) -> Callable[[Door, Vendor], Awaitable[Downloaded]]:
    async def work(door: Door, double: Vendor) -> Downloaded:
        return await door.download(double.url + SIGNED, tmp_path, expect="video")

    return work


def failing(
    tmp_path: Path, kind: type[VidgenError], words: str | None = None
) -> Callable[[Door, Vendor], Awaitable[VidgenError]]:
    async def work(door: Door, double: Vendor) -> VidgenError:
        with pytest.raises(kind, match=words) as caught:
            await door.download(double.url + SIGNED, tmp_path, expect="video", max_bytes=5_000_000)
        assert_error_clean(caught.value)
        return caught.value

    return work


def test_a_file_arrives_under_a_name_of_ours(tmp_path: Path):
    log = Kept()
    file, double = fetch(tmp_path, serves(), work=video(tmp_path), log=log)
    digest = hashlib.sha256(MP4).hexdigest()
    assert file == Downloaded(
        path=tmp_path / f"{digest[:32]}.mp4", media_type="video/mp4", size_bytes=len(MP4), sha256=digest
    )
    assert file.path.read_bytes() == MP4
    assert "authorization" not in double.seen[0].headers
    record = log.records[0]
    assert (record.endpoint, record.host, record.status_code, record.phase) == (
        "/clips/fox.mp4", "127.0.0.1", 200, "download",
    )  # fmt: skip
    assert record.response_body == {"type": "text/html", "size_bytes": len(MP4), "sha256": digest}
    assert_record_clean(record)


def test_a_file_that_breaks_off_is_gone_on_with(tmp_path: Path):
    log = Kept()
    file, double = fetch(tmp_path, serves(cut=1_200_000), work=video(tmp_path), log=log)
    assert file.path.read_bytes() == MP4
    assert [seen.headers.get("range") for seen in double.seen] == [None, "bytes=1200000-", "bytes=2400000-"]
    assert [seen.headers.get("if-range") for seen in double.seen] == [None, '"one"', '"one"']
    assert [record.error_code for record in log.records] == ["provider_down", "provider_down", None]
    assert sum(record.response_body["size_bytes"] for record in log.records) == len(MP4)


def test_parts_smaller_than_what_is_missing_are_put_together(tmp_path: Path):
    script = [serves(cut=1_200_000), serves(most=600_000)]
    file, double = fetch(tmp_path, *script, work=video(tmp_path))
    assert file.path.read_bytes() == MP4
    assert len(double.seen) == 4


def test_a_server_that_stalls_is_given_up_on_and_gone_on_with(tmp_path: Path):
    async def stalls(visit: Visit) -> None:
        await visit.read()
        await visit.head(200, {"ETag": '"one"', "Content-Length": str(len(MP4))})
        await visit.write(MP4[:1_100_000])
        await asyncio.sleep(3600)

    async def work(door: Door, double: Vendor) -> Downloaded:
        limits = Limits(expect="video", stalled_seconds=0.2, trusted_origin=double.url)
        download = Download(door._line, door._recorder, door._judge, door._timing, limits)
        request = WireRequest(method="GET", url=double.url + SIGNED, phase=Phase.DOWNLOAD)
        return await download.run(request, double.url, tmp_path)

    file, double = fetch(tmp_path, stalls, serves(), work=work)
    assert file.path.read_bytes() == MP4
    assert double.seen[1].headers["range"] == "bytes=1100000-"


def test_a_file_that_changed_meanwhile_is_begun_again(tmp_path: Path):
    other = b"\x00\x00\x00\x20ftypmp42" + os.urandom(1_500_000)
    file, double = fetch(tmp_path, serves(cut=1_200_000), serves(other, tag='"two"'), work=video(tmp_path))
    assert file.path.read_bytes() == other
    assert len(double.seen) == 2


def test_without_a_mark_to_know_the_file_by_it_is_begun_again(tmp_path: Path):
    file, double = fetch(tmp_path, serves(cut=1_200_000, tag=None), serves(tag=None), work=video(tmp_path))
    assert file.path.read_bytes() == MP4
    assert "range" not in double.seen[1].headers


def test_a_part_that_is_not_the_one_asked_for_is_thrown_away(tmp_path: Path):
    wrong = answers(MP4[5:], 206, {"Content-Range": f"bytes 5-{len(MP4) - 1}/{len(MP4)}"})
    none = answers(b"", 416)
    file, double = fetch(
        tmp_path, serves(cut=1_200_000), wrong, serves(cut=600_000), none, serves(), work=video(tmp_path)
    )
    assert file.path.read_bytes() == MP4
    assert [seen.headers.get("range") for seen in double.seen] == [None, "bytes=1200000-", None, "bytes=600000-", None]


def test_a_server_in_trouble_is_asked_again_a_bounded_number_of_times(tmp_path: Path):
    time = FakeTime()
    _, double = fetch(tmp_path, answers(b"", 503), work=failing(tmp_path, ProviderDown), time=time)
    assert len(double.seen) == 6
    assert len(time.waits) == 5
    file, _ = fetch(
        tmp_path, answers(b"", 503), answers(b"", 429, {"Retry-After": "3"}), serves(), work=video(tmp_path)
    )
    assert file.size_bytes == len(MP4)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_address_that_has_run_out_is_not_asked_twice(status: int, tmp_path: Path):
    xml = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    error, double = fetch(tmp_path, answers(xml, status), work=failing(tmp_path, ResultExpired, "Request has expired"))
    assert len(double.seen) == 1
    assert "AccessDenied" in error.message


def test_other_refusals_are_final_too(tmp_path: Path):
    _, double = fetch(tmp_path, answers(b"", 418), work=failing(tmp_path, ProviderError))
    assert len(double.seen) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>Not here any more</html>", "something that is no media file"),
        (b"", "an empty file"),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", "something that is no media file"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "something that is no media file"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 100, "image/jpeg where video was expected"),
        (b"ID3" + b"\x00" * 100, "audio/mpeg where video was expected"),
    ],
)
def test_what_is_no_video_is_not_kept(content: bytes, words: str, tmp_path: Path):
    fetch(tmp_path, serves(content), work=failing(tmp_path, BadReply, words))
    assert list(tmp_path.iterdir()) == []


def test_more_than_is_allowed_is_not_taken_in(tmp_path: Path):
    _, double = fetch(tmp_path, never_stops, work=failing(tmp_path, BadReply, "more than it may send"))
    assert double.connections == 1


def test_packed_files_are_refused(tmp_path: Path):
    fetch(tmp_path, answers(MP4, headers={"Content-Encoding": "gzip"}), work=failing(tmp_path, BadReply, "encoding"))


def test_redirects_are_followed_three_times_and_checked(tmp_path: Path):
    def elsewhere(location: str) -> Behaviour:
        return answers(b"", 302, {"Location": location})

    file, double = fetch(
        tmp_path, elsewhere("/b"), elsewhere("/c?x=1"), elsewhere("/d"), serves(), work=video(tmp_path)
    )
    assert file.size_bytes == len(MP4)
    assert [seen.target for seen in double.seen[1:]] == ["/b", "/c?x=1", "/d"]
    _, double = fetch(tmp_path, elsewhere("/again"), work=failing(tmp_path, BadReply, "round in circles"))
    assert len(double.seen) == 4
    for inward in (
        "http://169.254.169.254/latest/meta-data", "https://localhost/", "file:///etc/passwd", "https://[::1]/",
        "http://127.0.0.1:1/", "https://0x7f.1/", "",
    ):  # fmt: skip
        _, double = fetch(tmp_path, elsewhere(inward), work=failing(tmp_path, BadReply))
        assert len(double.seen) == (4 if not inward else 1)


def test_a_request_to_the_provider_itself_carries_the_key_but_its_redirect_does_not(tmp_path: Path):
    request = WireRequest(method="GET", path="/v1/files/9:download", query={"alt": "media"}, phase=Phase.DOWNLOAD)

    async def work(door: Door, double: Vendor) -> Downloaded:
        return await door.download(request, tmp_path, expect="video")

    script = (answers(b"", 302, {"Location": "/cdn/9"}), closes_after_reading, serves())
    file, double = fetch(tmp_path, script[0], script[1], script[0], script[2], work=work)
    assert file.size_bytes == len(MP4)
    keys = [seen.headers.get("authorization") for seen in double.seen]
    assert keys == [f"Bearer {CANARY}", None, f"Bearer {CANARY}", None]
    assert double.seen[0].target == "/v1/files/9:download?alt=media"


def test_no_address_at_all(tmp_path: Path):
    async def work(door: Door, _: Vendor) -> None:
        with pytest.raises(BadReply, match="names no address"):
            await door.download("", tmp_path, expect="video")

    fetch(tmp_path, serves(), work=work)


def test_a_folder_that_can_not_be_written_is_said_to_be_one(tmp_path: Path):
    async def work(door: Door, double: Vendor) -> int:
        with pytest.raises(InvalidInput, match="can't be written"):
            await door.download(double.url + SIGNED, tmp_path / "gone", expect="video")
        return double.connections

    assert fetch(tmp_path, serves(), work=work)[0] == 0


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"), (b"\x00\x00\x00\x18ftypqt  ", "video/quicktime"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4"), (b"\x00\x00\x00\x18ftypavif", None),
        (b"\x1aE\xdf\xa3", "video/webm"), (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"), (b"RIFF\x00\x00\x00\x00AVI LIST", None),
        (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff\xe1", "image/jpeg"), (b"GIF89a", "image/gif"),
        (b"ID3\x04", "audio/mpeg"), (b"\xff\xfb\x90\x00", "audio/mpeg"), (b"\xff\xf1\x50\x80", None),
        (b"OggS", "audio/ogg"), (b"fLaC", "audio/flac"), (b"#EXTM3U", None), (b"<svg", None), (b"", None),
        (b"\xff", None),
    ],
)  # fmt: skip
def test_a_file_is_what_its_first_bytes_are(head: bytes, media_type: str | None):
    assert media_type_of(head) == media_type

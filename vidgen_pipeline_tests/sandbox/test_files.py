"""Result files: signed, with an end, in parts; uploads and forms on their way in."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from vidgen_pipeline.runtime.probe import probe_video
from vidgen_pipeline_tests.sandbox.desk import Desk


def test_a_result_is_a_real_file(desk: Desk, tmp_path: Path):
    answer = desk.client.get(desk.finished(desk.film())["url"])
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    clip = tmp_path / "film.mp4"
    clip.write_bytes(answer.content)
    assert probe_video(clip).duration_ms == 1000
    (download,) = desk.requests(phase="download")
    assert download["account"] == ""
    assert "sig=***" in download["query"]


def test_a_part_of_a_file(desk: Desk):
    url = desk.finished(desk.film())["url"]
    whole = desk.client.get(url)
    size = len(whole.content)
    part = desk.client.get(url, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 100-199/{size}")
    assert part.content == whole.content[100:200]
    rest = desk.client.get(url, headers={"range": "bytes=500-", "if-range": whole.headers["etag"]})
    assert whole.content[:500] + rest.content == whole.content
    other = desk.client.get(url, headers={"range": "bytes=500-", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)
    assert desk.client.get(url, headers={"range": f"bytes={size}-"}).status_code == 416


def test_only_the_head(desk: Desk):
    url = desk.finished(desk.film())["url"]
    head = desk.client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(desk.client.get(url).content)


def test_an_address_runs_out_and_a_new_poll_gives_a_new_one(desk: Desk):
    film = desk.finished(desk.film())
    desk.control("clock", advance_seconds=3599)
    assert desk.client.get(film["url"]).status_code == 200
    desk.control("clock", advance_seconds=2)
    gone = desk.client.get(film["url"])
    assert (gone.status_code, "Request has expired" in gone.text) == (403, True)
    assert desk.client.get(desk.look(film)["url"]).status_code == 200


def test_a_forged_address_is_refused(desk: Desk):
    url = desk.finished(desk.film())["url"]
    for forged in (
        re.sub(r"sig=....", "sig=0000", url),
        re.sub(r"expires=\d", "expires=9", url),
        url.partition("?")[0],
        url.replace("/files/", "/files/x"),
        url.replace("expires=", "expires=x"),
    ):
        answer = desk.client.get(forged)
        assert answer.status_code == 403, forged
        assert "SignatureDoesNotMatch" in answer.text


def test_an_upload_goes_to_a_file_as_it_comes(desk: Desk):
    content = bytes(range(256)) * 40_000
    answer = desk.toy("PUT", "/v1/uploads", content=content).json()
    assert answer["sizes"] == [len(content)]
    assert desk.client.get(answer["url"]).content == content
    assert desk.requests()[0]["body"]["bytes"] == len(content)
    desk.control("clock", advance_seconds=61)
    assert desk.client.get(answer["url"]).status_code == 403


def test_each_account_has_its_own_memory(desk: Desk):
    assert desk.toy("PUT", "/v1/uploads", content=b"12").json()["sizes"] == [2]
    assert desk.toy("PUT", "/v1/uploads", key="sandbox-2", content=b"123").json()["sizes"] == [3]
    assert desk.toy("PUT", "/v1/uploads", content=b"1").json()["sizes"] == [2, 1]


def test_a_file_is_fetched_from_where_the_client_says(desk: Desk):
    url = desk.finished(desk.film())["url"]
    size = len(desk.client.get(url).content)
    seen = len(desk.requests(phase="download"))
    assert desk.toy("GET", "/v1/fetched", params={"url": url}).json() == {"bytes": size}
    assert len(desk.requests(phase="download")) == seen  # its own files it takes from the shelf
    elsewhere = url.replace("127.0.0.1", "localhost")
    assert desk.toy("GET", "/v1/fetched", params={"url": elsewhere}).json() == {"bytes": size}
    assert len(desk.requests(phase="download")) == seen + 1


def test_what_cannot_be_fetched_is_refused(desk: Desk):
    url = desk.finished(desk.film())["url"].replace("127.0.0.1", "localhost")
    desk.control("clock", advance_seconds=7200)
    for gone in (url, "http://127.0.0.1:1/a.mp4", "file:///etc/passwd", "no address", "http://[::bad/x"):
        answer = desk.toy("GET", "/v1/fetched", params={"url": gone})
        assert (answer.status_code, answer.json()["oops"]) == (400, "invalid"), gone


def _post(desk: Desk, **parts: object) -> httpx.Response:
    return desk.toy("POST", "/v1/forms", **parts)


def test_a_form_with_a_file(desk: Desk):
    content = b"\r\n--\r\n" + bytes(range(256)) + b"\r\n\n\r\r\n"
    answer = _post(
        desk, data={"word": "grüße", "words[]": ["a", "b"]}, files={"file": ("a b.bin", content, "application/x-bin")}
    )
    assert answer.json() == {"word": "grüße", "words": ["a", "b"], "name": "a b.bin", "hex": content.hex()}


def test_a_form_is_read_strictly(desk: Desk):
    file = {"file": ("a.bin", b"1", "text/plain")}
    missing = _post(desk, data={"word": "x"}, files={"other": file["file"]})
    assert (missing.status_code, missing.json()["about"]) == (400, "file")
    unknown = _post(desk, data={"word": "x", "colour": "red"}, files=file)
    assert (unknown.status_code, unknown.json()["about"]) == (400, "colour")
    assert _post(desk, json={"word": "x"}).status_code == 400

"""Links to a video's files: good for who has them, for 15 minutes, and for nothing else."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
import structlog
from sqlalchemy import text

from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.accounts import set_disabled
from vidgen_pipeline.services.lifecycle import delete
from vidgen_pipeline_tests.api.conftest import MP4, Clock, Somebody

ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example", "Authorization": "Bearer nobody"}


def link(somebody: Somebody, video_id: UUID, file: str = "content", **more: Any) -> str:
    made = somebody.post(f"/videos/{video_id}/links", json={"file": file, **more})
    assert made.status_code == 201, made.text
    return str(made.json()["url"])


def refused(somebody: Somebody, url: str) -> None:
    """It is answered like a link to what never was."""
    answer = somebody.client.get(url)
    assert answer.status_code == 404, answer.text
    never = somebody.get(f"/videos/{uuid4()}")
    assert {**answer.json(), "instance": "", "request_id": ""} == {**never.json(), "instance": "", "request_id": ""}


def test_another_sites_page_plays_it_without_a_login(owner: Somebody, finished: UUID, clock: Clock):
    made = owner.post(f"/videos/{finished}/links", json={"file": "content"})
    assert (datetime.fromisoformat(made.json()["expires_at"]) - clock()).total_seconds() == 900
    url = made.json()["url"]
    assert url.startswith(f"http://127.0.0.1:8000/api/v1/videos/{finished}/links/content?signature=")
    whole = owner.client.get(url, headers=ELSEWHERE)
    assert (whole.status_code, whole.content) == (200, MP4)
    expected = {
        "Content-Type": "video/mp4",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
        "Content-Disposition": "inline; filename*=utf-8''%C3%A4-quoted-title-x-y.mp4",
        "ETag": f'"{hashlib.sha256(MP4).hexdigest()}"',
    }
    assert {name: whole.headers[name] for name in expected} == expected
    part = owner.client.get(url, headers={**ELSEWHERE, "Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, MP4[10:20])
    assert owner.client.get(url, headers={"Range": "bytes=99999-"}).status_code == 416
    known = owner.client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (known.status_code, known.content, known.headers["Cache-Control"]) == (304, b"", "private, no-store")
    assert known.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_each_file_has_its_own(owner: Somebody, finished: UUID):
    for kind in ("srt", "vtt", "ass"):
        assert owner.client.get(link(owner, finished, f"subtitles.{kind}")).text == f"{kind} of it"
    assert owner.client.get(link(owner, finished, "attribution")).text == "txt of it"
    kept = owner.client.get(link(owner, finished, "thumbnail", download=True))
    assert kept.headers["Content-Disposition"].startswith("attachment; ")
    assert owner.post(f"/videos/{finished}/links", json={"file": "../content"}).status_code == 422
    assert owner.client.get(link(owner, finished) + "&download=true").status_code == 422


def test_no_link_to_what_is_not_there(owner: Somebody, stranger: Somebody, finished: UUID):
    draft = owner.lives.video(VideoStatus.DRAFT)
    early = owner.post(f"/videos/{draft}/links", json={"file": "content"})
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    assert stranger.post(f"/videos/{finished}/links", json={"file": "content"}).status_code == 404
    delete(owner.lives.engine, owner.user_id, finished)
    assert owner.post(f"/videos/{finished}/links", json={"file": "content"}).status_code == 404


def test_it_ends_after_fifteen_minutes(owner: Somebody, finished: UUID, clock: Clock):
    url = link(owner, finished)
    clock.go_on(minutes=14, seconds=59)
    assert owner.client.get(url).status_code == 200
    clock.go_on(seconds=1)
    refused(owner, url)


def test_it_ends_with_the_video_and_with_its_user(owner: Somebody, stranger: Somebody, finished: UUID):
    engine, url = owner.lives.engine, link(owner, finished)
    set_disabled(engine, owner.user_id, disabled=True)
    refused(stranger, url)
    set_disabled(engine, owner.user_id, disabled=False)
    assert owner.client.get(url).status_code == 200
    delete(engine, owner.user_id, finished)
    refused(owner, url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM videos WHERE user_id = :user"), {"user": owner.user_id})
        connection.execute(text("DELETE FROM users WHERE id = :user"), {"user": owner.user_id})
    refused(stranger, url)


def test_it_is_good_for_one_file_of_one_video_of_one_user(owner: Somebody, stranger: Somebody, finished: UUID):
    url = link(owner, finished)
    other = owner.lives.video(VideoStatus.COMPLETED)
    refused(owner, url.replace("/links/content", "/links/thumbnail"))
    refused(owner, url.replace(str(finished), str(other)))
    theirs = link(stranger, stranger.lives.video(VideoStatus.COMPLETED))
    refused(owner, f"{url.partition('?')[0]}?{theirs.partition('?')[2]}")


@pytest.mark.parametrize("changed", ["", "x", "%C3%A4", "A" * 40, "A" * 20_000, "=", "%2B%2F"])
def test_a_signature_that_is_none(owner: Somebody, finished: UUID, changed: str):
    path = link(owner, finished).partition("?")[0]
    refused(owner, f"{path}?signature={changed}")
    refused(owner, path)


def test_every_letter_of_it_counts(owner: Somebody, finished: UUID):
    path, _, signature = link(owner, finished).partition("?signature=")
    for place, letter in enumerate(signature):
        changed = signature[:place] + ("B" if letter == "A" else "A") + signature[place + 1 :]
        assert owner.client.get(f"{path}?signature={changed}").status_code == 404, place
    assert owner.client.get(f"{path}?signature={signature}A").status_code == 404


def test_no_log_has_it(owner: Somebody, finished: UUID, clock: Clock):
    with structlog.testing.capture_logs() as logs:
        url = link(owner, finished)
        owner.client.get(url)
        owner.client.get(url + "&more=1")
        clock.go_on(hours=1)
        refused(owner, url)
    [signature] = parse_qs(urlsplit(url).query)["signature"]
    assert len(logs) == 5
    assert signature not in json.dumps(logs, default=str)


def test_a_host_that_is_none_is_no_fault_of_ours(owner: Somebody, finished: UUID):
    for host in ("[bad", "a b", "x:y:z"):
        answer = owner.post(f"/videos/{finished}/links", json={"file": "content"}, headers={"Host": host})
        assert answer.status_code < 500, (host, answer.text)

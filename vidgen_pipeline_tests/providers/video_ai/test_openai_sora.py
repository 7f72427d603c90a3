"""Sora: both halves by table, and a provider that has ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    ProviderRetired,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.paid import CallState, PaidCall
from vidgen_pipeline.providers.video_ai.openai_sora import (
    SoraProvider,
    build_ask,
    build_content,
    build_submit,
    read_found,
    read_state,
)
from vidgen_pipeline.providers.wire import Credentials, Phase
from vidgen_pipeline_tests.providers.video_ai.making import PICTURE, failure_of, judged, made_of, plan_of, reply_of

LEFT = datetime.fromtimestamp(1790000000, UTC)
BOAT = plan_of("openai_sora", "sora-2", 4, "A paper boat drifts down a rainy street")
CALL = PaidCall(id=uuid4(), state=CallState.UNKNOWN, provider="openai_sora", model="sora-2", base_url="x", sent_at=LEFT)


def video(**fields: Any) -> dict[str, Any]:
    return {
        "id": "video_ex0001", "object": "video", "model": "sora-2", "status": "in_progress", "progress": 33,
        "created_at": 1790000000, "completed_at": None, "expires_at": None, "prompt": BOAT.prompt, "size": "1280x720",
        "seconds": "4", "remixed_from_video_id": None, "error": None, **fields,
    }  # fmt: skip


def test_a_clip_from_words_is_asked_for_as_the_vendor_documents_it():
    request = build_submit(BOAT)
    assert (request.method, request.path, request.paid) == ("POST", "/v1/videos", True)
    assert request.json == {"model": "sora-2", "prompt": BOAT.prompt, "seconds": "4", "size": "1280x720"}
    tall = plan_of("openai_sora", "sora-2-pro@1024p", 12, "A boat", ratio=AspectRatio.PORTRAIT)
    assert build_submit(tall).json == {"model": "sora-2-pro", "prompt": "A boat", "seconds": "12", "size": "1024x1792"}


def test_a_clip_from_a_picture_is_a_form():
    request = build_submit(plan_of("openai_sora", "sora-2", 4, "A boat", picture=PICTURE))
    assert request.json is None
    assert request.form == {"model": "sora-2", "prompt": "A boat", "seconds": "4", "size": "1280x720"}
    assert request.files["input_reference"].content == PICTURE


def test_questions_and_the_file():
    assert build_ask("v/1").path == "/v1/videos/v%2F1"
    assert build_content("video_ex0001").path == "/v1/videos/video_ex0001/content"
    assert build_content("video_ex0001").phase is Phase.DOWNLOAD


@pytest.mark.parametrize("status", ["queued", "in_progress", "a word of a gateway"])
def test_a_clip_that_is_made(status: str):
    assert read_state(reply_of(video(status=status))) is None


def test_a_finished_clip():
    ended = video(status="completed", progress=100, completed_at=1790000095, expires_at=1790003695)
    assert made_of(read_state(reply_of(ended))).address == "video_ex0001"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "moderation_blocked", "message": "The request was refused."}, ContentRejected),
        ({"code": "x", "message": "against our content policy"}, ContentRejected),
        ({"code": "server_error", "message": "it broke"}, ProviderError),
        (None, ProviderError),
    ],
)
def test_a_failed_clip(error: Any, kind: type[VidgenError]):
    failed = video(status="failed", error=error)
    assert judged(SoraProvider, 200, failed, Phase.POLL) is None
    assert type(failure_of(read_state(reply_of(failed))).error) is kind


@pytest.mark.parametrize(
    ("rows", "numbers"),
    [
        ([video()], ["video_ex0001"]),
        (
            [
                video(id="a", prompt="Another"),
                video(id="b", seconds="8"),
                video(id="c"),
                video(id="d", size="720x1280"),
            ],
            ["c"],
        ),
        ([video(created_at=1790000000 - 61), video(created_at=1790000000 + 601)], []),
        ([video(id="a"), video(id="b", created_at=1790000000 - 59)], ["a", "b"]),
        ([video(prompt=None)], []),
        ([], []),
    ],
)
def test_a_lost_clip_is_found_by_its_words_and_time(rows: list[Any], numbers: list[str]):
    page = {"object": "list", "data": rows, "first_id": None, "last_id": None, "has_more": False}
    assert read_found(BOAT, CALL, reply_of(page)) == numbers


@pytest.mark.parametrize("body", [{}, {"id": "v", "status": "queued"}, b"<html>"])
def test_an_answer_that_is_not_as_promised(body: Any):
    with pytest.raises(BadReply):
        read_state(reply_of(body))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "moderation_blocked", ContentRejected), (400, None, ProviderError),
        (401, "invalid_api_key", AuthFailed), (404, "model_not_found", ProviderRetired),
        (403, "model_not_found", ProviderRetired), (410, None, ProviderRetired),
        (429, "rate_limit_exceeded", RateLimited), (429, "insufficient_quota", OutOfCredit),
        (500, None, ProviderDown),
    ],
)  # fmt: skip
def test_each_documented_error_has_its_class(status: int, code: str | None, kind: type[VidgenError]):
    body = {"error": {"message": "words", "type": "invalid_request_error", "param": None, "code": code}}
    assert judged(SoraProvider, status, body) is kind


def test_it_has_ended_and_makes_no_request_but_at_an_address_set_by_hand():
    async def run(adapter: SoraProvider) -> str:
        async with adapter.connected(Credentials({"key": "k"}), network=Network()) as sora:
            return sora.door.base_url

    row = catalogue()["openai_sora"]
    assert (row.enabled, row.replacement, str(row.retired_on)) == (False, "veo", "2026-09-24")
    with pytest.raises(ProviderRetired, match="24 September 2026"):
        asyncio.run(run(SoraProvider()))
    assert asyncio.run(run(SoraProvider(base_url="https://gateway.example.test"))) == "https://gateway.example.test"

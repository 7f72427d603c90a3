"""Luma: both halves of both products by table."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.paid import CallState, PaidCall
from vidgen_pipeline.providers.video_ai import luma_legacy
from vidgen_pipeline.providers.video_ai.luma import LumaProvider, build_ask, build_submit, read_state
from vidgen_pipeline.providers.wire import Credentials
from vidgen_pipeline_tests.providers.video_ai.making import PICTURE, failure_of, judged, made_of, plan_of, reply_of

NUMBER = "7a1e2b3c-0000-4000-8000-00000000abcd"
LEFT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CALL = PaidCall(id=uuid4(), state=CallState.UNKNOWN, provider="luma", model="ray-2", base_url="https://x", sent_at=LEFT)
POND = plan_of("luma", "ray-2", 5, "A koi pond")


def generation(**fields: Any) -> dict[str, Any]:
    return {
        "id": NUMBER, "type": "video", "state": "processing", "model": "ray-3.2", "created_at": "2026-11-22T08:00:00Z",
        "output": None, "failure_reason": None, "failure_code": None, **fields,
    }  # fmt: skip


def test_a_clip_from_words_is_asked_for_as_the_vendor_documents_it():
    request = build_submit(plan_of("luma", "ray-3.2", 5, "A koi pond in autumn, slow dolly"))
    assert (request.method, request.path, request.paid) == ("POST", "/v1/generations", True)
    assert request.json == {
        "model": "ray-3.2",
        "type": "video",
        "prompt": "A koi pond in autumn, slow dolly",
        "aspect_ratio": "16:9",
        "video": {"resolution": "720p", "duration": "5s"},
    }


def test_quality_length_and_first_picture():
    video = build_submit(plan_of("luma", "ray-3.2@1080p/10s", 10, "A pond")).json["video"]
    assert video == {"resolution": "1080p", "duration": "10s"}
    pictured = build_submit(plan_of("luma", "ray-3.2", 5, "A pond", picture=PICTURE)).json["video"]["start_frame"]
    assert pictured == {"data": base64.b64encode(PICTURE).decode(), "media_type": "image/jpeg"}


def test_dream_machine_is_asked_in_its_own_words():
    request = luma_legacy.build_submit(POND)
    assert request.path == "/dream-machine/v1/generations/video"
    assert request.json == {
        "model": "ray-2",
        "prompt": "A koi pond",
        "aspect_ratio": "16:9",
        "duration": "5s",
        "resolution": "720p",
    }
    assert luma_legacy.build_ask("d1/e2").path == "/dream-machine/v1/generations/d1%2Fe2"
    assert build_ask("d1/e2").path == "/v1/generations/d1%2Fe2"


@pytest.mark.parametrize("state", ["queued", "processing", "dreaming", "a word of next year"])
def test_a_generation_that_runs(state: str):
    for read in (read_state, luma_legacy.read_state):
        assert read(reply_of(generation(state=state))) is None


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"output": [{"type": "video", "url": "https://s.example.test/v.mp4?X-Amz-Signature=X"}]}, "https://s.example.test/v.mp4?X-Amz-Signature=X"),
        ({"output": [{"type": "image", "url": "https://s.example.test/i.jpg"}]}, ""),
        ({"output": []}, ""),
    ],
)  # fmt: skip
def test_a_finished_generation(fields: dict[str, Any], address: str):
    made = made_of(read_state(reply_of(generation(state="completed", **fields))))
    assert (made.address, made.charged) == (address, None)


@pytest.mark.parametrize(
    ("assets", "address"),
    [({"video": "https://s.example.test/v2.mp4"}, "https://s.example.test/v2.mp4"), ({"video": None}, ""), (None, "")],
)
def test_a_finished_generation_of_dream_machine(assets: Any, address: str):
    assert made_of(luma_legacy.read_state(reply_of(generation(state="completed", assets=assets)))).address == address


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        ("content_moderated", "The request was refused by moderation.", ContentRejected),
        ("budget_exhausted", "", OutOfCredit),
        ("image_too_large", "", InvalidInput),
        ("rate_limited", "", RateLimited),
        ("generation_failed", "", ProviderError),
        (None, "prompt failed moderation", ContentRejected),
        (None, None, ProviderError),
    ],
)
def test_a_failed_generation(code: str | None, said: str | None, kind: type[VidgenError]):
    failed = reply_of(generation(state="failed", failure_code=code, failure_reason=said))
    assert type(failure_of(read_state(failed)).error) is kind
    if code is None:
        assert type(failure_of(luma_legacy.read_state(failed)).error) is kind


def listed(number: str, seconds: int = 5, **asked: Any) -> dict[str, Any]:
    request = {"generation_type": "video", **luma_legacy.build_submit(POND).json, **asked}
    created = (LEFT + timedelta(seconds=seconds)).isoformat()
    return {"id": number, "state": "dreaming", "created_at": created, "assets": None, "request": request}


@pytest.mark.parametrize(
    ("generations", "numbers"),
    [
        ([listed("a")], ["a"]),
        ([listed("a", prompt="Another pond"), listed("b"), listed("c", duration="9s")], ["b"]),
        ([listed("early", seconds=-61), listed("late", seconds=601)], []),
        ([listed("a"), listed("b")], ["a", "b"]),
        ([{"id": "x", "state": "queued", "created_at": None, "request": None}], []),
        ([], []),
    ],
)
def test_what_dream_machine_lost_is_found_by_its_words_and_time(generations: list[Any], numbers: list[str]):
    page = {"generations": generations, "count": 1, "has_more": False, "limit": 100, "offset": 0}
    assert luma_legacy.read_found(POND, CALL, reply_of(page)) == numbers


@pytest.mark.parametrize("body", [{}, {"id": NUMBER}, {"state": "queued"}, b""])
def test_an_answer_that_is_not_as_promised(body: Any):
    with pytest.raises(BadReply):
        read_state(reply_of(body))


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, "Prompt was rejected by moderation", ContentRejected),
        (400, "Insufficient credits", OutOfCredit),
        (400, "bad ratio", ProviderError),
        (422, [{"loc": ["body", "prompt"], "msg": "Field required"}], ProviderError),
        (401, "Not authenticated", AuthFailed),
        (402, "Payment required", OutOfCredit),
        (429, "Too many concurrent jobs", RateLimited),
        (500, "moderation is down", ProviderDown),
    ],
)
def test_each_documented_error_has_its_class(status: int, said: Any, kind: type[VidgenError]):
    assert judged(LumaProvider, status, {"detail": said}) is kind


@pytest.mark.parametrize(
    ("adapter", "address"),
    [
        (LumaProvider(), "https://agents.lumalabs.ai"),
        (LumaProvider(model="ray-2"), "https://api.lumalabs.ai"),
        (LumaProvider(model="ray-2", base_url="https://luma.example.test"), "https://luma.example.test"),
    ],
)
def test_each_product_is_at_its_own_address(adapter: LumaProvider, address: str):
    async def run() -> str:
        async with adapter.connected(Credentials({"key": "luma-1"}), network=Network()) as luma:
            return luma.door.base_url

    assert asyncio.run(run()) == address

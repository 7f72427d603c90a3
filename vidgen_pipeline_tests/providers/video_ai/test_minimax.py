"""MiniMax: both halves by table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    InvalidInput,
    NoSuchJob,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.providers.video_ai.minimax import (
    MiniMaxProvider,
    build_ask,
    build_cancel,
    build_submit,
    read_state,
)
from vidgen_pipeline.providers.wire import Phase
from vidgen_pipeline_tests.providers.video_ai.making import PICTURE, failure_of, judged, made_of, plan_of, reply_of


def task(**fields: Any) -> dict[str, Any]:
    return {
        "task": {
            "id": "424000000000000001", "model": "MiniMax-H3", "status": "running", "error": None,
            "created_at": 1790000000, "updated_at": 1790000020, "content": None, "resolution": "768P", "duration": 5,
            "ratio": "16:9", "task_type": "text_to_video", "modality": "video", "usage": None, **fields,
        }
    }  # fmt: skip


def test_a_clip_from_words_is_asked_for_as_the_vendor_documents_it():
    request = build_submit(plan_of("minimax", "MiniMax-H3", 5, "A red tram in the rain at night"))
    assert (request.method, request.path, request.paid) == ("POST", "/v2/video_generation", True)
    assert request.json == {
        "model": "MiniMax-H3",
        "content": [{"type": "text", "text": "A red tram in the rain at night"}],
        "resolution": "768P",
        "duration": 5,
        "ratio": "16:9",
    }


def test_a_clip_from_a_picture_has_its_shape():
    body = build_submit(plan_of("minimax", "MiniMax-H3@2K", 4, "A tram", picture=PICTURE)).json
    assert (body["model"], body["resolution"]) == ("MiniMax-H3", "2K")
    assert "ratio" not in body
    assert body["content"][1]["role"] == "first_frame"
    assert body["content"][1]["image_url"]["url"].startswith("data:image/jpeg;base64,/9j")


def test_tasks_are_named_in_the_path():
    assert build_ask("42/1").path == "/v2/query/video_generation/42%2F1"
    assert (build_cancel("421").method, build_cancel("421").path) == ("DELETE", "/v2/video_generation/421")


@pytest.mark.parametrize("status", ["queued", "running", "a word of next year"])
def test_a_task_that_runs(status: str):
    assert read_state(reply_of(task(status=status))) is None


def test_a_finished_task_and_the_seconds_it_is_charged_for():
    usage = {
        "total_seconds": 5,
        "input_seconds": 0,
        "output_seconds": 5,
        "input_image_count": 0,
        "input_audio_seconds": 0,
    }
    ended = task(status="succeeded", content={"url": "https://cdn.example.test/h3.mp4"}, usage=usage)
    made = made_of(read_state(reply_of(ended)))
    assert (made.address, made.seconds) == ("https://cdn.example.test/h3.mp4", Decimal(5))
    bare = task(status="succeeded", content={"url": "https://cdn.example.test/h3.mp4"})
    assert made_of(read_state(reply_of(bare))).seconds is None


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        ("failed", {"code": "1027", "message": "output content is sensitive"}, ContentRejected),
        ("failed", {"code": 1026, "message": "input"}, ContentRejected),
        ("failed", {"code": 1000, "message": "unknown"}, ProviderError),
        ("failed", None, ProviderError),
        ("cancelled", None, ProviderError),
        ("expired", None, ProviderError),
    ],
)
def test_a_failed_task(status: str, error: Any, kind: type[VidgenError]):
    failed = failure_of(read_state(reply_of(task(status=status, error=error))))
    assert type(failed.error) is kind
    assert (error or {"message": status})["message"] in failed.error.message


@pytest.mark.parametrize("body", [{}, {"task": None}, {"task": {"id": "1"}}, b"<html>"])
def test_an_answer_that_is_not_as_promised(body: Any):
    with pytest.raises(BadReply):
        read_state(reply_of(body))


@pytest.mark.parametrize(
    ("status", "type_", "said", "kind"),
    [
        (400, "bad_request_error", "invalid params (2013)", InvalidInput),
        (401, "authorized_error", "login fail (1004)", AuthFailed),
        (402, "insufficient_balance_error", "insufficient balance (1008)", OutOfCredit),
        (422, "unprocessable_entity_error", "input content is sensitive (1026)", ContentRejected),
        (429, "rate_limit_error", "rate limit (1002)", RateLimited),
        (500, "server_error", "unknown error (1000)", ProviderDown),
        (500, "server_error", "record not found", NoSuchJob),
    ],
)
def test_each_documented_error_has_its_class(status: int, type_: str, said: str, kind: type[VidgenError]):
    error = {"type": type_, "message": said, "http_code": str(status)}
    answer = {"type": "error", "error": error, "request_id": "06ex"}
    assert judged(MiniMaxProvider, status, answer, Phase.POLL) is kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [(0, None), (1004, AuthFailed), (1008, OutOfCredit), (1026, ContentRejected), (2013, InvalidInput)],
)
def test_an_error_in_a_good_answer(code: int, kind: type[VidgenError] | None):
    body = {"task_id": "", "base_resp": {"status_code": code, "status_msg": "words"}}
    assert judged(MiniMaxProvider, 200, body) is kind


def test_a_failed_task_is_no_error_of_the_question():
    failed = task(status="failed", error={"code": "1027", "message": "sensitive"})
    assert judged(MiniMaxProvider, 200, failed, Phase.POLL) is None

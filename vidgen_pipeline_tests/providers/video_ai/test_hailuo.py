"""Hailuo: both halves by table."""

from __future__ import annotations

from typing import Any

import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.providers.video_ai.hailuo import (
    HailuoProvider,
    build_ask,
    build_file,
    build_submit,
    read_file,
    read_state,
)
from vidgen_pipeline.providers.wire import Phase
from vidgen_pipeline_tests.providers.video_ai.making import PICTURE, failure_of, judged, made_of, plan_of, reply_of

GOOD = {"status_code": 0, "status_msg": "success"}


def task(**fields: Any) -> dict[str, Any]:
    return {
        "task_id": "106900000000001", "status": "Processing", "file_id": "", "video_width": 0, "video_height": 0,
        "base_resp": GOOD, **fields,
    }  # fmt: skip


def test_a_clip_from_words_is_asked_for_as_the_vendor_documents_it():
    request = build_submit(plan_of("hailuo", "MiniMax-Hailuo-2.3/10s", 10, "A red tram in the rain [Push in]"))
    assert (request.method, request.path, request.paid) == ("POST", "/v1/video_generation", True)
    assert request.json == {
        "model": "MiniMax-Hailuo-2.3",
        "prompt": "A red tram in the rain [Push in]",
        "duration": 10,
        "resolution": "768P",
    }


def test_other_models_and_a_first_picture():
    body = build_submit(plan_of("hailuo", "MiniMax-Hailuo-2.3-Fast@1080P", 6, "A tram", picture=PICTURE)).json
    assert (body["model"], body["resolution"]) == ("MiniMax-Hailuo-2.3-Fast", "1080P")
    assert body["first_frame_image"].startswith("data:image/jpeg;base64,/9j")
    assert build_submit(plan_of("hailuo", "T2V-01", 6, "A tram")).json["resolution"] == "720P"


def test_what_is_asked_for_stands_in_the_query():
    assert build_ask("106&x").query == {"task_id": "106&x"}
    assert (build_file("205").path, build_file("205").query) == ("/v1/files/retrieve", {"file_id": "205"})


@pytest.mark.parametrize("status", ["Preparing", "Queueing", "Processing", "a word of next year"])
def test_a_task_that_runs(status: str):
    assert read_state(reply_of(task(status=status))) is None


def test_a_finished_task_names_a_file_beyond_what_a_float_holds():
    made = made_of(read_state(reply_of(task(status="Success", file_id="205900000000000002"))))
    assert made.address == "205900000000000002"
    file = {"file_id": 205900000000000002, "bytes": 0, "created_at": 1790000200, "filename": "output.mp4",
            "purpose": "video_generation", "download_url": "https://cdn.example.test/h.mp4?Signature=XXXX"}  # fmt: skip
    assert read_file(reply_of({"file": file, "base_resp": GOOD})) == "https://cdn.example.test/h.mp4?Signature=XXXX"
    with pytest.raises(BadReply):
        read_file(reply_of({"file": None, "base_resp": GOOD}))


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (
            {"error_message": "output content is sensitive", "base_resp": {"status_code": 1027, "status_msg": "x"}},
            ContentRejected,
        ),
        ({"base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}, ContentRejected),
        ({"error_message": "output content is sensitive"}, ContentRejected),
        ({"error_message": "render broke"}, ProviderError),
        ({"error_message": None, "base_resp": None}, ProviderError),
    ],
)
def test_a_failed_task_is_its_own_end_and_no_error_of_the_question(fields: dict[str, Any], kind: type[VidgenError]):
    failed = task(status="Fail", **fields)
    assert judged(HailuoProvider, 200, failed, Phase.POLL) is None
    assert type(failure_of(read_state(reply_of(failed))).error) is kind


@pytest.mark.parametrize("body", [{}, {"status": 5}, b"<html>"])
def test_an_answer_that_is_not_as_promised(body: Any):
    with pytest.raises(BadReply):
        read_state(reply_of(body))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0, None), (1000, ProviderDown), (1001, ProviderDown),
        (1002, RateLimited), (1004, AuthFailed), (1008, OutOfCredit),
        (1013, ProviderDown), (1024, ProviderDown), (1026, ContentRejected),
        (1027, ContentRejected), (1033, ProviderDown), (1039, OutOfCredit),
        (1041, RateLimited), (1042, InvalidInput), (2013, InvalidInput),
        (2038, ProviderUnavailable), (2049, AuthFailed), (2056, OutOfCredit),
    ],
)  # fmt: skip
def test_each_documented_error_has_its_class(code: int, kind: type[VidgenError] | None):
    assert (
        judged(HailuoProvider, 200, {"task_id": "", "base_resp": {"status_code": code, "status_msg": "words"}}) is kind
    )

"""PixVerse: both halves by table."""

from __future__ import annotations

from decimal import Decimal
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
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.providers.video_ai.pixverse import (
    PixVerseProvider,
    build_ask,
    build_submit,
    build_upload,
    read_state,
    read_upload,
)
from vidgen_pipeline_tests.providers.video_ai.making import PICTURE, failure_of, judged, made_of, plan_of, reply_of

TRACE = "6f1d0c2e-0000-4000-8000-000000000001"
WHALE = plan_of("pixverse", "v6", 5, "A glass whale swims through clouds")


def video(**fields: Any) -> dict[str, Any]:
    answer = {
        "id": 318600000000001, "status": 5, "url": "", "prompt": "A whale", "negative_prompt": "", "seed": 7, "size": 0,
        "style": "", "resolution_ratio": 0, "outputWidth": 0, "outputHeight": 0, "create_time": "2026-11-22T08:00:00Z",
        "modify_time": "2026-11-22T08:00:05Z", **fields,
    }  # fmt: skip
    return {"ErrCode": 0, "ErrMsg": "success", "Resp": answer}


def test_a_clip_from_words_is_asked_for_as_the_vendor_documents_it():
    request = build_submit(WHALE, TRACE)
    assert (request.method, request.path, request.paid) == ("POST", "/openapi/v2/video/text/generate", True)
    assert request.headers == {"Ai-trace-id": TRACE}
    assert request.json == {
        "prompt": "A glass whale swims through clouds",
        "model": "v6",
        "duration": 5,
        "quality": "720p",
        "generate_audio_switch": False,
        "aspect_ratio": "16:9",
    }
    assert "generate_audio_switch" not in build_submit(plan_of("pixverse", "v5", 5, "A whale"), TRACE).json


def test_a_clip_from_a_picture_takes_its_shape_and_its_number():
    request = build_submit(plan_of("pixverse", "v6", 5, "A whale", picture=PICTURE), TRACE, 11)
    assert request.path == "/openapi/v2/video/img/generate"
    assert request.headers == {"Ai-trace-id": TRACE}
    assert request.json["img_id"] == 11
    assert "aspect_ratio" not in request.json


def test_each_question_has_a_trace_number_of_its_own():
    for build in (lambda: build_ask("318"), PixVerseProvider().check, lambda: build_upload(PICTURE)):
        first, second = build().headers, build().headers
        assert first.keys() == {"Ai-trace-id"}
        assert len(first["Ai-trace-id"]) == 36
        assert first != second


@pytest.mark.parametrize("status", [2, 3, 5, 99])
def test_a_task_that_runs(status: int):
    assert read_state(reply_of(video(status=status))) is None


def test_a_finished_task_and_its_credits():
    made = made_of(read_state(reply_of(video(status=1, url="https://media.example.test/p.mp4", credits=45))))
    assert made.charged is not None
    assert (made.address, made.charged.amount) == ("https://media.example.test/p.mp4", Decimal("0.45"))
    assert made.charged.usage == {"credits": 45}
    assert made_of(read_state(reply_of(video(status=1, url="https://media.example.test/p.mp4")))).charged is None


@pytest.mark.parametrize(("status", "kind"), [(6, ProviderError), (7, ContentRejected), (8, ProviderError)])
def test_a_failed_task(status: int, kind: type[VidgenError]):
    ended = failure_of(read_state(reply_of(video(status=status, credits=45))))
    assert type(ended.error) is kind
    assert ended.cost.amount == 0  # its credits are given back


@pytest.mark.parametrize(
    ("answer", "number"), [({"img_id": 5, "img_url": "https://x"}, 5), ({"ImgID": 6, "ImgUrl": "https://x"}, 6)]
)
def test_a_picture_gets_a_number(answer: dict[str, Any], number: int):
    assert read_upload(reply_of({"ErrCode": 0, "Resp": answer})) == number
    with pytest.raises(BadReply):
        read_upload(reply_of({"ErrCode": 0, "Resp": {}}))


@pytest.mark.parametrize(
    "body", [{"ErrCode": 0, "Resp": None}, {"ErrCode": 0, "Resp": {"url": "https://x"}}, b"<html>"]
)
def test_an_answer_that_is_not_as_promised(body: Any):
    with pytest.raises(BadReply):
        read_state(reply_of(body))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, 0, None), (200, 400011, InvalidInput), (200, 400012, AuthFailed), (400, 400017, InvalidInput),
        (200, 500044, RateLimited), (200, 500052, ContentRejected), (200, 500063, ContentRejected),
        (200, 500090, OutOfCredit), (200, 701020, ProviderDown), (500, 500001, ProviderDown), (200, 10003, AuthFailed),
        (200, 99, BadReply),
    ],
)  # fmt: skip
def test_each_documented_error_has_its_class(status: int, code: int, kind: type[VidgenError] | None):
    assert judged(PixVerseProvider, status, {"ErrCode": code, "ErrMsg": "words", "Resp": None}) is kind
    assert judged(PixVerseProvider, status, {"err_code": code, "err_msg": "words", "resp": None}) is kind


def test_too_many_requests_without_a_code():
    assert judged(PixVerseProvider, 429, b"slow down") is RateLimited


def test_what_the_account_holds():
    answer = {"ErrCode": 0, "Resp": {"account_id": 1, "credit_monthly": 100, "credit_package": 20}}
    assert PixVerseProvider.read_check(reply_of(answer)).detail == {"credits left": "120"}

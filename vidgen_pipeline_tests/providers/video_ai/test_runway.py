"""Runway: both halves by table."""

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
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.video_ai.runway import (
    RunwayProvider,
    build_ask,
    build_cancel,
    build_submit,
    read_state,
)
from vidgen_pipeline.providers.wire import Phase
from vidgen_pipeline_tests.providers.video_ai.making import PICTURE, failure_of, judged, made_of, plan_of, reply_of

NUMBER = "0c3d5b7e-1111-4222-8333-444455556666"


def task(**fields: Any) -> dict[str, Any]:
    return {"id": NUMBER, "status": "RUNNING", "createdAt": "2026-11-22T08:00:00.000Z", **fields}


def test_a_clip_from_words_is_asked_for_as_the_vendor_documents_it():
    request = build_submit(plan_of("runway", "gen4.5", 5, "A lighthouse at dawn, slow push in"))
    assert (request.method, request.path, request.paid) == ("POST", "/v1/text_to_video", True)
    assert request.headers == {"X-Runway-Version": "2024-11-06"}
    assert request.json == {
        "model": "gen4.5",
        "promptText": "A lighthouse at dawn, slow push in",
        "ratio": "1280:720",
        "duration": 5,
    }


def test_a_clip_from_a_picture_and_a_model_with_a_switch_for_its_sound():
    plan = plan_of("runway", "gen4_turbo", 10, "It snows", ratio=AspectRatio.SQUARE, picture=PICTURE)
    request = build_submit(plan)
    assert request.path == "/v1/image_to_video"
    assert request.json["ratio"] == "960:960"
    assert request.json["promptImage"].startswith("data:image/jpeg;base64,/9j")
    body = build_submit(plan_of("runway", "veo3.1_fast", 4, "Snow", ratio=AspectRatio.PORTRAIT)).json
    assert (body["audio"], body["ratio"]) == (False, "720:1280")


def test_every_request_names_the_version():
    for request in (build_ask("t/1"), build_cancel("t/1"), RunwayProvider().check()):
        assert request.headers == {"X-Runway-Version": "2024-11-06"}
    assert build_cancel("t/1").path == "/v1/tasks/t%2F1"
    assert build_cancel("t/1").phase is Phase.CANCEL


@pytest.mark.parametrize("status", ["PENDING", "THROTTLED", "RUNNING", "DREAMING"])
def test_a_task_that_runs(status: str):
    assert read_state(reply_of(task(status=status, progress=0.4, estimatedCost={"credits": 60}))) is None


def test_a_finished_task_and_its_credits():
    address = "https://cdn.example.test/out/abc.mp4?_jwt=XXXX"
    made = made_of(read_state(reply_of(task(status="SUCCEEDED", cost={"credits": 60}, output=[address]))))
    assert made.charged is not None
    assert (made.address, made.charged.amount, made.charged.usage) == (address, Decimal("0.60"), {"credits": 60})
    assert made_of(read_state(reply_of(task(status="SUCCEEDED", output=[address])))).charged is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("FAILED", "SAFETY.INPUT.TEXT", ContentRejected),
        ("FAILED", "SAFETY.OUTPUT.THIRD_PARTY", ContentRejected),
        ("FAILED", "INPUT_PREPROCESSING.SAFETY.TEXT", ContentRejected),
        ("FAILED", "ASSET.INVALID", InvalidInput),
        ("FAILED", "THIRD_PARTY.INPUT_VALIDATION", InvalidInput),
        ("FAILED", "INPUT_PREPROCESSING.INTERNAL", ProviderError),
        ("FAILED", "INTERNAL.BAD_OUTPUT.CODE01", ProviderError),
        ("FAILED", None, ProviderError),
        ("CANCELLED", None, ProviderError),
        ("CANCELED", None, ProviderError),
    ],
)
def test_a_failed_task(status: str, code: str | None, kind: type[VidgenError]):
    failed = task(status=status, cost={"credits": 60}, failure="The prompt was refused.", failureCode=code)
    ended = failure_of(read_state(reply_of(failed)))
    assert type(ended.error) is kind
    assert "The prompt was refused. It charged 0.60 USD for that." in ended.error.message
    assert (ended.cost.amount, ended.cost.usage) == (Decimal("0.60"), {"credits": 60})
    free = failure_of(read_state(reply_of({**failed, "cost": {"credits": 0}})))
    assert free.cost.amount == 0
    assert "charged" not in free.error.message


@pytest.mark.parametrize("body", [{}, {"id": NUMBER}, {"id": 7, "status": "RUNNING"}, [], b"<html>"])
def test_an_answer_that_is_not_as_promised(body: Any):
    with pytest.raises(BadReply):
        read_state(reply_of(body))


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, "Validation of body failed", ProviderError),
        (400, "You do not have enough credits to run this task.", OutOfCredit),
        (400, "The prompt was refused by content moderation.", ContentRejected),
        (401, "Unauthorized", AuthFailed),
        (429, "You have reached the daily limit for this model.", OutOfCredit),
        (429, "Too many requests", RateLimited),
        (502, "overload", ProviderDown),
        (503, "credits of another kind", ProviderDown),
    ],
)
def test_each_documented_error_has_its_class(status: int, said: str, kind: type[VidgenError]):
    assert judged(RunwayProvider, status, {"error": said, "docUrl": "https://x"}) is kind


def test_what_the_account_holds():
    check = RunwayProvider.read_check(reply_of({"creditBalance": 1200, "tier": {}, "usage": {"models": {}}}))
    assert check.valid
    assert check.detail == {"credits left": "1200"}

"""Kling: both halves of both interfaces by table."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

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
    ProviderUnavailable,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.paid import CallState, PaidCall
from vidgen_pipeline.providers.video_ai import kling_legacy
from vidgen_pipeline.providers.video_ai.kling import KlingProvider, build_submit, read_found, read_state
from vidgen_pipeline.providers.video_ai.kling_legacy import legacy_wire, signed_token
from vidgen_pipeline.providers.video_ai.plans import ClipPlan
from vidgen_pipeline.providers.wire import Credentials, Phase, WireRequest, places_for
from vidgen_pipeline_tests.providers.video_ai.making import PICTURE, failure_of, judged, made_of, plan_of, reply_of

CALL = PaidCall(id=UUID(int=7), state=CallState.UNKNOWN, provider="kling", model="kling-3.0", base_url="https://x")
TEXT = plan_of("kling", "kling-3.0", 5, "A fox crosses a snowy field")


def task(**fields: Any) -> dict[str, Any]:
    one = {"id": "8700000001", "status": "processing", "message": "", "create_time": 1790000000000,
           "update_time": 1790000030000, "external_id": "job-01HEXAMPLE-1"}  # fmt: skip
    return {"code": 0, "message": "SUCCEED", "request_id": "req-2", "data": [{**one, **fields}]}


def submit_of(plan: ClipPlan, reference: str) -> WireRequest:
    request = legacy_wire(plan).submit(reference)
    assert isinstance(request, WireRequest)
    return request


def done(*billing: dict[str, str]) -> dict[str, Any]:
    output = {
        "type": "video",
        "id": "v1",
        "url": "https://cdn.example.test/k.mp4",
        "watermark_url": "",
        "duration": "5.0",
    }
    return task(status="succeeded", outputs=[output], billing=list(billing))


def bill(amount: str, kind: str = "cash", currency: str = "USD") -> dict[str, str]:
    return {
        "charge_type": kind,
        "cash_type": "balance",
        "amount": amount,
        "currency": currency,
        "package_type": "",
        "list_price": "",
    }


def test_a_clip_from_words_is_asked_for_as_the_vendor_documents_it():
    request = build_submit(TEXT, "job-01HEXAMPLE-1")
    assert (request.method, request.path, request.phase, request.paid) == (
        "POST", "/text-to-video/kling-3.0", Phase.SUBMIT, True,
    )  # fmt: skip
    assert request.json == {
        "prompt": "A fox crosses a snowy field",
        "settings": {"duration": 5, "resolution": "720p", "aspect_ratio": "16:9", "audio": "off", "multi_shot": False},
        "options": {"external_task_id": "job-01HEXAMPLE-1"},
    }
    assert "options" not in build_submit(TEXT, "").json


def test_a_turbo_clip_from_a_picture():
    plan = plan_of("kling", "kling-3.0-turbo@1080p", 4, "Snow falls", ratio=AspectRatio.PORTRAIT, picture=PICTURE)
    request = build_submit(plan, "r")
    assert request.path == "/image-to-video/kling-3.0-turbo"
    assert request.json["settings"] == {"duration": 4, "resolution": "1080p"}
    assert request.json["contents"] == [
        {"type": "prompt", "text": "Snow falls"},
        {"type": "first_frame", "url": base64.b64encode(PICTURE).decode()},
    ]


def test_the_older_interface_is_asked_for_its_own_models():
    request = submit_of(plan_of("kling", "kling-v2-6@pro", 10, "A fox"), "r1")
    assert request.path == "/v1/videos/text2video"
    assert request.json == {
        "model_name": "kling-v2-6", "prompt": "A fox", "duration": "10", "mode": "pro", "sound": "off",
        "aspect_ratio": "16:9", "external_task_id": "r1",
    }  # fmt: skip
    pictured = plan_of("kling", "kling-v2-5-turbo", 5, "A fox", picture=PICTURE)
    assert submit_of(pictured, "").json == {
        "model_name": "kling-v2-5-turbo", "prompt": "A fox", "duration": "5", "mode": "std",
        "image": base64.b64encode(PICTURE).decode(),
    }  # fmt: skip
    wire = legacy_wire(pictured)
    assert wire.find is not None
    assert wire.ask("8/7").path == "/v1/videos/image2video/8%2F7"
    assert wire.find(CALL).path == "/v1/videos/image2video"


def test_tasks_are_asked_for_by_either_number():
    wire = KlingProvider().wire(TEXT)
    assert wire.find is not None
    assert (wire.ask("8").query, wire.ask("8").phase) == ({"task_ids": "8"}, Phase.POLL)
    assert wire.find(CALL).query == {"external_task_ids": CALL.reference}


@pytest.mark.parametrize("status", ["submitted", "processing", "a word of next year"])
def test_a_task_that_runs(status: str):
    assert read_state(reply_of(task(status=status))) is None


@pytest.mark.parametrize(
    ("billing", "usd"),
    [
        ([bill("0.42")], "0.42"),
        ([bill("3", "unit", "")], "0.42"),
        ([bill("1", "unit", ""), bill("0.28")], "0.42"),
        ([bill("3.00", currency="CNY")], None),
        ([bill("")], "0"),
        ([], None),
    ],
)
def test_a_finished_task_and_its_bill(billing: list[dict[str, str]], usd: str | None):
    made = made_of(read_state(reply_of(done(*billing))))
    assert made.address == "https://cdn.example.test/k.mp4"
    assert (None if made.charged is None else made.charged.amount) == (None if usd is None else Decimal(usd))


@pytest.mark.parametrize(
    ("said", "kind"),
    [("Content safety policy triggered", ContentRejected), ("internal", ProviderError), (None, ProviderError)],
)
def test_a_failed_task(said: str | None, kind: type[VidgenError]):
    assert type(failure_of(read_state(reply_of(task(status="failed", message=said)))).error) is kind


@pytest.mark.parametrize("data", [[], None])
def test_a_task_that_is_not_listed_is_not_known(data: Any):
    with pytest.raises(NoSuchJob):
        read_state(reply_of({"code": 0, "data": data}))


@pytest.mark.parametrize(("data", "numbers"), [([{"id": "87", "status": "processing"}], ["87"]), ([], []), (None, [])])
def test_a_lost_task_is_found_by_our_number(data: Any, numbers: list[str]):
    assert read_found(CALL, reply_of({"code": 0, "data": data})) == numbers


def test_the_older_interface_tells_the_same():
    one = {"task_id": "87", "task_status": "succeed", "task_status_msg": "", "created_at": 1790000000000,
           "task_info": {"external_task_id": str(CALL.id)}, "updated_at": 1790000100000, "final_unit_deduction": "3",
           "task_result": {"videos": [{"id": "v", "url": "https://cdn.example.test/k.mp4"}]}}  # fmt: skip
    made = made_of(kling_legacy.read_state(reply_of({"code": 0, "data": one})))
    assert made.charged is not None
    assert (made.address, made.charged.amount) == ("https://cdn.example.test/k.mp4", Decimal("0.42"))
    running = {"task_id": "87", "task_status": "submitted"}
    assert kling_legacy.read_state(reply_of({"code": 0, "data": running})) is None
    refused = {"task_id": "8", "task_status": "failed", "task_status_msg": "risk policy"}
    assert type(failure_of(kling_legacy.read_state(reply_of({"data": refused}))).error) is ContentRejected
    listed = {"code": 0, "data": [{**one, "task_id": "88", "task_info": {"external_task_id": "another"}}, one]}
    assert kling_legacy.read_found(CALL, reply_of(listed)) == ["87"]
    assert kling_legacy.read_found(CALL, reply_of({"code": 0, "data": []})) == []


@pytest.mark.parametrize("body", [{"code": 0}, {"code": 0, "data": [{"id": 7}]}, b"<html>", b""])
def test_an_answer_that_is_not_as_promised(body: Any):
    with pytest.raises(BadReply):
        read_state(reply_of(body))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 1000, AuthFailed), (401, 1004, AuthFailed), (429, 1100, ProviderUnavailable),
        (429, 1101, OutOfCredit), (429, 1102, OutOfCredit), (403, 1103, ProviderUnavailable),
        (400, 1200, InvalidInput), (400, 1201, InvalidInput), (404, 1203, ProviderError),
        (400, 1300, ContentRejected), (400, 1301, ContentRejected), (429, 1302, RateLimited),
        (429, 1303, RateLimited), (429, 1304, ProviderUnavailable), (500, 5000, ProviderDown),
        (503, 5001, ProviderDown),
        (200, 1301, ContentRejected), (200, 1102, OutOfCredit), (200, 0, None),
    ],
)  # fmt: skip
def test_each_documented_error_has_its_class(status: int, code: int, kind: type[VidgenError] | None):
    assert judged(KlingProvider, status, {"code": code, "message": "about it", "request_id": "req-5"}) is kind


def test_a_task_that_is_missing_is_told_from_a_model_that_is():
    missing = {"code": 1203, "message": "resource does not exist", "request_id": "req-5"}
    assert judged(KlingProvider, 404, missing, Phase.READ) is NoSuchJob
    assert judged(KlingProvider, 404, missing, Phase.POLL) is NoSuchJob
    assert judged(KlingProvider, 404, missing, Phase.SUBMIT) is ProviderError


def test_a_token_is_signed_for_an_access_key_and_a_secret_key():
    value = signed_token({"access_key": "ak-1", "secret_key": "sk-2"}, 1_790_000_000.9)
    scheme, _, token = value.partition(" ")
    head, claims, signature = token.split(".")
    assert scheme == "Bearer"
    assert json.loads(_decoded(head)) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(_decoded(claims)) == {"iss": "ak-1", "exp": 1_790_001_800, "nbf": 1_789_999_970}
    assert "=" not in token
    assert _decoded(signature) == hmac.new(b"sk-2", f"{head}.{claims}".encode(), hashlib.sha256).digest()


def test_an_api_key_goes_before_a_signed_token():
    places = KlingProvider.key_places
    both = Credentials({"key": "k", "access_key": "a", "secret_key": "s"})
    assert [place.make for place in places_for(places, both)] == [None]
    assert [place.make for place in places_for(places, Credentials({"access_key": "a", "secret_key": "s"}))] == [
        signed_token
    ]
    assert places_for(places, Credentials({"access_key": "a"})) == ()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

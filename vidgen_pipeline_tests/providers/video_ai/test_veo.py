"""Google video: both halves of Gemini Omni's wire and of Veo's by table."""

from __future__ import annotations

import asyncio
import base64
from decimal import Decimal
from typing import Any

import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    ProviderRetired,
    ProviderUnavailable,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.video_ai import veo_legacy
from vidgen_pipeline.providers.video_ai.google_files import build_download, name_in, read_ready
from vidgen_pipeline.providers.video_ai.veo import VeoProvider, build_ask, build_cancel, build_submit, read_state
from vidgen_pipeline.providers.video_ai.veo_legacy import legacy_wire
from vidgen_pipeline.providers.wire import Credentials, Phase
from vidgen_pipeline_tests.providers.video_ai.making import PICTURE, failure_of, judged, made_of, plan_of, reply_of

KITE = plan_of("veo", "gemini-omni-1.2-flash", 8, "A red kite over green hills, aerial shot")
FILE = "https://generativelanguage.googleapis.com/v1beta/files/ex123"


def interaction(*blocks: dict[str, Any], status: str = "completed", **fields: Any) -> dict[str, Any]:
    steps = [{"type": "user_input", "content": [{"type": "text", "text": "A red kite"}]}]
    if blocks:
        steps.append({"type": "model_output", "content": list(blocks)})
    return {"id": "v1_exampleABC", "object": "interaction", "status": status, "model": "gemini-omni-1.2-flash",
            "steps": steps, **fields}  # fmt: skip


def clip(uri: str = FILE) -> dict[str, str]:
    return {"type": "video", "mime_type": "video/mp4", "uri": uri}


def test_a_clip_from_words_is_asked_for_as_the_vendor_documents_it():
    request = build_submit("/v1beta", KITE, "j-000123")
    assert (request.method, request.path, request.paid) == ("POST", "/v1beta/interactions", True)
    assert request.json == {
        "model": "gemini-omni-1.2-flash",
        "input": "A red kite over green hills, aerial shot",
        "background": True,
        "store": True,
        "response_format": {
            "type": "video", "aspect_ratio": "16:9", "resolution": "720p", "duration": "8s", "delivery": "uri",
        },
        "labels": {"job": "j-000123"},
    }  # fmt: skip
    assert "labels" not in build_submit("/v1beta", KITE, "").json


def test_a_clip_from_a_picture():
    plan = plan_of("veo", "gemini-omni-1.1-flash@1080p", 3, "Hills", ratio=AspectRatio.PORTRAIT, picture=PICTURE)
    body = build_submit("/v1", plan, "").json
    assert body["input"] == [
        {"type": "text", "text": "Hills"},
        {"type": "image", "data": base64.b64encode(PICTURE).decode(), "mime_type": "image/jpeg"},
    ]
    assert body["generation_config"] == {"video_config": {"task": "image_to_video"}}
    assert body["response_format"]["resolution"] == "1080p"


def test_questions_and_the_end():
    assert build_ask("/v1beta", "v1/../x").path == "/v1beta/interactions/v1%2F..%2Fx"
    assert build_ask("/v1beta", "v1").max_reply_bytes == 100_000_000
    assert (build_cancel("/v1", "v1").method, build_cancel("/v1", "v1").path) == ("POST", "/v1/interactions/v1/cancel")


@pytest.mark.parametrize("status", ["queued", "in_progress", "a word of next year"])
def test_an_interaction_that_runs(status: str):
    assert read_state(KITE, reply_of(interaction(status=status))) is None


def test_a_finished_interaction_and_the_seconds_its_tokens_are_worth():
    usage = {"total_output_tokens": 46336, "output_tokens_by_modality": [{"modality": "video", "tokens": 46336}]}
    made = made_of(read_state(KITE, reply_of(interaction(clip(FILE + "0"), clip(), usage=usage))))
    assert (made.address, made.seconds) == (FILE, Decimal(8))
    large = plan_of("veo", "gemini-omni-1.2-flash@1080p", 8, "Hills")
    assert made_of(read_state(large, reply_of(interaction(clip(), usage=usage)))).seconds is None


def test_a_clip_may_stand_in_the_answer_itself():
    inline = {"type": "video", "mime_type": "video/mp4", "data": base64.b64encode(b"film").decode()}
    made = made_of(read_state(KITE, reply_of(interaction(inline))))
    assert (made.address, made.content) == ("", b"film")
    with pytest.raises(BadReply):
        read_state(KITE, reply_of(interaction({**inline, "data": "not base64!"})))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            interaction(status="failed", errors=[{"code": "content_blocked", "message": "A safety filter."}]),
            ContentRejected,
        ),
        (interaction(status="failed", errors=[{"code": 13, "message": "internal"}]), ProviderError),
        (interaction(status="failed"), ProviderError),
        (interaction(status="cancelled"), ProviderError),
        (interaction(status="incomplete"), ProviderError),
        (interaction(status="requires_action"), ProviderError),
        (interaction(status="budget_exceeded"), OutOfCredit),
        (interaction({"type": "text", "text": "I can't show that."}), ContentRejected),
    ],
)
def test_an_interaction_without_a_clip(body: dict[str, Any], kind: type[VidgenError]):
    assert type(failure_of(read_state(KITE, reply_of(body))).error) is kind


@pytest.mark.parametrize("blocks", [(), ({"type": "video", "mime_type": "video/mp4"},)])
def test_an_interaction_that_is_complete_without_anything_is_not_as_promised(blocks: tuple[dict[str, Any], ...]):
    with pytest.raises(BadReply):
        read_state(KITE, reply_of(interaction(*blocks)))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (FILE, "ex123"),
        (FILE + ":download?alt=media", "ex123"),
        ("https://elsewhere.example.test/v1/files/a-b_c?x=1", "a-b_c"),
    ],
)
def test_a_files_name_is_found_in_its_address(address: str, name: str):
    assert name_in(address) == name
    assert build_download("/v1beta", name).path == f"/v1beta/files/{name}:download"
    assert build_download("/v1beta", name).query == {"alt": "media"}


@pytest.mark.parametrize("address", ["", "https://x.example.test/file", "https://x.example.test/files/../secret"])
def test_an_address_without_a_file(address: str):
    with pytest.raises(BadReply):
        name_in(address)


def test_a_file_is_waited_for():
    assert [read_ready(reply_of({"state": state})) for state in ("PROCESSING", "ACTIVE")] == [None, True]
    with pytest.raises(ProviderError):
        read_ready(reply_of({"state": "FAILED"}))


def test_veos_own_wire():
    plan = plan_of("veo", "veo-3.1-generate-preview", 8, "A kite", picture=PICTURE)
    request = veo_legacy.build_submit("/v1beta", plan)
    assert request.path == "/v1beta/models/veo-3.1-generate-preview:predictLongRunning"
    image = {"bytesBase64Encoded": base64.b64encode(PICTURE).decode(), "mimeType": "image/jpeg"}
    assert request.json == {
        "instances": [{"prompt": "A kite", "image": image}],
        "parameters": {"aspectRatio": "16:9", "durationSeconds": 8, "resolution": "720p", "sampleCount": 1},
    }
    wire = legacy_wire("/v1beta", plan)
    name = wire.read_id(reply_of({"name": "models/veo-3.1-generate-preview/operations/ex1"}))
    assert wire.ask(name).path == "/v1beta/models/veo-3.1-generate-preview/operations/ex1"


def test_how_veos_operations_end():
    assert veo_legacy.read_state(reply_of({"name": "models/veo/operations/ex1"})) is None
    samples = {"generatedSamples": [{"video": {"uri": FILE + ":download?alt=media"}}]}
    made = made_of(veo_legacy.read_state(reply_of({"done": True, "response": {"generateVideoResponse": samples}})))
    assert made.address == FILE + ":download?alt=media"
    refused = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Blocked by the safety filter."]}
    ended = failure_of(veo_legacy.read_state(reply_of({"done": True, "response": {"generateVideoResponse": refused}})))
    assert type(ended.error) is ContentRejected
    assert "Blocked by the safety filter" in ended.error.message
    broken = {"done": True, "error": {"code": 13, "message": "internal"}}
    assert judged(VeoProvider, 200, broken, Phase.POLL) is None
    ended = failure_of(veo_legacy.read_state(reply_of(broken)))
    assert type(ended.error) is ProviderError
    assert "internal" in ended.error.message


@pytest.mark.parametrize(
    ("status", "word", "said", "details", "kind"),
    [
        (400, "INVALID_ARGUMENT", "bad duration", [], ProviderError),
        (400, "INVALID_ARGUMENT", "API key not valid.", [{"reason": "API_KEY_INVALID"}], AuthFailed),
        (400, "FAILED_PRECONDITION", "Not in your region.", [], ProviderUnavailable),
        (400, "FAILED_PRECONDITION", "Billing is off.", [], OutOfCredit),
        (429, "RESOURCE_EXHAUSTED", "Your project has reached its monthly spend cap.", [], OutOfCredit),
        (401, "UNAUTHENTICATED", "no key", [], AuthFailed),
        (403, "PERMISSION_DENIED", "API off", [], AuthFailed),
        (404, "NOT_FOUND", "Model models/veo-3.1-generate-preview is no longer available.", [], ProviderRetired),
        (404, "NOT_FOUND", "models/x is not found", [], ProviderError),
        (429, "RESOURCE_EXHAUSTED", "quota", [{"retryDelay": "7s"}], RateLimited),
        (500, "INTERNAL", "oops", [], ProviderDown),
        (503, "UNAVAILABLE", "overloaded", "odd", ProviderDown),
    ],
)  # fmt: skip
def test_each_documented_error_has_its_class(status: int, word: str, said: str, details: Any, kind: type[VidgenError]):
    body = {"error": {"code": status, "message": said, "status": word, "details": details}}
    assert judged(VeoProvider, status, body) is kind


@pytest.mark.parametrize(
    ("details", "headers", "seconds"),
    [
        ([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "13s"}], {}, 13),
        ([{"reason": "x"}, {"retryDelay": "1.5s"}], {"retry-after": "60"}, 1.5),
        ([{"retryDelay": "soon"}], {"retry-after": "60"}, 60),
        ("odd", {"retry-after": "60"}, 60),
        ([], {}, None),
    ],
)
def test_how_long_google_asks_to_wait(details: Any, headers: dict[str, str], seconds: float | None):
    body = {"error": {"code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": details}}
    assert VeoProvider.seconds_to_wait(reply_of(body, 429, **headers)) == seconds


@pytest.mark.parametrize("model", ["veo-3.1-generate-preview", "veo-3.1-fast-generate-preview"])
def test_a_model_that_ended_is_refused_at_googles_own_address_only(model: str):
    async def run(adapter: VeoProvider) -> str:
        async with adapter.connected(Credentials({"key": "k"}), network=Network()) as veo:
            return veo.door.base_url

    with pytest.raises(ProviderRetired, match="22 October 2026"):
        asyncio.run(run(VeoProvider(model=model)))
    address = "https://veo.example.test"
    assert asyncio.run(run(VeoProvider(model=model, base_url=address))) == address

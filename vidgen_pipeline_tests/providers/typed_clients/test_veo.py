"""Google's clips: our requests and the double's answers against the types and the client of `google-genai`.

The client makes no clips with Veo's own models any more, so that wire is not checked here.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.video_ai.google_files import build_download, build_file, name_in
from vidgen_pipeline.providers.video_ai.veo import VeoProvider
from vidgen_pipeline_tests.providers.typed_clients.at_the_sandbox import (
    PATIENCE,
    check_same_address,
    new_key,
    order_fault,
)
from vidgen_pipeline_tests.providers.typed_clients.judging import Judge, unknown_fields
from vidgen_pipeline_tests.providers.typed_clients.making_clips import followed, stages, submitted, video_of, wire_of
from vidgen_pipeline_tests.sandbox.desk import Desk

ROOT = "/v1beta"
BODY = "google.genai.interactions:CreateModelInteractionParam"
FORMAT = "google.genai.interactions:VideoResponseFormatParam"
OBJECT = ".object"  # the vendor answers with it; its type has forgotten it
MODELS = [model.name for model in catalogue()["veo"].models if model.name.startswith("gemini-omni")]


@pytest.fixture(scope="module")
def genai() -> Any:
    return import_module("google.genai")


def client_of(genai: Any, desk: Desk, key: str) -> Any:
    options = genai.types.HttpOptions(
        base_url=f"{desk.url}/veo",
        api_version=ROOT[1:],
        timeout=int(PATIENCE * 1000),
        retry_options=genai.types.HttpRetryOptions(attempts=1),
    )
    return genai.Client(api_key=key, vertexai=False, http_options=options)


@pytest.mark.parametrize("picture", [False, True], ids=["words", "picture"])
def test_what_we_send_is_of_the_clients_own_type(tmp_path: Path, *, picture: bool):
    judge, format_judge = Judge(BODY), Judge(FORMAT)
    for model in MODELS:
        for ratio in (AspectRatio.PORTRAIT, AspectRatio.LANDSCAPE):
            body = submitted(wire_of(VeoProvider(model=model), tmp_path, ratio=ratio, picture=picture)).json
            judge.check_sent(body, free=("labels", "response_format"))
            format_judge.check_sent(body["response_format"])


@pytest.mark.parametrize("picture", [False, True], ids=["words", "picture"])
def test_the_client_makes_a_clip(genai: Any, desk: Desk, tmp_path: Path, *, picture: bool):
    key, wire = new_key(), wire_of(VeoProvider(), tmp_path, seconds=4, picture=picture)
    client = client_of(genai, desk, key)
    begun = client.interactions.create(**submitted(wire).json)
    check_same_address(desk, key, submitted(wire))
    seen = followed(begun, client.interactions.get)
    check_same_address(desk, key, wire.ask(begun.id), stream="false")
    assert stages(seen) == ["in_progress", "queued", "in_progress", "completed"]
    assert {place.lstrip(".0123456789") for place in unknown_fields(seen)} == {OBJECT[1:]}
    video = seen[-1].output_video
    assert video.mime_type == "video/mp4"
    assert seen[-1].usage.output_tokens_by_modality[0].tokens > 0
    name = name_in(video.uri)
    files = [client.files.get(name=f"files/{name}") for _ in range(2)]
    check_same_address(desk, key, build_file(ROOT, name))
    assert [file.state.name for file in files] == ["PROCESSING", "ACTIVE"]
    clip = video_of(client.files.download(file=files[-1]), tmp_path)
    check_same_address(desk, key, build_download(ROOT, name))
    assert (clip.width, clip.height) == (720, 1280)
    assert clip.duration_ms == pytest.approx(4000, abs=60)


def test_the_client_reads_a_refusal_and_ends_an_interaction(genai: Any, desk: Desk, tmp_path: Path):
    key, wire = new_key(), wire_of(VeoProvider(), tmp_path)
    client = client_of(genai, desk, key)
    order_fault(desk, key, "veo", "moderation", "poll")
    failed = followed(client.interactions.create(**submitted(wire).json), client.interactions.get)[-1]
    assert (failed.status, failed.errors[0].code) == ("failed", "content_blocked")
    begun = client.interactions.create(**submitted(wire).json)
    ended = client.interactions.cancel(begun.id)
    assert wire.cancel is not None
    check_same_address(desk, key, wire.cancel(begun.id))
    assert ended.status == "cancelled"
    assert unknown_fields(failed) == unknown_fields(ended) == [OBJECT]


def test_the_client_lists_the_models(genai: Any, desk: Desk):
    key = new_key()
    client = client_of(genai, desk, key)
    listed = client.models.list(config={"page_size": 1, "query_base": True})
    check_same_address(desk, key, VeoProvider().check())
    assert listed.page[0].name.startswith("models/gemini-omni")


def test_errors_are_of_the_clients_own_classes(genai: Any, desk: Desk, tmp_path: Path):
    errors, interactions_errors = (
        import_module("google.genai.errors"),
        import_module("google.genai._interactions_errors"),
    )
    body = submitted(wire_of(VeoProvider(), tmp_path)).json

    def raised(key: str, kind: type[Exception], **changed: Any) -> str:
        client = client_of(genai, desk, key)
        with pytest.raises(kind) as caught:
            client.interactions.create(**{**body, **changed})
        return str(caught.value.body["error"]["status"])

    assert raised(new_key("bad"), interactions_errors.BadRequestError) == "INVALID_ARGUMENT"
    assert raised(new_key("limited"), interactions_errors.RateLimitError) == "RESOURCE_EXHAUSTED"
    assert raised(new_key("broke"), interactions_errors.BadRequestError) == "FAILED_PRECONDITION"
    assert raised(new_key(), interactions_errors.NotFoundError, model="veo-3.1-generate-preview") == "NOT_FOUND"
    busy = new_key()
    order_fault(desk, busy, "veo", "status", "submit")
    assert raised(busy, interactions_errors.InternalServerError) == "INTERNAL"
    client = client_of(genai, desk, new_key("bad"))
    with pytest.raises(errors.ClientError, match="API key not valid") as caught:
        client.models.list()
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")

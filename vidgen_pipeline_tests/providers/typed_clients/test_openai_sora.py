"""OpenAI's former clips: our requests and the double's answers against the types and the client of `openai`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.video_ai.openai_sora import SoraProvider, build_content
from vidgen_pipeline_tests.providers.typed_clients.at_the_sandbox import (
    PATIENCE,
    check_same_address,
    new_key,
    order_fault,
)
from vidgen_pipeline_tests.providers.typed_clients.judging import Judge, unknown_fields
from vidgen_pipeline_tests.providers.typed_clients.making_clips import (
    PROMPT,
    followed,
    stages,
    submitted,
    video_of,
    wire_of,
)
from vidgen_pipeline_tests.sandbox.desk import Desk

# The vendor's client says of each of its calls that it has ended, as it has.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

MODELS = [model.name for model in catalogue()["openai_sora"].models]
BODY = "openai.types.video_create_params:VideoCreateParams"


@pytest.fixture(scope="module")
def openai() -> Any:
    return import_module("openai")


def client_of(openai: Any, desk: Desk, key: str) -> Any:
    return openai.OpenAI(
        api_key=key,
        base_url=f"{desk.url}/openai_sora/v1",
        max_retries=0,
        timeout=PATIENCE,
        _strict_response_validation=True,
    )


@pytest.mark.parametrize("ratio", [AspectRatio.PORTRAIT, AspectRatio.LANDSCAPE])
def test_what_we_send_is_of_the_clients_own_type(tmp_path: Path, ratio: AspectRatio):
    judge = Judge(BODY)
    for model in MODELS:
        maker = SoraProvider(model=model)
        judge.check_sent(submitted(wire_of(maker, tmp_path, ratio=ratio)).json)
        form = submitted(wire_of(maker, tmp_path, ratio=ratio, picture=True))
        assert set(form.files) == {"input_reference"}
        judge.check_sent(dict(form.form or {}))


def test_the_client_makes_a_clip(openai: Any, desk: Desk, tmp_path: Path):
    key, wire = new_key(), wire_of(SoraProvider(), tmp_path, seconds=4)
    client = client_of(openai, desk, key)
    begun = client.videos.create(**submitted(wire).json)
    check_same_address(desk, key, submitted(wire))
    seen = followed(begun, client.videos.retrieve)
    check_same_address(desk, key, wire.ask(begun.id))
    assert stages(seen) == ["queued", "in_progress", "completed"]
    assert unknown_fields(seen) == []
    assert (seen[-1].prompt, seen[-1].seconds, seen[-1].progress) == (PROMPT, "4", 100)
    content = client.videos.download_content(begun.id, variant="video").read()
    check_same_address(desk, key, build_content(begun.id))
    clip = video_of(content, tmp_path)
    assert (clip.width, clip.height) == (720, 1280)
    assert clip.duration_ms == pytest.approx(4000, abs=60)


def test_the_client_makes_a_clip_of_a_picture_and_finds_it_again(openai: Any, desk: Desk, tmp_path: Path):
    key, wire = new_key(), wire_of(SoraProvider(), tmp_path, seconds=4, picture=True)
    client, wanted = client_of(openai, desk, key), submitted(wire)
    part = wanted.files["input_reference"]
    begun = client.videos.create(**(wanted.form or {}), input_reference=(part.file_name, part.content, part.media_type))
    listed = list(client.videos.list(limit=100, order="desc"))
    assert wire.find is not None
    check_same_address(desk, key, wire.find(Any))
    assert listed == [begun]
    order_fault(desk, key, "openai_sora", "moderation", "poll")
    ended = client.videos.poll(begun.id, poll_interval_ms=1)
    assert (ended.status, ended.error.code) == ("failed", "moderation_blocked")
    assert unknown_fields(ended) == []


def test_errors_are_of_the_clients_own_classes(openai: Any, desk: Desk, tmp_path: Path):
    body = submitted(wire_of(SoraProvider(), tmp_path)).json

    def raised(key: str, kind: type[Exception], **changed: Any) -> Any:
        with pytest.raises(kind) as caught:
            client_of(openai, desk, key).videos.create(**{**body, **changed})
        return caught.value.code

    assert raised(new_key("bad"), openai.AuthenticationError) == "invalid_api_key"
    assert raised(new_key("limited"), openai.RateLimitError) == "rate_limit_exceeded"
    assert raised(new_key("broke"), openai.RateLimitError) == "insufficient_quota"
    assert raised(new_key(), openai.NotFoundError, model="sora-1") == "model_not_found"
    assert raised(new_key(), openai.BadRequestError, prompt="A fox, sandbox-refuse") == "moderation_blocked"
    key = new_key()
    begun = client_of(openai, desk, key).videos.create(**body)
    with pytest.raises(openai.ConflictError):
        client_of(openai, desk, key).videos.download_content(begun.id)

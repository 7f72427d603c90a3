"""Luma's clips: our requests and the doubles' answers against the types and clients of `luma-agents` and `lumaai`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.video_ai.luma import LumaProvider
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
    video_at,
    wire_of,
)
from vidgen_pipeline_tests.sandbox.desk import Desk

OLDER = ("ray-2", "ray-flash-2")
NEWER = [model.name for model in catalogue()["luma"].models if model.name not in OLDER]
AGENTS_BODY = "luma_agents.types:GenerationCreateParams"
DREAM_BODY = "lumaai.types.generations:VideoCreateParams"
SHAPES = (AspectRatio.PORTRAIT, AspectRatio.LANDSCAPE, AspectRatio.SQUARE)


@pytest.fixture(scope="module")
def agents() -> Any:
    return import_module("luma_agents")


@pytest.fixture(scope="module")
def lumaai() -> Any:
    return import_module("lumaai")


def agent_of(agents: Any, desk: Desk, key: str) -> Any:
    return agents.Luma(
        auth_token=key,
        base_url=f"{desk.url}/luma/v1",
        max_retries=0,
        timeout=PATIENCE,
        _strict_response_validation=True,
    )


def dreamer_of(lumaai: Any, desk: Desk, key: str) -> Any:
    return lumaai.LumaAI(
        auth_token=key,
        base_url=f"{desk.url}/luma/dream-machine/v1",
        max_retries=0,
        timeout=PATIENCE,
        _strict_response_validation=True,
    )


@pytest.mark.parametrize("ratio", SHAPES)
def test_what_we_send_is_of_the_newer_clients_own_type(tmp_path: Path, ratio: AspectRatio):
    judge = Judge(AGENTS_BODY)
    for model in NEWER:
        maker = LumaProvider(model=model)
        judge.check_sent(submitted(wire_of(maker, tmp_path, ratio=ratio)).json)
        judge.check_sent(submitted(wire_of(maker, tmp_path, seconds=10, ratio=ratio)).json)
        judge.check_sent(submitted(wire_of(maker, tmp_path, ratio=ratio, picture=True)).json)


@pytest.mark.parametrize("ratio", SHAPES)
def test_what_we_send_is_of_the_older_clients_own_type(tmp_path: Path, ratio: AspectRatio):
    judge = Judge(DREAM_BODY)
    for model in OLDER:
        judge.check_sent(submitted(wire_of(LumaProvider(model=model), tmp_path, ratio=ratio)).json)


@pytest.mark.parametrize("picture", [False, True], ids=["words", "picture"])
def test_the_newer_client_makes_a_clip(agents: Any, desk: Desk, tmp_path: Path, *, picture: bool):
    key, wire = new_key(), wire_of(LumaProvider(model="ray-3.2@540p"), tmp_path, picture=picture)
    client = agent_of(agents, desk, key)
    begun = client.generations.create(**submitted(wire).json)
    check_same_address(desk, key, submitted(wire))
    seen = followed(begun, client.generations.get)
    check_same_address(desk, key, wire.ask(begun.id))
    assert stages(seen) == ["queued", "processing", "completed"]
    assert unknown_fields(seen) == []
    assert seen[-1].output[0].type == "video"
    clip = video_at(seen[-1].output[0].url, tmp_path)
    assert (clip.width, clip.height) == (540, 960)
    assert clip.duration_ms == pytest.approx(5000, abs=60)


def test_the_newer_client_reads_a_refusal_and_the_files(agents: Any, desk: Desk, tmp_path: Path):
    key, wire = new_key(), wire_of(LumaProvider(), tmp_path)
    client = agent_of(agents, desk, key)
    order_fault(desk, key, "luma", "moderation", "poll")
    failed = followed(client.generations.create(**submitted(wire).json), client.generations.get)[-1]
    assert (failed.state, failed.failure_code, failed.output) == ("failed", "content_moderated", None)
    files = client.files.list(limit=1)
    check_same_address(desk, key, LumaProvider().check())
    assert files.data == []
    assert unknown_fields([failed, files]) == []


def test_the_older_client_makes_a_clip_and_finds_it_again(lumaai: Any, desk: Desk, tmp_path: Path):
    key, wire = new_key("sandbox-dream"), wire_of(LumaProvider(model="ray-2"), tmp_path)
    client = dreamer_of(lumaai, desk, key)
    begun = client.generations.video.create(**submitted(wire).json)
    check_same_address(desk, key, submitted(wire))
    listed = client.generations.list(limit=100, offset=0)
    assert wire.find is not None
    check_same_address(desk, key, wire.find(Any))
    assert [one.id for one in listed.generations] == [begun.id]
    seen = followed(begun, client.generations.get)
    check_same_address(desk, key, wire.ask(begun.id))
    assert stages(seen) == ["queued", "dreaming", "completed"]
    assert (seen[-1].request.prompt, seen[-1].request.model) == (PROMPT, "ray-2")
    assert unknown_fields([listed, *seen]) == []
    assert video_at(seen[-1].assets.video, tmp_path).duration_ms == pytest.approx(5000, abs=60)
    assert client.credits.get().credit_balance > 0
    check_same_address(desk, key, LumaProvider(model="ray-2").check())


@pytest.mark.parametrize("product", ["newer", "older"])
def test_errors_are_of_the_clients_own_classes(agents: Any, lumaai: Any, desk: Desk, tmp_path: Path, product: str):
    older = product == "older"
    package, maker = (lumaai, LumaProvider(model="ray-2")) if older else (agents, LumaProvider())
    word, body = ("-dream" if older else ""), submitted(wire_of(maker, tmp_path)).json

    def raised(standing: str, kind: type[Exception], **changed: Any) -> Any:
        key = new_key(f"{standing}{word}")
        client = dreamer_of(lumaai, desk, key) if older else agent_of(agents, desk, key)
        making = client.generations.video if older else client.generations
        with pytest.raises(kind) as caught:
            making.create(**{**body, **changed})
        return caught.value.body["detail"]

    assert raised("bad", package.AuthenticationError) == "Invalid API key"
    assert raised("limited", package.RateLimitError) == "Rate limit exceeded"
    assert raised("broke", package.APIStatusError) == "Insufficient credits"
    assert raised("sandbox", package.UnprocessableEntityError, aspect_ratio="2:1")[0]["loc"][-1] == "aspect_ratio"

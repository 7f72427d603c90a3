"""Runway's clips: our requests and the double's answers against the types and the client of `runwayml`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.video_ai.runway import RunwayProvider
from vidgen_pipeline.providers.wire import WireRequest
from vidgen_pipeline_tests.providers.typed_clients.at_the_sandbox import (
    PATIENCE,
    check_same_address,
    new_key,
    order_fault,
)
from vidgen_pipeline_tests.providers.typed_clients.judging import Judge, unknown_fields
from vidgen_pipeline_tests.providers.typed_clients.making_clips import followed, stages, submitted, video_at, wire_of
from vidgen_pipeline_tests.sandbox.desk import Desk

FROM_WORDS = {"gen4.5": "Gen4_5", "veo3.1": "Veo3_1", "veo3.1_fast": "Veo3_1Fast"}
FROM_PICTURE = {"gen4.5": "Gen4_5", "gen4_turbo": "Gen4Turbo"}
NAMES = {"promptText": "prompt_text", "promptImage": "prompt_image"}  # on the wire, and in Python


@pytest.fixture(scope="module")
def runwayml() -> Any:
    return import_module("runwayml")


def client_of(runwayml: Any, desk: Desk, key: str) -> Any:
    return runwayml.RunwayML(
        api_key=key,
        base_url=f"{desk.url}/runway",
        max_retries=0,
        timeout=PATIENCE,
        _strict_response_validation=True,
    )


def arguments(wanted: WireRequest) -> dict[str, Any]:
    """The body in the client's spelling of its fields."""
    return {NAMES.get(name, name): value for name, value in wanted.json.items()}


def test_every_model_is_looked_at():
    assert {*FROM_WORDS, *FROM_PICTURE} == {model.name for model in catalogue()["runway"].models}


@pytest.mark.parametrize("model", FROM_WORDS)
def test_what_we_send_with_words_is_of_the_clients_own_type(tmp_path: Path, model: str):
    named = f"runwayml.types.text_to_video_create_params:{FROM_WORDS[model]}"
    for ratio in (AspectRatio.PORTRAIT, AspectRatio.LANDSCAPE):
        check_sent(named, submitted(wire_of(RunwayProvider(model=model), tmp_path, ratio=ratio)))


@pytest.mark.parametrize("model", FROM_PICTURE)
def test_what_we_send_with_a_picture_is_of_the_clients_own_type(tmp_path: Path, model: str):
    named = f"runwayml.types.image_to_video_create_params:{FROM_PICTURE[model]}"
    for ratio in AspectRatio:
        check_sent(named, submitted(wire_of(RunwayProvider(model=model), tmp_path, ratio=ratio, picture=True)))


def check_sent(named: str, wanted: WireRequest) -> None:
    Judge(named).check_sent(arguments(wanted))
    on_the_wire = import_module("runwayml._utils").maybe_transform
    assert on_the_wire(arguments(wanted), resolve_name(named)) == wanted.json


def test_the_client_makes_a_clip_of_words(runwayml: Any, desk: Desk, tmp_path: Path):
    key, wire = new_key(), wire_of(RunwayProvider(), tmp_path, seconds=2, ratio=AspectRatio.LANDSCAPE)
    client = client_of(runwayml, desk, key)
    begun = client.text_to_video.create(**arguments(submitted(wire)))
    check_same_address(desk, key, submitted(wire))
    seen = followed(begun, client.tasks.retrieve)
    check_same_address(desk, key, wire.ask(begun.id))
    assert stages(seen[1:]) == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert unknown_fields(seen) == []
    assert begun.estimated_cost.credits == seen[-1].cost.credits == 24
    clip = video_at(seen[-1].output[0], tmp_path)
    assert (clip.width, clip.height) == (1280, 720)
    assert clip.duration_ms == pytest.approx(2000, abs=60)


def test_the_client_makes_a_clip_of_a_picture(runwayml: Any, desk: Desk, tmp_path: Path):
    key, wire = new_key(), wire_of(RunwayProvider(), tmp_path, seconds=2, picture=True)
    client = client_of(runwayml, desk, key)
    begun = client.image_to_video.create(**arguments(submitted(wire)))
    check_same_address(desk, key, submitted(wire))
    clip = video_at(followed(begun, client.tasks.retrieve)[-1].output[0], tmp_path)
    assert (clip.width, clip.height) == (720, 1280)


def test_the_client_reads_a_failed_task_and_ends_one(runwayml: Any, desk: Desk, tmp_path: Path):
    key, wire = new_key(), wire_of(RunwayProvider(), tmp_path, seconds=2)
    client = client_of(runwayml, desk, key)
    begun = client.text_to_video.create(**arguments(submitted(wire)))
    order_fault(desk, key, "runway", "moderation", "poll")
    failed = followed(begun, client.tasks.retrieve)[-1]
    assert (failed.status, failed.failure_code) == ("FAILED", "SAFETY.INPUT.TEXT")
    begun = client.text_to_video.create(**arguments(submitted(wire)))
    client.tasks.delete(begun.id)
    assert wire.cancel is not None
    check_same_address(desk, key, wire.cancel(begun.id))
    ended = client.tasks.retrieve(begun.id)
    assert ended.status == "CANCELLED"
    assert unknown_fields([failed, ended]) == []


def test_the_client_reads_what_the_account_holds(runwayml: Any, desk: Desk):
    key = new_key()
    held = client_of(runwayml, desk, key).organization.retrieve()
    check_same_address(desk, key, RunwayProvider().check())
    assert held.credit_balance > 0
    assert unknown_fields(held) == []


def test_errors_are_of_the_clients_own_classes(runwayml: Any, desk: Desk, tmp_path: Path):
    body = arguments(submitted(wire_of(RunwayProvider(), tmp_path)))

    def raised(key: str, kind: type[Exception], **changed: Any) -> str:
        with pytest.raises(kind) as caught:
            client_of(runwayml, desk, key).text_to_video.create(**{**body, **changed})
        return str(caught.value.body["error"])

    assert "not valid" in raised(new_key("bad"), runwayml.AuthenticationError)
    assert "Too many" in raised(new_key("limited"), runwayml.RateLimitError)
    assert "credits" in raised(new_key("broke"), runwayml.BadRequestError)
    assert raised(new_key(), runwayml.BadRequestError, duration=11)
    with pytest.raises(runwayml.NotFoundError):
        client_of(runwayml, desk, new_key()).tasks.retrieve("0c3d5b7e-1111-4222-8333-444455556666")

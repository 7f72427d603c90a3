"""ElevenLabs' speech: our requests and the double's answers against the types and the client of `elevenlabs`."""

from __future__ import annotations

import base64
from importlib import import_module
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import BaseModel

from vidgen_pipeline.providers.base import SpeechRequest
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.voice import elevenlabs_account as account
from vidgen_pipeline.providers.voice.elevenlabs import ElevenLabsProvider
from vidgen_pipeline.providers.wire import WireRequest
from vidgen_pipeline_tests.providers.typed_clients.at_the_sandbox import PATIENCE, check_same_address, new_key
from vidgen_pipeline_tests.providers.typed_clients.judging import Judge, arguments_of, unknown_fields
from vidgen_pipeline_tests.sandbox.desk import Desk

MODELS = [model.name for model in catalogue()["elevenlabs"].models]
LINE = "Rain has a smell that you never forget."
VOICE = "JBFqnCBsd6RMkjVDRZzb"
RATE = 24_000
ONCE = {"max_retries": 0}


@pytest.fixture(scope="module")
def elevenlabs() -> Any:
    return import_module("elevenlabs")


def client_of(elevenlabs: Any, desk: Desk, key: str) -> Any:
    return elevenlabs.ElevenLabs(api_key=key, base_url=f"{desk.url}/elevenlabs", timeout=PATIENCE)


def speech(model: str = MODELS[0]) -> WireRequest:
    request = SpeechRequest(text=LINE, language="en", speed=1.1, previous_text="It rains.", next_text="Why is that?")
    return ElevenLabsProvider(model=model).build(request, VOICE)


def strictly(answer: BaseModel) -> BaseModel:
    """The answer, which the client takes however it is, read again by its own type."""
    read = type(answer).model_validate(answer.model_dump(by_alias=True, exclude_unset=True))
    assert unknown_fields(read) == []
    return read


def say(client: Any, wanted: WireRequest) -> Any:
    spoken = client.text_to_speech.with_raw_response.convert_with_timestamps(
        VOICE, output_format=wanted.query["output_format"], request_options=ONCE, **wanted.json
    )
    return strictly(spoken.data), spoken.headers


def test_what_we_send_is_what_the_client_has_arguments_for():
    speaker = import_module("elevenlabs.text_to_speech.client").TextToSpeechClient
    asked_for = ("voice_id", "enable_logging", "optimize_streaming_latency", "output_format")  # not in the body
    judge = Judge(arguments_of(speaker.convert_with_timestamps, *asked_for))
    for model in MODELS:
        judge.check_sent(speech(model).json)


def test_the_sounds_that_can_be_chosen_are_the_clients(elevenlabs: Any):
    literal, _ = get_args(elevenlabs.text_to_speech.TextToSpeechConvertWithTimestampsRequestOutputFormat)
    ours = ElevenLabsProvider.model_fields["output_format"].annotation
    assert set(get_args(ours)) <= set(get_args(literal))


@pytest.mark.parametrize("model", MODELS)
def test_the_client_reads_sound_and_times_out_of_the_answer(elevenlabs: Any, desk: Desk, model: str):
    key, wanted = new_key(), speech(model)
    spoken, headers = say(client_of(elevenlabs, desk, key), wanted)
    check_same_address(desk, key, wanted)
    samples = np.frombuffer(base64.b64decode(spoken.audio_base_64), "<i2") / 32768
    times = spoken.alignment
    assert "".join(times.characters) == LINE
    assert times.character_start_times_seconds == sorted(times.character_start_times_seconds)
    assert times.character_end_times_seconds[-1] == pytest.approx(samples.size / RATE, abs=0.4)
    assert np.abs(samples).max() > 0.05
    assert int(headers["character-cost"]) in {len(LINE), -(-len(LINE) // 2)}


def test_the_client_reads_an_answer_without_times(elevenlabs: Any, desk: Desk):
    spoken, _ = say(client_of(elevenlabs, desk, new_key("sandbox-unaligned")), speech())
    assert spoken.alignment is spoken.normalized_alignment is None


def test_the_client_reads_voices_models_and_the_plan(elevenlabs: Any, desk: Desk):
    key = new_key()
    client = client_of(elevenlabs, desk, key)
    page = strictly(client.voices.search(page_size=100, request_options=ONCE))
    check_same_address(desk, key, account.build_voice_page(""))
    assert VOICE in {voice.voice_id for voice in page.voices}
    voice = strictly(client.voices.get(VOICE, request_options=ONCE))
    check_same_address(desk, key, account.build_voice(VOICE))
    assert voice in page.voices
    models = [strictly(model) for model in client.models.list(request_options=ONCE)]
    check_same_address(desk, key, account.build_models())
    assert {model.model_id for model in models} >= set(MODELS)
    plan = strictly(client.user.subscription.get(request_options=ONCE))
    check_same_address(desk, key, account.build_subscription())
    assert plan.character_count < plan.character_limit


def test_errors_are_of_the_clients_own_classes(elevenlabs: Any, desk: Desk):
    errors = import_module("elevenlabs.core.api_error")

    def raised(key: str, **changed: Any) -> tuple[int, Any]:
        client, wanted = client_of(elevenlabs, desk, key), speech()
        body = {**wanted.json, **changed}
        with pytest.raises(errors.ApiError) as caught:
            client.text_to_speech.convert_with_timestamps(VOICE, request_options=ONCE, **body)
        detail = caught.value.body["detail"]
        return caught.value.status_code, detail["code"] if isinstance(detail, dict) else detail[0]["loc"]

    assert raised(new_key("bad")) == (401, "invalid_api_key")
    assert raised(new_key("broke")) == (401, "quota_exceeded")
    assert raised(new_key("limited"))[0] == 429
    assert raised(new_key(), text="Rain, sandbox-refuse") == (403, "content_against_policy")
    assert raised(new_key(), seed="seven") == (422, ["body", "seed"])

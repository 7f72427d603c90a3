"""OpenAI's voices: our requests and the double's answers against the types and the client of `openai`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from typing import Any

import av
import numpy as np
import pytest

from vidgen_pipeline.providers.base import SpeechRequest
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.model_vendor import build_model
from vidgen_pipeline.providers.voice.openai_tts import PCM_RATE, OpenAITTSProvider
from vidgen_pipeline.providers.wire import WireRequest
from vidgen_pipeline_tests.providers.typed_clients.at_the_sandbox import PATIENCE, check_same_address, new_key
from vidgen_pipeline_tests.providers.typed_clients.judging import Judge, unknown_fields
from vidgen_pipeline_tests.sandbox.desk import Desk

MODELS = [model.name for model in catalogue()["openai_tts"].models]
READING = [model for model in MODELS if model.startswith("gpt-audio")]
SPEAKING = [model for model in MODELS if model not in READING]
SPEECH_BODY = "openai.types.audio.speech_create_params:SpeechCreateParams"
CHAT_BODY = "openai.types.chat.completion_create_params:CompletionCreateParamsNonStreaming"
LINE = "Rain has a smell that you never forget."


@pytest.fixture(scope="module")
def openai() -> Any:
    return import_module("openai")


def client_of(openai: Any, desk: Desk, key: str) -> Any:
    return openai.OpenAI(
        api_key=key,
        base_url=f"{desk.url}/openai_tts/v1",
        max_retries=0,
        timeout=PATIENCE,
        _strict_response_validation=True,
    )


def spoken(model: str, voice: str = "coral") -> WireRequest:
    request = SpeechRequest(text=LINE, language="en", speed=1.1)
    return OpenAITTSProvider(model=model, instructions="Speak softly.").build(request, voice)


def check_heard(pcm: bytes, rate: int = PCM_RATE) -> None:
    """It is speech of about the length of the line."""
    samples = np.frombuffer(pcm, "<i2") / 32768
    assert 1 < samples.size / rate < 6
    assert np.abs(samples).max() > 0.05


def events_in(openai: Any, content: bytes) -> Iterator[dict[str, Any]]:
    """The events of a stream, as the client takes it apart."""
    decoder = import_module("openai._streaming").SSEDecoder()
    return (json.loads(event.data) for event in decoder.iter_bytes(iter([content])))


@pytest.mark.parametrize("voice", ["coral", "voice_1234"])
def test_what_we_send_is_of_the_clients_own_types(voice: str):
    for model in SPEAKING:
        Judge(SPEECH_BODY).check_sent(spoken(model, voice).json)
    for model in READING:
        Judge(CHAT_BODY).check_sent(spoken(model, voice).json)


@pytest.mark.parametrize("model", SPEAKING)
def test_the_client_brings_speech(openai: Any, desk: Desk, model: str):
    key, wanted = new_key(), spoken(model)
    content = client_of(openai, desk, key).audio.speech.create(**wanted.json).read()
    check_same_address(desk, key, wanted)
    if wanted.json.get("stream_format") != "sse":
        check_heard(content)
        return
    *parts, end = events_in(openai, content)
    assert {part["type"] for part in parts} == {"speech.audio.delta"}
    check_heard(b"".join(base64.b64decode(part["audio"]) for part in parts))
    assert end["type"] == "speech.audio.done"
    assert end["usage"]["total_tokens"] == end["usage"]["input_tokens"] + end["usage"]["output_tokens"] > 0


@pytest.mark.parametrize("model", READING)
def test_the_client_brings_what_a_chat_model_reads_aloud(openai: Any, desk: Desk, model: str):
    key, wanted = new_key(), spoken(model)
    chat = client_of(openai, desk, key).chat.completions.create(**wanted.json)
    check_same_address(desk, key, wanted)
    assert unknown_fields(chat) == []
    message = chat.choices[0].message
    assert message.audio.transcript == LINE
    with av.open(BytesIO(base64.b64decode(message.audio.data))) as container:
        sound = container.streams.audio[0]
        pcm = b"".join(frame.to_ndarray().tobytes() for frame in container.decode(sound))
        check_heard(pcm, sound.rate)
    assert chat.usage.completion_tokens_details.audio_tokens > 0


def test_the_client_reads_a_refusal_to_read_aloud(openai: Any, desk: Desk):
    body = spoken(READING[0]).json
    body["messages"][-1]["content"] = "Rain, sandbox-refuse"
    chat = client_of(openai, desk, new_key()).chat.completions.create(**body)
    assert chat.choices[0].message.refusal
    assert chat.choices[0].message.audio is None
    assert unknown_fields(chat) == []


def test_the_client_reads_the_models(openai: Any, desk: Desk):
    key = new_key()
    client = client_of(openai, desk, key)
    model = client.models.retrieve(MODELS[0])
    check_same_address(desk, key, build_model(MODELS[0], OpenAITTSProvider.model_headers))
    listed = client.models.list().data
    assert model in listed
    assert {one.id for one in listed} >= set(MODELS)
    assert unknown_fields(listed) == []


def test_errors_are_of_the_clients_own_classes(openai: Any, desk: Desk):
    def raised(key: str, kind: type[Exception], **changed: Any) -> Any:
        with pytest.raises(kind) as caught:
            client_of(openai, desk, key).audio.speech.create(**{**spoken(SPEAKING[0]).json, **changed})
        return caught.value.code

    assert raised(new_key("bad"), openai.AuthenticationError) == "invalid_api_key"
    assert raised(new_key("limited"), openai.RateLimitError) == "rate_limit_exceeded"
    assert raised(new_key("broke"), openai.RateLimitError) == "insufficient_quota"
    assert raised(new_key(), openai.NotFoundError, model="tts-0") == "model_not_found"
    assert raised(new_key(), openai.BadRequestError, input="Rain, sandbox-refuse") == "content_policy_violation"
    assert raised(new_key(), openai.BadRequestError, input="Rain. " * 700) == "string_above_max_length"

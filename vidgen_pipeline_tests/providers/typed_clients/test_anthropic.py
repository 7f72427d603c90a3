"""Anthropic's scripts: our requests and the double's answers against the types and the client of `anthropic`."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from vidgen_pipeline.domain.script import Brief
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.model_vendor import build_model
from vidgen_pipeline.providers.script.anthropic import AnthropicProvider
from vidgen_pipeline.providers.script.assignment import Ask, Assignment
from vidgen_pipeline.providers.script.drafts import DraftScript
from vidgen_pipeline_tests.providers.typed_clients.at_the_sandbox import (
    PATIENCE,
    check_same_address,
    new_key,
    order_fault,
)
from vidgen_pipeline_tests.providers.typed_clients.judging import Judge, unknown_fields
from vidgen_pipeline_tests.sandbox.desk import Desk

MODELS = [model.name for model in catalogue()["anthropic"].models]
BODY = "anthropic.types.message_create_params:MessageCreateParamsNonStreaming"


@pytest.fixture(scope="module")
def anthropic() -> Any:
    return import_module("anthropic")


def client_of(anthropic: Any, desk: Desk, key: str) -> Any:
    return anthropic.Anthropic(
        api_key=key,
        base_url=f"{desk.url}/anthropic",
        max_retries=0,
        timeout=PATIENCE,
        _strict_response_validation=True,
    )


def ask(topic: str = "How bees find their way home", *, room: int = 8000) -> Ask:
    assignment = Assignment.of(Brief(topic=topic, language="en"))
    return Ask(instructions=assignment.instructions, message=assignment.message(), max_output_tokens=room)


def test_what_we_send_is_of_the_clients_own_type():
    judge = Judge(BODY)
    for model in MODELS:
        judge.check_sent(AnthropicProvider(model=model).build(ask()).json, free=("output_config.format.schema",))


def test_the_client_reads_a_script_out_of_the_answer(anthropic: Any, desk: Desk):
    key, wanted = new_key(), AnthropicProvider().build(ask())
    message = client_of(anthropic, desk, key).messages.create(**wanted.json)
    check_same_address(desk, key, wanted)
    assert unknown_fields(message) == []
    assert message.stop_reason == "end_turn"
    assert [block.type for block in message.content] == ["thinking", "text"]
    script = DraftScript.model_validate(json.loads(message.content[1].text))
    assert script.hook
    assert len(script.scenes) > 1
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > message.usage.output_tokens_details.thinking_tokens


def test_the_client_tells_a_cut_text_and_a_refusal_apart(anthropic: Any, desk: Desk):
    client, writer = client_of(anthropic, desk, new_key()), AnthropicProvider()
    cut = client.messages.create(**writer.build(ask(room=300)).json)
    assert cut.stop_reason == "max_tokens"
    refused = client.messages.create(**writer.build(ask("Bees, sandbox-refuse")).json)
    assert (refused.stop_reason, refused.stop_details.category) == ("refusal", "general_harms")
    assert refused.content == []
    assert unknown_fields(cut) == unknown_fields(refused) == []


def test_the_client_reads_the_models(anthropic: Any, desk: Desk):
    key = new_key()
    client = client_of(anthropic, desk, key)
    model = client.models.retrieve(MODELS[0])
    check_same_address(desk, key, build_model(MODELS[0], AnthropicProvider.model_headers))
    listed = list(client.models.list(limit=3))  # page by page
    assert model in listed
    assert {one.id for one in listed} >= set(MODELS)
    assert {one.lifecycle for one in listed} == {"active", "deprecated"}
    assert model.capabilities.structured_outputs.supported
    assert not model.capabilities.thinking.types.enabled.supported
    assert unknown_fields(listed) == []


def test_errors_are_of_the_clients_own_classes(anthropic: Any, desk: Desk):
    def raised(key: str, kind: type[Exception], **changed: Any) -> Any:
        body = AnthropicProvider().build(ask()).json
        with pytest.raises(kind) as caught:
            client_of(anthropic, desk, key).messages.create(**{**body, **changed})
        error = caught.value
        assert error.request_id == error.body["request_id"]
        return error.body["error"]["type"]

    assert raised(new_key("bad"), anthropic.AuthenticationError) == "authentication_error"
    assert raised(new_key("limited"), anthropic.RateLimitError) == "rate_limit_error"
    assert raised(new_key("broke"), anthropic.APIStatusError) == "billing_error"
    assert raised(new_key(), anthropic.NotFoundError, model="claude-3-5-sonnet-20241022") == "not_found_error"
    prefilled = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "{"}]
    assert raised(new_key(), anthropic.BadRequestError, messages=prefilled) == "invalid_request_error"
    busy = new_key()
    order_fault(desk, busy, "anthropic", "status", "submit")
    assert raised(busy, anthropic.InternalServerError) == "api_error"

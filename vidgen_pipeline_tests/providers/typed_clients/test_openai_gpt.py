"""OpenAI's scripts: our requests and the double's answers against the types and the client of `openai`."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from vidgen_pipeline.domain.script import Brief
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.model_vendor import build_model
from vidgen_pipeline.providers.script.assignment import Ask, Assignment
from vidgen_pipeline.providers.script.drafts import DraftScript
from vidgen_pipeline.providers.script.openai_gpt import OpenAIScriptProvider
from vidgen_pipeline_tests.providers.typed_clients.at_the_sandbox import (
    PATIENCE,
    check_same_address,
    new_key,
    order_fault,
)
from vidgen_pipeline_tests.providers.typed_clients.judging import Judge, unknown_fields
from vidgen_pipeline_tests.sandbox.desk import Desk

MODELS = [model.name for model in catalogue()["openai_gpt"].models]
STORE = [".store"]  # the vendor answers with it; its type has forgotten it
BODY = "openai.types.responses.response_create_params:ResponseCreateParamsNonStreaming"


@pytest.fixture(scope="module")
def openai() -> Any:
    return import_module("openai")


def client_of(openai: Any, desk: Desk, key: str) -> Any:
    return openai.OpenAI(
        api_key=key,
        base_url=f"{desk.url}/openai_gpt/v1",
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
        judge.check_sent(OpenAIScriptProvider(model=model).build(ask()).json, free=("text.format.schema",))


def test_the_client_reads_a_script_out_of_the_answer(openai: Any, desk: Desk):
    key, wanted = new_key(), OpenAIScriptProvider().build(ask())
    response = client_of(openai, desk, key).responses.create(**wanted.json)
    check_same_address(desk, key, wanted)
    assert unknown_fields(response) == STORE
    assert response.status == "completed"
    script = DraftScript.model_validate(json.loads(response.output_text))
    assert script.hook
    assert len(script.scenes) > 1
    usage = response.usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens > 0


def test_the_client_tells_a_cut_text_and_a_refusal_apart(openai: Any, desk: Desk):
    client, writer = client_of(openai, desk, new_key()), OpenAIScriptProvider()
    cut = client.responses.create(**writer.build(ask(room=300)).json)
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    refused = client.responses.create(**writer.build(ask("Bees, sandbox-refuse")).json)
    parts = [part for item in refused.output if item.type == "message" for part in item.content]
    assert [part.type for part in parts] == ["refusal"]
    assert refused.output_text == ""
    failed = client_of(openai, desk, new_key("sandbox-failing")).responses.create(**writer.build(ask()).json)
    assert (failed.status, failed.error.code) == ("failed", "server_error")
    assert unknown_fields(cut) == unknown_fields(refused) == unknown_fields(failed) == STORE


def test_the_client_reads_the_models(openai: Any, desk: Desk):
    key = new_key()
    client = client_of(openai, desk, key)
    model = client.models.retrieve(MODELS[-1])
    check_same_address(desk, key, build_model(MODELS[-1], OpenAIScriptProvider.model_headers))
    listed = client.models.list().data
    assert model in listed
    assert {one.id for one in listed} >= set(MODELS)
    assert unknown_fields(listed) == []


def test_errors_are_of_the_clients_own_classes(openai: Any, desk: Desk):
    def raised(key: str, kind: type[Exception], **changed: Any) -> Any:
        body = OpenAIScriptProvider().build(ask()).json
        with pytest.raises(kind) as caught:
            client_of(openai, desk, key).responses.create(**{**body, **changed})
        return caught.value

    assert raised(new_key("bad"), openai.AuthenticationError).code == "invalid_api_key"
    assert raised(new_key("limited"), openai.RateLimitError).code == "rate_limit_exceeded"
    assert raised(new_key("broke"), openai.RateLimitError).code == "credit_balance_exhausted"
    assert raised(new_key(), openai.NotFoundError, model="gpt-2").code == "model_not_found"
    assert raised(new_key(), openai.BadRequestError, temperature=1.0).param == "temperature"
    busy = new_key()
    order_fault(desk, busy, "openai_gpt", "status", "submit")
    assert raised(busy, openai.InternalServerError).status_code == 500

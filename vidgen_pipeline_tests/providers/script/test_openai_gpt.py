"""OpenAI: both halves by table, and its double over a real socket."""

from __future__ import annotations

import json
from typing import Any

import httpx
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
from vidgen_pipeline.domain.providers import Tokens
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.script.assignment import Ask
from vidgen_pipeline.providers.script.drafts import script_schema
from vidgen_pipeline.providers.script.openai_gpt import (
    OpenAIScriptProvider,
    build_response,
    read_response,
)
from vidgen_pipeline.providers.script.writing import Ending
from vidgen_pipeline.providers.wire import Phase, WireReply
from vidgen_pipeline_tests.providers.canary import assert_record_clean
from vidgen_pipeline_tests.providers.script.studio import Studio

ASK = Ask(instructions="You write scripts.", message="Topic: why rain smells. Two scenes.", max_output_tokens=4000)
RECORDED: dict[str, Any] = {
    "id": "resp_0a1b2c", "object": "response", "created_at": 1795334400, "completed_at": 1795334406,
    "status": "completed", "error": None, "incomplete_details": None, "instructions": "You write scripts.",
    "max_output_tokens": 4000, "model": "gpt-6.1-terra",
    "output": [
        {"id": "rs_01", "type": "reasoning", "summary": []},
        {"id": "msg_01", "type": "message", "status": "completed", "role": "assistant", "content": [
            {"type": "output_text", "text": '{"title":"Why ', "annotations": [], "logprobs": []},
            {"type": "output_text", "text": 'rain smells"}', "annotations": [], "logprobs": []},
        ]},
    ],
    "parallel_tool_calls": True, "previous_response_id": None, "reasoning": {"effort": "low", "summary": None},
    "service_tier": "default", "store": False, "temperature": None, "tool_choice": "auto", "tools": [], "top_p": None,
    "truncation": "disabled",
    "usage": {
        "input_tokens": 412, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 655, "output_tokens_details": {"reasoning_tokens": 128}, "total_tokens": 1067,
    },
    "metadata": {"job": "vid_0001"},
}  # fmt: skip
REFUSAL = [{"type": "message", "content": [{"type": "refusal", "refusal": "I can't help with that."}]}]


def reply(body: Any, status: int = 200) -> WireReply:
    return WireReply(status=status, content=json.dumps(body).encode())


def recorded(**changes: Any) -> WireReply:
    return reply({**RECORDED, **changes})


def error(status: int, code: str | None, kind: str = "invalid_request_error", message: str = "why") -> WireReply:
    return reply({"error": {"message": message, "type": kind, "param": None, "code": code}}, status)


def test_a_script_is_asked_for_as_the_vendor_documents_it():
    request = build_response(ASK, model="gpt-6.1-terra", effort="low")
    assert (request.method, request.path, request.phase) == ("POST", "/v1/responses", Phase.SUBMIT)
    assert (request.paid, request.model) == (True, "gpt-6.1-terra")
    assert request.json == {
        "model": "gpt-6.1-terra",
        "instructions": "You write scripts.",
        "input": [{"role": "user", "content": "Topic: why rain smells. Two scenes."}],
        "reasoning": {"effort": "low"},
        "text": {
            "format": {"type": "json_schema", "name": "video_script", "strict": True, "schema": script_schema()},
        },
        "max_output_tokens": 4000,
        "store": False,
        "prompt_cache_key": "vidgen-script",
    }
    assert "reasoning" not in build_response(ASK, model="gpt-4o", effort="low").json


def test_the_text_is_found_behind_the_models_thinking():
    answer = read_response(recorded())
    assert (answer.ending, answer.text) == (Ending.COMPLETE, '{"title":"Why rain smells"}')
    assert answer.tokens == Tokens(read=412, written=655)


def test_cached_tokens_are_told_apart():
    usage = {
        "input_tokens": 412, "input_tokens_details": {"cached_tokens": 300, "cache_write_tokens": 100},
        "output_tokens": 655,
    }  # fmt: skip
    assert read_response(recorded(usage=usage)).tokens == Tokens(read=412, cached=300, kept=100, written=655)
    untold = recorded(usage={**usage, "input_tokens_details": None})
    assert read_response(untold).tokens == Tokens(read=412, written=655)


ENDINGS: list[tuple[dict[str, Any], Ending, str]] = [
    ({"output": REFUSAL}, Ending.REFUSED, "I can't help with that."),
    ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, Ending.CUT_OFF, '{"title":'),
    ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, Ending.REFUSED, "content_filter"),
    ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, Ending.FAILED, "steered"),
    ({"status": "failed", "error": {"code": "data_residency_mismatch", "message": "no"}}, Ending.FAILED, "no"),
    ({"status": "cancelled", "usage": None, "output": []}, Ending.FAILED, ""),
    ({"output": []}, Ending.COMPLETE, ""),
]


@pytest.mark.parametrize(("changes", "ending", "text"), ENDINGS, ids=[str(changes)[:50] for changes, *_ in ENDINGS])
def test_every_way_to_end_is_told_apart(changes: dict[str, Any], ending: Ending, text: str):
    answer = read_response(recorded(**changes))
    assert answer.ending is ending
    assert answer.text.startswith(text)


def test_a_failure_of_the_server_made_nothing_and_may_be_sent_again():
    failed = recorded(status="failed", error={"code": "server_error", "message": "oops"}, output=[], usage=None)
    with pytest.raises(ProviderDown) as caught:
        read_response(failed)
    assert caught.value.refused


@pytest.mark.parametrize("changes", [{"status": "in_progress"}, {"status": "new"}, {"output": None}, {"usage": 7}])
def test_an_answer_that_is_no_response(changes: dict[str, Any]):
    with pytest.raises(BadReply):
        read_response(recorded(**changes))


ERRORS: list[tuple[WireReply, type[VidgenError]]] = [
    (error(400, None), ProviderError),
    (error(400, "invalid_prompt"), ContentRejected),
    (error(401, "invalid_api_key", message="Incorrect API key provided: sk-t***xxxx."), AuthFailed),
    (error(401, None, message="Missing scopes: model.request"), ProviderUnavailable),
    (error(403, None, message="You have insufficient permissions for this operation."), ProviderUnavailable),
    (error(403, "unsupported_country_region_territory"), AuthFailed),
    (error(404, "model_not_found"), ProviderRetired),
    (error(429, "rate_limit_exceeded", "rate_limit_error"), RateLimited),
    (error(429, "slow_down", "rate_limit_error"), RateLimited),
    (error(429, None, "rate_limit_error"), RateLimited),
    (error(429, "insufficient_quota", "insufficient_quota"), OutOfCredit),
    (error(429, None, "insufficient_quota"), OutOfCredit),
    (error(429, "credit_balance_exhausted", "insufficient_quota"), OutOfCredit),
    (error(429, "organization_spend_limit_exceeded"), OutOfCredit),
    (error(429, "project_spend_limit_exceeded"), OutOfCredit),
    (error(429, "organization_usage_limit_exceeded"), OutOfCredit),
    (error(500, "server_error", "server_error"), ProviderDown),
    (error(503, "server_is_overloaded", "service_unavailable_error"), RateLimited),
    (recorded(status="failed", error={"code": "rate_limit_exceeded", "message": "slow"}), RateLimited),
    (recorded(status="failed", error={"code": "bio_policy", "message": "no"}), ContentRejected),
]


@pytest.mark.parametrize(("answer", "kind"), ERRORS, ids=[f"{one.status} {one.content[:60]!r}" for one, _ in ERRORS])
def test_each_documented_error_has_its_class(answer: WireReply, kind: type[VidgenError]):
    request = build_response(ASK, model="gpt-6.1-terra", effort="low")
    found = Judge("OpenAI GPT", OpenAIScriptProvider.kind_of_error).error_in(answer, request)
    assert type(found) is kind


def test_a_good_answer_is_no_error():
    assert OpenAIScriptProvider.kind_of_error(recorded()) is None


@pytest.mark.parametrize(
    ("model", "key", "valid", "words"),
    [
        (None, "sandbox-1", True, "The key works."),
        ("gpt-4o", "sandbox-1", True, "gpt-4o ends on 2027-01-14"),
        (None, "sandbox-scoped-1", True, "may not do everything"),
        (None, "bad-key-00000001", False, "does not accept the key"),
    ],
)
def test_a_key_is_checked_for_nothing(model: str | None, key: str, valid: bool, words: str, studio: Studio):
    check = studio.check(OpenAIScriptProvider(model=model), key)
    assert check.valid is valid
    assert words in check.message
    assert not studio.charges()


def test_a_key_that_is_out_of_credit_or_unknown_costs_nothing(studio: Studio):
    with pytest.raises(OutOfCredit):
        studio.write(OpenAIScriptProvider(), key="broke-1")
    with pytest.raises(AuthFailed):
        studio.write(OpenAIScriptProvider(), key="bad-key-00000001")
    assert not studio.charges()
    assert studio.house.statuses() == ["failed", "failed"]


def test_too_many_requests_are_waited_for_and_trouble_in_a_200_is_sent_again(studio: Studio):
    studio.fault("openai_gpt", "rate_limited", retry_after=7)
    studio.fault("openai_gpt", "status", status=503)
    assert studio.write(OpenAIScriptProvider()).data.scenes
    assert studio.house.time.waits[0] >= 7
    assert len(studio.charges()) == 1
    assert [record.status_code for record in studio.house.log.records] == [429, 503, 200]
    with pytest.raises(ProviderDown):
        studio.write(OpenAIScriptProvider(), key="sandbox-failing-1", topic="Something else")
    assert len(studio.charges()) == 1


def test_every_exchange_is_recorded_with_the_vendors_number(studio: Studio):
    studio.write(OpenAIScriptProvider())
    (record,) = studio.house.log.records
    assert_record_clean(record)
    assert (record.model, record.endpoint, record.cost.usage["input_tokens"] > 0) == (
        "gpt-6.1-terra", "/openai_gpt/v1/responses", True,
    )  # fmt: skip
    assert record.vendor_request_id
    assert record.vendor_request_id.startswith("req_")


STRICT = {
    "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False
}  # fmt: skip
GOOD = {"model": "gpt-6.1-terra", "input": "Say hello."}


def _format(schema: dict[str, Any]) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", "name": "thing", "strict": True, "schema": schema}}}


REFUSED: list[tuple[dict[str, Any], int, str | None]] = [
    ({"temperature": 0.7}, 400, "temperature"),
    ({"model": "gpt-6.2-sol", "reasoning": {"effort": "none"}}, 400, "reasoning.effort"),
    ({"model": "gpt-4"}, 404, "model"),
    ({"messages": []}, 400, "messages"),
    ({"max_output_tokens": "9"}, 400, "max_output_tokens"),
    (_format({**STRICT, "additionalProperties": True}), 400, "text.format.schema"),
    (_format({**STRICT, "required": []}), 400, "text.format.schema"),
    (_format({**STRICT, "properties": {"a": {"type": "string", "default": "x"}}}), 400, "text.format.schema"),
    (_format({"type": "array", "items": {"type": "string"}}), 400, "text.format.schema"),
    ({"text": {"format": {"type": "json_schema", "schema": STRICT}}}, 400, "text.format.name"),
    ({"metadata": {"k": "v" * 513}}, 400, "metadata"),
]


@pytest.mark.parametrize(("changes", "status", "param"), REFUSED, ids=[str(changes)[:40] for changes, *_ in REFUSED])
def test_the_double_refuses_what_the_vendor_refuses(
    changes: dict[str, Any], status: int, param: str | None, studio: Studio
):
    headers = {"Authorization": "Bearer sandbox-1"}
    answer = httpx.post(f"{studio.url}/openai_gpt/v1/responses", json={**GOOD, **changes}, headers=headers)
    assert answer.status_code == status
    told = answer.json()["error"]
    assert set(told) == {"message", "type", "param", "code"}
    assert told["param"] == param
    assert answer.headers["x-request-id"]
    assert not studio.charges()


def test_the_double_takes_what_the_vendor_takes(studio: Studio):
    headers = {"Authorization": "Bearer sandbox-1"}
    for more in ({}, {"temperature": 0.7, "reasoning": {"effort": "none"}}, _format(STRICT), {"model": "gpt-6-luna"}):
        answer = httpx.post(f"{studio.url}/openai_gpt/v1/responses", json={**GOOD, **more}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "completed"
        assert [item["type"] for item in answer.json()["output"]] == ["reasoning", "message"]
    assert len(studio.charges()) == 4

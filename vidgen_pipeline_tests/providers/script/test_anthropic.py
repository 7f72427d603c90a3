"""Anthropic: both halves by table, and its double over a real socket."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    ProviderRetired,
    ProviderUnavailable,
    RateLimited,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.domain.providers import Tokens
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.script.anthropic import (
    AnthropicProvider,
    build_message,
    read_message,
)
from vidgen_pipeline.providers.script.assignment import Ask
from vidgen_pipeline.providers.script.drafts import script_schema
from vidgen_pipeline.providers.script.writing import Ending
from vidgen_pipeline.providers.wire import Phase, WireReply
from vidgen_pipeline_tests.providers.canary import assert_record_clean
from vidgen_pipeline_tests.providers.script.studio import Studio

ASK = Ask(instructions="You write scripts.", message="Topic: why rain smells. Two scenes.", max_output_tokens=4000)
RECORDED: dict[str, Any] = {
    "id": "msg_01XYZ", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5",
    "content": [
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
        {"type": "text", "text": '{"title":"Why ', "citations": None},
        {"type": "text", "text": 'rain smells"}'},
    ],
    "stop_reason": "end_turn", "stop_sequence": None, "stop_details": None,
    "usage": {
        "input_tokens": 430, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 701,
        "output_tokens_details": {"thinking_tokens": 140}, "service_tier": "standard",
    },
}  # fmt: skip


def reply(body: Any, status: int = 200) -> WireReply:
    return WireReply(status=status, content=json.dumps(body).encode())


def recorded(**changes: Any) -> WireReply:
    return reply({**RECORDED, **changes})


def error(status: int, kind: str, code: str | None = None) -> WireReply:
    details = {"error_code": code} if code else None
    told = {"type": "error", "error": {"type": kind, "message": "why", "details": details}, "request_id": "req_011ABC"}
    return reply(told, status)


def test_a_script_is_asked_for_as_the_vendor_documents_it():
    request = build_message(ASK, model="claude-sonnet-5-5", effort="low")
    assert (request.method, request.path, request.phase) == ("POST", "/v1/messages", Phase.SUBMIT)
    assert (request.paid, request.model) == (True, "claude-sonnet-5-5")
    assert request.headers == {"anthropic-version": "2026-10-21"}
    assert request.json == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 4000,
        "system": "You write scripts.",
        "messages": [{"role": "user", "content": "Topic: why rain smells. Two scenes."}],
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": script_schema()}},
    }
    assert "effort" not in build_message(ASK, model="claude-haiku-4-5", effort="low").json["output_config"]


def test_the_text_is_found_behind_the_models_thinking():
    answer = read_message(recorded())
    assert (answer.ending, answer.text) == (Ending.COMPLETE, '{"title":"Why rain smells"}')
    assert answer.tokens == Tokens(read=430, written=701)


def test_cached_tokens_were_read_too_and_are_told_apart():
    usage = {"input_tokens": 30, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 300, "output_tokens": 7}
    assert read_message(recorded(usage=usage)).tokens == Tokens(read=430, cached=300, kept=100, written=7)
    nothing = {"input_tokens": 30, "cache_creation_input_tokens": None, "output_tokens": 7}
    assert read_message(recorded(usage=nothing)).tokens == Tokens(read=30, written=7)


ENDINGS: list[tuple[dict[str, Any], Ending, str]] = [
    (
        {"stop_reason": "refusal", "content": [],
         "stop_details": {"type": "refusal", "category": "general_harms", "explanation": None}},
        Ending.REFUSED, "general_harms",
    ),
    ({"stop_reason": "refusal"}, Ending.REFUSED, ""),  # what was written before it must not be used
    ({"stop_reason": "max_tokens"}, Ending.CUT_OFF, '{"title":'),
    ({"stop_reason": "model_context_window_exceeded"}, Ending.FAILED, "The model stopped early (model context window"),
    ({"stop_reason": "pause_turn"}, Ending.FAILED, "The model stopped early (pause turn)"),
    ({"stop_reason": "something_new"}, Ending.FAILED, "The model stopped early"),
    ({"content": []}, Ending.COMPLETE, ""),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "ending", "text"), ENDINGS, ids=[str(changes)[:50] for changes, *_ in ENDINGS])
def test_every_way_to_end_is_told_apart(changes: dict[str, Any], ending: Ending, text: str):
    answer = read_message(recorded(**changes))
    assert answer.ending is ending
    assert answer.text.startswith(text)
    if ending is Ending.REFUSED:
        assert "title" not in answer.text


@pytest.mark.parametrize("changes", [{"content": None}, {"usage": None}, {"stop_reason": None}])
def test_an_answer_that_is_no_message(changes: dict[str, Any]):
    with pytest.raises(BadReply):
        read_message(recorded(**changes))


ERRORS: list[tuple[WireReply, type[VidgenError]]] = [
    (error(400, "invalid_request_error"), ProviderError),
    (error(400, "invalid_request_error", "organization_on_hold"), ProviderUnavailable),
    (error(401, "authentication_error"), AuthFailed),
    (error(402, "billing_error"), OutOfCredit),
    (error(402, "billing_error", "linked_organization_spend_limit_reached"), OutOfCredit),
    (error(402, "billing_error", "something_new"), OutOfCredit),
    (error(403, "permission_error"), ProviderUnavailable),
    (error(404, "not_found_error"), ProviderRetired),
    (error(409, "conflict_error"), RateLimited),
    (error(413, "request_too_large"), InvalidInput),
    (error(429, "rate_limit_error"), RateLimited),
    (error(429, "rate_limit_error", "ramp_limit_exceeded"), RateLimited),
    (error(429, "rate_limit_error", "enforced_spend_limit_reached"), OutOfCredit),
    (error(429, "rate_limit_error", "contract_spend_limit_reached"), OutOfCredit),
    (error(500, "api_error"), ProviderDown),
    (error(503, "api_error"), ProviderDown),
    (error(504, "timeout_error"), ProviderDown),
    (error(529, "overloaded_error"), RateLimited),
]


@pytest.mark.parametrize(("answer", "kind"), ERRORS, ids=[f"{one.status} {one.content[26:80]!r}" for one, _ in ERRORS])
def test_each_documented_error_has_its_class(answer: WireReply, kind: type[VidgenError]):
    request = build_message(ASK, model="claude-sonnet-5-5", effort="low")
    found = Judge("Anthropic Claude", AnthropicProvider.kind_of_error).error_in(answer, request)
    assert type(found) is kind


def test_a_good_answer_is_no_error():
    assert AnthropicProvider.kind_of_error(recorded(error={"type": "rate_limit_error"})) is None


@pytest.mark.parametrize(
    ("key", "valid", "words"),
    [
        ("sandbox-1", True, "The key works."),
        ("sandbox-scoped-1", True, "may not do everything"),
        ("bad-key-00000001", False, "does not accept the key"),
    ],
)
def test_a_key_is_checked_for_nothing(key: str, valid: bool, words: str, studio: Studio):
    check = studio.check(AnthropicProvider(), key)
    assert check.valid is valid
    assert words in check.message
    assert not studio.charges()
    assert studio.requests()[-1]["path"] == "/v1/models/claude-sonnet-5-5"


def test_a_key_without_money_or_unknown_costs_nothing(studio: Studio):
    for key, kind in (("broke-1", OutOfCredit), ("sandbox-capped-1", OutOfCredit), ("bad-key-00000001", AuthFailed)):
        with pytest.raises(kind):
            studio.write(AnthropicProvider(), key=key)
    assert not studio.charges()
    assert len(studio.requests()) == 3  # a spending limit is not waited for


def test_an_overload_is_waited_for_and_an_error_of_the_server_is_unknown(studio: Studio):
    studio.fault("anthropic", "rate_limited", retry_after=7)
    studio.fault("anthropic", "status", status=529)
    assert studio.write(AnthropicProvider()).data.scenes
    assert studio.house.time.waits[0] >= 7
    assert [record.status_code for record in studio.house.log.records] == [429, 529, 200]
    studio.fault("anthropic", "status", status=500)
    with pytest.raises(SubmitUnknown):
        studio.write(AnthropicProvider(), topic="Something else")
    assert len(studio.charges()) == 1


def test_every_exchange_is_recorded_with_the_vendors_number(studio: Studio):
    studio.write(AnthropicProvider())
    (record,) = studio.house.log.records
    assert_record_clean(record)
    assert (record.model, record.endpoint) == ("claude-sonnet-5-5", "/anthropic/v1/messages")
    assert record.vendor_request_id
    assert record.vendor_request_id.startswith("req_")


GOOD: dict[str, Any] = {
    "model": "claude-sonnet-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Say hello."}],
}  # fmt: skip
PREFILLED = [{"role": "user", "content": "Say"}, {"role": "assistant", "content": "{"}]
OPEN = {"type": "object", "properties": {}}
REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"temperature": 1.0}, 400, "temperature"),
    ({"top_p": 1.0}, 400, "top_p"),
    ({"top_k": 5}, 400, "top_k"),
    ({"messages": PREFILLED}, 400, "prefill"),
    ({"tools": [{"name": "t"}], "tool_choice": {"type": "tool", "name": "t"}}, 400, "tool_choice"),
    ({"thinking": {"type": "disabled"}}, 400, "thinking"),
    ({"thinking": {"type": "enabled", "budget_tokens": 2000}, "model": "claude-haiku-5-5"}, 400, "thinking"),
    ({"output_config": {"format": {"type": "json_schema", "schema": OPEN}}}, 400, "additionalProperties"),
    ({"output_config": {"format": {"type": "json_schema", "schema": OPEN, "strict": True}}}, 400, "strict"),
    ({"max_tokens": 0}, 400, "max_tokens"),
    ({"model": "claude-3-5-sonnet-20241022"}, 404, "claude-3-5-sonnet-20241022"),
]


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED, ids=[str(changes)[:40] for changes, *_ in REFUSED])
def test_the_double_refuses_what_the_vendor_refuses(changes: dict[str, Any], status: int, words: str, studio: Studio):
    headers = {"x-api-key": "sandbox-1", "anthropic-version": "2026-10-21"}
    answer = httpx.post(f"{studio.url}/anthropic/v1/messages", json={**GOOD, **changes}, headers=headers)
    assert answer.status_code == status
    told = answer.json()
    assert set(told) == {"type", "error", "request_id"}
    assert words in told["error"]["message"]
    assert told["request_id"] == answer.headers["request-id"]
    assert not studio.charges()


@pytest.mark.parametrize("version", [None, "2024-01-01"])
def test_the_double_wants_a_version_it_knows(version: str | None, studio: Studio):
    headers = {"x-api-key": "sandbox-1"} | ({"anthropic-version": version} if version else {})
    answer = httpx.post(f"{studio.url}/anthropic/v1/messages", json=GOOD, headers=headers)
    assert answer.status_code == 400
    assert "anthropic-version" in answer.json()["error"]["message"]


def test_the_double_takes_both_ways_to_send_a_key_and_counts_for_nothing(studio: Studio):
    for key in ({"x-api-key": "sandbox-1"}, {"authorization": "Bearer sandbox-1"}):
        headers = {"anthropic-version": "2023-06-01", **key}
        answer = httpx.post(f"{studio.url}/anthropic/v1/messages", json=GOOD, headers=headers)
        assert answer.status_code == 200, answer.text
        assert [block["type"] for block in answer.json()["content"]] == ["thinking", "text"]
        counted = {name: value for name, value in GOOD.items() if name != "max_tokens"}
        count = httpx.post(f"{studio.url}/anthropic/v1/messages/count_tokens", json=counted, headers=headers)
        assert count.json() == {"input_tokens": answer.json()["usage"]["input_tokens"]}
    assert len(studio.charges()) == 2

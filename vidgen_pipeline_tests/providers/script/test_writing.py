"""Asking, judging, having it put right once: over a real socket, with what it costs."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from vidgen_pipeline.domain.errors import BadReply, ContentRejected, ProviderError, ProviderRetired, SubmitUnknown
from vidgen_pipeline.domain.providers import Tokens
from vidgen_pipeline.domain.script import Script, Visual
from vidgen_pipeline.providers.base import ProviderResult
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.script.anthropic import AnthropicProvider
from vidgen_pipeline.providers.script.openai_gpt import OpenAIScriptProvider
from vidgen_pipeline.providers.script.writing import ScriptWriter
from vidgen_pipeline.providers.wire import Credentials
from vidgen_pipeline_tests.providers.canary import CANARY
from vidgen_pipeline_tests.providers.script.studio import TOPIC, Studio, length_ms
from vidgen_pipeline_tests.providers.script.test_drafts import SCENE, written
from vidgen_pipeline_tests.providers.vendor_double import Behaviour, Vendor, answers, closes_after_reading, vendor

WRITERS = [OpenAIScriptProvider, AnthropicProvider]
both = pytest.mark.parametrize("kind", WRITERS, ids=[kind.provider_name for kind in WRITERS])


@both
@pytest.mark.parametrize("seconds", [15, 60, 300])
def test_a_topic_becomes_a_script_of_the_wished_length(kind: type[ScriptWriter], seconds: int, studio: Studio):
    result = studio.write(kind(), target_length_ms=seconds * 1000, most_ai_scenes=2)
    script = result.data
    assert length_ms(script) == pytest.approx(seconds * 1000, rel=0.1)
    assert script.title == TOPIC
    assert "how bees find their way home" in script.scenes[0].narration
    assert all(2_500 <= scene.estimated_ms <= 12_000 for scene in script.scenes)
    assert all(scene.search_terms and scene.on_screen_text and scene.visual_prompt for scene in script.scenes)
    assert sum(scene.visual is Visual.AI for scene in script.scenes) <= 2
    assert result.model == kind().chosen_model.name
    assert len(studio.charges()) == 1


@both
def test_what_it_costs_is_what_the_vendor_took(kind: type[ScriptWriter], studio: Studio):
    result = studio.write(kind())
    (charge,) = studio.charges()
    taken = Decimal(charge["amount_usd"])
    assert result.cost.amount == pytest.approx(taken, abs=Decimal("0.000002"))
    assert result.cost.usage["output_tokens"] == charge["units"]["output_tokens"]
    assert studio.spent() == result.cost
    assert taken <= kind().estimate(Work(video_ms=60_000)).amount


@both
def test_what_was_cached_costs_what_the_vendor_took_for_it(kind: type[ScriptWriter], studio: Studio):
    result = studio.write(kind(), key="sandbox-recalls-1")
    (charge,) = studio.charges()
    assert result.cost.amount == pytest.approx(Decimal(charge["amount_usd"]), abs=Decimal("0.000002"))
    read, cached = (result.cost.usage[name] for name in ("input_tokens", "cached_input_tokens"))
    assert 0 < cached < read
    assert (
        result.cost.amount < kind().price_tokens(Tokens(read=read, written=result.cost.usage["output_tokens"])).amount
    )


@both
def test_a_draft_of_the_wrong_length_is_put_right_in_one_more_call(kind: type[ScriptWriter], studio: Studio):
    result = studio.write(kind(), key="sandbox-wordy-1")
    assert length_ms(result.data) == pytest.approx(60_000, rel=0.1)
    assert len(studio.charges()) == 2
    assert studio.spent() == result.cost


@both
def test_a_draft_that_is_of_no_use_twice_fails_and_may_be_paid_for_anew(kind: type[ScriptWriter], studio: Studio):
    for paid in (2, 3):  # the first draft is kept; only what came of the correction is asked for again
        with pytest.raises(BadReply, match=r"can't be used.*No scene has a narration"):
            studio.write(kind(), key="sandbox-blank-1")
        assert len(studio.charges()) == paid
        studio.house.next_attempt()
    assert studio.house.statuses() == ["done", "failed", "failed"]


@both
def test_a_script_that_is_cut_off_gets_more_room_once(kind: type[ScriptWriter], studio: Studio):
    result = studio.write(kind(), key="sandbox-ponder-1")
    assert length_ms(result.data) == pytest.approx(60_000, rel=0.1)
    first, second = studio.charges()
    assert first["units"]["output_tokens"] == 4_000
    assert second["units"]["output_tokens"] < 8_000
    assert studio.spent() == result.cost


@both
def test_a_refusal_is_told_from_all_else_and_not_paid_for_again(kind: type[ScriptWriter], studio: Studio):
    for _ in range(2):
        with pytest.raises(ContentRejected, match="won't write about this") as caught:
            studio.write(kind(), topic="Bees, sandbox-refuse")
        assert caught.value.provider == kind.provider_name
        studio.house.next_attempt()
    assert len(studio.charges()) == 1
    assert studio.spent().amount > 0


@both
def test_a_lost_answer_is_unknown_and_never_sent_again(kind: type[ScriptWriter], studio: Studio):
    studio.fault(kind.provider_name, "close_after_accepting", phase="submit")
    for _ in range(2):
        with pytest.raises(SubmitUnknown):
            studio.write(kind())
        studio.house.next_attempt()
    assert len(studio.charges()) == 1
    assert len(studio.requests()) == 1
    assert studio.house.statuses() == ["unknown"]


@both
def test_a_finished_script_is_read_again_after_a_crash(kind: type[ScriptWriter], studio: Studio):
    first = studio.write(kind(), key="sandbox-wordy-1")
    studio.house.next_attempt()
    assert studio.write(kind(), key="sandbox-wordy-1") == first
    assert len(studio.charges()) == 2


@both
def test_another_form_or_effort_is_another_script(
    kind: type[ScriptWriter], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    before = kind().fingerprint()
    assert kind(effort="high").fingerprint() != before
    assert kind(timeout_seconds=100).fingerprint() == before
    (tmp_path / "mine.toml").write_text("# not even a form")
    monkeypatch.setenv("VIDGEN_TEMPLATES_DIR", str(tmp_path))
    assert kind().fingerprint() != before


def _response(text: str, **more: Any) -> Behaviour:
    message = {"type": "message", "content": [{"type": "output_text", "text": text}]}
    usage = {"input_tokens": 1000, "output_tokens": 200}
    return answers({"status": "completed", "output": [message], "usage": usage, **more})


def _written_by(studio: Studio, *script: Behaviour, **fields: Any) -> tuple[ProviderResult[Script], Vendor]:
    async def run() -> tuple[ProviderResult[Script], Vendor]:
        async with vendor(*script) as double:
            url = double.url
            writer = OpenAIScriptProvider()
            result = await asyncio.to_thread(studio.write, writer, CANARY, url, **fields)
            return result, double

    return asyncio.run(run())


LONG = written(*[SCENE] * 4)
SHORT = written()
GOOD = written(SCENE, SCENE)


def test_the_correction_holds_the_draft_and_what_is_wrong_with_it(studio: Studio):
    result, double = _written_by(studio, _response(LONG), _response(GOOD), target_length_ms=16_000)
    assert length_ms(result.data) == pytest.approx(16_000, rel=0.1)
    first, second = (seen.json() for seen in double.seen)
    assert first["instructions"] == second["instructions"]
    assert "<draft>" not in first["input"][0]["content"]
    assert json.dumps(json.loads(LONG)) in second["input"][0]["content"]
    assert "Shorten it to" in second["input"][0]["content"]
    assert result.cost.usage == {"input_tokens": 2000, "output_tokens": 400}


@pytest.mark.parametrize(
    ("second", "scenes"),
    [
        (_response(SHORT), 2),  # farther off than the first
        (_response("{"), 2),
        (_response("", status="incomplete", incomplete_details={"reason": "content_filter"}), 2),
        (answers({"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}, 400), 2),
        (closes_after_reading, 2),
        (_response(LONG), 2),
    ],
    ids=["farther off", "no JSON", "filtered", "refused request", "lost", "longer still"],
)
def test_trouble_with_the_correction_leaves_the_first_draft(second: Behaviour, scenes: int, studio: Studio):
    result, double = _written_by(studio, _response(GOOD), second, target_length_ms=20_000)
    assert len(double.seen) == 2
    assert len(result.data.scenes) == scenes


def test_an_unusable_draft_and_trouble_with_its_correction_fail_with_the_trouble(studio: Studio):
    filtered = _response("", status="incomplete", incomplete_details={"reason": "content_filter"})
    with pytest.raises(ContentRejected):
        _written_by(studio, _response("{"), filtered)
    with pytest.raises(SubmitUnknown):
        _written_by(studio, _response("[]"), closes_after_reading, target_length_ms=30_000)


def test_a_script_longer_than_the_model_may_answer_fails_with_a_remedy(studio: Studio):
    cut = _response("{", status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    with pytest.raises(ProviderError, match="cut off") as caught:
        _written_by(studio, cut, cut)
    assert "shorter video" in caught.value.remedy
    assert studio.house.statuses() == ["done", "failed"]


def test_a_model_that_has_ended_is_asked_for_only_at_an_address_set_by_hand(studio: Studio):
    studio.house.time.now = 60 * 24 * 3600

    async def opened(writer: OpenAIScriptProvider) -> str:
        network = Network(log=studio.house.log, timing=studio.house.time.timing())
        async with writer.connected(Credentials({"key": CANARY}), network=network) as ready:
            return ready.chosen_model.name

    assert asyncio.run(opened(OpenAIScriptProvider(model="gpt-4o", base_url="https://own.example"))) == "gpt-4o"
    with pytest.raises(ProviderRetired, match="14 January 2027"):
        asyncio.run(opened(OpenAIScriptProvider(model="gpt-4o")))
    assert not studio.house.log.records

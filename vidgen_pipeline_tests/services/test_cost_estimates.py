"""What the next video will cost, from prices and from one's own past; and what one did cost."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import Step, VideoRequest
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.actual_costs import actual_costs
from vidgen_pipeline.services.cost_estimates import LEAST_VIDEOS, Basis, CategoryCost, estimate_for_user
from vidgen_pipeline.services.costs import estimate_cost
from vidgen_pipeline.services.integrations import remove_integration, set_integration
from vidgen_pipeline.services.settings_changes import update_settings
from vidgen_pipeline.services.vault import Vault, open_vault
from vidgen_pipeline.services.videos import plan_video
from vidgen_pipeline_tests.services.people import somebody

ELEVENLABS, CLAUDE = catalogue()["elevenlabs"].recommended_model, catalogue()["anthropic"].recommended_model


@pytest.fixture(autouse=True)
def _no_keys_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in catalogue().values():
        for written in provider.key_variables:
            monkeypatch.delenv(written.rpartition("=")[2], raising=False)
    for name in ("VIDGEN_SHARE_KEYS", "VIDGEN_MASTER_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(Home(tmp_path))


def finished(engine: Engine, user_id: UUID, *, duration_ms: int = 60_000) -> UUID:
    """A video that was made, this long."""
    video_id = plan_video(engine, user_id, VideoRequest(language="en"), title="Bees")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE videos SET status = 'completed', result = :result, estimated_usd = 0.50 WHERE id = :id"),
            {"id": video_id, "result": json.dumps({"duration_ms": duration_ms})},
        )
    return video_id


def paid(
    engine: Engine, user_id: UUID, video_id: UUID, usd: str | None, *,
    step: str = "voice", provider: str = "elevenlabs", model: str = ELEVENLABS, status: str = "done",
    test_mode: bool = False,
) -> None:  # fmt: skip
    """A call in the ledger."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO provider_calls (user_id, video_id, step, unit, attempt, inputs_hash, provider, model,"
                " base_url, status, cost_amount, test_mode) VALUES (:user_id, :video_id, :step, :unit, 1, :unit,"
                " :provider, :model, 'https://example.org', :status, :usd, :test_mode)"
            ),
            {"user_id": user_id, "video_id": video_id, "step": step, "unit": str(uuid4()), "provider": provider,
             "model": model, "status": status, "usd": usd, "test_mode": test_mode},
        )  # fmt: skip


def line(engine: Engine, user_id: UUID, category: Category, *, length_seconds: int = 60) -> CategoryCost:
    lines = estimate_for_user(engine, user_id, length_seconds=length_seconds).lines
    return next(one for one in lines if one.category is category)


def test_what_runs_here_costs_nothing_and_what_is_missing_is_said(engine: Engine, user_id: UUID):
    estimate = estimate_for_user(engine, user_id)
    assert (estimate.total_estimated_cost, estimate.low, estimate.high, estimate.currency) == (0, 0, 0, "USD")
    assert {one.category: (one.provider, one.basis) for one in estimate.lines} == {
        Category.SCRIPT: (None, Basis.FREE),
        Category.VOICE: ("hibari", Basis.FREE),
        Category.MEDIA: ("backdrop", Basis.FREE),
        Category.VIDEO_AI: (None, Basis.FREE),
        Category.ASSEMBLY: ("ffmpeg", Basis.FREE),
    }
    assert list(estimate.problems) == [Category.SCRIPT]


def test_an_estimate_is_by_category_with_a_range_and_reads_as_numbers(engine: Engine, user_id: UUID, vault: Vault):
    for provider in ("anthropic", "elevenlabs", "kling"):
        set_integration(engine, user_id, vault, provider, {"key": f"key-for-{provider}"})
    update_settings(engine, user_id, {"default_voice_provider": "elevenlabs", "default_video_ai_provider": "kling"})
    estimate = estimate_for_user(engine, user_id, length_seconds=60)
    by_category = {one.category: one for one in estimate.lines}
    assert estimate.script_cost == by_category[Category.SCRIPT].expected > 0
    assert estimate.voice_cost == by_category[Category.VOICE].expected > 0
    assert estimate.video_ai_cost > estimate.voice_cost
    assert estimate.media_cost == estimate.assembly_cost == 0
    assert estimate.total_estimated_cost == estimate.script_cost + estimate.voice_cost + estimate.video_ai_cost
    assert 0 < estimate.low < estimate.total_estimated_cost < estimate.high
    assert (by_category[Category.VOICE].model, by_category[Category.VOICE].basis) == (ELEVENLABS, Basis.PRICES)
    plain = json.loads(estimate.model_dump_json())
    assert plain["voice_cost"] == float(estimate.voice_cost)
    assert plain["length_seconds"] == 60
    assert plain["problems"] == {}
    twice = estimate_for_user(engine, user_id, length_seconds=120)
    assert twice.voice_cost == pytest.approx(estimate.voice_cost * 2)
    assert estimate_for_user(engine, user_id, overrides={Category.VIDEO_AI: "none"}).video_ai_cost == 0
    assert estimate_for_user(engine, user_id, test_mode=True).total_estimated_cost == 0
    remove_integration(engine, user_id, "elevenlabs")
    broken = estimate_for_user(engine, user_id, length_seconds=60)
    assert "default voice provider" in broken.problems[Category.VOICE]
    assert broken.voice_cost == estimate.voice_cost


def test_a_request_is_estimated_as_it_is(engine: Engine, user_id: UUID):
    request = VideoRequest(
        language="en",
        script_text="Bees dance. " * 50,
        selected_providers={"voice": "elevenlabs", "script": "own_script"},
    )
    estimate = estimate_for_user(engine, user_id, request=request)
    assert estimate.total_estimated_cost == estimate_cost(request).expected
    assert estimate.problems == {}


def test_after_twenty_videos_ones_own_past_says_what_a_minute_costs(engine: Engine, user_id: UUID, vault: Vault):
    set_integration(engine, user_id, vault, "elevenlabs", {"key": "key-for-elevenlabs"})
    update_settings(engine, user_id, {"default_voice_provider": "elevenlabs"})
    from_prices = line(engine, user_id, Category.VOICE)
    alice = somebody(engine, "alice")
    for number in range(1, LEAST_VIDEOS + 2):
        assert line(engine, user_id, Category.VOICE).basis is (
            Basis.PRICES if number <= LEAST_VIDEOS else Basis.HISTORY
        )
        video_id = finished(engine, user_id, duration_ms=30_000)
        # 1 to 21 dollars a minute, in two payments, one of them for something that failed.
        paid(engine, user_id, video_id, str(Decimal(number) / 4), status="failed")
        paid(engine, user_id, video_id, str(Decimal(number) / 4))
        paid(engine, user_id, video_id, "99", test_mode=True)
        paid(engine, user_id, video_id, "99", model="another-model")
        paid(engine, user_id, video_id, None, status="unknown")
    past = line(engine, user_id, Category.VOICE)
    assert (past.low, past.expected, past.high, past.videos) == (3, 11, 19, 21)
    assert line(engine, user_id, Category.VOICE, length_seconds=120).expected == 22
    assert line(engine, alice, Category.VOICE).expected == 0
    assert estimate_for_user(engine, alice, overrides={Category.VOICE: "elevenlabs"}, length_seconds=60).voice_cost == (
        from_prices.expected
    )


def test_what_a_video_did_cost_is_told_by_step_with_its_drift(engine: Engine, user_id: UUID):
    video_id = finished(engine, user_id)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO generation_steps (video_id, step, attempt, status, inputs_hash, output, provider, model,"
                " estimated_usd) VALUES (:id, 'voice', 2, 'done', 'x', '{}', 'elevenlabs', 'm', 0.20),"
                " (:id, 'assembly', 2, 'done', 'x', '{}', 'ffmpeg', 'segments-1', NULL)"
            ),
            {"id": video_id},
        )
    for usd in ("0.10", "0.15", None):
        paid(engine, user_id, video_id, usd)
    paid(engine, user_id, video_id, "9", test_mode=True)
    paid(engine, user_id, video_id, "0.40", step="script", provider="anthropic", model=CLAUDE, status="failed")
    paid(engine, user_id, video_id, None, step="script", provider="anthropic", model=CLAUDE, status="unknown")
    costs = actual_costs(engine, user_id, video_id)
    assert (costs.actual_usd, costs.estimated_usd, costs.drift_usd, costs.drift_percent) == (
        Decimal("0.65"), Decimal("0.50"), Decimal("0.15"), 30.0,
    )  # fmt: skip
    script, voice, assembly = costs.steps
    assert (script.step, script.provider, script.model, script.actual_usd) == (
        Step.SCRIPT, "anthropic", CLAUDE, Decimal("0.40"),
    )  # fmt: skip
    assert (script.calls, script.in_doubt, script.drift_usd, script.drift_percent) == (2, 1, None, None)
    assert (voice.actual_usd, voice.estimated_usd, voice.drift_usd, voice.drift_percent) == (
        Decimal("0.25"), Decimal("0.20"), Decimal("0.05"), 25.0,
    )  # fmt: skip
    assert (assembly.provider, assembly.actual_usd, assembly.calls) == ("ffmpeg", 0, 0)
    with pytest.raises(NotFound):
        actual_costs(engine, somebody(engine, "alice"), video_id)

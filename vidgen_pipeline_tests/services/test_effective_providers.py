"""Who does each step and why, and that nobody is silently put in another's place."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import ProviderRetired, ProviderUnavailable
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.effective_providers import Reason, effective_providers
from vidgen_pipeline.services.integrations import remove_integration, set_integration, switch_integration
from vidgen_pipeline.services.planning import Wishes, plan
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.settings_changes import update_settings
from vidgen_pipeline.services.vault import Vault, open_vault

PROMPT = Wishes(prompt="Why bees dance")


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


def chosen(engine: Engine, user_id: UUID, **how: bool) -> dict[str, tuple[str | None, Reason]]:
    found = effective_providers(engine, user_id, **how)
    return {category.value: (one.provider, one.reason) for category, one in found.items()}


def test_where_nothing_is_said_it_is_the_first_that_can_be_used(engine: Engine, user_id: UUID, vault: Vault):
    first, nobody = Reason.FIRST_AVAILABLE, Reason.NOT_WANTED
    assert chosen(engine, user_id) == {
        "script": (None, first),
        "voice": ("hibari", first),
        "media": ("backdrop", first),
        "video_ai": (None, nobody),
        "assembly": ("ffmpeg", first),
    }
    problem = effective_providers(engine, user_id)[Category.SCRIPT].problem
    assert isinstance(problem, ProviderUnavailable)
    with pytest.raises(ProviderUnavailable, match="could write a script"):
        plan(PROMPT, defaults_of(engine, user_id))
    set_integration(engine, user_id, vault, "anthropic", {"key": "sk-key-000000001"})
    assert chosen(engine, user_id)["script"] == ("anthropic", first)
    set_integration(engine, user_id, vault, "openai_gpt", {"key": "sk-key-000000002"})
    assert chosen(engine, user_id)["script"] == ("openai_gpt", first)  # it stands first in the catalogue
    assert plan(PROMPT, defaults_of(engine, user_id)).request.selected_providers[Category.SCRIPT] == "openai_gpt"


def test_what_one_gives_oneself_needs_nobody(engine: Engine, user_id: UUID):
    found = chosen(engine, user_id, own_script=True, own_media=True)
    assert found["script"] == ("own_script", Reason.OWN_WORDS)
    assert found["media"] == ("local_folder", Reason.OWN_FILES)


def test_a_default_is_used_until_it_can_not_be_and_then_it_stops_the_video(engine: Engine, user_id: UUID, vault: Vault):
    set_integration(engine, user_id, vault, "anthropic", {"key": "sk-key-000000001"})
    set_integration(engine, user_id, vault, "openai_gpt", {"key": "sk-key-000000002"})
    update_settings(engine, user_id, {"default_script_provider": "anthropic"})
    assert chosen(engine, user_id)["script"] == ("anthropic", Reason.DEFAULT)
    switch_integration(engine, user_id, "anthropic", on=False)
    for spoil, phrase in (
        (lambda: None, "vidgen keys enable anthropic"),
        (lambda: remove_integration(engine, user_id, "anthropic"), "vidgen keys set anthropic"),
    ):
        spoil()
        with pytest.raises(ProviderUnavailable) as stopped:
            plan(PROMPT, defaults_of(engine, user_id))
        for words in ("Your default script provider can't be used", phrase, "settings set script_provider"):
            assert words in str(stopped.value)
    # Another one for this video is a choice, and no swap.
    other = plan(Wishes(prompt="Bees", providers={Category.SCRIPT: "openai_gpt"}), defaults_of(engine, user_id))
    assert other.request.selected_providers[Category.SCRIPT] == "openai_gpt"
    # Where it is not needed it stops nothing.
    plan(Wishes(script_text="Bees dance."), defaults_of(engine, user_id))


def test_a_default_that_ended_or_is_no_more_says_so(engine: Engine, user_id: UUID):
    for name, error, phrase in (("playht", ProviderRetired, "ended on"), ("gone", Exception, "'gone'")):
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE user_generation_settings SET default_voice_provider = :name"), {"name": name}
            )
        problem = effective_providers(engine, user_id)[Category.VOICE].problem
        assert isinstance(problem, error)
        assert phrase in str(problem)
        assert "settings set voice_provider" in str(problem)
        with pytest.raises(type(problem)):
            plan(Wishes(script_text="Bees dance."), defaults_of(engine, user_id))


def test_in_test_mode_every_vendor_can_be_used(engine: Engine, user_id: UUID):
    found = effective_providers(engine, user_id, {Category.VIDEO_AI: "kling"}, test_mode=True)
    assert (found[Category.SCRIPT].provider, found[Category.SCRIPT].problem) == ("openai_gpt", None)
    kling = found[Category.VIDEO_AI]
    assert (kling.provider, kling.reason, kling.problem) == ("kling", Reason.THIS_VIDEO, None)
    assert kling.model == catalogue()["kling"].recommended_model

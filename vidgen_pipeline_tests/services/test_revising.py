"""Some of the wishes are changed; the rest stays, and what the product chose is chosen anew where it has to be."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vidgen_pipeline.domain.errors import InvalidInput, ProviderUnavailable
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import SceneText
from vidgen_pipeline.domain.video import VideoRequest
from vidgen_pipeline.services.planning import Wishes, plan
from vidgen_pipeline.services.revising import revise, wishes_of
from vidgen_pipeline.services.settings import Defaults

DEFAULTS = Defaults(aspect_ratio="9:16", subtitle_style="modern", music="calm")
ENGLISH = "The fox runs through the forest and looks for something to eat."
GERMAN = "Der Fuchs läuft durch den Wald und sucht etwas zu fressen."


def _revised(before: Wishes, **changes: Any) -> VideoRequest:
    return revise(plan(before, DEFAULTS).request, changes, DEFAULTS).request


def test_no_change_plans_the_very_same(tmp_path: Path):
    everything = Wishes(
        script_text=ENGLISH, script_folder=tmp_path, title="Foxes", audience="children", tone="warm",
        platform="tiktok", template="story", length_seconds=45, language="en-GB", voice="heart", voice_speed=1.25,
        aspect_ratio="1:1", look="storybook", subtitle_style="bold", caption_highlight="karaoke", music="happy",
        when_clip_rejected="use-stock", voice_clean_up="light",
        providers={Category.MEDIA: "pexels", Category.VIDEO_AI: "luma"},
        fresh=True, test_mode=True,
    )  # fmt: skip
    request = plan(everything, DEFAULTS).request
    assert plan(wishes_of(request), DEFAULTS).request == request
    assert revise(request, {}, DEFAULTS).request == request
    said = {field.name for field in fields(Wishes) if getattr(wishes_of(request), field.name) != field.default}
    assert said | {"prompt", "media_folders"} == {field.name for field in fields(Wishes)}  # every wish was tried here


def test_one_wish_changes_one_field():
    before = Wishes(script_text=ENGLISH, voice="heart", music="happy")
    first = plan(before, DEFAULTS).request
    assert _revised(before, subtitle_style="bold") == first.model_copy(update={"subtitle_style": "bold"})
    assert _revised(before, title="Foxes") == first.model_copy(update={"title": "Foxes"})
    assert _revised(before, music=None) == first.model_copy(update={"music_mood": "calm"})


def test_another_look_brings_its_captions_and_music_along():
    before = Wishes(script_text=ENGLISH, look="storybook")
    assert plan(before, DEFAULTS).request.subtitle_style == "classic"
    punchy = _revised(before, look="punchy")
    assert (punchy.look, punchy.subtitle_style, punchy.caption_highlight) == ("punchy", "bold", "pop")
    assert punchy.music_mood == "energetic"
    kept = _revised(before, look="punchy", music="none")
    assert (kept.subtitle_style, kept.music_mood) == ("bold", "none")
    without = _revised(before, look=None)
    assert (without.look, without.subtitle_style, without.music_mood) == (None, "modern", "calm")
    assert _revised(before, title="Foxes").subtitle_style == "classic"


def test_a_text_in_another_language_gets_another_voice_and_one_in_the_same_keeps_it():
    before = Wishes(script_text=ENGLISH, language="en-GB", voice="heart")
    german = _revised(before, script_text=GERMAN)
    assert (german.language, german.voice) == ("de", None)
    english = _revised(before, script_text=f"{ENGLISH} It finds a mouse.")
    assert (english.language, english.voice) == ("en-GB", "heart")


def test_a_language_or_a_voice_brings_its_provider_along():
    before = Wishes(script_text=ENGLISH, voice="heart")
    first = plan(before, DEFAULTS).request
    assert first.selected_providers[Category.VOICE] == "hibari"
    german = _revised(before, language="de")
    assert (german.language, german.voice, german.selected_providers[Category.VOICE]) == ("de", None, "espeak")
    chosen = Wishes(script_text=ENGLISH, providers={Category.VOICE: "espeak"})
    assert _revised(chosen, music="none").selected_providers[Category.VOICE] == "espeak"
    assert _revised(chosen, voice="heart").selected_providers[Category.VOICE] == "hibari"


def test_a_script_in_place_of_a_prompt_is_the_person_s_own_and_the_other_way_round(monkeypatch: pytest.MonkeyPatch):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    asked = Wishes(prompt="Why bees dance", providers={Category.SCRIPT: "anthropic"}, test_mode=True)
    own = _revised(asked, script_text=ENGLISH)
    assert (own.prompt, own.script_text, own.selected_providers[Category.SCRIPT]) == (None, ENGLISH, "own_script")
    longer = _revised(asked, prompt="Why bees dance in the dark")
    assert longer.selected_providers[Category.SCRIPT] == "anthropic"
    with pytest.raises(ProviderUnavailable, match="from a prompt"):
        _revised(Wishes(script_text=ENGLISH), prompt="Why bees dance")


def test_words_for_a_scene_stay_with_the_script_they_are_for():
    wishes = Wishes(prompt="Why bees dance", providers={Category.SCRIPT: "anthropic"}, test_mode=True)
    texts = {2: SceneText(instead_of="Bees hum.", text="Bees dance.")}
    before = plan(wishes, DEFAULTS).request.model_copy(update={"scene_texts": texts})
    same: list[dict[str, Any]] = [
        {}, {"subtitle_style": "bold"}, {"music": "none"}, {"voice": "heart"}, {"look": "punchy"},
        {"prompt": before.prompt},
    ]  # fmt: skip
    other: list[dict[str, Any]] = [
        {"prompt": "Why ants march"}, {"script_text": ENGLISH}, {"title": "Bees"}, {"language": "de"}, {"tone": "dry"},
        {"length_seconds": 30}, {"template": "list"}, {"providers": {Category.SCRIPT: "openai_gpt"}},
        {"providers": {Category.VIDEO_AI: "luma"}},
    ]  # fmt: skip
    assert [revise(before, changes, DEFAULTS).request.scene_texts for changes in same] == [texts] * len(same)
    assert [revise(before, changes, DEFAULTS).request.scene_texts for changes in other] == [{}] * len(other)


def test_own_pictures_take_the_place_of_drawn_ones(tmp_path: Path):
    Image.new("RGB", (800, 600)).save(tmp_path / "fox.jpg")
    before = Wishes(script_text=ENGLISH)
    assert _revised(before, media_folders=(tmp_path,)).selected_providers[Category.MEDIA] == "local_folder"
    stock = Wishes(script_text=ENGLISH, providers={Category.MEDIA: "pexels"}, test_mode=True)
    assert _revised(stock, providers={Category.VOICE: "espeak"}).selected_providers == {
        **plan(stock, DEFAULTS).request.selected_providers, Category.VOICE: "espeak"
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes", [{"subtitle_style": "bolt"}, {"voice": "nobody"}, {"title": "x" * 300}, {"colour": 1}]
)
def test_what_planning_refuses_is_refused(changes: dict[str, Any]):
    with pytest.raises(InvalidInput):
        _revised(Wishes(script_text=ENGLISH), **changes)

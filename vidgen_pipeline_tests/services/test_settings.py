"""A user's settings: there from the start, changed one at a time or all, and honoured by planning."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import InvalidInput, ProviderRetired, ProviderUnavailable, StaleVersion
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.services.notifications import set_email
from vidgen_pipeline.services.planning import Plan, Wishes, plan
from vidgen_pipeline.services.revising import revise
from vidgen_pipeline.services.settings import defaults_of, get_settings
from vidgen_pipeline.services.settings_changes import setting_names, update_settings
from vidgen_pipeline.subtitles.styles import OwnStyles
from vidgen_pipeline_tests.services.people import somebody

GERMAN = "Bienen tanzen im Kreis, wenn sie den anderen sagen wollen, wo die Blumen stehen und wie weit es dorthin ist."


@pytest.fixture(autouse=True)
def _no_keys_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in catalogue().values():
        for written in provider.key_variables:
            monkeypatch.delenv(written.rpartition("=")[2], raising=False)
    monkeypatch.delenv("VIDGEN_SHARE_KEYS", raising=False)


def planned(engine: Engine, user_id: UUID, **wishes: Any) -> Plan:
    return plan(Wishes(**({"script_text": "Cats purr."} | wishes)), defaults_of(engine, user_id))


def test_settings_are_there_from_the_first_look(engine: Engine):
    alice = somebody(engine, "alice")
    settings = get_settings(engine, alice)
    assert (settings.subtitle_style, settings.aspect_ratio, settings.music_mood) == ("modern", "9:16", "calm")
    assert (settings.default_voice_provider, settings.voices, settings.version) == (None, {}, 1)
    set_email(engine, alice, "alice@example.org")
    assert get_settings(engine, alice).notifications.email == "alice@example.org"
    names = {field.name for field in dataclasses.fields(settings)}
    assert set(setting_names()) == names - {"notifications", "version", "updated_at"}


def test_a_change_is_checked_written_as_it_is_meant_and_counted(engine: Engine, user_id: UUID):
    settings = update_settings(
        engine,
        user_id,
        {
            "default_voice_provider": "Espeak",
            "look": "Storybook",
            "subtitle_style": "BOLD",
            "caption_highlight": "Karaoke",
            "language": "german",
            "aspect_ratio": "16:9",
            "target_length_seconds": "90",
            "music_mood": "happy",
            "tone": "  warm,\n dry ",
            "template": "list",
            "when_clip_rejected": "use-stock",
            "voice_clean_up": "Light",
            "time_zone": "europe/berlin",
            "skip_later_than_hours": 12,
            "voices": {"hibari": "HEART", "elevenlabs": "George"},
        },
        version=1,
    )
    shown = dataclasses.asdict(settings)
    assert {name: shown[name] for name in setting_names()} == {
        "default_script_provider": None,
        "default_voice_provider": "espeak",
        "default_media_provider": None,
        "default_video_ai_provider": None,
        "default_assembly_provider": None,
        "look": "storybook",
        "subtitle_style": "bold",
        "caption_highlight": "karaoke",
        "language": "de",
        "aspect_ratio": "16:9",
        "target_length_seconds": 90,
        "music_mood": "happy",
        "tone": "warm, dry",
        "template": "list",
        "when_clip_rejected": "use_stock",
        "voice_clean_up": "light",
        "time_zone": "Europe/Berlin",
        "skip_later_than_hours": 12,
        "voices": {"hibari": "heart", "elevenlabs": "George"},
    }
    assert settings.version == 2
    assert update_settings(engine, user_id, {"subtitle_style": "bold"}).version == 2  # nothing changed
    back = update_settings(engine, user_id, dict.fromkeys(setting_names()) | {"voices": {"hibari": None}})
    assert (back.subtitle_style, back.language, back.voices, back.version) == (
        "modern",
        None,
        {"elevenlabs": "George"},
        3,
    )
    assert update_settings(engine, user_id, {"voices": None}).voices == {}


@pytest.mark.parametrize(
    ("changes", "error", "phrase"),
    [
        ({"look": "storybok"}, InvalidInput, "storybook.*documentary"),
        ({"subtitle_style": "fancy"}, InvalidInput, "subtitle style"),
        ({"caption_highlight": "glow"}, InvalidInput, "caption highlight"),
        ({"aspect_ratio": "4:3"}, InvalidInput, "aspect ratio"),
        ({"music_mood": "angry"}, InvalidInput, "music mood"),
        ({"language": "klingon"}, InvalidInput, "language"),
        ({"language": "en" + "-x" * 40}, InvalidInput, "35"),
        ({"template": "nope"}, InvalidInput, "template"),
        ({"tone": "x" * 201}, InvalidInput, "200"),
        ({"target_length_seconds": 4}, InvalidInput, "5 to 3600"),
        ({"target_length_seconds": True}, InvalidInput, "whole seconds"),
        ({"target_length_seconds": "1e3"}, InvalidInput, "whole seconds"),
        ({"time_zone": "Mars/Olympus"}, InvalidInput, "time zone"),
        ({"skip_later_than_hours": 0}, InvalidInput, "whole hours"),
        ({"when_clip_rejected": "shrug"}, InvalidInput, "rejected clip"),
        ({"voice_clean_up": "spotless"}, InvalidInput, "voice clean-up"),
        ({"voices": {"hibari": "Nobody"}}, InvalidInput, "voice called"),
        ({"voices": {"pexels": "heart"}}, InvalidInput, "voice provider"),
        ({"voices": ["heart"]}, InvalidInput, "by provider"),
        ({"default_voice_provider": "pexels"}, InvalidInput, "voice provider"),
        ({"default_voice_provider": 5}, InvalidInput, "no text"),
        ({"default_voice_provider": "playht"}, ProviderRetired, "ended on"),
        ({"default_media_provider": "unsplash"}, ProviderUnavailable, "switched off"),
        ({"default_video_ai_provider": "kling"}, ProviderUnavailable, "vidgen keys set kling"),
        ({"default_script_provider": "own_script"}, InvalidInput, "whenever you give"),
        ({"default_media_provider": "local_folder"}, InvalidInput, "whenever you give"),
        ({"user_id": "x"}, InvalidInput, "setting called 'user_id'"),
        ({"version": 9}, InvalidInput, "setting called 'version'"),
    ],
)
def test_what_planning_would_refuse_is_refused_and_nothing_is_saved(
    engine: Engine, user_id: UUID, changes: dict[str, Any], error: type[Exception], phrase: str
):
    before = get_settings(engine, user_id)
    with pytest.raises(error, match=phrase):
        update_settings(engine, user_id, {"aspect_ratio": "1:1"} | changes)
    assert get_settings(engine, user_id) == before


def test_who_saw_an_old_version_is_refused_also_at_the_same_moment(engine: Engine, user_id: UUID):
    def change(seconds: int) -> bool:
        try:
            update_settings(engine, user_id, {"target_length_seconds": seconds}, version=1)
        except StaleVersion:
            return False
        return True

    with ThreadPoolExecutor(8) as people:
        outcomes = list(people.map(change, range(10, 18)))
    assert sum(outcomes) == 1
    settings = get_settings(engine, user_id)
    assert (settings.version, settings.target_length_seconds) == (2, 10 + outcomes.index(True))


def test_one_users_settings_are_not_anothers(engine: Engine, user_id: UUID):
    alice = somebody(engine, "alice")
    update_settings(engine, alice, {"aspect_ratio": "16:9"})
    assert get_settings(engine, user_id).aspect_ratio == "9:16"
    assert planned(engine, alice).request.aspect_ratio == "16:9"


def test_a_video_is_as_the_settings_say_where_it_says_nothing(engine: Engine, user_id: UUID):
    update_settings(
        engine,
        user_id,
        {"default_voice_provider": "espeak", "subtitle_style": "bold", "caption_highlight": "pop", "music_mood": "none",
         "aspect_ratio": "1:1", "when_clip_rejected": "use_stock", "voice_clean_up": "strong",
         "tone": "dry", "target_length_seconds": 30},
    )  # fmt: skip
    request = planned(engine, user_id).request
    assert (request.subtitle_style, request.caption_highlight, request.music_mood) == ("bold", "pop", "none")
    assert (request.aspect_ratio, request.when_clip_rejected) == ("1:1", "use_stock")
    assert request.voice_clean_up == "strong"
    assert request.selected_providers[Category.VOICE] == "espeak"
    assert (request.tone, request.target_length_ms) == (None, None)  # one's own words have their own
    said = planned(
        engine, user_id, subtitle_style="minimal", caption_highlight="none", providers={Category.VOICE: "hibari"}
    ).request
    assert (said.subtitle_style, said.caption_highlight) == ("minimal", "none")
    assert said.selected_providers[Category.VOICE] == "hibari"
    prompted = planned(engine, user_id, script_text=None, prompt="Why cats purr", test_mode=True).request
    assert (prompted.tone, prompted.target_length_ms) == ("dry", 30_000)


def test_the_language_of_ones_own_words_is_heard_and_that_of_a_prompt_is_set(engine: Engine, user_id: UUID):
    update_settings(engine, user_id, {"language": "fr"})
    assert planned(engine, user_id, script_text=GERMAN).request.language == "de"
    assert planned(engine, user_id, script_text="Zzz 42.").request.language == "fr"
    prompt = {"script_text": None, "prompt": "Why bees dance", "test_mode": True}
    assert planned(engine, user_id, **prompt).request.language == "fr"
    assert planned(engine, user_id, **prompt, language="en").request.language == "en"


def test_the_usual_voice_speaks_where_it_can(engine: Engine, user_id: UUID):
    update_settings(engine, user_id, {"voices": {"hibari": "heart", "elevenlabs": "George"}})
    assert planned(engine, user_id).request.voice == "heart"
    german = planned(engine, user_id, script_text=GERMAN)
    assert (german.request.selected_providers[Category.VOICE], german.request.voice) == ("espeak", None)
    vendor = planned(engine, user_id, providers={Category.VOICE: "elevenlabs"}, test_mode=True).request
    assert vendor.voice == "George"
    update_settings(engine, user_id, {"default_voice_provider": "hibari"})
    with pytest.raises(InvalidInput, match=r"Hibari, your default voice provider, does not speak de.*settings set"):
        planned(engine, user_id, script_text=GERMAN)


def test_a_voice_of_this_machine_is_taken_by_its_name_whatever_the_default(engine: Engine, user_id: UUID):
    update_settings(engine, user_id, {"default_voice_provider": "espeak"})
    request = planned(engine, user_id, voice="heart").request
    assert (request.selected_providers[Category.VOICE], request.voice) == ("hibari", "heart")


def test_the_usual_look_stands_between_the_video_and_the_other_settings(engine: Engine, user_id: UUID):
    update_settings(engine, user_id, {"look": "storybook", "subtitle_style": "minimal", "music_mood": "happy"})
    usual = planned(engine, user_id).request
    assert (usual.look, usual.subtitle_style, usual.music_mood) == ("storybook", "classic", "tender")
    said = planned(engine, user_id, subtitle_style="bold", music="none").request
    assert (said.look, said.subtitle_style, said.music_mood) == ("storybook", "bold", "none")
    other = planned(engine, user_id, look="punchy").request
    assert (other.look, other.subtitle_style) == ("punchy", "bold")
    without = planned(engine, user_id, look="None").request
    assert (without.look, without.subtitle_style, without.music_mood) == (None, "minimal", "happy")

    defaults = defaults_of(engine, user_id)
    kept = without.model_copy(update={"subtitle_style": "bold"})
    assert revise(kept, {"look": "none"}, defaults).request == kept
    assert revise(kept, {"title": "Purring"}, defaults).request == kept.model_copy(update={"title": "Purring"})
    taken_back = revise(kept, {"look": None}, defaults).request
    assert (taken_back.look, taken_back.subtitle_style, taken_back.music_mood) == ("storybook", "classic", "tender")
    assert revise(usual, {"look": "none"}, defaults).request.subtitle_style == "minimal"
    assert update_settings(engine, user_id, {"look": "none"}).look is None
    assert planned(engine, user_id).request.look is None


def test_ones_own_look_can_be_the_usual_one(engine: Engine, user_id: UUID, tmp_path: Path):
    (tmp_path / "looks").mkdir()
    (tmp_path / "looks" / "house.toml").write_text('music = "happy"')
    styles = OwnStyles(folder=tmp_path / "styles")
    assert update_settings(engine, user_id, {"look": "House"}, own_styles=styles).look == "house"
    request = plan(Wishes(script_text="Cats purr."), defaults_of(engine, user_id), styles).request
    assert (request.look, request.music_mood) == ("house", "happy")
    with pytest.raises(InvalidInput, match="house"):
        update_settings(engine, user_id, {"look": "palace"}, own_styles=styles)


def test_new_settings_do_not_change_what_was_planned_before(
    engine: Engine, user_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KLING_API_KEY", "kling-key-00000001")
    before = planned(engine, user_id).request
    update_settings(
        engine,
        user_id,
        {"caption_highlight": "pop", "language": "fr", "default_video_ai_provider": "kling",
         "default_voice_provider": "espeak", "voices": {"hibari": "heart"}},
    )  # fmt: skip
    defaults = defaults_of(engine, user_id)
    assert revise(before, {"title": "Purring"}, defaults).request == before.model_copy(update={"title": "Purring"})
    taken_back = revise(before, {"caption_highlight": None}, defaults).request
    assert taken_back.caption_highlight == "pop"
    assert Category.VIDEO_AI in planned(engine, user_id).request.selected_providers
    without = planned(engine, user_id, providers={Category.VIDEO_AI: "none"}).request
    assert Category.VIDEO_AI not in without.selected_providers

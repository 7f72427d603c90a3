"""From what a model wrote to a script that can be spoken and shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidgen_pipeline.domain.script import Visual
from vidgen_pipeline.providers.script.drafts import Draft, read_draft, script_schema
from vidgen_pipeline.providers.script.word_budget import WordBudget
from vidgen_pipeline_tests.providers.script.studio import brief, length_ms

SCENE = {
    "narration": "A bee flies far from its hive every day. It looks at the sun, and it remembers the trees below.",
    "search_terms": ["honey bee", "bee hive", "sunny meadow"],
    "visual_prompt": "A bee over a meadow at sunrise.",
    "on_screen_phrase": "Guided by the sun",
    "visual": "stock",
}
LONG = "Every morning the first bees leave the hive and turn in the air to look back at their home. " * 3


def written(*scenes: dict[str, Any], **fields: Any) -> str:
    draft = {"title": "How bees come home", "hook": "A bee never gets lost.", "scenes": list(scenes) or [SCENE]}
    return json.dumps({**draft, **fields})


def scene(**fields: Any) -> dict[str, Any]:
    return {**SCENE, **fields}


def judge(text: str, target_ms: int = 10_000, **fields: Any) -> Draft:
    asked = brief(**fields)
    return read_draft(text, asked, WordBudget(target_ms, asked.language))


def test_the_schema_is_strict_for_both_vendors():
    def objects(schema: Any) -> list[Any]:
        parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
        found = [one for part in parts for one in objects(part)]
        return [*found, schema] if isinstance(schema, dict) and schema.get("type") == "object" else found

    schema = script_schema()
    assert schema["type"] == "object"
    assert schema["required"] == ["title", "hook", "scenes"]
    for part in objects(schema):
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
    refused = ("default", "allOf", "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "oneOf")
    assert not any(f'"{word}"' in json.dumps(schema) for word in refused)


def test_a_good_draft_becomes_a_script():
    draft = judge(written(SCENE), target_ms=8_900)
    assert draft.problems == ()
    assert draft.script is not None
    (only,) = draft.script.scenes
    assert draft.script.title == "How bees come home"
    assert only.narration == f"A bee never gets lost. {SCENE['narration']}"
    assert only.search_terms == ("honey bee", "bee hive", "sunny meadow")
    assert (only.on_screen_text, only.visual_prompt) == ("Guided by the sun", "A bee over a meadow at sunrise.")
    assert (only.visual, only.image) == (Visual.STOCK, None)
    assert draft.off_by < 0.1


def test_the_persons_title_stands_before_the_models():
    draft = judge(written(), title="Bees, explained")
    assert draft.script
    assert draft.script.title == "Bees, explained"


def test_a_hook_that_the_first_scene_repeats_is_spoken_once():
    draft = judge(written(scene(narration="A bee never gets lost! It looks at the sun every single morning.")))
    assert draft.script
    assert draft.script.scenes[0].narration.lower().count("never gets lost") == 1


def test_long_narration_is_cut_into_scenes_of_three_to_twelve_seconds():
    last = scene(on_screen_phrase="Home again")
    draft = judge(written(scene(narration=LONG, visual="ai"), last), target_ms=30_000, most_ai_scenes=2)
    assert draft.script
    scenes = draft.script.scenes
    assert len(scenes) >= 3
    assert all(3000 <= one.estimated_ms <= 12_000 for one in scenes)
    spoken = " ".join(one.narration for one in scenes)
    assert spoken.split() == f"A bee never gets lost. {LONG} {SCENE['narration']}".split()
    assert [one.visual for one in scenes[:3]] == [Visual.AI, Visual.AI, Visual.STOCK]  # no more than were allowed
    assert scenes[0].search_terms[0] != scenes[1].search_terms[0]
    assert len({one.on_screen_text for one in scenes}) == len(scenes)
    assert [one.index for one in scenes] == list(range(len(scenes)))


def test_the_models_own_scenes_stay_whole():
    ten_seconds = scene(narration=f"{SCENE['narration']} And it never forgets.")
    draft = judge(written(ten_seconds, scene(on_screen_phrase="Home again")))
    assert draft.script
    assert [one.on_screen_text for one in draft.script.scenes] == ["Guided by the sun", "Home again"]
    assert draft.script.scenes[0].estimated_ms > 9_000


def test_scenes_too_short_to_be_seen_are_joined():
    short = scene(narration="That is all.", on_screen_phrase="The end")
    draft = judge(written(SCENE, short))
    assert draft.script
    assert len(draft.script.scenes) == 1
    assert draft.script.scenes[0].narration.endswith("That is all.")
    assert draft.script.scenes[0].on_screen_text == "Guided by the sun"


@pytest.mark.parametrize(
    ("fields", "allowed", "visual"),
    [
        ({"visual": "ai"}, 1, Visual.AI),
        ({"visual": "ai"}, 0, Visual.STOCK),
        ({"visual": "ai", "visual_prompt": " "}, 1, Visual.STOCK),
    ],
)
def test_clips_of_a_video_model_only_where_they_are_allowed(fields: dict[str, Any], allowed: int, visual: Visual):
    draft = judge(written(scene(**fields)), most_ai_scenes=allowed)
    assert draft.script
    assert draft.script.scenes[0].visual is visual


@pytest.mark.parametrize(
    ("phrase", "shown"),
    [
        ("Guided by the sun.", "Guided by the sun"),
        ("  Guided\n by\u200b the sun ", "Guided by the sun"),
        ("They fly for many miles, and yet they always find the hive again", None),
        ("🐝", None),
        ("", None),
    ],
)
def test_a_phrase_fits_on_the_screen(phrase: str, shown: str | None):
    draft = judge(written(scene(on_screen_phrase=phrase)))
    assert draft.script
    text = draft.script.scenes[0].on_screen_text
    assert text
    assert len(text.split()) <= 6
    assert len(text) <= 36
    assert text == (shown or text)


@pytest.mark.parametrize(
    "narration",
    [
        "**A bee** looks at [the sun](https://x.example). [pause 1s] It [image: /etc/passwd] remembers.",
        "# Heading\nA bee looks at the sun.\nIt remembers.",
        "A bee\u202e looks at\x00 the sun. It remembers.",
    ],
)
def test_what_is_no_speech_is_not_spoken_and_names_no_file(narration: str):
    draft = judge(written(scene(narration=narration)))
    assert draft.script
    assert draft.script.scenes[0].narration.endswith("looks at the sun. It remembers.")
    assert all(one.image is None for one in draft.script.scenes)


def test_terms_are_tidied_and_found_where_the_model_gives_none():
    draft = judge(written(scene(search_terms=[" Honey  Bee", "honey bee", "", "蜂", "x" * 99, "a1", "b", "c", "d"])))
    assert draft.script
    assert draft.script.scenes[0].search_terms == ("honey bee", "x" * 60, "a1", "b", "c")
    found = judge(written(scene(search_terms=[])))
    assert found.script
    assert found.script.scenes[0].search_terms
    assert not [problem for problem in found.problems if "search_terms" in problem]


def test_terms_in_another_language_are_asked_for_again():
    narration = "Eine Biene fliegt weit. Sie sieht die Sonne und merkt sich die Bäume."
    draft = judge(written(scene(narration=narration, search_terms=["蜂"])), language="de")
    assert draft.script
    assert any("English search_terms: 1" in problem for problem in draft.problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the whole: Invalid JSON"),
        ('{"title": "Cut of', "the whole: Invalid JSON"),
        ("[]", "the whole"),
        (written(extra=1), "extra: Extra inputs"),
        (written(scene(visual="film")), "scenes.0.visual: Input should be 'stock' or 'ai'"),
        (written({}), "scenes.0.narration: Field required"),
        (written(scene(search_terms="bee")), "scenes.0.search_terms"),
        (written(scenes=[]), "No scene has a narration"),
        (written(scene(narration="…"), scene(narration="[pause]")), "No scene has a narration"),
        (written(scene(narration="x" * 2_000)), "2,000 characters without a space"),
        (written(scene(narration="many words " * 30_000)), "minutes to speak"),
    ],
)
def test_a_draft_that_cannot_be_used_says_why(text: str, words: str):
    draft = judge(text)
    assert draft.script is None
    assert any(words in problem for problem in draft.problems), draft.problems


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scenes": [SCENE, SCENE, SCENE]}, "Shorten it to"),
        ({"hook": "…"}, "The hook is empty"),
        (
            {"hook": "Bees are really quite extraordinary animals that never ever lose their way at all"},
            "hook takes about",
        ),
    ],
)
def test_a_draft_that_could_be_better_is_usable_and_says_what(fields: dict[str, Any], words: str):
    draft = judge(written(**fields))
    assert draft.script is not None
    assert any(words in problem for problem in draft.problems), draft.problems
    assert draft.off_by == pytest.approx(abs(length_ms(draft.script) - 10_000) / 10_000)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), language=st.sampled_from(["en", "de", "zh", "th", "ar"]))
def test_whatever_a_model_writes_is_a_script_or_a_list_of_problems(data: st.DataObject, language: str):
    text = st.text(max_size=80) | st.sampled_from(
        ["蜜蜂会飞。它们跳舞。", "A bee flies. It dances.", "# x\n[image: a.png] y"]
    )
    scenes = [
        scene(narration=data.draw(text), on_screen_phrase=data.draw(text), search_terms=[data.draw(text)])
        for _ in range(data.draw(st.integers(0, 3)))
    ]
    draft = judge(
        written(scenes=scenes, title=data.draw(text), hook=data.draw(text)), language=language, most_ai_scenes=1
    )
    assert draft.script or draft.problems
    for one in draft.script.scenes if draft.script else ():
        assert any(character.isalnum() for character in one.narration)
        assert "\n" not in one.narration + one.on_screen_text + "".join(one.search_terms)
        assert len(one.on_screen_text.split()) <= 6
        assert one.image is None

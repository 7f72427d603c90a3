"""A person's words in, a script of scenes out: every word once, in order, unchanged."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vidgen_pipeline.domain.errors import InvalidInput, ProviderUnavailable
from vidgen_pipeline.domain.script import Brief, Script, SpokenLine
from vidgen_pipeline.domain.text import LONGEST_SCRIPT_MS, clean_text, is_speakable
from vidgen_pipeline.providers.script.own_script import OwnScriptProvider

PROVIDER = OwnScriptProvider()
EXAMPLES = Path(__file__).parents[3] / "examples"


def write(text: str | None, *, language: str = "en", title: str | None = None, topic: str | None = None) -> Script:
    brief = Brief(script_text=text, language=language, title=title, topic=topic)
    return asyncio.run(PROVIDER.write(brief)).data


def spoken(script: Script) -> str:
    return " ".join(scene.narration for scene in script.scenes)


def test_the_english_example_is_half_a_minute_in_five_scenes() -> None:
    script = write((EXAMPLES / "why-cats-purr.txt").read_text(encoding="utf-8"))
    assert script.title == "Why cats purr"
    assert 75 <= script.word_count <= 85
    assert 28_000 <= sum(scene.estimated_ms for scene in script.scenes) <= 32_000
    assert [scene.on_screen_text for scene in script.scenes] == [
        "Why cats purr", "The sound begins in the throat", "Happy cats purr", "helps bones and muscles heal",
        "conversation and medicine",
    ]  # fmt: skip
    assert script.scenes[2].lines == (
        SpokenLine(text="Happy cats purr. So do kittens when they drink.", pause_after_ms=700),
        SpokenLine(text="But so do cats in pain."),
    )
    assert script.scenes[0].search_terms[0] == "tiny engine"
    assert "gentle vibration" in script.scenes[3].search_terms


def test_the_german_example_is_about_a_minute() -> None:
    script = write((EXAMPLES / "warum-katzen-schnurren.txt").read_text(encoding="utf-8"), language="de")
    assert script.title == "Warum Katzen schnurren"
    assert 55_000 <= sum(scene.estimated_ms for scene in script.scenes) <= 65_000
    assert all(3000 <= scene.estimated_ms <= 12_000 for scene in script.scenes)
    assert len({scene.on_screen_text for scene in script.scenes}) == len(script.scenes)


def test_headings_and_images_become_scenes() -> None:
    script = write(
        "# Three habits\n## Pay yourself first\nSet up a transfer.\n## Wait 24 hours\n[image: clock.jpg]\n"
        "Before you buy, wait. [image: sofa.jpg] Most of the time, the urge disappears."
    )
    assert [(scene.on_screen_text, scene.image) for scene in script.scenes[:2]] == [
        ("Three habits", None), ("Wait 24 hours", "clock.jpg"),
    ]  # fmt: skip
    assert script.scenes[2].image == "sofa.jpg"
    assert script.scenes[2].narration == "Most of the time, the urge disappears."
    assert spoken(script).startswith("Set up a transfer. Before you buy, wait.")
    assert [scene.index for scene in script.scenes] == [0, 1, 2]


def test_list_items_are_lines_with_a_breath_between_them() -> None:
    (scene,) = write("You need:\n- two eggs\n- butter\n\n[pause 2s]").scenes
    assert [(line.text, line.pause_after_ms) for line in scene.lines] == [
        ("You need:", 250), ("two eggs", 250), ("butter", 2000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "asked", "title"),
    [
        ("# From the text\nWords.", "  From the \x1b[31mbrief\n ", "From the [31mbrief"),
        ("# From the text\nWords.", "  ", "From the text"),
        ("The Moon is leaving us. Every year.", None, "The Moon is leaving us"),
        ("Why do cats purr? Nobody knows.", None, "Why do cats purr?"),
        ("Es begann am 3. Januar. Dann nicht mehr.", None, "Es begann am 3. Januar"),
        ("It was the best of times, it was the worst of times, it was the age of wisdom and more.", None,
         "It was the best of times, it was the worst of times"),
        ("a" * 900, None, "a" * 60),
    ],
)  # fmt: skip
def test_the_title_is_the_briefs_the_texts_or_its_first_words(text: str, asked: str | None, title: str) -> None:
    script = write(text, title=asked, language="de" if text.startswith("Es") else "en")
    assert script.title == title
    assert script.scenes[0].on_screen_text == title


def test_a_prompt_alone_needs_a_key_and_says_what_to_do() -> None:
    with pytest.raises(ProviderUnavailable) as refused:
        write(None, topic="Why cats purr")
    assert refused.value.message == "No key is set that could write a script from a prompt."
    assert all(way in refused.value.remedy for way in ("--script FILE", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "blank"),
        (" \n\t", "blank"),
        ("# Only a title", "only headings"),
        ("🐈 !", "nothing that can be spoken"),
        ("The cat sat on the mat. " * 4000, "the limit is 60 minutes"),
        ("a [pause 5s] " * 750, "the limit is 60 minutes"),
        ("One.\n[pause forever]", "Line 2"),
    ],
)
def test_what_cannot_be_spoken_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        write(text)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "لماذا تخرخر القطط؟ ظل هذا السؤال لغزا لسنوات طويلة.\n\nالقطط السعيدة تخرخر."),
        ("he", "למה חתולים מגרגרים? אף אחד לא יודע."),
        ("hi", "बिल्लियाँ घुरघुराती क्यों हैं? लंबे समय तक यह एक रहस्य था।"),
        ("ta", "பூனைகள் ஏன் முரலுகின்றன? நீண்ட காலமாக இது ஒரு புதிராக இருந்தது."),
        ("en", "THIS ONE TRICK WILL SAVE YOUR PLANTS. Visit https://a.example/b?c=d&e=%20f. print('hello'); x = 3"),
        ("en", "“Smart quotes,” she said — don’t lose ‘them’… “Never!”"),
        ("tlh", "nuqneH? Heghlu'meH QaQ jajvam."),
    ],
)
def test_text_in_any_language_comes_through_word_for_word(language: str, text: str) -> None:
    script = write(text, language=language)
    assert spoken(script).split() == text.split()
    assert all(scene.search_terms for scene in script.scenes)


def test_a_long_script_is_cut_without_losing_a_word_and_stays_quick() -> None:
    sentence = "The cat sat on the mat, and the dog, who had seen it all before, went home. "
    paragraphs = "\n\n".join(sentence * 5 for _ in range(100))
    script = write(paragraphs)
    assert spoken(script).split() == paragraphs.split()
    assert 30 * 60_000 < sum(scene.estimated_ms for scene in script.scenes) < LONGEST_SCRIPT_MS
    assert all(3000 <= scene.estimated_ms <= 12_500 for scene in script.scenes)


# Words with everything in them that might be taken for a mark, a sentence's end or a place to cut.
_TRICKY = """
    a cat purrs. Why? Because! 3.5 1. 2) J. Dr. e.g. z.B. M. U.S. … — - – : ; , and und “so” (well) [x 猫 猫。 はい、
    ... ?! https://a.b/c?d=e %20 $3.2bn 10:30 can't l'eau #tag @me C++ 5*3 snake_case naïve שלום مرحبا। नमस्ते। 😀 🐈!
"""
_WORDS = st.one_of(
    st.sampled_from(_TRICKY.split()),
    st.text(st.characters(categories=["L", "M", "N", "P"], exclude_characters="[]*_~`"), min_size=1, max_size=12),
)
# The first word keeps list marks and rules, which are not spoken, from being made by chance.
_PARAGRAPHS = st.lists(_WORDS, min_size=1, max_size=60).map(lambda words: " ".join(["Well", *words]))
_SCRIPTS = st.lists(_PARAGRAPHS, min_size=1, max_size=6).map("\n\n".join)


@settings(max_examples=150, deadline=None)
@given(text=_SCRIPTS, language=st.sampled_from(["en", "de", "fr", "ja", "zh", "th", "ar", "zz"]))
@example(text="! cat", language="en")
@example(text="So... ! ? cat\n\n! ?\n\n😀 猫", language="ja")
@example(text="cat purrs. " * 200, language="en")
def test_every_word_is_in_one_scene_in_order_and_unchanged(text: str, language: str) -> None:
    clean = clean_text(text)
    script = write(text, language=language)
    lines = [line for scene in script.scenes for line in scene.lines]
    assert "".join("".join(line.text for line in lines).split()) == "".join(clean.split())
    assert all(is_speakable(line.text) and line.text == line.text.strip() for line in lines)
    assert all(scene.estimated_ms > 0 and scene.lines for scene in script.scenes)
    for scene in script.scenes[1:]:
        assert scene.on_screen_text in " ".join(scene.narration.split())


_MARKS = (
    "[pause]|[image: x]|[pause 2s]|[pause x]|# |## |- |1. |**|_|`|[|]|(|)|\n|\n\n| |a|cat |Cats.|猫|の|แม|1|"
    "\u0301|\u200b|\u202e|“|”|😀|,|—|…|إ"
)


@settings(max_examples=150, deadline=None)
@given(
    text=st.lists(st.sampled_from(_MARKS.split("|")), max_size=120).map("".join),
    language=st.sampled_from(["en", "de", "ja", "zh", "th", "ar"]),
)
def test_any_heap_of_marks_is_a_script_or_is_refused_with_a_sentence(text: str, language: str) -> None:
    refused = ""
    try:
        scenes = write(text, language=language).scenes
    except InvalidInput as error:
        refused, scenes = error.message, ()
    assert scenes or refused.endswith(".")
    assert all(len(scene.on_screen_text) <= 60 for scene in scenes)
    # Only headings may say the same twice in a row; a scene with nothing new to show shows nothing.
    assert "#" in text or all(
        first.on_screen_text != second.on_screen_text or not second.on_screen_text for first, second in pairwise(scenes)
    )
    assert all(len(scene.search_terms) <= 5 for scene in scenes)
    assert all(is_speakable(line.text) and "\u202e" not in line.text for scene in scenes for line in scene.lines)

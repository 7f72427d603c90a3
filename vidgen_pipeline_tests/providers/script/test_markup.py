"""Marks in a script: what is heard, what is only seen, and what is refused."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.providers.script.markup import Passage, parse_markup


def _texts(script: str) -> list[str]:
    return [passage.text for passage in parse_markup(script).passages]


def _only(script: str) -> Passage:
    (passage,) = parse_markup(script).passages
    return passage


def test_the_first_heading_is_the_title_and_later_ones_begin_scenes() -> None:
    markup = parse_markup("# Why **cats** purr #\n\nThey do.\n\n## In the wild\nLions don't.\n# The end\nBye.")
    assert markup.title == "Why cats purr"
    assert [(passage.heading, passage.text) for passage in markup.passages] == [
        ("", "They do."), ("In the wild", "Lions don't."), ("The end", "Bye."),
    ]  # fmt: skip


def test_a_heading_after_words_or_of_a_lower_level_is_no_title() -> None:
    assert parse_markup("Words first.\n# Then a heading\nMore.").title == ""
    markup = parse_markup("## Part one\nWords.")
    assert (markup.title, markup.passages[0].heading) == ("", "Part one")


def test_a_hashtag_is_words_and_a_heading_without_words_is_left_out() -> None:
    assert _texts("#cats are great\n\n# Empty section\n\n#\n") == ["#cats are great"]
    assert parse_markup("# T\n## Chapter\n### Section\nWords.").passages[0].heading == "Section"


@pytest.mark.parametrize(
    ("mark", "milliseconds"),
    [("[pause]", 700), ("[Pause 1.5s]", 1500), ("[pause: 800ms]", 800), ("[pause 1,5 s]", 1500), ("[pause 2]", 2000),
     ("[ pause: 2 seconds ]", 2000), ("[pause 60s]", 5000), ("[pause][pause 1s]", 1700), ("[pause 0.25]", 250)],
)  # fmt: skip
def test_a_pause_follows_the_words_before_it(mark: str, milliseconds: int) -> None:
    first, second = parse_markup(f"Happy cats purr. {mark} So do sick ones.").passages
    assert (first.text, first.pause_after_ms) == ("Happy cats purr.", milliseconds)
    assert (second.text, second.pause_after_ms, second.paragraph) == ("So do sick ones.", 0, first.paragraph)


def test_a_pause_may_stand_on_a_line_of_its_own_at_the_end_or_before_any_words() -> None:
    first, second = parse_markup("[pause]\nOne.\n\n[pause 1s]\n\nTwo.\n[pause]").passages
    assert (first.pause_after_ms, second.pause_after_ms) == (1000, 700)


def test_an_image_belongs_to_the_words_that_follow() -> None:
    passages = parse_markup(
        "Before. [image: my cat.jpg] Behind it.\n\n[Image: 'b/dog.PNG']\nA dog. [image c.png] Then.\n\nNo picture."
    ).passages
    assert [(passage.text, passage.image) for passage in passages] == [
        ("Before.", None), ("Behind it.", "my cat.jpg"), ("A dog.", "b/dog.PNG"), ("Then.", "c.png"),
        ("No picture.", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("One.\n[pause forever] Two.", "Line 2: [pause forever] does not say how long to pause."),
        ("[pause -1s] One.", "Line 1: [pause -1s] does not say"),
        ("One.\n\n\n[image:]\nTwo.", "Line 4: [image:] does not say which image."),
        ("# T [image]\nTwo.", "Line 1: [image] does not say which image."),
        ("[image: a.jpg]\n[image: b.jpg]\nOne.", "Line 2: [image: b.jpg] follows [image: a.jpg]"),
        ("One.\n[image: a.jpg]", "Line 2: no words follow [image: a.jpg]"),
        ("# Title\n\n## Chapter", "only headings, marks or symbols"),
        ("[pause]", "only headings, marks or symbols"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(script: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_markup(script)
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("script", "spoken"),
    [
        ("[applause] Thank you [sic].", "applause Thank you sic."),
        ("[image of a cat] and a[0] and [] and [x", "image of a cat and a[0] and [] and [x"),
        ("**Bold**, _slanted_, *both*, ~~struck~~ and `code`.", "Bold, slanted, both, struck and code."),
        ("**猫**は***かわいい***", "猫はかわいい"),
        ("5 * 3 * 2 and snake_case_name and 2*3*4 and *", "5 * 3 * 2 and snake_case_name and 2*3*4 and *"),
        ("See [our site](https://a.b/c_(d)) and ![a cat](cat.jpg).", "See our site and a cat."),
        ("“Smart,” she said — ‘really’…", "“Smart,” she said — ‘really’…"),
        ("> Quoted\n> words go on.", "Quoted words go on."),
        ("A line so long that an editor has wrapped it here, on\nMay 3.",
         "A line so long that an editor has wrapped it here, on May 3."),
        ("猫はかわいい。\n犬も。", "猫はかわいい。犬も。"),
    ],
)  # fmt: skip
def test_words_are_heard_without_their_marks(script: str, spoken: str) -> None:
    assert " ".join(_texts(script)) == spoken


def test_list_items_and_lines_of_verse_are_passages_of_one_paragraph() -> None:
    passages = parse_markup("You need:\n- two eggs\n* butter that\n  is soft\n1. salt\n\nDone.").passages
    assert [passage.text for passage in passages] == [
        "You need:",
        "two eggs",
        "butter that is soft",
        "1. salt",
        "Done.",
    ]
    assert [passage.paragraph - passages[0].paragraph for passage in passages] == [0, 0, 0, 0, 1]
    assert _texts("Roses are red\nViolets are blue\nand so on") == ["Roses are red", "Violets are blue and so on"]
    assert _texts("Es war am\n5. März.") == ["Es war am 5. März."]


@pytest.mark.parametrize("rule", ["---", "***", "* * *", "___", "```python", "~~~"])
def test_a_rule_parts_paragraphs(rule: str) -> None:
    first, second = parse_markup(f"One.\n{rule}\nTwo.").passages
    assert second.paragraph > first.paragraph


def test_emoji_go_with_the_words_beside_them() -> None:
    assert _texts("🎬\n\nLights. 😀\n\n🐈 🐈\n\nAction.") == ["🎬 Lights. 😀 🐈 🐈", "Action."]
    assert _only("Stop.\n\n😱").text == "Stop. 😱"
    assert _texts("One.\n[image: a.jpg]\n😀\nTwo.") == ["One.", "😀 Two."]

"""Sentences as readers see them, and scenes as an editor would cut them."""

from __future__ import annotations

import pytest

from vidgen_pipeline.providers.script.markup import parse_markup
from vidgen_pipeline.providers.script.scenes import (
    LONGEST_SCENE_MS,
    cut_into_pieces,
    group_into_scenes,
    scene_ms,
    split_sentences,
)


def _scenes(text: str, language: str = "en") -> list[str]:
    groups = group_into_scenes(cut_into_pieces(parse_markup(text).passages, language))
    assert max(scene_ms(group) for group in groups) <= LONGEST_SCENE_MS * 1.1
    return ["".join(piece.text for piece in group).strip() for group in groups]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Dr. Smith paid $3.2bn to J. K. Rowling at 5 p.m. on Jan. 3. ", "Really? ", '"Yes!" he said.']),
        ("en", ["1. Beat the eggs. ", "2. Melt the butter."]),
        ("en", ["Wait... 😀 !!! ", "What?! ", "Ok. 🐈"]),
        ("en", ["! ? “No,” she said. ", "Never."]),
        ("de", ["Am 3. Januar kam Dr. Müller. ", "Die 1. Frage usw. ist klar."]),
        ("fr", ["M. Dupont est là. ", "Il dit : « Bonjour ! » puis part."]),
        ("ja", ["猫は可愛い。", "「はい。」と言った。", "終わり"]),
        ("zh", ["猫为什么会咕噜？", "“真的。”他说。"]),
        ("hi", ["बिल्ली सोती है। ", "क्यों?"]),
        ("ar", ["لماذا تخرخر القطط؟ ", "لأنها سعيدة."]),
        ("zz", ["No such language. ", "It works."]),
        ("pt-BR", ["O Sr. Silva veio. ", "Tudo bem?"]),
    ],
)
def test_sentences_end_where_a_reader_would_stop(language: str, sentences: list[str]) -> None:
    assert split_sentences("".join(sentences), language) == sentences


def test_each_paragraph_of_a_good_length_is_a_scene() -> None:
    paragraphs = [
        "The sound of a purr begins deep in the throat of the cat.",
        "Small muscles there open and close the voice box very quickly.",
        "Nobody has told us yet whether lions do the same at home.",
    ]
    assert _scenes("\n\n".join(paragraphs)) == paragraphs


def test_short_sentences_of_a_paragraph_share_a_scene_and_a_long_paragraph_is_cut_between_sentences() -> None:
    short = "Cats purr. Dogs bark. Cows moo. Pigs oink."
    assert _scenes(short) == [short]
    sentences = [f"This is sentence number {word}, and it has its own point to make." for word in ("one", "two", "six")]
    scenes = _scenes(" ".join(sentences * 2))
    assert len(scenes) > 2
    assert all(scene.endswith(".") for scene in scenes)


def test_only_tiny_paragraphs_are_joined() -> None:
    assert _scenes("One.\n\nTwo.\n\nThree.") == ["One.Two.Three."]
    long = "The sound of a purr begins deep in the throat of the cat."
    middling = "Nobody knew why they did it."
    assert _scenes(f"{long}\n\n{middling}\n\n{long}") == [long, middling, long]
    assert _scenes(f"{long}\n\nWhy?\n\n{long}") in ([long + "Why?", long], [long, "Why?" + long])


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    scenes = _scenes(
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness; "
        "it was the season of light, it was the season of darkness, it was the spring of hope, and we were all going "
        "direct to Heaven."
    )
    assert len(scenes) > 1
    assert all(scene[-1] in ",;." for scene in scenes)
    without_commas = _scenes(
        "The big grey cat that lives in the house of my aunt sleeps all day long on the warm old kitchen stove in the "
        "winter and the small black dog that lives next door barks all night long at each of the trains that are "
        "passing by the old grey station"
    )
    assert without_commas[1].startswith("and the small black dog")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "word " * 400),
        ("en", "“Quoted (words) in [odd places” " * 60),
        ("ja", "猫はなぜゴロゴロとのどを鳴らすのでしょうかと昔の人はいつも不思議に思っていました" * 6),
        ("zh", "猫" * 800),
        ("th", "แมวที่มีความสุขจะครางเสียงดังอยู่บนโซฟาตลอดทั้งวัน" * 20),
        ("ar", "القطط السعيدة تخرخر طوال اليوم فوق الأريكة " * 20),
    ],
)
def test_no_scene_is_much_longer_than_the_limit_whatever_the_text(language: str, text: str) -> None:
    scenes = _scenes(text, language)
    assert "".join("".join(scenes).split()) == "".join(text.split())
    assert len(scenes) > 3


def test_a_cut_within_a_script_without_spaces_parts_no_letter_from_its_marks() -> None:
    thai = "น้ำแข็งที่นี่เย็นมาก" * 30
    for scene in _scenes(thai, "th")[1:]:
        assert scene[0] not in "ะาำิีึืุู็่้๊๋์"


def test_headings_images_and_pauses_count() -> None:
    text = "Short one.\n## Part two\nShort two. [image: a.jpg] Short three. [pause 5s] Short four."
    assert _scenes(text) == ["Short one.", "Short two.", "Short three.Short four."]
    (scene,) = group_into_scenes(cut_into_pieces(parse_markup("One. [pause 5s] Two.").passages, "en"))
    assert scene_ms(scene) == sum(piece.spoken_ms for piece in scene) + 5000

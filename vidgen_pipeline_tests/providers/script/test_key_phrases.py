"""Terms one would search pictures with, and phrases an editor would set on the screen."""

from __future__ import annotations

import pytest

from vidgen_pipeline.providers.script.key_phrases import LONGEST_PHRASE, KeyPhrases, shorten
from vidgen_pipeline.providers.script.words import StopWords, clauses


def _phrases(text: str, language: str = "en", title: str = "") -> KeyPhrases:
    return KeyPhrases([text], language=language, title=title)


@pytest.mark.parametrize(
    ("language", "text", "phrase"),
    [
        ("en", "Happy cats purr. So do kittens when they drink.", "Happy cats purr"),
        ("en", "Days on Earth lasted only six hours, and the tides were a thousand times stronger.",
         "Days on Earth lasted only six hours"),
        ("en", 'People came to drink and to talk. They called them "schools of the wise".', "schools of the wise"),
        ("en", "It is, of course, because of the gentle vibration.", "the gentle vibration"),
        ("en", "Over 12,000 people switched last year to https://a.example/b.", "12,000 people switched last year"),
        ("de", "Heute weiß man: Der Ton entsteht im Kehlkopf.", "Der Ton entsteht im Kehlkopf"),
        ("de", "Das ist wegen der hungrigen Katzen so.", "der hungrigen Katzen"),
        ("fr", "Il dit que la lumière bleue est plus courte.", "la lumière bleue est plus courte"),
        ("es", "Y puede pasar por un agujero.", "Y puede pasar por un agujero"),
        ("ru", "Звук рождается в гортани. И это всё.", "Звук рождается в гортани"),
        ("ja", "音はのどの奥で生まれます。小さな筋肉が震えます。", "音はのどの奥で生まれます"),
        ("zh", "声音来自喉咙。它是一个谜。", "声音来自喉咙"),
        ("ar", "يبدأ الصوت في الحنجرة، حيث ترتجف عضلات صغيرة.", "يبدأ الصوت في الحنجرة"),
    ],
)  # fmt: skip
def test_the_phrase_on_screen_is_one_that_reads_like_one(language: str, text: str, phrase: str) -> None:
    assert _phrases(text, language).on_screen([text], avoid=[]) == phrase


@pytest.mark.parametrize(
    "text",
    [
        "It was the best of times and it was the worst of times, as we all know from what we have been told.",
        "There is, however, a very small but unusually important reason for that, namely the one they gave to us.",
        "He said (as he often does) that “the end of the world” — of all things! — is what it is.",
        "Supercalifragilisticexpialidocious incomprehensibilities characteristically overcompartmentalize everything.",
    ],
)
def test_a_phrase_is_short_stands_in_the_text_and_ends_on_a_word_that_tells(text: str) -> None:
    phrase = _phrases(text).on_screen([text], avoid=[])
    assert phrase
    assert phrase in text
    assert len(phrase) <= LONGEST_PHRASE
    assert len(phrase.split()) <= 7
    assert phrase[0].isalnum()
    assert phrase[-1].isalnum()
    assert phrase.split()[-1].lower() not in StopWords("en", [])


def test_no_phrase_is_repeated_and_the_next_one_is_about_something_else() -> None:
    text = "Happy cats purr. Gentle vibrations heal tired bones."
    phrases = _phrases(text)
    first = phrases.on_screen([text], avoid=[])
    second = phrases.on_screen([text], avoid=[first])
    assert first != second
    assert not {*first.lower().split()} & {*second.lower().split()}
    assert _phrases("Cats purr.").on_screen(["Cats purr."], avoid=["Cats purr", "Cats", "purr"]) == ""
    assert _phrases("The and of.").on_screen(["The and of."], avoid=[]) == ""


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Small muscles twitch around the voice box.", {"voice box"}),
        ("en", "The cat's tail and the dogs’ bowls, isn't it?", {"cat tail"}),
        ("en", "In 1615, about 50% of 3,000 traders had really tasted coffee.", {"traders"}),
        ("de", "Die Straße führt zu einer großen weißen Burg.", {"straße führt"}),
        ("fr", "L'atmosphère contient de l'eau.", {"eau"}),
        ("ja", "猫は自分を癒やすためにゴロゴロ鳴ると考えられています。", {"猫", "ゴロゴロ"}),
        ("zh", "科学家认为，这种温和的振动有助于骨骼愈合。", {"骨骼愈合", "振动"}),
        ("ko", "고양이는 작은 근육을 움직입니다.", {"고양이 작은"}),
        ("ta", "சிறிய தசைகள் ஒரு நொடியில் துடிக்கின்றன.", {"சிறிய தசைகள்"}),
    ],
)
def test_search_terms_are_lower_case_words_that_tell(language: str, text: str, expected: set[str]) -> None:
    terms = _phrases(text, language).search_terms([text])
    assert expected & set(terms), terms
    assert 1 <= len(terms) <= 5
    assert all(term == term.lower() for term in terms)
    assert len(set(terms)) == len(terms)
    assert not {term for term in terms for word in term.split() if word in StopWords(language, [])}
    assert not any(character.isdigit() for term in terms for character in term)


def test_a_scene_without_words_of_its_own_is_about_the_topic() -> None:
    text = "Cats purr. Cats sleep. Cats dream of mice. And that is it."
    phrases = _phrases(text, title="Why cats purr")
    assert phrases.search_terms(["And that is it."])[0] == "cats"
    assert phrases.search_terms(["They sleep."]) == ("sleep", "cats")


def test_clauses_end_at_marks_but_not_within_words_and_abbreviations() -> None:
    text = "Dr. Smith’s café—open 24/7, e.g. at 10:30—sold 3.5 kg (of “tea”)... Really?"
    found = [text[clause.words[0].start : clause.words[-1].end] for clause in clauses(text, StopWords("en", [text]))]
    assert found == ["Dr. Smith’s café", "open 24/7", "e.g. at 10:30", "sold 3.5 kg", "of", "tea", "Really"]


@pytest.mark.parametrize(
    ("text", "longest", "short"),
    [
        ("Short enough", 60, "Short enough"),
        ("It was the best of times, it was the worst of times, it was the age", 60,
         "It was the best of times, it was the worst of times"),
        ("“Do you know what a group of flamingos is called?” asked my daughter", 60,
         "Do you know what a group of flamingos is called?"),
        ("One two three four and the seven", 24, "One two three four"),
        ("Unbreakablelongword" * 5, 60, ("Unbreakablelongword" * 5)[:60]),
        ("猫はなぜゴロゴロとのどを鳴らすのでしょうか" * 4, 12, "猫はなぜゴロゴロ"),
    ],
)  # fmt: skip
def test_a_title_is_shortened_where_it_can_end(text: str, longest: int, short: str) -> None:
    assert shorten(text, longest, "ja" if "猫" in text else "en") == short

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.providers.voice.script_words import letter_positions, script_words


def texts(text: str, language: str = "en") -> list[str]:
    return [word.text for word in script_words(text, language)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello — world. 🎉 Yes!", ["Hello —", "world. 🎉", "Yes!"]),
        ("— 🎉 Go  on", ["— 🎉 Go", "on"]),
        ("Salt & pepper = 5 $", ["Salt", "&", "pepper", "=", "5", "$"]),
        ("one\n\ntwo\tthree", ["one", "two", "three"]),
        ("*** 1️⃣ …", ["*** 1️⃣ …"]),
    ],
)
def test_silent_tokens_join_their_neighbour(text: str, words: list[str]):
    assert texts(text) == words


@pytest.mark.parametrize(
    ("text", "language", "last_words"),
    [
        ("Dr. Smith paid $3.5. Then he left at 5 p.m. OK", "en", ["$3.5.", "p.m.", "OK"]),
        ("“Really?” she asked. (Yes.) 🎉 No", "en", ["asked.", "(Yes.) 🎉", "No"]),
        ("And then,", "en", []),
        ("Stop — go —", "en", []),
        ("नमस्ते। आप कैसे हैं?", "hi", ["नमस्ते।", "हैं?"]),
        ("مرحبا. كيف حالك؟", "ar", ["مرحبا.", "حالك؟"]),
    ],
)
def test_sentence_ends(text: str, language: str, last_words: list[str]):
    assert [word.text for word in script_words(text, language) if word.sentence_end] == last_words


def test_chinese_is_cut_at_letters_and_keeps_its_punctuation():
    text = "他说：「你好」。iPhone 15 很好！"
    words = script_words(text, "zh", letter_positions(text))
    assert [word.text for word in words] == ["他", "说：", "「你", "好」。", "iPhone", "15", "很", "好！"]
    assert [word.text for word in words if word.sentence_end] == ["好」。", "好！"]


def test_letters_that_belong_together_are_not_parted():
    assert [word.text for word in script_words("きゃくデー々", "ja", range(9))] == ["きゃ", "く", "デー々"]


@pytest.mark.parametrize("text", ["", "  \n ", "🎉 ❤️", "— … !", "***"])
def test_a_line_with_nothing_to_say_is_refused(text: str):
    with pytest.raises(InvalidInput, match=r"empty|can be spoken"):
        script_words(text, "en")


@given(st.text(alphabet='ab 1.,!—😀你好เก์ \n&"(', max_size=40), st.booleans())
def test_no_character_is_lost(text: str, cut: bool):
    try:
        words = script_words(text, "en", letter_positions(text) if cut else ())
    except InvalidInput:
        return
    assert "".join("".join(word.text for word in words).split()) == "".join(text.split())
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert all(" ".join(text[word.start : word.end].split()) == word.text for word in words)
    assert "".join(word.text + " " * bool(word.space_after) for word in words) == " ".join(text.split())


@pytest.mark.parametrize(
    ("language", "parted"),
    [
        ("th", "สวัสดี|ครับ| วัน|นี้|เรา|คุย|กัน|เรื่อง|ผึ้ง"),
        ("lo", "ສະບາຍດີ| ມື້ນີ້|ພວກ|ເຮົາ|ຈະ|ເວົ້າ|ກ່ຽວກັບ|ເຜິ້ງ"),
        ("km", "សួស្តី| ថ្ងៃនេះ|យើង|និយាយ|អំពី|ឃ្មុំ"),
        ("my", "မင်္ဂလာ|ပါ| ဒီ|နေ့|ကျွန်တော်|တို့|ပျား|အကြောင်း|ပြော|မယ်"),
        ("th", "ใช้|Python|เขียน|2024|นี้"),
        ("km", "ភាសា\u200b|ខ្មែរ"),
    ],
)
def test_words_of_south_east_asia_are_parted_whatever_the_engine_says(language: str, parted: str):
    text = parted.replace("|", "")
    for said in (language, "en"):
        words = script_words(text, said, cut_at=[1, 3, 12])
        assert [word.text for word in words] == [word.strip() for word in parted.split("|")]
        assert [word.sentence_end for word in words] == [False] * (len(words) - 1) + [True]


def test_each_word_knows_whether_a_space_follows():
    words = script_words("สวัสดีครับ วันนี้ 你好 世 (界) —  a", "zh", cut_at=range(1, 99))
    told = {word.text: word.space_after for word in words}
    assert told == {
        "สวัสดี": False, "ครับ": True, "วัน": False, "นี้": True,
        "你": False, "好": True, "世": True, "(界) —": True, "a": None,
    }  # fmt: skip

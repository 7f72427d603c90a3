"""Reading a script: every file that is not one is named for what it is, and the rest comes out clean."""

from __future__ import annotations

import gzip
import io
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.text import (
    LONGEST_SCRIPT_MS,
    clean_text,
    decode_script,
    estimate_ms,
    fold,
    is_speakable,
    it_says,
    stem,
    writing_system,
)


def _picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, kind)
    return file.getvalue()


def _office_document() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<w:t>Why cats purr</w:t>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "cats.txt is empty."),
        (b" \n\t\r\n", "cats.txt is blank"),
        (b"\xef\xbb\xbf \n", "cats.txt is blank"),
        (_picture("PNG"), "looks like a PNG picture"),
        (_picture("JPEG"), "looks like a JPEG picture"),
        (_picture("WEBP"), "looks like a picture, sound or video file"),
        (_office_document(), "office document (docx"),
        (gzip.compress(b"Cats purr.", mtime=0), "looks like a gzip archive"),
        (b"\x00\x00\x00\x18ftypmp42", "looks like a video (MP4)"),
        (b"%PDF-1.7\n", "looks like a PDF document"),
        (b"{\\rtf1\\ansi Cats purr.}", "looks like a rich-text document"),
        (b"\n<!DOCTYPE html>\n<p>Cats purr.", "looks like a web page"),
        (b"Cats\x00purr.", "byte 5 is NUL. It looks like a binary file"),
        ("Cats purr.".encode("utf-16-le"), "byte 2 is NUL. It looks like UTF-16 text"),
        ("One\r\nTwo\r\nTrês".encode("latin-1"), "byte 13 (0xEA, in line 3) can't be read"),
        (b"\xef\xbb\xbfOne\nTw\xff", "byte 10 (0xFF, in line 2) can't be read"),
        (b"\xff\xfeC\x00a\x00\x00\xd8", "begins like UTF-16 text but isn't"),
        ("🐈 … 🐈!".encode(), "has nothing that can be spoken"),
        (b"Why?\nBecause " + b"a" * 1001, "Line 2 of cats.txt has 1,001 characters without a space"),
    ],
)
def test_what_is_no_script_is_refused_with_its_reason(data: bytes, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_script(data, "cats.txt")
    assert expected in refused.value.message
    assert refused.value.message.startswith(("cats.txt", "Line"))
    assert refused.value.remedy.endswith(".")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_marked_or_plain_unicode_reads_the_same(encoding: str) -> None:
    assert decode_script("Größe — 猫\r\nZeile zwei\rdrei".encode(encoding), "x") == "Größe — 猫\nZeile zwei\ndrei"


def test_the_limit_is_named_with_the_estimate() -> None:
    an_hour = "The cat sat on the mat. " * 1720
    assert estimate_ms(an_hour, "en") < LONGEST_SCRIPT_MS < estimate_ms(an_hour * 2, "en")
    assert decode_script(an_hour.encode(), "x")
    with pytest.raises(
        InvalidInput, match=r"novel.txt would take about 1\d\d minutes to speak; the limit is 60 minutes"
    ):
        decode_script((an_hour * 2).encode(), "novel.txt")


def test_what_is_not_heard_is_taken_out_and_what_scripts_need_is_kept() -> None:
    assert clean_text("a\x07b\x1b[0m\u202ec\u2066d\u2069\ufeff") == "ab[0mcd"
    assert clean_text("so\u00adft, in\u200bside, \ud800half") == "soft, inside, half"
    persian, hindi, thai = "می\u200cخواهم", "क्\u200dष", "แมว\u200bนอน"
    assert clean_text(persian + hindi + thai) == persian + hindi + thai
    assert clean_text("one\x0btwo\u2028three\u0085four") == "one\ntwo\nthree\nfour"
    assert clean_text("a\ttab") == "a\ttab"
    assert clean_text("u\u0308ber Z" + "\u0301" * 900) == "über Ź\u0301\u0301\u0301"


@given(st.text())
def test_cleaning_is_final_and_leaves_lines_where_they_are(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean == unicodedata.normalize("NFC", clean)
    clean.encode()
    assert not any(unicodedata.category(character) == "Cc" for character in clean if character not in "\n\t")
    assert is_speakable(clean) == is_speakable(text)


THROAT = (
    "The sound begins in the throat. There, the vocal folds flutter dozens of times a second, as the cat breathes "
    "in and out."
)
MOON = (
    "The Moon is leaving us. Every year it drifts 3.8 centimetres farther away, about as fast as your fingernails grow."
)


@pytest.mark.parametrize(
    ("text", "language", "seconds"),
    [  # as spoken by hibari-tts 0.2.1 (English) and eSpeak NG 1.52 at 165 words a minute
        (THROAT, "en", 7.85),
        (MOON, "en", 8.30),
        ("Kaum ein Geräusch beruhigt uns so sehr wie das Schnurren einer Katze.", "de", 3.51),
        ("猫为什么会发出咕噜声？很长一段时间里，这是一个谜。", "zh", 6.39),
        ("बिल्लियाँ घुरघुराती क्यों हैं? लंबे समय तक यह एक रहस्य था।", "hi", 4.13),
        ("고양이는 왜 골골송을 부를까요? 오랫동안 수수께끼였습니다.", "ko", 5.10),
    ],
)
def test_the_estimate_is_near_what_is_heard(text: str, language: str, seconds: float) -> None:
    assert estimate_ms(text, language) / 1000 == pytest.approx(seconds, rel=0.25)


def test_numbers_take_longer_than_their_characters_and_spaces_take_no_time() -> None:
    assert estimate_ms("1994", "en") > estimate_ms("word", "en") * 3
    assert estimate_ms("one \n\n   two", "en") == estimate_ms("one two", "en")
    assert estimate_ms("", "en") == 0
    assert estimate_ms("One, ", "en") + estimate_ms("two. ", "en") + estimate_ms("三。", "en") == estimate_ms(
        "One, two. 三。", "en"
    )
    assert estimate_ms("猫", "ja") > estimate_ms("ね", "ja") > estimate_ms("n", "ja")


@pytest.mark.parametrize(
    ("character", "system"),
    [("a", "LATIN"), ("Ａ", "LATIN"), ("猫", "CJK"), ("々", "CJK"), ("ー", "KATAKANA"), ("ｶ", "KATAKANA"),
     ("한", "HANGUL"), ("ि", "DEVANAGARI"), ("7", ""), (" ", ""), ("。", "")],
)  # fmt: skip
def test_writing_systems(character: str, system: str) -> None:
    assert writing_system(character) == system


def test_words_meet_however_they_are_typed() -> None:
    assert fold("Kätzchen") == fold("kaetzchen") == fold("KATZCHEN")
    assert fold("Straße") == fold("strasse")
    assert stem("cats") == stem("cat")
    assert stem("purring") == stem("purrs") == stem("purr")
    assert stem("Katzen") == stem("katze")
    assert stem("glass") != stem("glas")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("", ""),
        (" \n", ""),
        ("Policy\ntriggered", " It says: Policy triggered."),
        ("No.", " It says: No."),
        ("为什么？", " It says: 为什么？"),
        ("x" * 400, f" It says: {'x' * 299}…"),
    ],
)
def test_what_others_say_is_a_sentence_on_one_line(said: str, shown: str):
    assert it_says(said) == shown

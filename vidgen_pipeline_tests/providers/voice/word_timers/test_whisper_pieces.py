"""What the model "base" said of three lines, written down as it came, led back to the script."""

from __future__ import annotations

import pytest

from vidgen_pipeline.providers.voice.script_words import letter_positions, script_words
from vidgen_pipeline.providers.voice.sound import Span
from vidgen_pipeline.providers.voice.word_timers.whisper_pieces import Piece, is_likely, readable, spans_of_pieces

MONEY = "Dr. Smith spent $3.2bn on it, and 3% of that was wasted."
MONEY_HEARD = [
    (" Dr", 0, 340, 0.83), (".", 340, 500, 0.98), (" Smith", 500, 660, 0.99), (" spent", 660, 980, 1.0),
    (" $3", 980, 1300, 0.94), (".2bn", 1300, 2140, 0.67), (" on", 2140, 2820, 0.94), (" it", 2820, 2980, 1.0),
    (",", 2980, 3360, 0.59), (" and", 3360, 3520, 0.99), (" 3", 3520, 3760, 0.94), ("%", 3760, 4040, 0.94),
    (" of", 4040, 4180, 0.98), (" that", 4180, 4360, 0.0), (" was", 4360, 4560, 0.98), (" wasted", 4560, 4960, 0.97),
    (".", 4960, 5220, 0.96),
]  # fmt: skip
CHINESE = "万里长城，在月球上看不见。"
CHINESE_HEARD = [
    (" ", 0, 100, 0.001), ("万", 100, 220, 0.011), ("里", 220, 380, 0.792), ("长", 380, 620, 0.009),
    ("城", 620, 1020, 0.027), ("，", 1020, 1340, 0.0), ("在", 1340, 1460, 0.004), ("月", 1460, 1580, 0.146),
    ("球", 1580, 1780, 0.057), ("上", 1780, 2060, 0.48), ("看", 2060, 2280, 0.369), ("不", 2280, 2440, 0.048),
    ("见", 2440, 2640, 0.881), ("。", 2640, 2860, 0.627),
]  # fmt: skip
# "Lightning does strike the same place twice." was said, this was asked for.
WRONG_HEARD = [
    (" A", 0, 200, 0.0), (" good", 200, 200, 0.001), (" map", 200, 200, 0.0), (" tells", 200, 780, 0.0),
    (" you", 780, 800, 0.057), (" where", 800, 800, 0.022), (" you", 800, 1240, 0.203), (" are", 1240, 2120, 0.13),
    (".", 2120, 2120, 0.227),
]  # fmt: skip


def pieces(heard: list[tuple[str, int, int, float]]) -> list[Piece]:
    return [Piece(*one) for one in heard]


def spans(text: str, language: str, heard: list[Piece]) -> dict[str, Span | None]:
    words = script_words(text, language, letter_positions(text))
    return dict(zip((word.text for word in words), spans_of_pieces(text, words, heard), strict=True))


def test_parts_and_marks_become_the_scripts_words():
    found = spans(MONEY, "en", pieces(MONEY_HEARD))
    assert list(found) == MONEY.split()
    assert found["Dr."] == Span(0, 340)
    assert found["$3.2bn"] == Span(980, 2140)
    assert found["it,"] == Span(2820, 2980)
    assert found["3%"] == Span(3520, 3760)
    assert None not in found.values()


def test_chinese_is_timed_character_by_character():
    found = spans(CHINESE, "zh", pieces(CHINESE_HEARD))
    assert "".join(found) == CHINESE
    assert found["城，"] == Span(620, 1020)
    assert found["在"] == Span(1340, 1460)


def test_what_the_engine_changed_is_passed_over():
    heard = pieces(
        [(" the", 0, 100, 0.9), (" Cafe", 100, 400, 0.9), (" opens", 400, 800, 0.9), (" eleven", 800, 1000, 0.9)]
    )
    assert spans("The café opens 11", "en", heard) == {
        "The": Span(0, 100),
        "café": Span(100, 400),
        "opens": Span(400, 800),
        "11": None,
    }


def test_a_right_text_is_likely_and_a_wrong_one_is_not():
    assert is_likely(pieces(MONEY_HEARD))
    assert is_likely(pieces(CHINESE_HEARD))
    assert not is_likely(pieces(WRONG_HEARD))
    assert not is_likely([])


@pytest.mark.parametrize(("written", "read"), [
    ("I ❤️ this 🎉 so much 👩‍🚀!", "I this so much !"),
    ("  It was -3 °C\noutside™ ", "It was -3 °C outside"),
    ("$3.2bn & 45% — “yes”", "$3.2bn & 45% — “yes”"),
    ("किताब", "किताब"),
])  # fmt: skip
def test_whisper_reads_what_is_said(written: str, read: str):
    assert readable(written) == read

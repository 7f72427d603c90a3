import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidgen_pipeline.providers.voice.script_words import says_something
from vidgen_pipeline.providers.voice.spoken_forms import spoken_forms

READ_AS = [
    ("Revenue hit $3.2bn in 2024.", "Revenue hit 3.2 billion dollars in 2024."),
    ("From $2.1 billion to €5", "From 2.1 billion dollars to 5 euros"),
    ("A $5 coffee, a $3 million deal", "A 5 dollar coffee, a 3 million dollar deal"),
    ("$1 or $0.99 or $19.99 or £1.20", "1 dollar or 99 cents or 19 dollars and 99 cents or 1 pound and 20 pence"),
    (
        "$10-20, $10–$20k, $5/month, -$5",
        "10 to 20 dollars, 10 to 20 thousand dollars, 5 dollars per month, minus 5 dollars",
    ),
    ("It costs $1500 or $2024.", "It costs 1,500 dollars or 2,024 dollars."),
    ("5 million USD, 100 EUR, 5€", "5 million US dollars, 100 euros, 5 euros"),
    ("Meet at 10:30pm or 7am.", "Meet at 10 30 p.m. or 7 a.m."),
    ("10:00 and 9:05 AM, 9am-5pm", "10 o'clock and 9 oh 5 a.m., 9 a.m. to 5 p.m."),
    ("Leave at 5 p.m. today.", "Leave at 5 p.m. today."),
    ("Dr. Smith of Elm St. met Mr. Lee in St. Paul.", "Doctor Smith of Elm Street met Mister Lee in Saint Paul."),
    ("Salt & pepper, AT&T, Q&A", "Salt and pepper, AT&T, Q&A"),
    ("45% of 10–15%", "45 percent of 10 to 15 percent"),
    ("20°C, -5 °C, 72°F", "20 degrees Celsius, minus 5 degrees Celsius, 72 degrees Fahrenheit"),
    ("3-4 cups from 1990-2000", "3 to 4 cups from 1990 to 2000"),
    ("the 1990s, the '90s, his 30s, wait 30s", "the 1990s, the nineties, his thirties, wait 30 seconds"),
    ("e.g. this, i.e. that, etc.", "for example this, that is that, etc."),
    ("You're #1! #SleepBetter", "You're number 1! hashtag Sleep Better"),
    ("Ask @john_doe99 or me@vidgen.com", "Ask at john doe 99 or me at vidgen dot com"),
    ("See https://www.vidgen.com/a/b?x=1.", "See vidgen dot com."),
    ("vidgen.com/start, my-site.io", "vidgen dot com, my dash site dot I.O."),
    ("1/2 cup, 2 1/2 cups, 3/4, 2½", "one half cup, 2 and a half cups, 3 quarters, 2 and a half"),
    ("24/7, 9/11, 8/10", "24 7, 9 11, 8 out of 10"),
    ("100km/h or 100 km/h, a 5km run", "100 kilometers per hour or 100 kilometers per hour, a 5 kilometer run"),
    ("16GB, 5 kg, 60 fps, 10x, 5 m²", "16 gigabytes, 5 kilograms, 60 frames per second, 10 times, 5 square meters"),
    ("10k, 2.5M, 50+, 4K", "10 thousand, 2.5 million, 50 plus, 4 K"),
    ("v2.0.1, v2, 3.11.4", "version 2 point 0 point 1, version 2, 3 point 11 point 4"),
    ("May 5, 2024; 5 May; Jan. 3", "May 5th, 2024; 5th of May; January 3rd"),
    ("2024-05-03, 5/3/2024, No. 5", "May 3rd, 2024, May 3rd, 2024, number 5"),
    ("call 555-1234", "call 5 5 5, 1 2 3 4"),
    ("World War II, Henry VIII, Rocky III", "World War 2, Henry the 8th, Rocky 3"),
    ("16:9 at 1080x1920", "16 to 9 at 1080 by 1920"),
    ("10-year-old and 18-24-year-olds", "10 year old and 18 to 24 year olds"),
    ("and/or, well-known, COVID-19", "and or, well-known, COVID 19"),
    ("Wait…what? In—out. Yes:no", "Wait… what? In— out. Yes: no"),
    ("(she said) “Yes,” — no!", "she said, Yes, no!"),
    ("so — much… really?!", "so— much… really?"),
    ("NASA and the FBI: THIS IS HUGE!", "NASA and the FBI: this IS HUGE!"),
    ("J. K. Rowling of Acme Inc. said so.", "J K Rowling of Acme Incorporated said so."),
    ("He sat. No.", "He sat. No."),
    ("**bold** _it_ `code` [link](https://a.b) item(s)", "bold it code, link, items"),
    ("I ❤️ this 🎉 1️⃣", "I this 1"),
    ("007, 12345678901234567", "0 0 7, 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7"),
    ("3,5 and 1,250,000", "3, 5 and 1,250,000"),
    ("𝗕𝗼𝗹𝗱 ２０２４ ①", "Bold 2024 1"),
    ("C++, C#, Node.js", "C++, C sharp, Node dot J.S."),
    ("~10, <5, >5, ±2", "about 10, less than 5, more than 5, plus or minus 2"),
]


@pytest.mark.parametrize(("written", "said"), READ_AS)
def test_written_english_is_read_as_a_person_would(written: str, said: str):
    assert " ".join(form for form in spoken_forms(written.split()) if form) == said


def test_each_token_has_its_own_form():
    assert spoken_forms(["for", "$3", "million", "—", "deal", "🎉"]) == ["for", "3", "million dollars—", "", "deal", ""]


def test_words_the_voice_cannot_read_are_silent_with_a_pause():
    assert spoken_forms(["The", "word", "你好", "means", "hello"]) == ["The", "word,", "", "means", "hello"]


@pytest.mark.parametrize("shared", ["[](/fˈɑnətɪks/)", "[[x]]", "<b>x</b>", "\x01x", "x\x00"])
def test_no_markup_reaches_the_engine(shared: str):
    assert not set(" ".join(spoken_forms([shared]))) & set("[]()<>\x00\x01ˈ")


_PIECES = st.sampled_from(
    [*"$€#@%&+-–—.,:/…'\"()°½² \n012IVXaé你й٣😀\u200d\ufe0f", "15", "2024", "1,000", "k", "km", "M", "bn", "pm", "th",
     "s", "am", "St", "Dr", "e.g.", "May", "the", "word", "WORD", "million", ".com", "http://"]
)  # fmt: skip
_TEXTS = st.one_of(st.lists(_PIECES, max_size=25).map("".join), st.text(max_size=40))


@given(_TEXTS)
def test_any_text_has_a_form_a_token_that_the_engine_can_read(text: str):
    tokens = text.split()
    forms = spoken_forms(tokens)
    assert len(forms) == len(tokens)
    for token, form in zip(tokens, forms, strict=True):
        assert re.fullmatch(r"[A-Za-z0-9\u00c0-\u024f'.,&+/ ;:!?…—-]*", form)
        assert form == " ".join(form.split())
        if not says_something(token):
            assert form == ""


@given(st.integers(0, 10**15 - 1))
def test_every_amount_of_money_keeps_its_number(amount: int):
    assert spoken_forms([f"${amount}"])[0].split(" ")[0].replace(",", "") == str(amount)

from __future__ import annotations

import pytest

from vidgen_pipeline.providers.voice.hibari_engine import loaded_engine
from vidgen_pipeline.providers.voice.word_timers.arpabet import arpabet


@pytest.mark.parametrize(("form", "phones"), [
    ("doctor", "D AA K T ER"),
    ("thirty,", "TH ER T IY"),
    ("judge", "JH AH JH"),
    ("voice", "V OY S"),
    ("3.2", "TH R IY P OY N T T UW"),
])  # fmt: skip
def test_our_voices_pronunciation_in_the_dictionarys_phones(form: str, phones: str):
    assert arpabet("".join(loaded_engine().phonemes([form]))) == phones.split()


def test_what_is_no_sound_is_left_out():
    assert arpabet("ˈˌː.—… ") == []

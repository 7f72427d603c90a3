import asyncio
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice.hibari import HibariProvider, speak_english
from vidgen_pipeline.providers.voice.hibari_engine import HibariEngine, loaded_engine
from vidgen_pipeline.providers.voice.word_times import FROM_SOUND, words_from_sound
from vidgen_pipeline_tests.providers.voice.listening import (
    assert_in_order,
    assert_sounds_right,
    levels_db,
    pauses_ms,
    samples_of,
)

PARAGRAPH = (
    "Most people think sleep is about hours. It isn't. It's about rhythm, light, and temperature. Second, cut caffeine "
    "after 2 p.m., because half of it is still in your blood at 8. Third: cool the room to 18°C. And finally — put the "
    "phone away. Does it work? Yes. In one 2019 study of 1,250 adults, people fell asleep 23 minutes sooner."
)
NASTY = [
    "Revenue hit $3.2bn in 2024, up 45% from $2.1 billion.",
    "A $5 coffee, a $3 million deal, $19.99 and £1.20; €5!",
    "Meet me at 10:30pm, 10:00, 7am, or 9:05 AM.",
    "Dr. Smith lives on Elm St. near St. Paul with Mr. Jones & Prof. Lee.",
    "It's 20°C outside, -5 °C at night, 72°F inside.",
    "In the 1990s, the '90s, and his 30s, he ran.",
    "e.g. this, i.e. that, etc.",
    "You're #1! #SleepBetter @john_doe99",
    "Write to hello@vidgen.com or see https://www.vidgen.com/a/b?x=1.",
    "vidgen.com/start is the page.",
    "NASA and the FBI use AI; CEOs love PDFs.",
    "I ❤️ this 🎉 so — much… really?!",
    "“Yes,” (she said) — no!",
    "1/2 cup, 2 1/2 cups, 3/4, 2½, 24/7.",
    "100km/h, 100 km/h, a 5km run, 16GB, 60 fps, 10x.",
    "10k, 2.5M, 50+, 4K, 1,000,000.",
    "v2.0.1, Python 3.11 and 192.168.0.1.",
    "May 5, 2024; 5 May; 2024-05-03; 5/3/2024.",
    "Call 555-1234 or +1-555-123-4567.",
    "World War II and Henry VIII.",
    "Wait…what? In—out, end.Start.",
    "A state-of-the-art 10-year-old, 18-24-year-olds.",
    "The word 你好 means hello, привет too.",
    "**Bold** _words_ `code` [link](https://a.b) item(s)",
    "—— Leading dashes, trailing dashes ——",
    "Naïve café in São Paulo, Łódź, Köln & Ắn.",
    "x² + y² = z²; 5 < 6 > 4",
    "'Tis rock 'n' roll, y'all — don't stop.",
    "One\ntwo\t three.\n\nNew paragraph",
    "AT&T's Q&A: C++, C#, Node.js.",
    "Hmm... uh?! Shh!!! Zzz…",
    "12345678901234567890 and 007",
    "a b c d e f g h i j k l m n o p",
    "🎉🎉🎉 Party! 🎉🎉🎉",
    f"{'Donau' * 12} is one long word.",
]


@pytest.fixture(scope="module")
def engine() -> HibariEngine:
    return loaded_engine()


@pytest.fixture(scope="module")
def paragraph(engine: HibariEngine) -> Speech:
    return speak_english(PARAGRAPH, engine)


@pytest.mark.parametrize("text", NASTY)
def test_every_written_word_comes_back_in_time(engine: HibariEngine, text: str):
    speech = speak_english(text, engine)
    assert speech.words
    assert " ".join(word.text for word in speech.words) == " ".join(text.split())
    assert_in_order(speech)
    assert_sounds_right(speech)


def test_the_pace_is_a_readers(paragraph: Speech):
    assert paragraph.words
    assert 2 <= len(paragraph.words) / paragraph.duration_ms * 1000 <= 5
    assert max(word.end_ms - word.start_ms for word in paragraph.words) < 1500


def test_words_after_a_pause_start_when_the_sound_does(paragraph: Speech):
    assert paragraph.words
    starts = [word.start_ms for word in paragraph.words]
    ends = [word.end_ms for word in paragraph.words]
    pauses = pauses_ms(paragraph)
    assert len(pauses) >= 12
    for silent_from, silent_to in pauses:
        assert min(abs(start - silent_to) for start in starts) <= 40
        assert min(abs(end - silent_from) for end in ends) <= 40


def test_the_right_word_follows_each_pause(paragraph: Speech):
    """The word after each sentence's end is the next sentence's first, and starts at an onset of sound."""
    assert paragraph.words
    onsets = [silent_to for _, silent_to in pauses_ms(paragraph, at_least_ms=250)]
    openers = [
        word.start_ms for before, word in zip(paragraph.words, paragraph.words[1:], strict=False) if before.sentence_end
    ]
    assert [word.text for word in paragraph.words if word.sentence_end] == [
        "hours.", "isn't.", "temperature.", "8.", "18°C.", "away.", "work?", "Yes.", "sooner.",
    ]  # fmt: skip
    assert all(min(abs(onset - opener) for onset in onsets) <= 40 for opener in openers)


def test_the_models_times_agree_with_the_sound_before_they_are_fitted_to_it(engine: HibariEngine):
    """Judged at onsets after pauses: no systematic error, and nearly all within 60 ms."""
    errors = []
    for sentence in PARAGRAPH.replace("2 p.m.,", "two,").split(". "):
        for utterance in engine.say(sentence.split()):
            alone = Speech(pcm=(utterance.samples * 32767).astype("<i2").tobytes(), sample_rate=24_000, words=None)
            starts = [span.start_ms for span in utterance.spans or [] if span]
            for _, onset in pauses_ms(alone):
                errors.append(min((start - onset for start in starts), key=abs))
    assert len(errors) >= 6
    assert abs(np.median(errors)) <= 25
    assert np.percentile(np.abs(errors), 90) <= 60


def test_sentences_are_parted_by_a_natural_pause(engine: HibariEngine):
    speech = speak_english("We saw it. They left. Now go.", engine)
    assert [300 <= end - start <= 380 for start, end in pauses_ms(speech, at_least_ms=200)] == [True, True]


def test_joins_are_silent(paragraph: Speech):
    samples = np.abs(samples_of(paragraph))
    for silent_from, silent_to in pauses_ms(paragraph, at_least_ms=250):
        middle = round((silent_from + silent_to) / 2 * 24)
        assert samples[middle - 1200 : middle + 1200].max() < 0.003


def test_lines_are_equally_loud(engine: HibariEngine):
    lines = ["Yes.", "Whisper softly, softly.", "STOP RIGHT NOW!", "Five ways to sleep better"]
    loud = [np.percentile(levels_db(speak_english(line, engine)), 90) for line in lines]
    assert max(loud) - min(loud) < 5


def test_the_same_line_is_the_same_sound_in_any_thread(engine: HibariEngine):
    lines = ["First line. It has two sentences.", "Second line, with 3-4 words."] * 3
    with ThreadPoolExecutor(4) as pool:
        speeches = list(pool.map(lambda line: speak_english(line, engine), lines))
    assert speeches[0].pcm == speeches[2].pcm == speeches[4].pcm
    assert speeches[1].pcm == speeches[3].pcm == speeches[5].pcm
    assert speeches[0].words == speeches[2].words


def test_a_very_long_sentence_is_said_in_parts_with_nothing_lost(engine: HibariEngine):
    text = "we went on " + ", and then we went on " * 60 + "until the end"
    speech = speak_english(text, engine)
    assert speech.words
    assert " ".join(word.text for word in speech.words) == " ".join(text.split())
    assert_in_order(speech)
    assert max(end - start for start, end in pauses_ms(speech)) < 400
    assert 2 <= len(speech.words) / speech.duration_ms * 1000 <= 6


def test_a_foreign_word_is_seen_though_it_is_not_heard(engine: HibariEngine):
    speech = speak_english("The word 你好 means hello", engine)
    assert speech.words
    slot = speech.words[2]
    assert slot.text == "你好"
    assert slot.end_ms - slot.start_ms >= 60


def test_without_the_models_times_they_are_estimated_and_said_to_be():
    without = HibariEngine(durations_output="/absent")
    assert not without.gives_times
    estimated = speak_english(PARAGRAPH, without)
    exact = speak_english(PARAGRAPH, loaded_engine())
    assert estimated.pcm == exact.pcm
    assert estimated.word_times_from == FROM_SOUND != exact.word_times_from
    assert estimated.words
    assert exact.words
    errors = [abs(one.start_ms - two.start_ms) for one, two in zip(estimated.words, exact.words, strict=True)]
    assert np.median(errors) < 60
    assert_in_order(estimated)


def test_times_found_from_the_sound_alone_are_close(paragraph: Speech):
    found = words_from_sound(PARAGRAPH, "en", paragraph.pcm, paragraph.sample_rate)
    assert paragraph.words
    assert [word.text for word in found] == [word.text for word in paragraph.words]
    errors = [abs(one.start_ms - two.start_ms) for one, two in zip(found, paragraph.words, strict=True)]
    assert np.median(errors) < 60
    assert np.percentile(errors, 90) < 300


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("🎉 🎉", "Nothing in this line can be spoken: «🎉 🎉»"),
        ("— … —", "Nothing in this line"),
        ("Привет, мир!", "Cyrillic letters, which the English voice can't speak: «Привет, мир!»"),
        ("你好世界", "Chinese letters"),
        ("नमस्ते दुनिया", "Devanagari letters"),
        ("Это iPhone от компании", "Cyrillic letters"),
        ("あ", "Japanese letters"),
    ],
)
def test_a_line_the_voice_cannot_say_is_refused(engine: HibariEngine, text: str, message: str):
    with pytest.raises(InvalidInput, match=message.replace("…", ".")) as refusal:
        speak_english(text, engine)
    assert refusal.value.remedy


def test_the_refusal_of_a_long_line_stays_short(engine: HibariEngine):
    with pytest.raises(InvalidInput) as refusal:
        speak_english("слово " * 500, engine)
    assert len(str(refusal.value)) < 250


def test_the_provider_speaks_english_only():
    provider = HibariProvider()
    speak = provider.speak
    result = asyncio.run(speak(SpeechRequest(text="Hello there.", language="en-GB", voice="heart")))
    assert result.data.sample_rate == 24_000
    assert result.cost.amount == 0
    assert [voice.name for voice in asyncio.run(provider.voices())] == ["heart"]
    with pytest.raises(InvalidInput, match="English, not 'de'"):
        asyncio.run(speak(SpeechRequest(text="Hallo", language="de")))
    with pytest.raises(InvalidInput, match=r"'harte'.*'heart'"):
        asyncio.run(speak(SpeechRequest(text="Hello", language="en", voice="harte")))


def test_a_cancelled_line_is_given_up(engine: HibariEngine):
    abandoned = threading.Event()
    line = SpeechRequest(text="Go on. " * 5000, language="en")  # minutes of work

    async def cancel_early() -> None:
        task = asyncio.create_task(HibariProvider().speak(line))
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel_early())  # returns only when its threads have ended
    abandoned.set()
    with pytest.raises(asyncio.CancelledError):
        speak_english("Never said.", engine, abandoned)


def _pronounced(engine: HibariEngine, form: str) -> str:
    return "".join(
        symbol for symbol in engine.phonemes([form])[0] if unicodedata.category(symbol)[0] == "L" and symbol not in "ˈˌ"
    )


@pytest.mark.parametrize(
    ("form", "sounds"),
    [
        ("3.2 billion dollars", "θɹipYnttubɪljəndɑləɹz"),
        ("10 30 p.m.", "tɛnθɜɹTipiɛm"),
        ("1990s", "nIntinnIndiz"),
        ("vidgen dot com", "vɪʤəndɑtkɑm"),
        ("NASA", "næsə"),
        ("FBI", "ɛfbii"),
        ("2,024 dollars", "tuθWzᵊndtwɛntifɔɹdɑləɹz"),
    ],
)
def test_spoken_forms_are_pronounced_as_meant(engine: HibariEngine, form: str, sounds: str):
    assert _pronounced(engine, form).lower() == sounds.lower()


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0])
def test_at_another_pace_it_is_as_much_shorter_and_every_word_stands_where_it_is_heard(
    engine: HibariEngine, paragraph: Speech, speed: float
):
    fast = speak_english(PARAGRAPH, engine, speed=speed)
    # At double pace its phonemes are so short that they are rounded up: it is an eighth longer than half.
    assert fast.duration_ms == pytest.approx(paragraph.duration_ms / speed, rel=0.08 if speed < 2 else 0.15)
    assert_in_order(fast)
    assert_sounds_right(fast)
    assert fast.words
    assert paragraph.words
    for at_speed, plain in zip(fast.words, paragraph.words, strict=True):
        assert at_speed.text == plain.text
        assert at_speed.start_ms / fast.duration_ms == pytest.approx(plain.start_ms / paragraph.duration_ms, abs=0.02)

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from vidgen_pipeline.domain.errors import BadReply, InvalidInput, ProviderError
from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice import espeak
from vidgen_pipeline.providers.voice.espeak import EspeakProvider, readable
from vidgen_pipeline.providers.voice.espeak_voices import EspeakInstallation, installation
from vidgen_pipeline_tests.providers.voice.listening import assert_in_order, assert_sounds_right, pauses_ms

PLAIN = "The quick brown fox jumps over the lazy dog, and then it does so again."
PLAIN_GERMAN = "Der schnelle braune Fuchs springt über den faulen Hund, und dann noch einmal."
SPACED = [
    ("de", "Die meisten denken, Schlaf sei alles. Stimmt nicht! Am 3. Mai kamen 1.250 Gäste — z.B. aus Köln 😀."),
    ("hi", "नमस्ते, आप कैसे हैं? आज 25 लोग आए। क्‍या हाल है?"),
    ("ar", "مرحبا، كيف حالك؟ اليوم جميل جدا."),
    ("he", "שלום, מה שלומך? היום יום יפה."),
    ("fa", "می‌خواهم بروم، باشه؟"),
    ("ru", "Привет, мир! Сегодня 25 человек — из Москвы."),
    ("ko", "대부분의 사람들은 수면이 시간 문제라고 생각합니다. 사실은 그렇지 않습니다."),
    ("pt-BR", "Olá, tudo bem? Custa R$ 3,50 & mais nada…"),
    ("es-MX", "¿Qué tal? ¡Muy bien! (Gracias.)"),
    ("vi", "Xin chào, bạn có khỏe không?"),
    ("tr", "Merhaba, nasılsınız? İyiyim, teşekkürler."),
    ("en-GB", "It went to the edge of the 25 hills, and it was of the best: £3.50 a pint!"),
    ("fr", "« Bonjour ! » dit-il ; l'eau, c'est la vie — n'est-ce pas ?"),
    ("el", "Καλημέρα, τι κάνεις; Είμαι καλά."),
]  # fmt: skip
UNSPACED = [
    ("zh", "你好，今天天气很好。iPhone 15 很好！大多数人认为：「睡眠只和时间有关」。"),
    ("zh-HK", "你好世界，今日天氣好好。"),
    ("th", "คนส่วนใหญ่คิดว่าการนอนหลับ เป็นเรื่องของชั่วโมง แต่ไม่ใช่"),
    ("my", "မင်္ဂလာပါ ကမ္ဘာ"),
    ("ja", "こんにちは。きょうは、いいてんきですね。"),
]


def speak(text: str, language: str, voice: str | None = None) -> Speech:
    return asyncio.run(EspeakProvider().speak(SpeechRequest(text=text, language=language, voice=voice))).data


@pytest.mark.parametrize(("language", "text"), SPACED)
def test_words_of_a_spaced_script_come_back_in_time(language: str, text: str):
    speech = speak(text, language)
    assert speech.words
    assert " ".join(word.text for word in speech.words) == text
    assert_in_order(speech)
    assert_sounds_right(speech)
    assert speech.words[-1].sentence_end


@pytest.mark.parametrize(("language", "text"), UNSPACED)
def test_words_of_an_unspaced_script_give_back_the_text(language: str, text: str):
    speech = speak(text, language)
    assert speech.words
    assert "".join("".join(word.text for word in speech.words).split()) == "".join(text.split())
    assert_in_order(speech)
    assert_sounds_right(speech)


def test_chinese_is_timed_letter_by_letter():
    speech = speak("今天我们来聊一聊睡眠的秘密", "zh")
    assert speech.words
    assert np.mean([len(word.text) for word in speech.words]) < 1.5
    assert 3 <= 13 / speech.duration_ms * 1000 <= 6


@pytest.mark.parametrize(("language", "text"), [SPACED[0], SPACED[1], SPACED[2], SPACED[6], UNSPACED[0]])
def test_words_after_a_pause_start_when_the_sound_does(language: str, text: str):
    speech = speak(text, language)
    assert speech.words
    starts = [word.start_ms for word in speech.words]
    after_punctuation = [
        end for end in pauses_ms(speech, at_least_ms=150) if min(abs(start - end[1]) for start in starts) > 100
    ]
    # "3." is read as two clauses in German: that pause is inside a word, all others part words.
    assert len(after_punctuation) <= (1 if language == "de" else 0)


def test_the_pace_is_a_readers_and_can_be_set():
    text = "The quick brown fox jumps over the lazy dog, and then it does so again."
    usual = speak(text, "en")
    assert usual.words
    assert 2 <= len(usual.words) / usual.duration_ms * 1000 <= 4.5
    fast = asyncio.run(EspeakProvider(words_per_minute=260).speak(SpeechRequest(text=text, language="en"))).data
    assert fast.duration_ms < usual.duration_ms * 0.75


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0])
@pytest.mark.parametrize(("language", "text"), [("en", PLAIN), ("de", PLAIN_GERMAN), ("zh", "你好，今天天气很好。")])
def test_at_another_pace_it_is_as_much_shorter_and_its_words_lie_in_it(language: str, text: str, speed: float):
    plain = speak(text, language)
    request = SpeechRequest(text=text, language=language, speed=speed)
    fast = asyncio.run(EspeakProvider().speak(request)).data
    assert fast.duration_ms == pytest.approx(plain.duration_ms / speed, rel=0.15)
    assert_in_order(fast)
    assert plain.words
    assert fast.words
    for at_speed, usual in zip(fast.words, plain.words, strict=True):
        assert at_speed.start_ms / fast.duration_ms == pytest.approx(usual.start_ms / plain.duration_ms, abs=0.06)


def test_a_variant_changes_the_sound_and_the_same_line_is_the_same_sound():
    plain, female = speak("Guten Tag.", "de"), speak("Guten Tag.", "de", "de+f3")
    assert plain.pcm != female.pcm
    assert plain.pcm == speak("Guten Tag.", "de").pcm
    assert plain.sample_rate == 22_050


@pytest.mark.parametrize(
    "hostile",
    ["\x01250S", "\x01", "<speak><break time='9s'/>", "[[h@l'oU]]", "*_`~|^", "\x00", "🎉👍🏽", "&#65;"],
)
def test_commands_markup_and_emoji_are_not_obeyed_and_move_no_word(hostile: str):
    speech = speak(f"One {hostile} two three.", "en")
    assert speech.words
    assert [word.text for word in speech.words][-2:] == ["two", "three."]
    assert speech.duration_ms < 6000
    assert_in_order(speech)


def test_what_is_not_read_leaves_its_place():
    text = "a\x01b\x00c🎉👍🏽d\ufe0f*e*\n°№"
    assert readable(text) == "a b c   d  e  °№"


def test_emoji_are_silent():
    assert abs(speak("One 🎉🎉🎉 two", "en").duration_ms - speak("One two", "en").duration_ms) < 60


@pytest.mark.parametrize("text", ["", "  ", "🎉", "— …"])
def test_a_line_with_nothing_to_say_is_refused(text: str):
    with pytest.raises(InvalidInput):
        speak(text, "de")


def test_japanese_in_chinese_letters_is_refused_with_what_to_do():
    with pytest.raises(InvalidInput, match="hiragana"):
        speak("今日は天気がいいです。", "ja")


def test_an_unknown_language_or_voice_starts_no_program():
    with pytest.raises(InvalidInput, match="Did you mean 'de'"):
        speak("Hallo", "german")
    with pytest.raises(InvalidInput, match="Did you mean 'de'"):
        speak("Hallo", "de", "dee")


def test_lines_spoken_at_once_do_not_disturb_each_other():
    async def both() -> list[bytes]:
        lines = [SpeechRequest(text=f"Zeile {number}.", language="de") for number in range(4)]
        return [result.data.pcm for result in await asyncio.gather(*map(EspeakProvider().speak, lines))]

    assert asyncio.run(both()) == [speak(f"Zeile {number}.", "de").pcm for number in range(4)]


def _with(monkeypatch: pytest.MonkeyPatch, **changes: Path) -> None:
    real = installation()
    changed = EspeakInstallation(
        library=changes.get("library", real.library),
        data=changes.get("data", real.data),
        voices=real.voices,
        variants=real.variants,
    )
    monkeypatch.setattr(espeak, "installation", lambda: changed)


def test_a_data_folder_far_down_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    far_down = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8)
    far_down.mkdir(parents=True)
    data = far_down / "espeak-ng-data"
    data.symlink_to(installation().data)
    assert len(str(data)) > 200
    before = speak("Guten Tag.", "de").pcm
    links = set(Path(tempfile.gettempdir()).glob("vidgen-*"))
    _with(monkeypatch, data=data)
    assert speak("Guten Tag.", "de").pcm == before
    assert set(Path(tempfile.gettempdir()).glob("vidgen-*")) <= links


def test_broken_data_and_a_broken_library_are_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    _with(monkeypatch, data=tmp_path)
    with pytest.raises(ProviderError, match="eSpeak NG failed"):
        speak("Guten Tag.", "de")
    broken = tmp_path / "library.so"
    broken.write_bytes(b"no library")
    _with(monkeypatch, library=broken)
    with pytest.raises(ProviderError, match="eSpeak NG failed"):
        speak("Guten Tag.", "de")


def _worker_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> Path:
    """Put a real program in the worker's place, which writes its process id to the file returned."""
    script, mark = tmp_path / "worker.py", tmp_path / "pid"
    script.write_text(
        f"import os, pathlib, sys, time\n"
        f"pathlib.Path({str(mark) + '.new'!r}).write_text(str(os.getpid()))\n"
        f"os.rename({str(mark) + '.new'!r}, {str(mark)!r})\n{program}\n"
    )
    monkeypatch.setattr(espeak.espeak_worker, "__file__", str(script))
    return mark


def _is_gone(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def test_cancelling_kills_the_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    mark = _worker_that(tmp_path, monkeypatch, "time.sleep(600)")

    async def cancel_once_it_runs() -> None:
        task = asyncio.create_task(EspeakProvider().speak(SpeechRequest(text="Guten Tag.", language="de")))
        while not mark.exists():  # noqa: ASYNC110 - written by another program
            await asyncio.sleep(0.01)
        assert not _is_gone(int(mark.read_text()))
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel_once_it_runs())
    assert _is_gone(int(mark.read_text()))


def test_a_worker_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    mark = _worker_that(tmp_path, monkeypatch, "time.sleep(600)")
    monkeypatch.setattr(espeak, "_DEADLINE_SECONDS", 1.0)
    with pytest.raises(ProviderError, match="did not finish a line within 1 seconds and was stopped"):
        speak("Guten Tag.", "de")
    assert _is_gone(int(mark.read_text()))


@pytest.mark.parametrize("program", ["sys.exit(3)", "print('nonsense')", "print('{}')", "os.kill(os.getpid(), 9)"])
def test_a_worker_that_dies_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str):
    _worker_that(tmp_path, monkeypatch, program)
    with pytest.raises(BadReply, match="stopped in the middle of its work"):
        speak("Guten Tag.", "de")


def test_the_worker_needs_no_package_of_ours(tmp_path: Path):
    """It is copied elsewhere and still speaks: it stands alone, as its licence asks."""
    alone = tmp_path / "worker.py"
    shutil.copy(espeak.espeak_worker.__file__, alone)
    engine = installation()
    request = {
        "library": str(engine.library), "data": str(engine.data), "voice": "gmw/de", "words_per_minute": 160,
        "text": "Eins, zwei.",
    }  # fmt: skip
    answer = subprocess.run(
        [sys.executable, "-I", "-S", str(alone)], input=json.dumps(request).encode(), capture_output=True, check=True
    )
    header, _, pcm = answer.stdout.partition(b"\n")
    assert json.loads(header)["sample_rate"] == 22_050
    assert [position for position, _ in json.loads(header)["events"]] == [0, 6]
    assert len(pcm) > 20_000

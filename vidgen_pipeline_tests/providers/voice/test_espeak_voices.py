import json
import subprocess
import sys

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.providers.voice.espeak_voices import installation


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "en-us"), ("en-US", "en-us"), ("en_GB", "en-gb"), ("en-AU", "en-gb"), ("en-CA", "en-us"),
        ("de", "de"), ("de-AT", "de"), ("DE", "de"), ("pt", "pt"), ("pt-BR", "pt-br"), ("pt-PT", "pt"), ("zh", "cmn"),
        ("zh-CN", "cmn"), ("zh-Hans", "cmn"), ("zh-TW", "cmn"), ("zh-HK", "yue"), ("zh-Hant-HK", "yue"), ("no", "nb"),
        ("nb-NO", "nb"), ("nn", "nb"), ("fr", "fr"), ("fr-FR", "fr"), ("fr-CA", "fr"), ("fr-BE", "fr-be"),
        ("es", "es"), ("es-MX", "es-419"), ("es-AR", "es-419"), ("sr-Latn-RS", "sr"), ("iw", "he"), ("ar-EG", "ar"),
        ("hi-IN", "hi"), ("hy", "hy"), ("vi", "vi"), ("th", "th"), ("ja", "ja"), ("ko-KR", "ko"), ("sh", "hr"),
    ],
)  # fmt: skip
def test_a_language_tag_finds_its_voice(language: str, voice: str):
    assert installation().voice_for_language(language).name == voice


@pytest.mark.parametrize(
    ("language", "suggestion"),
    [
        ("german", "'de' (German)"),
        ("english", "'en-gb'"),
        ("norwegian", "'nb'"),
        ("dee", "'de' (German)"),
        ("", "'pt-BR'"),
    ],
)
def test_an_unknown_language_is_refused_with_near_ones(language: str, suggestion: str):
    with pytest.raises(InvalidInput) as refusal:
        installation().voice_for_language(language)
    assert repr(language)[1:-1] in refusal.value.message
    assert suggestion in refusal.value.remedy


def test_a_voice_is_known_by_name_tag_and_variant():
    engine = installation()
    assert engine.voice_named("de+f3") == "gmw/de+f3"
    assert engine.voice_named("en-us") == engine.voice_named("EN-US") == "gmw/en-US"
    assert engine.voice_named("zh-yue") == engine.voice_named("yue") == "sit/yue"


@pytest.mark.parametrize("name", ["nope", "de+f99", "de+../../../etc/passwd", "de+", "+f3", ""])
def test_an_unknown_voice_or_variant_is_refused(name: str):
    with pytest.raises(InvalidInput) as refusal:
        installation().voice_named(name)
    assert refusal.value.remedy


def test_every_voice_has_a_name_of_its_own_and_a_description():
    voices = installation().listed()
    assert len(voices) > 100
    assert len({voice.name for voice in voices}) == len(voices)
    assert all(voice.languages and voice.description for voice in voices)
    brazil = next(voice for voice in voices if voice.name == "pt-br")
    assert brazil.languages[0] == "pt-BR"
    assert brazil.description == "Portuguese (Brazil)"


def test_the_engine_knows_every_listed_voice():
    """Asked in a program of its own: the library is never loaded in ours."""
    engine = installation()
    program = (
        "import ctypes, json, sys\n"
        "library, data, names = json.load(sys.stdin)\n"
        "espeak = ctypes.CDLL(library)\n"
        "espeak.espeak_Initialize(2, 500, data.encode(), 0x8000)\n"
        "print([name for name in names if espeak.espeak_SetVoiceByName(name.encode())])\n"
    )
    asked = json.dumps([str(engine.library), str(engine.data), [voice.identifier for voice in engine.voices]])
    answer = subprocess.run([sys.executable, "-c", program], input=asked, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_listing_the_voices_does_not_load_the_library():
    program = (
        "import asyncio, ctypes\n"
        "loaded = []\n"
        "class Watched(ctypes.CDLL):\n"
        "    def __init__(self, *arguments, **options):\n"
        "        loaded.append(str(arguments[0]))\n"
        "        super().__init__(*arguments, **options)\n"
        "ctypes.CDLL = Watched\n"
        "from vidgen_pipeline.providers.voice.espeak import EspeakProvider\n"
        "assert asyncio.run(EspeakProvider().voices())\n"
        "print([name for name in loaded if 'espeak' in name])\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

"""Languages as people name them, and as their scripts show them."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.services.language import resolve_language

TAGS = """
    en-us en-gb de fr es es-419 pt pt-br it nl sv da nb fi is pl cs sk sl hr hu ro tr id vi sw ca lt lv et ru uk bg sr
    mk be kk el he ar fa ur hi mr ja ko zh bn ta te th ka hy
"""
SPEAKABLE = TAGS.split()


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("en", "en"), ("EN-us", "en-US"), ("pt_br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("cmn", "zh"), ("iw", "he"),
        ("German", "de"), ("deutsch", "de"), ("Français", "fr"), ("francais", "fr"), ("日本語", "ja"), ("farsi", "fa"),
        ("  Spanish ", "es"), ("norwegian", "no"), ("bokmål", "nb"), ("Brazilian Portuguese", "pt-BR"),
    ],
)  # fmt: skip
def test_a_language_can_be_named_in_many_ways(asked: str, tag: str) -> None:
    assert resolve_language(asked, "Whatever the text is.", SPEAKABLE) == (tag, False)


@pytest.mark.parametrize(
    ("asked", "message", "remedy"),
    [
        ("germna", "no language called 'germna'", "Did you mean German (de)?"),
        ("japnese", "no language called 'japnese'", "Did you mean Japanese (ja)?"),
        ("xx", "no language called 'xx'", "Write a tag"),
        ("", "no language called ''", "Write a tag"),
        ("a;b\n", "no language called 'a;b'", "Write a tag"),
        ("Khmer", "No voice here speaks Khmer (km)", "Choose one of: ar, be, bg"),
    ],
)
def test_a_language_that_cannot_be_used_is_refused_with_advice(asked: str, message: str, remedy: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve_language(asked, "Cats purr.", SPEAKABLE)
    assert message in refused.value.message
    assert remedy in refused.value.remedy


def test_any_language_can_be_asked_for_when_voices_name_none() -> None:
    assert resolve_language("Khmer", "", []) == ("km", False)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "Why do cats purr? Nobody knows for sure."),
        ("de", "Warum schnurren Katzen? Niemand weiß es genau."),
        ("fr", "Pourquoi les chats ronronnent-ils ? Personne ne le sait."),
        ("es", "¿Por qué ronronean los gatos? Nadie lo sabe."),
        ("pt", "Por que os gatos ronronam? Ninguém sabe ao certo."),
        ("it", "Perché i gatti fanno le fusa? Nessuno lo sa."),
        ("nl", "Waarom spinnen katten? Niemand weet het precies."),
        ("sv", "Varför spinner katter? Ingen vet riktigt säkert."),
        ("da", "Hvorfor spinder katte? Ingen ved det helt sikkert."),
        ("nb", "Hvorfor maler katter? Ingen vet det helt sikkert."),
        ("fi", "Miksi kissat kehräävät? Kukaan ei tiedä varmasti."),
        ("pl", "Dlaczego koty mruczą? Nikt nie wie na pewno."),
        ("cs", "Proč kočky předou? Nikdo to neví jistě."),
        ("hr", "Zašto mačke predu? Nitko ne zna sigurno."),
        ("hu", "Miért dorombolnak a macskák? Senki sem tudja biztosan."),
        ("tr", "Kediler neden mırlar? Kimse kesin olarak bilmiyor."),
        ("id", "Mengapa kucing mendengkur? Tidak ada yang tahu pasti."),
        ("vi", "Tại sao mèo kêu rừ rừ? Không ai biết chắc."),
        ("ru", "Почему мурлычут кошки?"),
        ("ru", "Собаки и кошки"),
        ("uk", "Чому муркочуть коти? Ніхто не знає."),
        ("bg", "Защо мъркат котките? Никой не знае със сигурност."),
        ("sr", "Зашто мачке преду? Нико не зна сигурно."),
        ("be", "Чаму мурлыкаюць каты? Ніхто не ведае дакладна."),
        ("el", "Γιατί γουργουρίζουν οι γάτες;"),
        ("he", "למה חתולים מגרגרים?"),
        ("ar", "لماذا تخرخر القطط؟"),
        ("fa", "چرا گربه‌ها خرخر می‌کنند؟"),
        ("ur", "بلیاں کیوں خرخراتی ہیں؟"),
        ("hi", "बिल्लियाँ घुरघुराती क्यों हैं?"),
        ("ja", "猫はなぜゴロゴロ鳴くのか"),
        ("zh", "猫为什么会发出咕噜声？"),
        ("ko", "고양이는 왜 골골송을 부를까요?"),
        ("th", "ทำไมแมวถึงคราง?"),
        ("ta", "பூனைகள் ஏன் முரலுகின்றன?"),
    ],
)
def test_a_script_shows_its_language(tag: str, text: str) -> None:
    assert resolve_language(None, text, SPEAKABLE) == (tag, True)


@pytest.mark.parametrize(
    "text",
    ["", "123", "Ok.", "Guten Morgen", "Tokyo. Kyoto. Osaka.", "Barack Obama met Angela Merkel in Berlin.",
     "Ninja Sushi Bar Hamburg", "Pizza Margherita, Spaghetti Carbonara, Tiramisù: my favourite food in Roma."],
)  # fmt: skip
def test_what_is_too_short_or_mixed_is_taken_for_english_and_said_to_be_a_guess(text: str) -> None:
    assert resolve_language(None, text, SPEAKABLE) == ("en", False)


def test_marks_and_addresses_do_not_mislead() -> None:
    german_marks = "[image: schlafende-katzen-auf-dem-sofa.jpg] https://beispiel.de/warum-katzen-schnurren-und-trinken"
    assert resolve_language(None, f"{german_marks} Cats purr.", SPEAKABLE) == ("en", False)


def test_a_quoted_foreign_word_does_not_decide() -> None:
    assert resolve_language(None, "The Japanese word for cat is 猫, and it is read as neko.", SPEAKABLE) == ("en", True)


def test_a_recognised_language_without_a_voice_is_told() -> None:
    with pytest.raises(InvalidInput, match="seems to be in Thai"):
        resolve_language(None, "ทำไมแมวถึงคราง?", ["en", "de"])
    assert resolve_language(None, "Miksi kissat kehräävät? Kukaan ei tiedä varmasti.", ["en", "de"])[0] != "fi"

"""What a site is asked: terms, and the language they are in."""

from __future__ import annotations

import pytest

from vidgen_pipeline.providers.media.stock_terms import in_language, search_terms
from vidgen_pipeline_tests.providers.media.stock_scene import scene

_REGIONS = "en-US pt-BR es-ES de-DE zh-TW zh-CN nb-NO"
_LANGUAGES = "de en es no pt zh"
_SCRIPTS = "zh-Hans zh-Hant pt pt-pt sr-Cyrl sr-Latn nb fil"


@pytest.mark.parametrize(
    ("language", "offered", "told"),
    [
        ("en", _REGIONS, None),
        ("en-GB", _LANGUAGES, None),
        ("de", _REGIONS, "de-DE"),
        ("de-AT", _REGIONS, "de-DE"),
        ("DE_at", _LANGUAGES, "de"),
        ("es-MX", _REGIONS, "es-ES"),
        ("pt-PT", _REGIONS, "pt-BR"),
        ("pt-PT", _SCRIPTS, "pt-pt"),
        ("pt-BR", _SCRIPTS, "pt"),
        ("zh", _REGIONS, "zh-CN"),
        ("zh-Hant-HK", _REGIONS, "zh-TW"),
        ("zh-TW", _SCRIPTS, "zh-Hant"),
        ("zh-CN", _SCRIPTS, "zh-Hans"),
        ("zh-TW", _LANGUAGES, "zh"),
        ("nb", _LANGUAGES, "no"),
        ("nn-NO", _REGIONS, "nb-NO"),
        ("no", _SCRIPTS, "nb"),
        ("sr", _SCRIPTS, "sr-Cyrl"),
        ("sr-Latn", _SCRIPTS, "sr-Latn"),
        ("tl", _SCRIPTS, "fil"),
        ("hi", _REGIONS, None),
    ],
)
def test_the_language_is_told_by_the_sites_own_name_for_it(language: str, offered: str, told: str | None):
    assert in_language(scene(language=language), "lang", offered) == ({} if told is None else {"lang": told})


def test_terms_are_asked_in_their_order_once_each_and_short():
    assert search_terms(scene("Harbour  dawn", "harbour dawn", " ", "boats", "sea", "sky"), 3) == [
        "Harbour dawn",
        "boats",
        "sea",
    ]
    assert search_terms(scene("word " * 40), 3) == [("word " * 20).strip()]
    assert search_terms(scene("x" * 150), 3) == ["x" * 100]
    assert search_terms(scene().model_copy(update={"search_terms": ()}), 3) == ["Boats leave the harbour at dawn."]

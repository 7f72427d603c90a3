"""How many words fit into a time, held against real narration."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidgen_pipeline.domain.text import estimate_ms
from vidgen_pipeline.providers.script.word_budget import WordBudget

EXAMPLES = Path(__file__).parents[3] / "examples"
CHINESE = "蜜蜂每天飞行很多公里，却总能找到回家的路。它们看太阳的位置，也记得沿途的风景。"
JAPANESE = "ミツバチは毎日何キロも飛びますが、必ず巣に帰ります。太陽の位置を見て、道の景色も覚えています。"


@pytest.mark.parametrize(
    ("text", "language", "unit", "tolerance"),
    [
        ((EXAMPLES / "why-cats-purr.txt").read_text("utf-8"), "en-GB", "words", 0.1),
        ((EXAMPLES / "warum-katzen-schnurren.txt").read_text("utf-8"), "de", "words", 0.1),
        (CHINESE, "zh-CN", "characters", 0.2),
        (JAPANESE, "ja", "characters", 0.2),
    ],
    ids=["en", "de", "zh", "ja"],
)
def test_so_many_words_fit_as_real_narration_has(text: str, language: str, unit: str, tolerance: float):
    budget = WordBudget(estimate_ms(text, language), language)
    has = len(text.split()) if unit == "words" else len("".join(text.split()))
    assert budget.unit == unit
    assert budget.amount == pytest.approx(has, rel=tolerance)


@pytest.mark.parametrize(
    ("spoken_ms", "fits"), [(60_000, True), (66_000, True), (54_000, True), (66_100, False), (53_900, False)]
)
def test_a_tenth_more_or_less_is_well(spoken_ms: int, fits: bool):
    assert WordBudget(60_000, "en").fits(spoken_ms) is fits


def test_advice_reckons_with_the_drafts_own_pace():
    advice = WordBudget(60_000, "en").advice("word " * 200, 80_000)
    assert "takes about 80 seconds" in advice
    assert "Shorten it to 150 words" in advice
    assert "Lengthen it to 10 characters" in WordBudget(2_000, "ja").advice("あいう えお", 1_000)

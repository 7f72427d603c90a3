"""Other words in some scenes of a written script."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.script import SceneText
from vidgen_pipeline.providers.script.rewording import reworded
from vidgen_pipeline_tests.services.lives import BEES

SUN = "They steer by the sun, which they see even behind thick clouds, and by every hedge on the way."


def test_the_words_change_and_what_hangs_on_them_but_not_what_is_shown():
    before = BEES.scenes[1]
    changed = reworded(BEES, {2: SceneText(instead_of=before.narration, text=SUN)})
    first, second, third = changed.scenes
    assert (first, third) == (BEES.scenes[0], BEES.scenes[2])
    assert [(line.text, line.pause_after_ms) for line in second.lines] == [(SUN, 400)]
    assert (second.search_terms, second.visual, second.visual_prompt) == (
        before.search_terms, before.visual, before.visual_prompt,
    )  # fmt: skip
    assert second.on_screen_text != before.on_screen_text
    assert second.on_screen_text in SUN
    assert before.estimated_ms < second.estimated_ms < 3 * before.estimated_ms


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {2: SceneText(instead_of="What another script said here.", text=SUN)},
        {4: SceneText(instead_of=BEES.scenes[1].narration, text=SUN)},
    ],
)
def test_words_for_another_script_are_left_out(texts: dict[int, SceneText]):
    assert reworded(BEES, texts) == BEES

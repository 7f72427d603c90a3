"""A faster voice makes a shorter video of the same script."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.video import Step
from vidgen_pipeline_tests.orchestration.conftest import Pipeline

SCRIPT = "Cats purr when they are happy, and they purr when they are hurt."


def test_a_faster_voice_is_spoken_anew_and_shortens_the_video(pipeline: Pipeline):
    lengths = []
    for speed in (1.0, 1.5):
        video_id = pipeline.plan(script_text=SCRIPT, voice_speed=speed)
        assert pipeline.run(video_id).success
        seen = pipeline.look(video_id)
        assert seen.finished is not None
        lengths.append(seen.finished.duration_ms)
        assert {step.name: step.reused for step in seen.steps}[Step.VOICE] is False
    silence_ms = 120 + 900  # before and after the words, whatever the pace
    assert lengths[1] - silence_ms == pytest.approx((lengths[0] - silence_ms) / 1.5, rel=0.1)

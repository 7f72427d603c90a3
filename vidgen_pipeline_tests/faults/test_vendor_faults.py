"""Whole videos whose vendors fail, each kind of failure once: what a person sees, and what it costs them."""

from __future__ import annotations

from typing import Any

import pytest

from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.sandbox.faults import FaultKind
from vidgen_pipeline.services.lifecycle import cancel
from vidgen_pipeline_tests.faults.conftest import Case
from vidgen_pipeline_tests.faults.stage import PAID, VENDORS, all_of_it

COMPLETED, FAILED, REVIEW = VideoStatus.COMPLETED, VideoStatus.FAILED, VideoStatus.NEEDS_REVIEW
SCRIPT, VOICE, MEDIA, CLIP = Step.SCRIPT, Step.VOICE, Step.MEDIA, Step.VIDEO_AI

# The kind of fault, the step that meets it, the phase of the request, and how the generation ends at first.
FAULTS = [
    (FaultKind.STATUS, SCRIPT, "submit", REVIEW),
    (FaultKind.RATE_LIMITED, VOICE, "submit", COMPLETED),
    (FaultKind.UNAUTHORISED, VOICE, "submit", FAILED),
    (FaultKind.OUT_OF_CREDIT, CLIP, "submit", FAILED),
    (FaultKind.CLOSE_BEFORE_READING, MEDIA, "any", COMPLETED),
    (FaultKind.CLOSE_AFTER_ACCEPTING, CLIP, "submit", COMPLETED),
    (FaultKind.STALL_BEFORE_ACCEPTING, MEDIA, "any", COMPLETED),
    (FaultKind.STALL_AFTER_ACCEPTING, VOICE, "submit", REVIEW),
    (FaultKind.CUT_SHORT, CLIP, "download", COMPLETED),
    (FaultKind.GARBAGE, MEDIA, "any", COMPLETED),
    (FaultKind.WRONG_SCHEMA, CLIP, "poll", COMPLETED),
    (FaultKind.HTML, SCRIPT, "submit", REVIEW),
    (FaultKind.EMPTY, VOICE, "submit", REVIEW),
    (FaultKind.SLOW_DRIP, CLIP, "poll", COMPLETED),
    (FaultKind.HUGE_BODY, MEDIA, "any", FAILED),
    (FaultKind.GZIP_BOMB, SCRIPT, "submit", REVIEW),
    (FaultKind.REDIRECT_TO_PRIVATE, CLIP, "download", FAILED),
    (FaultKind.JOB_FAILED, CLIP, "poll", FAILED),
    (FaultKind.MODERATION, CLIP, "submit", FAILED),
    (FaultKind.EXPIRED_URL, CLIP, "download", COMPLETED),
]

SLOW = {FaultKind.STALL_BEFORE_ACCEPTING, FaultKind.STALL_AFTER_ACCEPTING, FaultKind.SLOW_DRIP}
QUICK = {FaultKind.STATUS, FaultKind.CLOSE_AFTER_ACCEPTING, FaultKind.MODERATION, FaultKind.EXPIRED_URL}
"""One of each way to end. That every adapter takes every fault as it should is the contract suite's."""


def test_no_kind_of_fault_is_left_out():
    assert {kind for kind, *_ in FAULTS} | {FaultKind.JOB_STUCK} == set(FaultKind)


@pytest.mark.parametrize(("kind", "step", "phase", "end"), [one for one in FAULTS if all_of_it() or one[0] in QUICK])
def test_a_fault_of_a_vendor(kind: FaultKind, step: Step, phase: str, end: VideoStatus, case: Case):
    more: dict[str, Any] = {"retry_after": 0.1} if kind is FaultKind.RATE_LIMITED else {}
    with case(f"vendor: {kind.replace('_', ' ')}") as stage:
        stage.desk.fault(kind, provider=PAID.get(step) or VENDORS[_category(step)], phase=phase, **more)
        video_id = stage.queue(step)
        assert stage.run(video_id, answer_seconds=4 if kind in SLOW else 30).killed_by == 0
        [order] = stage.desk.client.get("/_control/faults").json()["faults"]
        assert order["met"] == 1
        seen = stage.look(video_id)
        assert seen.status is end, seen.error_message
        if end is not COMPLETED:
            assert seen.error_message
            assert seen.error_message.strip().endswith((".", "!"))
            assert stage.finish(video_id).status is COMPLETED


def test_a_job_that_never_ends_is_stopped_by_its_owner(case: Case):
    with case("vendor: job stuck") as stage:
        stage.desk.fault("job_stuck", provider="kling", phase="submit")
        video_id = stage.queue(CLIP)
        worker = stage.start(video_id)
        stage.until(lambda: stage.desk.requests(provider="kling", phase="poll"), "a poll")
        cancel(stage.engine, stage.user_id, video_id)
        assert worker.wait().killed_by == 0
        seen = stage.look(video_id)
        assert (seen.status, seen.error_message) == (VideoStatus.CANCELLED, "Stopped during video ai.")


def _category(step: Step) -> Any:
    return next(category for category in VENDORS if category.value == step.value)

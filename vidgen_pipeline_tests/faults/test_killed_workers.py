"""kill -9 of a worker, at each step: before the call, after sending, after the answer, after the commit."""

from __future__ import annotations

import os
import signal
import time
from uuid import UUID

import pytest

from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services.watching import settle_lost_ones
from vidgen_pipeline_tests.faults.conftest import Case
from vidgen_pipeline_tests.faults.stage import PAID, Stage, all_of_it
from vidgen_pipeline_tests.faults.workers import Ended, Worker

BEFORE, SENT, ANSWERED, COMMITTED = "before the call", "after sending", "after the answer", "after the commit"
MOMENTS = (BEFORE, SENT, ANSWERED, COMMITTED)
WORKED = {BEFORE: "begun", SENT: "copying", ANSWERED: "made", COMMITTED: "stored"}
BOUGHT = {BEFORE: "intent", ANSWERED: "answered", COMMITTED: "settled"}
NOT_FOUND_AGAIN = {Step.SCRIPT, Step.VOICE}
"""Whose vendors have no way to ask what became of a request: their answer lost, the owner has to say."""

COMPLETED = VideoStatus.COMPLETED
RESUMED = "a dead worker on this machine, once looked for: started again"


ALL = [(step, moment, turn) for step in Step for moment in MOMENTS for turn in range(4)]


@pytest.mark.parametrize("step", list(Step))
def test_a_video_whose_worker_dies_four_times_at_a_step(step: Step, case: Case):
    with case(f"worker killed: {step.replace('_', ' ')}, at all four moments") as stage:
        video_id = stage.queue(step)
        stage.tally.faults["worker killed: once more"] += 3
        for moment in MOMENTS:
            stage.ask_for_it(video_id)
            assert _killed(stage, video_id, step, moment).killed_by == 9, stage.log.read_text()[-3000:]
            ended = (step, moment) == (Step.ASSEMBLY, COMMITTED)  # in the very same commit
            assert stage.look(video_id).status is (COMPLETED if ended else VideoStatus.PROCESSING)
            if _is_unanswered(step, moment):
                assert stage.run(video_id).killed_by == 0
                assert stage.look(video_id).status is VideoStatus.NEEDS_REVIEW
        assert stage.finish(video_id).status is COMPLETED
        # After the third death in a row its owner was asked; each answer of theirs began the count anew.
        asked = [event["message"] for event in stage.events(video_id) if event["kind"] == "failed"]
        assert len(asked) == (0 if step in NOT_FOUND_AGAIN else 1)
        assert all("3 times in a row" in message for message in asked)


@pytest.mark.parametrize(("step", "moment", "turn"), ALL if all_of_it() else [(Step.VIDEO_AI, SENT, 0)])
def test_a_killed_worker_costs_nothing_twice(step: Step, moment: str, turn: int, case: Case):
    with case(f"worker killed: {step.replace('_', ' ')}, {moment}") as stage:
        video_id = stage.queue() if all_of_it() else stage.queue(step)
        assert _killed(stage, video_id, step, moment).killed_by == 9
        killed_at = time.monotonic()
        if (step, moment) == (Step.ASSEMBLY, COMMITTED):
            assert stage.look(video_id).status is COMPLETED
            return
        assert stage.look(video_id).status is VideoStatus.PROCESSING  # nobody has noticed yet
        worker = stage.start(video_id)
        stage.tally.measured(RESUMED, time.monotonic() - killed_at)
        assert worker.wait().killed_by == 0
        seen = stage.look(video_id)
        expected = VideoStatus.NEEDS_REVIEW if _is_unanswered(step, moment) else COMPLETED
        assert seen.status is expected, seen.error_message
        assert stage.finish(video_id).status is COMPLETED


def _is_unanswered(step: Step, moment: str) -> bool:
    """Whether nobody can know what became of a paid request."""
    return step in NOT_FOUND_AGAIN and moment in {SENT, ANSWERED}


def _killed(stage: Stage, video_id: UUID, step: Step, moment: str) -> Ended:
    """Let it go on until it dies there; how its worker ended."""
    if moment == SENT and step is not Step.SUBTITLES:
        worker = _in_the_middle(stage, video_id, step)
        worker.kill()
        return worker.wait()
    point = (BOUGHT if step in PAID else WORKED)[moment]
    return stage.run(video_id, death={"step": step, "point": point})


def _in_the_middle(stage: Stage, video_id: UUID, step: Step) -> Worker:
    """A worker whose request is at the vendor, done and charged, and not answered; or that has ffmpeg at work."""
    if step is Step.ASSEMBLY:
        stage.forget()  # no segment is taken from the cache
        worker = stage.start(video_id)
        stage.until(lambda: stage.look(video_id).current_step is step and stage.children("ffmpeg"), "ffmpeg at work")
        return worker
    provider, kind = PAID.get(step, "pexels"), "stall_after_accepting"
    phase = "submit" if step in PAID else "any"
    stage.desk.fault(kind, provider=provider, phase=phase)
    worker = stage.start(video_id)
    stage.until(
        lambda: any(visit["fault"] for visit in stage.desk.requests(provider=provider)), f"a call at {provider}"
    )
    return worker


if all_of_it():

    def test_a_worker_that_falls_silent_is_replaced_and_changes_nothing_when_it_wakes_up(case: Case):
        """As one on another machine that is cut off: nobody can see whether it lives, only that it shows no sign."""
        with case("worker silent for a minute") as stage:
            stage.desk.control("jobs", pending_polls=1000)
            video_id = stage.queue(Step.VIDEO_AI)
            silent = stage.start(video_id)
            stage.until(lambda: stage.desk.requests(provider="kling", phase="poll"), "a poll")
            os.kill(silent.pid, signal.SIGSTOP)
            stopped_at = time.monotonic()
            stage.until(lambda: settle_lost_ones(stage.engine, stage.home.scratch), "a worker that is given up")
            stage.tally.measured("a silent worker, looked for all the time: given up", time.monotonic() - stopped_at)
            stage.desk.control("jobs", pending_polls=0)
            assert stage.finish(video_id).status is COMPLETED
            before = stage.events(video_id)
            os.kill(silent.pid, signal.SIGCONT)
            assert silent.wait().killed_by == 0
            assert stage.events(video_id) == before
            assert stage.look(video_id).status is COMPLETED

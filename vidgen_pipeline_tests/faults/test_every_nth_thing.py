"""The worker dies at the n-th of all it does (commits, requests, renames); then one later, until it meets no death."""

from __future__ import annotations

import itertools

from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline_tests.faults.conftest import Case
from vidgen_pipeline_tests.faults.stage import all_of_it

EVERY = 1 if all_of_it() else 24


def test_whenever_it_dies_the_video_is_finished(case: Case):
    for nth in itertools.count(EVERY, EVERY):
        with case("worker killed: at its n-th commit, request or rename") as stage:
            video_id = stage.queue() if all_of_it() else stage.queue(Step.SCRIPT, Step.SUBTITLES)
            ended = stage.run(video_id, death={"at": nth})
            assert ended.killed_by == 9 or stage.look(video_id).status is VideoStatus.COMPLETED
            assert stage.finish(video_id).status is VideoStatus.COMPLETED
        if not ended.killed_by:
            assert nth > EVERY
            break

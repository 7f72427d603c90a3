"""Two who want different things of one video at the same moment: one wins, and the history stays whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text, update
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import GenerationAttempt
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services import lifecycle
from vidgen_pipeline.services.planning import Plan
from vidgen_pipeline.services.scheduling import claim_due
from vidgen_pipeline.services.watching import settle_lost_ones
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.faults.invariants import assert_history_is_whole
from vidgen_pipeline_tests.faults.stage import a_request, all_of_it
from vidgen_pipeline_tests.faults.tally import TALLY
from vidgen_pipeline_tests.services.lives import Lives
from vidgen_pipeline_tests.services.queueing import DEAD_WORKER, Queue
from vidgen_pipeline_tests.services.racing import at_once

ROUNDS = 500 if all_of_it() else 20


@pytest.fixture
def lives(engine: Engine, store: ArtifactStore, user_id: UUID, tmp_path: Path) -> Lives:
    return Lives(engine, store, user_id, tmp_path)


@pytest.fixture
def rounds(lives: Lives, engine: Engine) -> Callable[[str], Iterator[int]]:
    """So many rounds of a race; after each the history of every video is looked at, and none is left under way."""

    def run(race: str) -> Iterator[int]:
        for number in range(ROUNDS):
            TALLY.faults[f"race: {race}"] += 1
            TALLY.videos += 1
            yield number
            with engine.connect() as connection:
                ids = connection.scalars(text("SELECT id FROM videos WHERE title = 'Purring'")).all()
            for video_id in ids:
                assert_history_is_whole(engine, video_id)
                lives.generation.let_go(video_id)
            with engine.begin() as connection:
                connection.execute(text("UPDATE videos SET title = 'Old', deleted_at = now() WHERE title = 'Purring'"))

    return run


def test_cancel_against_completion(lives: Lives, rounds: Any):
    for number in rounds("cancel against completion"):
        video_id = lives.video(VideoStatus.QUEUED)
        lives.generation.enter(video_id, f"run-{number}", launch=1)
        finished = lives.finished()
        refusals = at_once(
            lambda one=video_id: lifecycle.cancel(lives.engine, lives.user_id, one),
            lambda one=video_id, run=f"run-{number}", made=finished: lives.generation.store_output(
                one, run, Step.ASSEMBLY, made
            ),
        )
        row = lives.row(video_id)
        assert row["status"] == VideoStatus.COMPLETED
        assert row["result"] is not None
        assert refusals[1] is None
        # Whoever was told that it stops had asked before it was finished.
        kinds = [kind for kind, _ in lives.events(video_id)]
        assert ("cancel_requested" in kinds) == (refusals[0] is None)


def test_delete_against_start(lives: Lives, rounds: Any):
    for number in rounds("delete against start"):
        video_id = lives.video(VideoStatus.DRAFT)
        started, deleted = at_once(
            lambda one=video_id, run=f"run-{number}": lives.generation.enter(one, run),
            lambda one=video_id: lifecycle.delete(lives.engine, lives.user_id, one),
        )
        assert (started is None) != (deleted is None)
        assert (lives.row(video_id)["deleted_at"] is None) == (started is None)


def test_edit_against_claim(lives: Lives, rounds: Any):
    plan = Plan(a_request(language="de"), "Purring", ())
    for _ in rounds("edit against claim"):
        video_id = lives.video(VideoStatus.PLANNED)
        with lives.engine.begin() as connection:
            connection.execute(text("UPDATE videos SET scheduled_at = now() WHERE id = :id"), {"id": video_id})
        claimed: list[Any] = []
        refused, _ = at_once(
            lambda one=video_id: lifecycle.edit(lives.engine, lives.user_id, one, plan),
            lambda won=claimed: won.extend(claim_due(lives.engine).launches),
        )
        row = lives.row(video_id)
        if claimed:
            assert row["status"] == VideoStatus.QUEUED
            kinds = [kind for kind, _ in lives.events(video_id)]
            assert (row["request"]["language"] == "de") == (refused is None)
            assert refused is not None or kinds.index("edited") < kinds.index("queued")
        else:  # the row was locked by who edits: it is passed over, and claimed by the next tick
            assert (refused, row["status"]) == (None, VideoStatus.PLANNED)
            [launch] = claim_due(lives.engine).launches
            assert launch.video_id == video_id
        lifecycle.cancel(lives.engine, lives.user_id, video_id)


def test_retry_against_the_reaper(lives: Lives, rounds: Any, tmp_path: Path):
    """A worker has died. The sensor settles that, and its owner, who does not wait for it, starts it again by hand."""
    for number in rounds("retry against the reaper"):
        video_id = lives.video(VideoStatus.QUEUED)
        lives.generation.enter(video_id, f"dies-{number}", launch=1)
        with Session(lives.engine) as session, session.begin():
            dead = update(GenerationAttempt).where(GenerationAttempt.video_id == video_id)
            session.execute(dead.values(worker=DEAD_WORKER))
        settled: list[Any] = []
        by_hand, _, again = at_once(
            lambda one=video_id, run=f"hand-{number}": lives.generation.enter(one, run),
            lambda got=settled: got.extend(settle_lost_ones(lives.engine, tmp_path / "scratch")),
            lambda one=video_id: lifecycle.retry(lives.engine, lives.user_id, one),
        )
        assert again is not None  # it is under way, one way or the other
        row = lives.row(video_id)
        kinds = [kind for kind, _ in lives.events(video_id)]
        assert kinds.count("resumed") == 1
        assert len(settled) <= 1
        assert row["status"] == (VideoStatus.PROCESSING if by_hand is None else VideoStatus.QUEUED)
        assert kinds.count("started") == (2 if by_hand is None else 1)
        if by_hand is not None:
            lifecycle.cancel(lives.engine, lives.user_id, video_id)


def test_two_daemons_settle_and_start_each_video_once(engine: Engine, tmp_path: Path):
    queue = Queue(engine)
    ticks = 5_000 if all_of_it() else 50
    videos = [queue.processing(queue.user(f"user {number}"), worker=DEAD_WORKER) for number in range(ticks // 10)]
    queue.operator(generations_at_once=len(videos))
    TALLY.faults["two daemons' ticks at once"] += ticks
    TALLY.videos += len(videos)

    def tick(_: int) -> list[UUID]:
        settle_lost_ones(engine, tmp_path / "scratch")
        return [launch.video_id for launch in claim_due(engine).launches]

    with ThreadPoolExecutor(8) as pool:
        started = [video_id for got in pool.map(tick, range(ticks)) for video_id in got]
    assert sorted(started) == sorted(videos)
    for video_id in videos:
        assert_history_is_whole(engine, video_id)


@pytest.mark.parametrize("turn", range(100 if all_of_it() else 1))
def test_fifty_wishes_for_now_are_one(turn: int, lives: Lives):
    TALLY.faults["now, fifty times at once"] += 1
    TALLY.videos += 1
    video_id = lives.video(VideoStatus.DRAFT)
    wish = lambda: lifecycle.generate_now(lives.engine, lives.user_id, video_id)  # noqa: E731
    assert at_once(*[wish] * 50).count(None) == 1
    claims = [claim_due(lives.engine).launches for _ in range(2)]
    assert [len(launches) for launches in claims] == [1, 0]
    run_ids = [f"run-{turn}-{uuid4()}" for _ in range(8)]
    starts = at_once(*[lambda run=run: lives.generation.enter(video_id, run, launch=1) for run in run_ids])
    assert starts.count(None) == 1
    assert_history_is_whole(lives.engine, video_id)

"""Videos whose generation does not get on, and what becomes of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import Cancelled
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.scheduling import Launch, claim_due
from vidgen_pipeline.services.watching import cancel_stuck_ones, cancel_unheeded_ones, settle_lost_ones
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.services.queueing import DEAD_WORKER, Queue, minutes_ago


@pytest.fixture
def queue(engine: Engine) -> Queue:
    return Queue(engine)


@pytest.fixture
def anna(queue: Queue) -> UUID:
    return queue.user("anna")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def _leave_files(scratch: Path, *video_ids: UUID) -> None:
    for video_id in video_ids:
        folder = scratch / f"{video_id}-assembly-abc"
        folder.mkdir()
        (folder / "half.mp4").write_bytes(b"half")


def test_a_generation_that_hangs_for_half_an_hour_is_cancelled(engine: Engine, queue: Queue, anna: UUID, scratch: Path):
    hung = queue.processing(anna, last_step_updated_at=minutes_ago(31))
    slow = queue.processing(queue.user("ben"), last_step_updated_at=minutes_ago(29))
    _leave_files(scratch, hung, slow)
    [settled] = cancel_stuck_ones(engine, scratch)
    assert (settled.video_id, settled.run_id, settled.worker_is_gone) == (str(hung), queue.look(hung).run_id, False)
    seen = queue.look(hung)
    assert (seen.status, seen.error_code) == ("cancelled", "timed_out")
    assert seen.error_message is not None
    assert seen.error_message.startswith("Generation timed out after 30 minutes. It hung during voice.")
    assert queue.notices(hung) == ["video_generation_timeout"]
    assert queue.events(hung) == [(1, "cancelled", "cancelled")]
    assert queue.look(slow).status == "processing"
    assert [folder.name for folder in scratch.iterdir()] == [f"{slow}-assembly-abc"]
    assert cancel_stuck_ones(engine, scratch) == []


def test_who_waits_for_a_place_is_not_stuck_while_it_lives(engine: Engine, queue: Queue, anna: UUID, scratch: Path):
    waiting = queue.processing(anna, waiting_for="a place to render", last_step_updated_at=minutes_ago(45))
    assert cancel_stuck_ones(engine, scratch) == []
    queue.change(waiting, heartbeat_at=minutes_ago(2))
    assert [settled.video_id for settled in cancel_stuck_ones(engine, scratch)] == [str(waiting)]


def test_the_hung_worker_can_write_nothing_any_more(
    engine: Engine, queue: Queue, anna: UUID, scratch: Path, store: ArtifactStore
):
    generation = Generation(engine, store)
    attempt = generation.enter(queue.video(anna), "run-1")
    queue.change(attempt.video_id, last_step_updated_at=minutes_ago(31))
    cancel_stuck_ones(engine, scratch)
    assert not generation.show_progress(attempt, 0.5, moved=True)
    with pytest.raises(Cancelled):
        generation.begin_step(attempt, Step.VOICE, "hash")


@pytest.mark.parametrize("sign", ["dead", "silent"])
def test_a_lost_video_goes_on_by_itself(sign: str, engine: Engine, queue: Queue, anna: UUID, scratch: Path):
    if sign == "dead":
        lost = queue.processing(anna, worker=DEAD_WORKER)
    else:
        lost = queue.processing(anna, heartbeat_at=minutes_ago(1.1))
    alive = queue.processing(queue.user("ben"), heartbeat_at=minutes_ago(0.8))
    _leave_files(scratch, lost, alive)
    [settled] = settle_lost_ones(engine, scratch)
    assert (settled.video_id, settled.worker_is_gone) == (str(lost), sign == "dead")
    seen = queue.look(lost)
    assert (seen.status, seen.resumes, seen.launches, seen.launched) == ("queued", 1, 2, 1)
    assert queue.events(lost) == [(1, "resumed", "queued")]
    assert queue.notices(lost) == []
    assert "(1 of 2 times)" in queue.messages(lost)[0]
    assert queue.look(alive).status == "processing"
    assert [folder.name for folder in scratch.iterdir()] == [f"{alive}-assembly-abc"]
    assert claim_due(engine).launches == (Launch(lost, anna, 2),)


def test_a_video_that_kills_its_worker_three_times_has_failed(
    engine: Engine, queue: Queue, anna: UUID, scratch: Path, store: ArtifactStore
):
    generation, video_id = Generation(engine, store), queue.video(anna)
    for time in (1, 2, 3):
        [launch] = claim_due(engine).launches
        assert launch == Launch(video_id, anna, time)
        attempt = generation.enter(video_id, f"run-{time}", launch=time)
        assert attempt.number == time
        generation.begin_step(attempt, Step.VOICE, "hash")
        queue.change(video_id, heartbeat_at=minutes_ago(2))
        assert len(settle_lost_ones(engine, scratch)) == 1
    seen = queue.look(video_id)
    assert (seen.status, seen.error_code, seen.resumes) == ("failed", "worker_lost", 2)
    assert seen.error_message is not None
    assert "during voice, 3 times in a row" in seen.error_message
    assert queue.notices(video_id) == ["video_generation_failed"]
    assert [kind for _, kind, _ in queue.events(video_id)] == [
        "queued", "started", "step_started", "resumed", "started", "step_started", "resumed", "started",
        "step_started", "failed",
    ]  # fmt: skip
    with engine.connect() as connection:
        outcomes = connection.execute(text("SELECT outcome FROM generation_attempts ORDER BY attempt")).scalars()
        assert list(outcomes) == ["lost", "lost", "failed"]
        steps = connection.execute(text("SELECT status FROM generation_steps")).scalars()
        assert list(steps) == ["failed"]


def test_a_lost_video_that_was_to_stop_is_stopped(engine: Engine, queue: Queue, anna: UUID, scratch: Path):
    lost = queue.processing(anna, worker=DEAD_WORKER, cancel_requested_at=datetime.now(UTC))
    settle_lost_ones(engine, scratch)
    seen = queue.look(lost)
    assert (seen.status, seen.error_code, seen.error_message) == (
        "cancelled", "cancelled", "Stopped during voice, as was asked.",
    )  # fmt: skip
    assert queue.notices(lost) == ["video_generation_cancelled"]


def test_a_wish_to_stop_that_nobody_heeds_is_carried_out(engine: Engine, queue: Queue, anna: UUID, scratch: Path):
    deaf = queue.processing(anna, cancel_requested_at=minutes_ago(1.1))
    busy = queue.processing(queue.user("ben"), cancel_requested_at=minutes_ago(0.5))
    assert [settled.video_id for settled in cancel_unheeded_ones(engine, scratch)] == [str(deaf)]
    assert (queue.look(deaf).status, queue.look(busy).status) == ("cancelled", "processing")


def test_eight_watchers_settle_a_lost_video_once(engine: Engine, queue: Queue, scratch: Path):
    lost = [queue.processing(queue.user(f"user {number}"), worker=DEAD_WORKER) for number in range(6)]
    with ThreadPoolExecutor(8) as pool:
        settled = [one for found in pool.map(lambda _: settle_lost_ones(engine, scratch), range(8)) for one in found]
    assert sorted(one.video_id for one in settled) == sorted(map(str, lost))
    assert [queue.look(video_id).resumes for video_id in lost] == [1] * 6


def test_a_worker_that_shows_itself_meanwhile_keeps_its_video(engine: Engine, queue: Queue, anna: UUID, scratch: Path):
    late = queue.processing(anna, heartbeat_at=minutes_ago(2))

    def over(_: object) -> bool:
        raise AssertionError("a silent worker needs no second opinion")

    with engine.begin() as holder:  # its own sign of life is being written
        holder.execute(text("UPDATE videos SET heartbeat_at = now() WHERE id = :id"), {"id": late})
        assert settle_lost_ones(engine, scratch, over=over) == []
    assert settle_lost_ones(engine, scratch) == []
    assert queue.look(late).status == "processing"


def test_a_lost_video_waits_while_its_owner_makes_another(
    engine: Engine, queue: Queue, anna: UUID, store: ArtifactStore, scratch: Path
):
    lost, other = queue.processing(anna, worker=DEAD_WORKER), queue.video(anna)
    Generation(engine, store).enter(other, "run-by-hand")
    assert (queue.look(lost).status, queue.look(lost).resumes) == ("queued", 1)
    assert claim_due(engine).said == "1 waiting for another video of their owners'."
    queue.change(other, status="completed")
    assert claim_due(engine).launches == (Launch(lost, anna, 2),)


def test_who_starts_a_video_by_hand_begins_its_count_anew(
    engine: Engine, queue: Queue, anna: UUID, store: ArtifactStore
):
    video_id = queue.queued(anna, launches=3, launched=3, resumes=2)
    Generation(engine, store).enter(video_id, "run-by-hand")
    assert queue.look(video_id).resumes == 0

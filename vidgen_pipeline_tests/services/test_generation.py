from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notification_tables import Notification
from vidgen_pipeline.database.tables import ProviderCall, VideoEvent
from vidgen_pipeline.domain.errors import (
    AuthFailed,
    Cancelled,
    Conflict,
    InvalidInput,
    NotFound,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.narration import Narration, SceneNarration
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.video import Step, VideoRequest, VideoStatus
from vidgen_pipeline.services.generation import Attempt, Generation
from vidgen_pipeline.services.videos import plan_video, show_video
from vidgen_pipeline.storage.artifacts import ArtifactStore

SCRIPT = Script(
    title="Purring", language="en", scenes=(Scene(index=0, lines=(SpokenLine(text="Cats purr."),), estimated_ms=1000),)
)


@pytest.fixture
def generation(engine: Engine, store: ArtifactStore) -> Generation:
    return Generation(engine, store)


def _plan(engine: Engine, user_id: UUID, *, fresh: bool = False) -> UUID:
    return plan_video(engine, user_id, VideoRequest(language="en", fresh=fresh), title="Purring")


def _finish_script(generation: Generation, video_id: UUID, run_id: str, inputs_hash: str = "same") -> None:
    attempt = generation.enter(video_id, run_id)
    generation.begin_step(attempt, Step.SCRIPT, inputs_hash)
    generation.store_output(video_id, run_id, Step.SCRIPT, SCRIPT)


def _finished(store: ArtifactStore, tmp_path: Path) -> FinishedVideo:
    file = store.put_text("bytes", "txt", tmp_path)
    return FinishedVideo(
        title="Purring", video=file, thumbnail=file, attribution=file, srt=file, vtt=file, ass=file,
        width=1080, height=1920, frames=30, duration_ms=1000, audio_duration_ms=1000,
        loudness_lufs=-14.0, true_peak_dbtp=-1.5, words=2, scenes=1,
    )  # fmt: skip


def test_a_run_claims_once_and_finds_its_attempt_again(engine: Engine, user_id: UUID, generation: Generation):
    video_id = _plan(engine, user_id)
    first = generation.enter(video_id, "run-1")
    again = generation.enter(video_id, "run-1")
    assert (first.number, again.number) == (1, 1)
    assert show_video(engine, user_id, video_id).status is VideoStatus.PROCESSING


def test_a_user_has_one_active_generation(engine: Engine, user_id: UUID, generation: Generation):
    one, other = _plan(engine, user_id), _plan(engine, user_id)
    generation.enter(one, "run-1")
    with pytest.raises(Conflict, match="one runs at a time"):
        generation.enter(other, "run-2")
    with pytest.raises(Conflict):
        generation.enter(one, "run-3")
    assert show_video(engine, user_id, other).status is VideoStatus.DRAFT


def test_of_twenty_claims_at_once_one_wins(engine: Engine, user_id: UUID, generation: Generation):
    ids = [_plan(engine, user_id) for _ in range(20)]

    def claim(video_id: UUID) -> bool:
        try:
            generation.enter(video_id, f"run-{video_id}")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, ids)) == 1


def test_a_video_whose_worker_is_gone_does_not_block_its_owner(engine: Engine, user_id: UUID, generation: Generation):
    lost, next_one = _plan(engine, user_id), _plan(engine, user_id)
    generation.enter(lost, "run-1")
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET heartbeat_at = now() - interval '61 seconds'"))
    generation.enter(next_one, "run-2")
    assert show_video(engine, user_id, lost).status is VideoStatus.QUEUED  # it goes on when its owner's turn comes
    with pytest.raises(Cancelled):
        generation.enter(lost, "run-1")


def test_a_dead_process_on_this_machine_is_noticed_at_once(engine: Engine, user_id: UUID, generation: Generation):
    lost = _plan(engine, user_id)
    generation.enter(lost, "run-1")
    with engine.begin() as connection:
        connection.execute(text("UPDATE generation_attempts SET worker = split_part(worker, '|', 1) || '|4194303|x'"))
    assert generation.enter(lost, "run-2").number == 2


def test_an_overtaken_run_changes_nothing(
    engine: Engine, user_id: UUID, generation: Generation, store: ArtifactStore, tmp_path: Path
):
    video_id = _plan(engine, user_id)
    old = generation.enter(video_id, "run-1")
    generation.fail(old, Step.SCRIPT, InvalidInput("No."))
    generation.enter(video_id, "run-2")
    with pytest.raises(Cancelled):
        generation.begin_step(old, Step.SCRIPT, "hash")
    with pytest.raises(Cancelled):
        generation.store_output(video_id, "run-1", Step.ASSEMBLY, _finished(store, tmp_path))
    generation.fail(old, Step.SCRIPT, InvalidInput("Too late."))
    seen = show_video(engine, user_id, video_id)
    assert (seen.status, seen.error_message, seen.attempt) == (VideoStatus.PROCESSING, None, 2)


def test_output_comes_back_as_it_was_stored(engine: Engine, user_id: UUID, generation: Generation):
    video_id = _plan(engine, user_id)
    _finish_script(generation, video_id, "run-1")
    assert generation.load_output(video_id, Step.SCRIPT, Script) == SCRIPT
    with pytest.raises(NotFound, match="no result"):
        generation.load_output(video_id, Step.VOICE, Narration)


def test_the_same_inputs_are_taken_over_from_another_video_of_the_user_only(
    engine: Engine, user_id: UUID, generation: Generation
):
    first = _plan(engine, user_id)
    _finish_script(generation, first, "run-1")
    generation.fail(generation.enter(first, "run-1"), Step.VOICE, VidgenError("stop here"))
    with engine.begin() as connection:
        stranger = connection.execute(text("INSERT INTO users (name) VALUES ('eve') RETURNING id")).scalar_one()

    own = generation.enter(_plan(engine, user_id), "run-2")
    earlier = generation.earlier_result(own, Step.SCRIPT, "same", Script)
    assert earlier is not None
    assert earlier.output == SCRIPT
    assert generation.earlier_result(own, Step.SCRIPT, "other", Script) is None
    foreign = generation.enter(_plan(engine, stranger), "run-3")
    assert generation.earlier_result(foreign, Step.SCRIPT, "same", Script) is None
    generation.fail(own, Step.SCRIPT, VidgenError("make room"))
    fresh = generation.enter(_plan(engine, user_id, fresh=True), "run-4")
    assert generation.earlier_result(fresh, Step.SCRIPT, "same", Script) is None


def test_an_output_whose_file_is_gone_is_made_again(
    engine: Engine, user_id: UUID, generation: Generation, store: ArtifactStore, tmp_path: Path
):
    video_id = _plan(engine, user_id)
    sound = store.put_text("sound", "wav", tmp_path)
    scene = SceneNarration(scene_index=0, audio=sound, frames=30, words=(), word_times_from="test")
    narration = Narration(scenes=(scene,), provider="test", voice="")
    attempt = generation.enter(video_id, "run-1")
    generation.begin_step(attempt, Step.VOICE, "hash")
    generation.store_output(video_id, "run-1", Step.VOICE, narration)
    earlier = generation.earlier_result(attempt, Step.VOICE, "hash", Narration)
    assert earlier is not None
    assert earlier.output == narration
    store.path(sound).unlink()
    assert generation.earlier_result(attempt, Step.VOICE, "hash", Narration) is None


def test_a_video_costs_what_its_paid_calls_cost_in_all_its_attempts(
    engine: Engine, user_id: UUID, generation: Generation, store: ArtifactStore, tmp_path: Path
):
    video_id = _plan(engine, user_id)
    attempt = generation.enter(video_id, "run-1")
    _pay(engine, attempt, "0.012345", status="done")
    _pay(engine, attempt, "0.1", status="failed")
    _pay(engine, attempt, "7", status="done", test_mode=True)
    generation.fail(attempt, Step.VOICE, InvalidInput("No."))
    assert show_video(engine, user_id, video_id).cost_usd == "0.112345"
    attempt = generation.enter(video_id, "run-2")
    _pay(engine, attempt, "2", status="done")
    generation.begin_step(attempt, Step.ASSEMBLY, "hash")
    generation.describe_step(attempt, Step.ASSEMBLY, provider="p", model="m", cost=Cost(amount=Decimal(2)))
    generation.store_output(video_id, "run-2", Step.ASSEMBLY, _finished(store, tmp_path))
    seen = show_video(engine, user_id, video_id)
    assert (seen.status, seen.cost_usd) == (VideoStatus.COMPLETED, "2.112345")


def _pay(engine: Engine, attempt: Attempt, amount: str, *, status: str, test_mode: bool = False) -> None:
    with Session(engine) as session, session.begin():
        session.add(
            ProviderCall(
                user_id=attempt.user_id, video_id=attempt.video_id, step="voice", unit=amount, attempt=attempt.number,
                inputs_hash=amount, provider="p", model="m", base_url="", status=status, test_mode=test_mode,
                cost_amount=Decimal(amount),
            )
        )  # fmt: skip


def test_the_end_of_a_video_is_told_once(engine: Engine, user_id: UUID, generation: Generation):
    video_id = _plan(engine, user_id)
    attempt = generation.enter(video_id, "run-1")
    generation.fail(attempt, Step.MEDIA, AuthFailed("Pexels does not know the key.", provider="pexels"))
    generation.fail(attempt, Step.MEDIA, AuthFailed("Pexels does not know the key.", provider="pexels"))
    with Session(engine) as session:
        told = session.scalars(select(Notification).order_by(Notification.type)).all()
        numbers = session.scalars(select(VideoEvent.number).where(VideoEvent.video_id == video_id)).all()
    assert [notice.type for notice in told] == ["provider_key_rejected", "video_generation_failed"]
    assert told[1].title == "“Purring” failed"
    assert sorted(numbers) == [1, 2, 3]  # planned, started, failed


def test_a_call_with_a_lost_answer_leaves_the_video_to_its_owner(engine: Engine, user_id: UUID, generation: Generation):
    video_id, other = _plan(engine, user_id), _plan(engine, user_id)
    attempt = generation.enter(video_id, "run-1")
    generation.fail(attempt, Step.VIDEO_AI, SubmitUnknown("Nobody knows.", provider="kling", reference="call-1"))
    assert show_video(engine, user_id, video_id).status is VideoStatus.NEEDS_REVIEW
    assert generation.enter(other, "run-2").number == 1  # it does not hold the user's one place


def test_a_run_whose_launch_is_over_starts_nothing(engine: Engine, user_id: UUID, generation: Generation):
    video_id = _plan(engine, user_id)
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET status = 'queued', launches = 2"))
    with pytest.raises(Cancelled, match="no longer queued"):
        generation.enter(video_id, "run-1", launch=1)
    assert generation.enter(video_id, "run-2", launch=2).number == 1
    with pytest.raises(Cancelled):
        generation.enter(video_id, "run-1", launch=1)


def test_a_failure_is_told_with_step_and_remedy_and_leaves_no_running_step(
    engine: Engine, user_id: UUID, generation: Generation
):
    video_id = _plan(engine, user_id)
    attempt = generation.enter(video_id, "run-1")
    generation.begin_step(attempt, Step.MEDIA, "hash")
    generation.fail(attempt, Step.MEDIA, InvalidInput("The folder is empty.", remedy="Add photos."))
    seen = show_video(engine, user_id, video_id)
    assert (seen.status, seen.error_code) == (VideoStatus.FAILED, "invalid_input")
    assert seen.error_message == "The folder is empty. Add photos."
    assert [step.status for step in seen.steps] == ["failed"]
    with engine.connect() as connection:
        kinds = connection.execute(text("SELECT kind FROM video_events ORDER BY id")).scalars().all()
    assert kinds == ["drafted", "started", "step_started", "failed"]


def test_a_wish_to_stop_reaches_the_worker(engine: Engine, user_id: UUID, generation: Generation):
    video_id = _plan(engine, user_id)
    attempt = generation.enter(video_id, "run-1")
    generation.begin_step(attempt, Step.VOICE, "hash")
    assert generation.show_progress(attempt, 0.5, moved=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET cancel_requested_at = now()"))
    assert not generation.show_progress(attempt, 0.6, moved=True)
    with pytest.raises(Cancelled):
        generation.begin_step(attempt, Step.MEDIA, "hash")
    generation.cancel(attempt, Step.VOICE)
    assert show_video(engine, user_id, video_id).status is VideoStatus.CANCELLED


def test_a_deleted_or_unknown_video_is_not_made(engine: Engine, user_id: UUID, generation: Generation):
    video_id = _plan(engine, user_id)
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET deleted_at = now()"))
    for missing in (video_id, uuid4()):
        with pytest.raises(NotFound):
            generation.enter(missing, "run-1")


def test_a_strangers_video_looks_like_no_video(engine: Engine, user_id: UUID):
    video_id = _plan(engine, user_id)
    with pytest.raises(NotFound) as foreign:
        show_video(engine, uuid4(), video_id)
    with pytest.raises(NotFound) as unknown:
        show_video(engine, user_id, uuid4())
    assert str(foreign.value) == str(unknown.value)

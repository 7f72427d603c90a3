"""What a person can do with a video in each state, and what they are told where they can't."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notification_tables import Notification
from vidgen_pipeline.database.tables import GenerationAttempt
from vidgen_pipeline.domain.errors import Cancelled, Conflict, InvalidInput, NotFound, Paused, StaleVersion
from vidgen_pipeline.domain.video import ACTIONS, Action, Step, VideoRequest, VideoStatus
from vidgen_pipeline.services import lifecycle
from vidgen_pipeline.services.budgets import pause
from vidgen_pipeline.services.planning import Plan
from vidgen_pipeline.services.reviewing import ReviewChoice, review
from vidgen_pipeline.services.schedule_times import ScheduledTime
from vidgen_pipeline.services.videos import VideoView, list_scheduled, list_videos, plan_video, show_video
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.services.lives import IN_AN_HOUR, Lives, new_user
from vidgen_pipeline_tests.services.racing import at_once

Do = Callable[..., VideoView]

OTHER_PLAN = Plan(VideoRequest(language="de", script_text="Katzen."), "Katzen", ())
ACTS: dict[Action, tuple[Do, tuple[object, ...], str]] = {
    Action.GENERATE_NOW: (lifecycle.generate_now, (), "queued"),
    Action.EDIT: (lifecycle.edit, (OTHER_PLAN,), "edited"),
    Action.RENAME: (lifecycle.rename, ("A new name",), "renamed"),
    Action.RESCHEDULE: (lifecycle.reschedule, (IN_AN_HOUR,), "rescheduled"),
    Action.CANCEL: (lifecycle.cancel, (), ""),
    Action.RETRY: (lifecycle.retry, (), "queued"),
    Action.REVIEW: (review, (ReviewChoice.LOOK_AGAIN,), "queued"),
    Action.DELETE: (lifecycle.delete, (), "deleted"),
}
CANCEL_EVENTS = {
    VideoStatus.PLANNED: "unplanned",
    VideoStatus.PROCESSING: "cancel_requested",
    VideoStatus.QUEUED: "cancelled",
    VideoStatus.NEEDS_REVIEW: "cancelled",
}


@pytest.fixture
def lives(engine: Engine, store: ArtifactStore, user_id: UUID, tmp_path: Path) -> Lives:
    return Lives(engine, store, user_id, tmp_path)


def _do(lives: Lives, action: Action, video_id: UUID, *, user_id: UUID | None = None, version: int | None = None):
    act, arguments, _ = ACTS[action]
    return act(lives.engine, user_id or lives.user_id, video_id, *arguments, version=version)


@pytest.mark.parametrize("action", list(ACTS))
def test_every_action_in_every_state(lives: Lives, action: Action):
    for status in VideoStatus:
        own = replace(lives, user_id=new_user(lives.engine, f"{action} {status}"))
        if status in ACTIONS[action]:
            _check_allowed(own, action, status)
        else:
            _check_refused(own, action, status)


def _check_allowed(lives: Lives, action: Action, status: VideoStatus) -> None:
    video_id = lives.video(status)
    before, events = lives.row(video_id), lives.events(video_id)
    seen = _do(lives, action, video_id, version=before["version"])
    after = lives.row(video_id)
    kind = CANCEL_EVENTS[status] if action is Action.CANCEL else ACTS[action][2]
    assert (before["status"], seen.status, after["status"]) == (status, ACTIONS[action][status], seen.status)
    assert (status, seen.version, after["version"]) == (status, before["version"] + 1, seen.version)
    assert lives.events(video_id) == [*events, (kind, after["status"])]
    assert (status, after["deleted_at"] is not None) == (status, action is Action.DELETE)
    if kind == "queued":
        assert (after["launches"], after["resumes"]) == (before["launches"] + 1, 0)
        assert (after["run_id"], after["error_message"]) == (None, None)
        assert after["queued_at"] > before["created_at"]


def _check_refused(lives: Lives, action: Action, status: VideoStatus) -> None:
    video_id = lives.video(status)
    before, events = lives.row(video_id), lives.events(video_id)
    with pytest.raises(Conflict) as refused:
        _do(lives, action, video_id)
    assert status.replace("_", " ") in refused.value.message
    assert "“Purring”" in refused.value.message
    assert refused.value.remedy
    assert (lives.row(video_id), lives.events(video_id)) == (before, events)


def test_a_stranger_learns_nothing_and_a_deleted_video_can_only_be_restored(lives: Lives):
    stranger = new_user(lives.engine, "eve")
    for action in ACTS:
        own = replace(lives, user_id=new_user(lives.engine, action))
        video_id, gone = own.video(next(iter(ACTIONS[action]))), own.video(VideoStatus.DRAFT)
        before = own.row(video_id)
        answers = set()
        for unknown_id, user_id in ((video_id, stranger), (uuid4(), own.user_id)):
            with pytest.raises(NotFound) as refused:
                _do(own, action, unknown_id, user_id=user_id)
            answers.add(str(refused.value))
        assert len(answers) == 1
        assert own.row(video_id) == before

        lifecycle.delete(own.engine, own.user_id, gone)
        with pytest.raises(NotFound, match="was deleted"):
            _do(own, action, gone)
        with pytest.raises(NotFound):
            lifecycle.restore(own.engine, stranger, gone)


def test_who_saw_an_older_version_is_told(lives: Lives):
    for action in ACTS:
        own = replace(lives, user_id=new_user(lives.engine, action))
        video_id = own.video(next(iter(ACTIONS[action])))
        seen = show_video(own.engine, own.user_id, video_id).version
        lifecycle.rename(own.engine, own.user_id, video_id, "Renamed meanwhile")
        before = own.row(video_id)
        with pytest.raises(StaleVersion, match="changed meanwhile"):
            _do(own, action, video_id, version=seen)
        assert own.row(video_id) == before


def test_deleted_videos_come_back_as_they_were(lives: Lives):
    video_id = lives.video(VideoStatus.COMPLETED)
    lifecycle.delete(lives.engine, lives.user_id, video_id)
    assert list_videos(lives.engine, lives.user_id) == []
    assert [video.id for video in list_videos(lives.engine, lives.user_id, deleted=True)] == [video_id]
    back = lifecycle.restore(lives.engine, lives.user_id, video_id)
    assert (back.status, back.deleted_at) == (VideoStatus.COMPLETED, None)
    assert Action.DOWNLOAD in back.actions
    assert [kind for kind, _ in lives.events(video_id)][-2:] == ["deleted", "restored"]
    with pytest.raises(Conflict, match="is not deleted; it is completed"):
        lifecycle.restore(lives.engine, lives.user_id, video_id)


def test_a_plan_whose_time_passed_in_the_trash_comes_back_as_a_draft(lives: Lives):
    missed, coming = lives.video(VideoStatus.PLANNED), lives.video(VideoStatus.PLANNED)
    for video_id in (missed, coming):
        lifecycle.delete(lives.engine, lives.user_id, video_id)
    with lives.engine.begin() as connection:
        connection.execute(
            text("UPDATE videos SET scheduled_at = now() - interval '1 minute' WHERE id = :id"), {"id": missed}
        )
    assert lifecycle.restore(lives.engine, lives.user_id, missed).status is VideoStatus.DRAFT
    assert lives.row(missed)["scheduled_at"] is None
    back = lifecycle.restore(lives.engine, lives.user_id, coming)
    assert (back.status, back.scheduled_at) == (VideoStatus.PLANNED, IN_AN_HOUR.at)


def test_cancelling_a_plan_keeps_the_wish_and_forgets_the_time(lives: Lives):
    video_id = lives.video(VideoStatus.PLANNED)
    seen = lifecycle.cancel(lives.engine, lives.user_id, video_id)
    assert (seen.status, seen.scheduled_at, seen.scheduled) == (VideoStatus.DRAFT, None, None)
    assert seen.request.script_text == "Cats purr."


def test_cancelling_at_work_is_asked_once_and_heeded_by_the_worker(lives: Lives):
    video_id = plan_video(lives.engine, lives.user_id, VideoRequest(language="en"), title="Purring")
    launch = lifecycle.generate_now(lives.engine, lives.user_id, video_id).launches
    attempt = lives.generation.enter(video_id, "run", launch=launch)
    assert lives.generation.show_progress(attempt, 0.1, moved=True)
    first = lifecycle.cancel(lives.engine, lives.user_id, video_id)
    again = lifecycle.cancel(lives.engine, lives.user_id, video_id)
    assert first.cancel_requested
    assert (again.status, again.version) == (VideoStatus.PROCESSING, first.version)
    assert [kind for kind, _ in lives.events(video_id)].count("cancel_requested") == 1
    assert not lives.generation.show_progress(attempt, 0.2, moved=True)
    with pytest.raises(Cancelled):
        lives.generation.begin_step(attempt, Step.VOICE, "hash")


def test_cancelling_what_nobody_works_on_any_more_ends_it_at_once(lives: Lives):
    video_id = lives.video(VideoStatus.PROCESSING)
    with lives.engine.begin() as connection:
        connection.execute(text("UPDATE videos SET heartbeat_at = now() - interval '61 seconds'"))
    assert lifecycle.cancel(lives.engine, lives.user_id, video_id).status is VideoStatus.CANCELLED


def test_a_cancelled_queue_place_is_told_and_its_run_pays_nothing(lives: Lives):
    failed = lives.video(VideoStatus.FAILED)
    launch = lifecycle.retry(lives.engine, lives.user_id, failed).launches
    lifecycle.cancel(lives.engine, lives.user_id, failed)
    with pytest.raises(Cancelled, match="no longer queued"):
        lives.generation.enter(failed, "late-run", launch=launch)
    with Session(lives.engine) as session:
        types = session.scalars(select(Notification.type)).all()
        outcomes = session.scalars(select(GenerationAttempt.outcome)).all()
    assert sorted(types) == ["video_generation_cancelled", "video_generation_failed"]
    assert outcomes == ["failed"]  # what the earlier attempt came to stays written


def test_one_video_at_a_time(lives: Lives):
    running, waiting = lives.video(VideoStatus.PROCESSING, title="First"), lives.video(VideoStatus.DRAFT)
    with pytest.raises(Conflict, match=f"“First” .{str(running)[:8]}. is processing"):
        lifecycle.generate_now(lives.engine, lives.user_id, waiting)
    other = new_user(lives.engine, "ann")
    theirs = plan_video(lives.engine, other, VideoRequest(language="en"), title="Hers")
    assert lifecycle.generate_now(lives.engine, other, theirs).status is VideoStatus.QUEUED
    with lives.engine.begin() as connection:
        connection.execute(text("UPDATE videos SET heartbeat_at = now() - interval '61 seconds' WHERE id = :id"),
                           {"id": running})  # fmt: skip
    assert lifecycle.generate_now(lives.engine, lives.user_id, waiting).status is VideoStatus.QUEUED
    with pytest.raises(Conflict, match=r"“Purring” .* is queued"):
        lifecycle.generate_now(lives.engine, lives.user_id, lives.video(VideoStatus.DRAFT, title="Third"))


def test_while_generation_is_paused_nothing_is_queued(lives: Lives):
    video_id = lives.video(VideoStatus.DRAFT)
    pause(lives.engine, "Prices have changed")
    with pytest.raises(Paused, match="Prices have changed"):
        lifecycle.generate_now(lives.engine, lives.user_id, video_id)
    assert lives.row(video_id)["status"] == VideoStatus.DRAFT


def test_of_fifty_at_once_one_is_queued(lives: Lives):
    video_id = lives.video(VideoStatus.DRAFT)
    refusals = at_once(*[lambda: lifecycle.generate_now(lives.engine, lives.user_id, video_id)] * 50)
    assert refusals.count(None) == 1
    assert {str(refusal).partition(".")[0] for refusal in refusals if refusal} == {"“Purring” is already queued"}
    assert lives.row(video_id)["launches"] == 1
    assert [kind for kind, _ in lives.events(video_id)] == ["drafted", "queued"]


def test_of_ten_videos_at_once_one_is_queued(lives: Lives):
    ids = [lives.video(VideoStatus.DRAFT) for _ in range(10)]
    refusals = at_once(*[lambda one=one: lifecycle.generate_now(lives.engine, lives.user_id, one) for one in ids])
    assert refusals.count(None) == 1
    assert sum(lives.row(one)["status"] == VideoStatus.QUEUED for one in ids) == 1


@pytest.mark.parametrize("action", [Action.DELETE, Action.EDIT, Action.RESCHEDULE, Action.CANCEL])
def test_against_a_starting_run_one_of_the_two_wins(lives: Lives, action: Action):
    for number in range(6):
        video_id = lives.video(VideoStatus.PLANNED)
        claimed: list[bool] = []

        def claim(one: UUID = video_id, run: str = f"run-{number}", won: list[bool] = claimed) -> None:
            attempt = lives.generation.enter(one, run)
            won.append(attempt.request.language == "en")

        refusals = at_once(claim, lambda one=video_id: _do(lives, action, one))
        row, kinds = lives.row(video_id), [kind for kind, _ in lives.events(video_id)]
        if row["status"] == VideoStatus.PROCESSING:
            assert refusals[0] is None
            if action is Action.CANCEL:
                # Whichever came first: the worker sees the wish, or begins what was a draft by then.
                assert (row["cancel_requested_at"] is not None) == ("cancel_requested" in kinds)
            elif action in {Action.EDIT, Action.RESCHEDULE} and refusals[1] is None:
                assert kinds.index(ACTS[action][2]) < kinds.index("started")
                assert action is Action.RESCHEDULE or claimed == [False]
            else:
                assert isinstance(refusals[1], Conflict)
                assert claimed == [True]
            lives.generation.let_go(video_id)
        else:
            assert action is Action.DELETE
            assert isinstance(refusals[0], NotFound)
            assert "started" not in kinds


def test_a_cancel_and_a_claim_that_follow_one_another_closely_never_lose_the_wish(lives: Lives):
    for number in range(6):
        video_id = lives.video(VideoStatus.QUEUED)
        at_once(
            lambda one=video_id, run=f"run-{number}": lives.generation.enter(one, run, launch=1),
            lambda one=video_id: lifecycle.cancel(lives.engine, lives.user_id, one),
        )
        row = lives.row(video_id)
        assert row["status"] == VideoStatus.CANCELLED or row["cancel_requested_at"] is not None
        lives.generation.let_go(video_id)


def test_a_name_is_kept_when_the_video_is_finished(lives: Lives):
    video_id = plan_video(lives.engine, lives.user_id, VideoRequest(language="en"), title="Cats")
    launch = lifecycle.generate_now(lives.engine, lives.user_id, video_id).launches
    lives.generation.enter(video_id, "run", launch=launch)
    assert lifecycle.rename(lives.engine, lives.user_id, video_id, "  My\n\0cats ").title == "My cats"
    lives.generation.store_output(video_id, "run", Step.ASSEMBLY, lives.finished())
    done = show_video(lives.engine, lives.user_id, video_id)
    assert (done.status, done.title) == (VideoStatus.COMPLETED, "My cats")
    for title in ("", "  ", "x" * 201):
        with pytest.raises(InvalidInput):
            lifecycle.rename(lives.engine, lives.user_id, video_id, title)


def test_a_time_that_is_past_is_refused_and_one_to_come_is_listed_in_its_zone(lives: Lives):
    later, sooner = lives.video(VideoStatus.DRAFT, title="Later"), lives.video(VideoStatus.CANCELLED, title="Sooner")
    past = ScheduledTime(datetime.now(UTC) - timedelta(minutes=6), "UTC")
    with pytest.raises(InvalidInput, match="is past"):
        lifecycle.reschedule(lives.engine, lives.user_id, later, past)
    lifecycle.reschedule(lives.engine, lives.user_id, later, ScheduledTime(IN_AN_HOUR.at + timedelta(days=1), "UTC"))
    seen = lifecycle.reschedule(lives.engine, lives.user_id, sooner, IN_AN_HOUR)
    assert (seen.error_message, seen.scheduled) == (None, str(IN_AN_HOUR))
    assert "Europe/Berlin" in str(seen.scheduled)
    assert [video.title for video in list_scheduled(lives.engine, lives.user_id)] == ["Sooner", "Later"]


def test_an_edit_says_what_it_changed(lives: Lives):
    video_id = lives.video(VideoStatus.FAILED)
    seen = lifecycle.edit(lives.engine, lives.user_id, video_id, OTHER_PLAN)
    assert (seen.title, seen.request.language, seen.error_message) == ("Katzen", "de", None)
    with lives.engine.connect() as connection:
        message = connection.execute(
            text("SELECT message FROM video_events WHERE video_id = :id AND kind = 'edited'"), {"id": video_id}
        ).scalar_one()
    assert message == "Changed: script text, language, selected providers."

"""Who is started when: in turn, within the limits, and no launch ever twice."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from vidgen_pipeline.database import launching
from vidgen_pipeline.database.tables import Video
from vidgen_pipeline.database.transitions import change_status
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.accounts import set_disabled
from vidgen_pipeline.services.scheduling import Claims, Launch, claim_due, claim_queued, give_back
from vidgen_pipeline_tests.services.queueing import Queue, minutes_ago

EVERYTHING = 1_000_000


@pytest.fixture
def queue(engine: Engine) -> Queue:
    return Queue(engine)


@pytest.fixture
def anna(queue: Queue) -> UUID:
    return queue.user("anna")


def _claimed(engine: Engine) -> list[UUID]:
    return [launch.video_id for launch in claim_due(engine).launches]


def _finish(engine: Engine, claims: Claims) -> None:
    """What a run does, in no time."""
    for launch in claims.launches:
        with Session(engine) as session, session.begin():
            for status in (VideoStatus.PROCESSING, VideoStatus.COMPLETED):
                assert change_status(session, launch.video_id, status, kind=status) is not None


def test_a_planned_video_is_queued_when_its_time_has_come(engine: Engine, queue: Queue, anna: UUID):
    later = queue.video(anna, scheduled_at=minutes_ago(-5))
    due = queue.video(queue.user("ben"), scheduled_at=minutes_ago(125), resumes=2, run_id="an older run")
    claims = claim_due(engine)
    seen = queue.look(due)
    assert claims.launches == (Launch(due, seen.user_id, 1),)
    assert (seen.status, seen.launches, seen.launched, seen.resumes, seen.run_id) == ("queued", 1, 1, 0, None)
    assert seen.queued_at is not None
    assert seen.start_delay_ms is not None
    assert seen.scheduled_at is not None
    delay = timedelta(milliseconds=seen.start_delay_ms)
    assert abs(seen.queued_at - seen.scheduled_at - delay) < timedelta(milliseconds=2)
    assert queue.events(due) == [(1, "queued", "queued")]
    assert queue.look(later).status == "planned"
    assert claim_due(engine) == Claims((), "Nothing is due.")


def test_what_a_person_wants_now_goes_before_what_is_planned(engine: Engine, queue: Queue, anna: UUID):
    planned = queue.video(anna, scheduled_at=minutes_ago(500))
    wanted = queue.queued(anna, launches=7)
    claims = claim_due(engine)
    assert claims.launches == (Launch(wanted, anna, 7),)
    assert (queue.look(wanted).launched, queue.look(wanted).launches) == (7, 7)
    assert claims.said == "1 started; 1 waiting for another video of their owners'."
    assert _claimed(engine) == []  # its run was asked for; asking again is for reconciling alone
    queue.change(wanted, status="completed")
    assert _claimed(engine) == [planned]


@pytest.mark.parametrize("state", ["processing", "launched"])
def test_an_owner_has_one_video_under_way(state: str, engine: Engine, queue: Queue, anna: UUID):
    if state == "processing":
        queue.processing(anna)
    else:
        queue.queued(anna, launched=1)
    queue.video(anna)
    assert claim_due(engine) == Claims((), "1 waiting for another video of their owners'.")


def test_of_several_due_videos_of_an_owner_the_oldest_is_started_alone(engine: Engine, queue: Queue, anna: UUID):
    queue.video(anna, scheduled_at=minutes_ago(3))
    oldest = queue.video(anna, scheduled_at=minutes_ago(9))
    assert _claimed(engine) == [oldest]


def test_who_was_served_longest_ago_goes_first(engine: Engine, queue: Queue):
    queue.operator(generations_at_once=1)
    ids = {name: queue.user(name) for name in ("greedy", "ben", "cleo")}
    for minutes in range(10, 20):
        queue.video(ids["greedy"], scheduled_at=minutes_ago(minutes))
    queue.video(ids["ben"], scheduled_at=minutes_ago(2))
    queue.video(ids["cleo"], scheduled_at=minutes_ago(1))
    names = {user_id: name for name, user_id in ids.items()}
    order = []
    for _ in range(5):
        claims = claim_due(engine)
        order += [names[launch.user_id] for launch in claims.launches]
        _finish(engine, claims)
    assert order == ["greedy", "ben", "cleo", "greedy", "greedy"]


def test_no_more_are_started_than_there_are_places(engine: Engine, queue: Queue):
    queue.operator(generations_at_once=3)
    queue.processing(queue.user("at work"))
    for number in range(5):
        queue.video(queue.user(f"user {number}"))
    claims = claim_due(engine)
    assert len(claims.launches) == 2
    assert claims.said == "2 started; 3 waiting for a place (3 of 3 are taken)."
    assert claim_due(engine) == Claims((), "3 waiting for a place (3 of 3 are taken).")


def test_while_paused_nothing_is_started_and_nothing_is_left_out(engine: Engine, queue: Queue, anna: UUID):
    queue.skip_later_than(anna, 1)
    late, wanted = queue.video(anna, scheduled_at=minutes_ago(90)), queue.queued(queue.user("ben"))
    queue.operator(paused=True, paused_reason="The bill is too high")
    assert claim_due(engine) == Claims((), "Generation is paused: The bill is too high.")
    assert [queue.look(one).status for one in (late, wanted)] == ["planned", "queued"]
    queue.operator(paused=False)
    assert _claimed(engine) == [wanted]


def test_after_an_outage_each_owner_has_it_their_way(engine: Engine, queue: Queue, anna: UUID):
    queue.skip_later_than(anna, 6)
    zone = "America/New_York"
    missed = [queue.video(anna, scheduled_at=minutes_ago(60 * 7), time_zone=zone) for _ in range(3)]
    in_time = queue.video(anna, scheduled_at=minutes_ago(60 * 5))
    odd = queue.video(anna, scheduled_at=minutes_ago(60 * 7), time_zone="Mars/Olympus")
    caught_up = queue.video(queue.user("ben"), scheduled_at=minutes_ago(60 * 50))
    claims = claim_due(engine)
    assert {launch.video_id for launch in claims.launches} == {in_time, caught_up}
    assert claims.said == "2 started; 4 left out, being later than their owners want them."
    for video_id in missed:
        seen = queue.look(video_id)
        assert (seen.status, seen.error_code, seen.attempt) == ("cancelled", "missed", 0)
        assert seen.error_message is not None
        assert zone in seen.error_message
        assert "within 6 hours" in seen.error_message
        assert queue.notices(video_id) == ["video_generation_cancelled"]
    assert queue.look(odd).status == "cancelled"
    assert queue.messages(caught_up) == ["2 d 2 h later than planned."]


def test_a_row_that_cant_be_read_fails_alone_and_each_time_it_is_tried(engine: Engine, queue: Queue, anna: UUID):
    bad = queue.video(anna, request={"language": "en", "voice_speed": 9})
    good = queue.video(queue.user("ben"))
    assert _claimed(engine) == [good]
    seen = queue.look(bad)
    assert (seen.status, seen.error_code) == ("failed", "invalid_input")
    assert seen.error_message is not None
    assert "voice_speed" in seen.error_message
    assert queue.notices(bad) == ["video_generation_failed"]
    queue.change(bad, status="queued", launches=1, queued_at=func.now(), version=2)  # somebody tries again
    assert _claimed(engine) == []
    assert queue.look(bad).status == "failed"
    assert queue.notices(bad) == ["video_generation_failed"] * 2


def test_a_row_whose_event_cant_be_written_stops_nobody(engine: Engine, queue: Queue, anna: UUID):
    broken, good = queue.video(anna, scheduled_at=minutes_ago(9)), queue.video(queue.user("ben"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"ALTER TABLE video_events ADD CONSTRAINT broken CHECK (video_id <> '{broken}') NOT VALID"
        )
    assert _claimed(engine) == [good]
    assert queue.look(broken).status == "planned"


def test_a_row_that_somebody_is_changing_is_passed_over(engine: Engine, queue: Queue, anna: UUID):
    being_edited, other = queue.video(anna, scheduled_at=minutes_ago(9)), queue.video(queue.user("ben"))
    with Session(engine) as editor, editor.begin():
        editor.execute(select(Video).where(Video.id == being_edited).with_for_update())
        assert _claimed(engine) == [other]
    assert _claimed(engine) == [being_edited]


def test_what_changed_since_it_was_picked_does_not_wait_any_more(engine: Engine, queue: Queue, anna: UUID):
    ids = [queue.video(anna) for _ in range(4)]
    queue.change(ids[0], deleted_at=func.now())
    queue.change(ids[1], status="draft")
    queue.change(ids[2], scheduled_at=minutes_ago(-60))
    with Session(engine) as session:
        now = launching.read_again(session, ids)
    assert [now[one][1] for one in ids] == [False, False, False, True]


def test_eight_claimers_start_each_video_once_and_never_two_of_one_owner(engine: Engine, queue: Queue):
    queue.operator(generations_at_once=EVERYTHING)
    users = [queue.user(f"user {number}") for number in range(12)]
    ids = {queue.video(user) for user in users for _ in range(4)}

    def work(_: int) -> list[Launch]:
        got: list[Launch] = []
        for _round in range(12):
            claims = claim_due(engine, most=3)
            assert len({launch.user_id for launch in claims.launches}) == len(claims.launches)
            with Session(engine) as session:
                under_way = session.scalars(select(Video.user_id).where(Video.status.in_(["queued", "processing"])))
                assert max(Counter(under_way).values(), default=0) <= 1
            _finish(engine, claims)
            got += claims.launches
        return got

    with ThreadPoolExecutor(8) as pool:
        launches = [launch for got in pool.map(work, range(8)) for launch in got]
    assert len(launches) == len(ids)
    assert {launch.video_id for launch in launches} == ids
    assert queue.count(VideoStatus.COMPLETED) == len(ids)


def test_two_claimers_at_once_keep_to_the_places(engine: Engine, queue: Queue):
    queue.operator(generations_at_once=5)
    for number in range(30):
        queue.video(queue.user(f"user {number}"))
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: claim_due(engine), range(8)))
    assert sum(len(one.launches) for one in claims) == 5


def test_a_thousand_due_videos_are_started_once_each_and_in_turn(engine: Engine, queue: Queue):
    queue.operator(generations_at_once=25)
    with Session(engine) as session, session.begin():
        session.connection().exec_driver_sql(
            "INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 50) AS n"
        )
        session.connection().exec_driver_sql(
            "INSERT INTO videos (user_id, title, request, scheduled_at)"
            " SELECT id, 'v', '{\"language\": \"en\"}', now() - random() * interval '1 hour'"
            " FROM users, generate_series(1, 20) WHERE name LIKE 'user %%'"
        )
    order: list[Launch] = []
    while (claims := claim_due(engine)).launches:
        order += claims.launches
        with Session(engine) as session, session.begin():
            session.connection().exec_driver_sql("UPDATE videos SET status = 'completed' WHERE status = 'queued'")
    assert len(order) == len({launch.video_id for launch in order}) == 1000
    served = Counter(launch.user_id for launch in order[:500])
    assert len(served) == 50
    assert max(served.values()) / min(served.values()) <= 1.5


def test_one_queued_video_is_taken_at_once_if_it_is_its_turn(engine: Engine, queue: Queue, anna: UUID):
    other = queue.queued(anna, queued_at=minutes_ago(10))
    wanted = Launch(queue.queued(anna, launches=3), anna, 3)
    assert not claim_queued(engine, Launch(wanted.video_id, anna, 2))  # it was queued anew since
    assert not claim_queued(engine, Launch(wanted.video_id, queue.user("eve"), 3))
    queue.operator(paused=True)
    assert not claim_queued(engine, wanted)
    queue.operator(paused=False)
    assert claim_queued(engine, wanted)
    assert not claim_queued(engine, wanted)
    assert not claim_queued(engine, Launch(other, anna, 1))  # one of an owner
    assert _claimed(engine) == []


def test_a_launch_that_is_given_back_is_started_by_the_next(engine: Engine, queue: Queue, anna: UUID):
    wanted = Launch(queue.queued(anna, launches=3), anna, 3)
    assert claim_queued(engine, wanted)
    give_back(engine, wanted)
    assert claim_due(engine).launches == (wanted,)
    queue.change(wanted.video_id, status="cancelled")
    give_back(engine, wanted)
    assert queue.look(wanted.video_id).launched == 3


def test_nothing_is_started_for_a_disabled_user(engine: Engine, queue: Queue, anna: UUID):
    video = queue.video(anna, scheduled_at=minutes_ago(5))
    set_disabled(engine, anna, disabled=True)
    assert _claimed(engine) == []
    set_disabled(engine, anna, disabled=False)
    assert _claimed(engine) == [video]

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import Video
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.planning import Wishes
from vidgen_pipeline.services.recurring import (
    Recurrence,
    RecurringPlanView,
    add_recurring_plan,
    list_recurring_plans,
    plan_what_recurs,
    remove_recurring_plan,
    switch_recurring_plan,
)
from vidgen_pipeline.services.settings import defaults_of

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 08:00 in Berlin
FACTS = Recurrence(
    name="Facts",
    cron="0 9 * * 1-5",
    time_zone="Europe/Berlin",
    prompt_template="A fact about {topic}, for {weekday} {date}",
    topics=("bees", "tea", "rain"),
)


def _add(engine: Engine, user_id: UUID, recurrence: Recurrence = FACTS, now: datetime = MONDAY) -> RecurringPlanView:
    wishes = Wishes(language="en", test_mode=True)
    return add_recurring_plan(engine, user_id, recurrence, wishes, defaults_of(engine, user_id), now=now)


def _planned(engine: Engine) -> list[tuple[str, str | None]]:
    with Session(engine) as session:
        videos = session.scalars(select(Video).order_by(Video.scheduled_at)).all()
        assert {video.status for video in videos} <= {VideoStatus.PLANNED}
        return [(f"{video.scheduled_at:%a %d %H:%M}", video.request["prompt"]) for video in videos]


def test_videos_are_planned_a_day_ahead_each_with_its_topic(engine: Engine, user_id: UUID):
    assert _add(engine, user_id).next_at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    plan_what_recurs(engine, now=MONDAY)
    plan_what_recurs(engine, now=MONDAY + timedelta(hours=1))
    plan_what_recurs(engine, now=MONDAY + timedelta(hours=2))
    assert _planned(engine) == [
        ("Mon 23 08:00", "A fact about bees, for Monday 2026-11-23"),
        ("Tue 24 08:00", "A fact about tea, for Tuesday 2026-11-24"),
    ]


def test_after_the_last_topic_the_plan_ends_or_begins_again(engine: Engine, user_id: UUID):
    _add(engine, user_id)
    _add(engine, user_id, Recurrence(**{**vars(FACTS), "name": "Round", "topics": ("a", "b"), "repeat_topics": True}))
    for day in range(7):
        plan_what_recurs(engine, now=MONDAY + timedelta(days=day))
    ended, going_on = sorted(list_recurring_plans(engine, user_id), key=lambda view: view.recurrence.name)
    assert (ended.enabled, ended.topics_left, ended.last_error) == (False, 0, "All its topics are used.")
    assert going_on.enabled
    prompts = [prompt.split(",")[0] for _, prompt in _planned(engine) if prompt]
    assert sorted(prompts) == sorted(
        [f"A fact about {topic}" for topic in ("bees", "tea", "rain", "a", "b", "a", "b", "a")]
    )
    with pytest.raises(Conflict, match="All topics"):
        switch_recurring_plan(engine, user_id, "Facts", on=True, now=MONDAY)


def test_after_an_outage_only_the_latest_missed_time_is_caught_up_with(engine: Engine, user_id: UUID):
    _add(engine, user_id)
    plan_what_recurs(engine, now=MONDAY + timedelta(days=10))  # Thursday week
    assert [when for when, _ in _planned(engine)] == ["Wed 02 08:00", "Thu 03 08:00"]


def test_many_at_once_plan_each_video_once(engine: Engine, user_id: UUID):
    for number in range(10):
        _add(engine, user_id, Recurrence(**{**vars(FACTS), "name": f"Facts {number}"}))
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: plan_what_recurs(engine, now=MONDAY), range(8)))
    assert sum(len(one.videos) for one in made) == 10
    assert len(_planned(engine)) == 10


def test_a_plan_in_trouble_holds_up_no_other(engine: Engine, user_id: UUID):
    _add(engine, user_id)
    _add(engine, user_id, Recurrence(**{**vars(FACTS), "name": "Broken"}))
    with engine.begin() as connection:
        connection.execute(text("UPDATE recurring_plans SET request = '{\"language\": 5}' WHERE name = 'Broken'"))
    made = plan_what_recurs(engine, now=MONDAY)
    assert (len(made.videos), len(made.errors)) == (1, 1)
    broken = next(view for view in list_recurring_plans(engine, user_id) if view.recurrence.name == "Broken")
    assert not broken.enabled
    assert "language" in broken.last_error


def test_a_plan_is_stopped_gone_on_with_and_removed(engine: Engine, user_id: UUID):
    _add(engine, user_id)
    switch_recurring_plan(engine, user_id, "Facts", on=False, now=MONDAY)
    assert plan_what_recurs(engine, now=MONDAY).videos == []
    later = MONDAY + timedelta(days=2)
    assert switch_recurring_plan(engine, user_id, "Facts", on=True, now=later).next_at == datetime(
        2026, 11, 25, 8, 0, tzinfo=UTC
    )
    assert len(plan_what_recurs(engine, now=later).videos) == 1
    remove_recurring_plan(engine, user_id, "Facts", now=later)
    assert list_recurring_plans(engine, user_id) == []
    with pytest.raises(NotFound):
        remove_recurring_plan(engine, user_id, "Facts", now=later)
    assert len(_planned(engine)) == 1


@pytest.mark.parametrize(
    "change",
    [{"cron": "* * * * *"}, {"time_zone": "Europe/Berlln"}, {"topics": ()}, {"name": " "}, {"prompt_template": "{x}"}],
)
def test_a_plan_that_cannot_be_meant_is_refused(engine: Engine, user_id: UUID, change: dict[str, object]):
    with pytest.raises(InvalidInput):
        _add(engine, user_id, Recurrence(**{**vars(FACTS), **change}))
    assert list_recurring_plans(engine, user_id) == []


def test_a_name_is_taken_once(engine: Engine, user_id: UUID):
    _add(engine, user_id)
    with pytest.raises(Conflict, match="called 'Facts'"):
        _add(engine, user_id)

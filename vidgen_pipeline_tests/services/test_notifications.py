"""Notices inside the product, as their owner reads them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.notifications import Channel, NotificationType
from vidgen_pipeline.services.notifications import (
    Counts,
    count_notifications,
    list_notifications,
    mark_read,
    notification_settings,
    set_channel,
    set_email,
)

Tell = Callable[..., None]


@pytest.fixture
def tell(engine: Engine, user_id: UUID) -> Tell:
    def add(*names: str, to: UUID = user_id) -> None:
        """Notices of one moment."""
        with Session(engine) as session, session.begin():
            for name in names:
                add_notification(
                    session, to, NotificationType.BUDGET_THRESHOLD, title=name, body="", once_key=name
                )  # fmt: skip

    return add


def test_pages_follow_each_other_without_gap_or_repeat_also_when_more_come(engine: Engine, user_id: UUID, tell: Tell):
    tell("1")
    tell("2", "3", "4", "5")  # all of one moment
    tell("6")
    first = list_notifications(engine, user_id, limit=3)
    tell("7")
    second = list_notifications(engine, user_id, limit=2, after=first[-1])
    third = list_notifications(engine, user_id, after=second[-1])
    assert [len(page) for page in (first, second, third)] == [3, 2, 1]
    titles = [notice.title for page in (first, second, third) for notice in page]
    assert titles[0] == "6"
    assert titles[-1] == "1"
    assert sorted(titles) == ["1", "2", "3", "4", "5", "6"]


def test_the_same_thing_is_told_once_but_to_each_of_two(engine: Engine, user_id: UUID, tell: Tell):
    with engine.begin() as connection:
        other = connection.execute(text("INSERT INTO users (name) VALUES ('b') RETURNING id")).scalar_one()
    tell("1")
    tell("1")
    tell("1", to=other)
    assert [len(list_notifications(engine, one)) for one in (user_id, other)] == [1, 1]


def test_only_ones_own_notices_are_marked_as_read_and_only_those_named(engine: Engine, user_id: UUID, tell: Tell):
    with engine.begin() as connection:
        other = connection.execute(text("INSERT INTO users (name) VALUES ('b') RETURNING id")).scalar_one()
    tell("1", "2", "3")
    tell("theirs", to=other)
    [mine, *_] = list_notifications(engine, user_id)
    [theirs] = list_notifications(engine, other)
    assert mark_read(engine, user_id, [mine.id, theirs.id, uuid4()]) == 1
    assert mark_read(engine, user_id, [mine.id]) == 0
    assert count_notifications(engine, user_id) == Counts(total=3, unread=2)
    assert count_notifications(engine, other) == Counts(total=1, unread=1)
    assert mine.id not in {notice.id for notice in list_notifications(engine, user_id, unread_only=True)}
    assert len(list_notifications(engine, user_id)) == 3


def test_settings_are_kept_and_checked(engine: Engine, user_id: UUID):
    assert notification_settings(engine, user_id).email is None
    set_email(engine, user_id, " me@example.org ")
    set_channel(engine, user_id, Channel.WEBHOOK, ["video_ready_to_post"])
    set_channel(engine, user_id, Channel.EMAIL, [])
    shown = notification_settings(engine, user_id)
    assert (shown.email, shown.channels) == ("me@example.org", {"webhook": ["video_ready_to_post"], "email": []})
    with pytest.raises(InvalidInput, match="'me' is not an e-mail address"):
        set_email(engine, user_id, "me")
    with pytest.raises(InvalidInput, match="kind of notice"):
        set_channel(engine, user_id, Channel.EMAIL, ["nonsense"])
    assert notification_settings(engine, user_id) == shown
    assert set_channel(engine, user_id, Channel.EMAIL, None).channels == {"webhook": ["video_ready_to_post"]}
    assert set_email(engine, user_id, None).email is None

"""The order of the events of all of a user's videos: whoever goes on from a place has missed nothing before it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.migrations import alembic_config, migrate
from vidgen_pipeline.database.transitions import add_event
from vidgen_pipeline.database.videos import insert_video
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.video_search import events_of_all, latest_places
from vidgen_pipeline_tests.services.lives import new_user


@pytest.fixture
def videos(engine: Engine, user_id: UUID) -> tuple[UUID, UUID]:
    """Two videos of the user's, each with its first event."""
    return _video(engine, user_id), _video(engine, user_id)


def test_what_was_written_first_and_committed_last_comes_last(engine: Engine, user_id: UUID, videos: tuple[UUID, UUID]):
    early, late = videos
    latest = latest_places(engine, [user_id])[user_id]
    with Session(engine) as first:
        _write(first, early)
        with Session(engine) as second, second.begin():
            second.execute(text("SET LOCAL lock_timeout = '20s'"))  # it has nothing to wait for
            _write(second, late)
        [(place, event)] = events_of_all(engine, user_id, after=latest)
        assert (event.video_id, place) == (late, latest_places(engine, [user_id])[user_id])
        first.commit()
    assert [event.video_id for _, event in events_of_all(engine, user_id, after=place)] == [early]


def test_of_two_that_commit_at_once_the_lower_place_is_seen_first(
    engine: Engine, user_id: UUID, videos: tuple[UUID, UUID]
):
    latest = latest_places(engine, [user_id])[user_id]
    with Session(engine) as first, ThreadPoolExecutor(1) as thread:
        _write(first, videos[0])
        first.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # as in the middle of its commit
        second = thread.submit(_commit, engine, videos[1])
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            while not connection.scalar(
                text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
            ):
                assert not second.done(), "it did not wait for its turn"
        assert events_of_all(engine, user_id, after=latest) == []
        first.commit()
        second.result()
    assert [event.video_id for _, event in events_of_all(engine, user_id, after=latest)] == list(videos)


def test_a_purged_videos_places_are_never_given_again(engine: Engine, user_id: UUID, videos: tuple[UUID, UUID]):
    before = latest_places(engine, [user_id])[user_id]
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM videos WHERE id = :id"), {"id": videos[1]})
    assert latest_places(engine, [user_id])[user_id] < before
    _commit(engine, videos[0])
    assert [event.number for _, event in events_of_all(engine, user_id, after=before)] == [2]


def test_each_user_has_their_own(engine: Engine, user_id: UUID, videos: tuple[UUID, UUID]):
    other, nobody = new_user(engine, "other"), new_user(engine, "nobody")
    theirs = _video(engine, other)
    assert [event.video_id for _, event in events_of_all(engine, other)] == [theirs]
    assert [event.video_id for _, event in events_of_all(engine, user_id)] == list(videos)
    assert set(latest_places(engine, [user_id, other, nobody])) == {user_id, other}


def test_events_from_before_have_places_too(engine: Engine, user_id: UUID, videos: tuple[UUID, UUID]):
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0006")
    _commit(engine, videos[0])
    migrate(engine)
    found = [(event.video_id, event.number) for _, event in events_of_all(engine, user_id)]
    assert found == [(videos[0], 1), (videos[1], 1), (videos[0], 2)]


def _video(engine: Engine, user_id: UUID) -> UUID:
    with Session(engine) as session, session.begin():
        return insert_video(session, user_id, title="Purring", request={"language": "en"})


def _write(session: Session, video_id: UUID) -> None:
    add_event(session, video_id, 0, "renamed", VideoStatus.DRAFT)


def _commit(engine: Engine, video_id: UUID) -> None:
    with Session(engine) as session, session.begin():
        _write(session, video_id)

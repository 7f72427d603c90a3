"""How little of everybody's videos is read for one user's lists and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.admin_stats import count_all_videos
from vidgen_pipeline.database.video_search import Place, VideoFilter, count_by_status, find_scheduled, find_videos
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline_tests.database.query_plans import Sent, blocks_of, plan_of, statements_with

USERS, VIDEOS_EACH = 100, 200
USER = UUID(int=7)
# All videos lie in some 1,700 blocks, each user's in as many as they have videos, and those in the trash in 600.
MOST_BLOCKS = 60
MOST_BLOCKS_OF_ALL_THEIR_VIDEOS = 230

MANY_VIDEOS = """
    INSERT INTO users (id, name)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'user ' || n FROM generate_series(1, :users) AS n;
    INSERT INTO videos (user_id, title, request, selected_providers, status, scheduled_at, created_at, deleted_at)
    SELECT lpad(to_hex(n % :users + 1), 32, '0')::uuid, 'video ' || n,
        jsonb_build_object('language', 'en', 'prompt', repeat('Cats purr. ', 40)), '{"voice": "espeak"}', status,
        CASE WHEN status = 'planned' THEN now() + n * interval '1 second' END, now() - n * interval '1 minute',
        CASE WHEN status = 'cancelled' THEN now() END
    FROM generate_series(0, :users * :each - 1) AS n
    CROSS JOIN LATERAL (
        SELECT CASE WHEN n / :users % 25 = 0 THEN 'failed' WHEN n / :users % 25 = 1 THEN 'cancelled'
            WHEN n / :users % 25 = 2 THEN 'planned' ELSE 'completed' END AS status
    ) AS judged
"""


@pytest.fixture
def full(engine: Engine) -> Engine:
    """Twenty thousand videos, a user's own nowhere beside each other; eight of each user's in the trash."""
    with engine.begin() as connection:
        for statement in MANY_VIDEOS.split(";"):
            connection.execute(text(statement), {"users": USERS, "each": VIDEOS_EACH})
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE videos"))
    return engine


@pytest.fixture
def asked(engine: Engine) -> Iterator[list[Sent]]:
    """The queries on videos that are sent."""
    with statements_with(engine, "FROM videos") as sent:
        yield sent


def test_a_users_videos_are_counted_by_state_and_those_in_the_trash_apart(full: Engine):
    with Session(full) as session:
        counts, deleted = count_by_status(session, USER)
        assert count_by_status(session, UUID(int=0)) == ({}, 0)
        assert count_all_videos(session) == {status: number * USERS for status, number in counts.items()}
    assert (counts, deleted) == ({"completed": 176, "failed": 8, "planned": 8}, 8)


def test_no_page_reads_more_than_it_must(full: Engine, asked: list[Sent]):
    searches = {
        VideoFilter(): MOST_BLOCKS,
        VideoFilter(statuses=(VideoStatus.FAILED,)): MOST_BLOCKS,
        VideoFilter(statuses=(VideoStatus.FAILED, VideoStatus.NEEDS_REVIEW)): MOST_BLOCKS,
        VideoFilter(statuses=(VideoStatus.QUEUED,)): MOST_BLOCKS,
        VideoFilter(deleted=True): MOST_BLOCKS,
        VideoFilter(deleted=True, statuses=(VideoStatus.CANCELLED,)): MOST_BLOCKS,
        VideoFilter(text="purr"): MOST_BLOCKS_OF_ALL_THEIR_VIDEOS,
        VideoFilter(text="zeppelin"): MOST_BLOCKS_OF_ALL_THEIR_VIDEOS,
        VideoFilter(provider="nobody"): MOST_BLOCKS_OF_ALL_THEIR_VIDEOS,
    }
    for wanted, most_blocks in searches.items():
        place: Place | None = None
        for _ in range(2):
            with Session(full) as session:
                page = find_videos(session, USER, wanted, before=place, limit=4)
            check(full, asked.pop(), most_blocks)
            if page:
                place = (page[-1].created_at, page[-1].id)


def test_neither_planned_videos_nor_numbers_read_more_than_they_must(full: Engine, asked: list[Sent]):
    with Session(full) as session:
        find_scheduled(session, USER, after=None, limit=4)
        count_by_status(session, USER)
    assert len(asked) >= 2
    for query in asked[:]:
        check(full, query, MOST_BLOCKS)


def check(engine: Engine, query: Sent, most_blocks: int) -> None:
    """No full scan, and few blocks read."""
    with engine.begin() as connection:
        plan = plan_of(connection, query)
    assert "Seq Scan" not in set(nodes(plan)), query
    assert blocks_of(plan) <= most_blocks, query


def nodes(plan: dict[str, Any]) -> Iterator[str]:
    """The kinds of all steps of a plan."""
    yield plan["Node Type"]
    for below in plan.get("Plans", []):
        yield from nodes(below)

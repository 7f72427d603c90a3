"""Searching the log: what is found, page by page, and how little is read for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.database.api_logs import LogFilter, LogPlace
from vidgen_pipeline.domain.errors import InvalidInput, NotFound
from vidgen_pipeline.services.logs import LogPage, search_logs, show_log
from vidgen_pipeline_tests.analytics.seed import ADA, BEES, BOB, CATS, RAIN, at, numbered
from vidgen_pipeline_tests.database.query_plans import Sent, blocks_of, plan_of, statements_with

DAYS, ROWS_A_DAY = 5, 10_000
# All of it is some 1,900 blocks and the indexes' own. Who looks for a text reads what failed, a row a block.
MOST_BLOCKS = {"text": 1_200, "text that is nowhere": 1_200, "errors of a user": 700}
MANY_ROWS = """
    INSERT INTO api_request_logs (created_at, user_id, video_id, provider, endpoint, method, generation_step,
        status_code, duration_ms, error_code, error_message)
    SELECT CAST(:day AS timestamptz) + n * interval '8 seconds', lpad(to_hex(n % 100 + 1), 32, '0')::uuid,
        lpad(to_hex(n / 25 + 1000), 32, '0')::uuid, (ARRAY['openai_gpt', 'elevenlabs', 'pexels'])[n % 3 + 1],
        '/v1/speak', 'POST', (ARRAY['script', 'voice', 'media'])[n % 3 + 1],
        CASE WHEN limited THEN 429 WHEN NOT lost THEN 200 END, 100,
        CASE WHEN limited THEN 'rate_limited' WHEN lost THEN 'provider_down' END,
        CASE WHEN limited THEN 'Wait ' || n % 60 || ' s.' WHEN lost THEN 'No answer.' END
    FROM generate_series(0, :rows - 1) AS n
    CROSS JOIN LATERAL (SELECT n % 3 <> 2 AND n % 50 = 0 AS limited, n % 3 <> 2 AND n % 171 = 0 AS lost) AS judged
"""


@pytest.fixture
def full(engine: Engine) -> Engine:
    """Fifty thousand exchanges over five days that have passed."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE api_request_logs DISABLE TRIGGER count_exchanges"))  # it is not asked here
        for number in range(1, DAYS + 1):
            day = midnight() - timedelta(days=number)
            connection.execute(text("SELECT create_log_partition(:day)"), {"day": day.date()})
            connection.execute(text(MANY_ROWS), {"day": day, "rows": ROWS_A_DAY})
        connection.execute(text("ANALYZE api_request_logs"))
    return engine


@pytest.fixture
def asked(engine: Engine) -> Iterator[list[Sent]]:
    """The queries on the log that are sent."""
    with statements_with(engine, "FROM api_request_logs") as sent:
        yield sent


def midnight() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def ids(page: LogPage) -> list[int]:
    return [log.id.int & 0xFFFF for log in page.logs]


def look(engine: Engine, **wanted: Any) -> list[int]:
    return ids(search_logs(engine, LogFilter(**wanted), now=at("11-05T00:00:00")))


def test_each_filter_finds_its_rows_newest_first(world: Engine):
    assert look(world) == [8, 7, 6, 4, 3, 5, 2, 1]
    assert look(world, user_id=BOB) == [4]
    assert look(world, user_id=uuid4()) == []
    assert look(world, video_id=CATS) == [7, 6]
    assert look(world, user_id=ADA, video_id=RAIN) == []
    assert look(world, provider="runway") == [6, 5]
    assert look(world, step="video_ai") == [5]
    assert look(world, status_code=429) == [7, 2]
    assert look(world, error_code="provider_down") == [8, 3]
    assert look(world, errors_only=True) == [8, 7, 6, 3, 2]
    assert look(world, errors_only=True, video_id=BEES) == [8, 3, 2]
    assert look(world, since=at("11-03T11:00:00"), until=at("11-04T08:06:07")) == [6, 4]
    assert look(world, user_id=ADA, provider="elevenlabs", errors_only=True, since=at("11-04T00:00:00")) == [8, 7]


def test_a_text_is_looked_for_in_messages_of_a_week_as_it_is_written(world: Engine):
    assert look(world, text="WAIT 9") == [7]
    assert look(world, text="  not answer ") == [3]
    assert look(world, text="wait%s") == look(world, text="wait_9") == look(world, text="a\\b") == []
    assert look(world, text="did not", until=at("11-11T00:00:00")) == []
    page = search_logs(world, LogFilter(text="did not"), now=at("11-09T00:00:00"))
    assert (ids(page), page.since) == ([3], at("11-02T00:00:00"))
    late = search_logs(world, LogFilter(text="wait", since=at("11-04T00:00:00")), now=at("11-05T00:00:00"))
    assert (ids(late), late.since) == ([7], at("11-04T00:00:00"))
    early = search_logs(world, LogFilter(text="wait", since=at("01-01T00:00:00")), now=at("11-12T00:00:00"))
    assert (ids(early), early.since) == ([], at("11-05T00:00:00"))


def test_pages_follow_each_other_without_gap_or_overlap(world: Engine):
    seen: list[int] = []
    place: LogPlace | None = None
    for _ in range(4):
        page = search_logs(world, LogFilter(), after=place, limit=2)
        seen += ids(page)
        place = page.next
    assert seen == [8, 7, 6, 4, 3, 5, 2, 1]
    assert place is None


@pytest.mark.parametrize(
    ("wanted", "limit", "phrase"),
    [
        (LogFilter(), 0, "A page holds"),
        (LogFilter(), 201, "A page holds"),
        (LogFilter(since=datetime(2026, 1, 1)), 10, "needs its zone"),  # noqa: DTZ001 - that is the fault
        (LogFilter(since=at("11-04T00:00:00"), until=at("11-04T00:00:00")), 10, "ends before it begins"),
        (LogFilter(text=" a "), 10, "at least 3"),
        (LogFilter(text="nul\0"), 10, "at least 3"),
    ],
)
def test_what_can_not_be_searched_is_refused_with_a_sentence(
    engine: Engine, wanted: LogFilter, limit: int, phrase: str
):
    with pytest.raises(InvalidInput, match=phrase):
        search_logs(engine, wanted, limit=limit)


def test_an_administrator_opens_anybodys_exchange_and_an_owner_only_theirs(world: Engine):
    bobs = numbered(4, 4)
    assert show_log(world, None, str(bobs)).fields["user_id"] == BOB
    assert show_log(world, BOB, str(bobs)).id == bobs
    with pytest.raises(NotFound):
        show_log(world, ADA, str(bobs))
    for written in ("----", "f" * 36, str(UUID(int=1)), "zz"):
        with pytest.raises(NotFound):
            show_log(world, None, written)


def test_no_search_reads_more_than_it_must(full: Engine, asked: list[Sent]):
    user, video = UUID(int=7), UUID(int=1_100)
    middle = midnight() - timedelta(days=3, hours=-4)
    some = search_logs(full, LogFilter()).logs[0].id
    asked.clear()
    searches = {
        "all": LogFilter(),
        "user": LogFilter(user_id=user),
        "video": LogFilter(video_id=video),
        "provider": LogFilter(provider="pexels"),
        "provider that nobody calls": LogFilter(provider="luma"),
        "step": LogFilter(step="voice"),
        "step that calls nobody": LogFilter(step="subtitles"),
        "status": LogFilter(status_code=429),
        "status nobody gives": LogFilter(status_code=418),
        "status nobody gives, no failure": LogFilter(status_code=202),
        "errors": LogFilter(errors_only=True),
        "errors of a provider": LogFilter(provider="elevenlabs", errors_only=True),
        "errors of a provider without any": LogFilter(provider="pexels", errors_only=True),
        "errors of a user": LogFilter(user_id=user, errors_only=True),
        "error code": LogFilter(error_code="provider_down"),
        "error code nobody gives": LogFilter(error_code="no_such"),
        "text": LogFilter(text="wait 7 s"),
        "text that is nowhere": LogFilter(text="purple"),
        "time": LogFilter(since=middle - timedelta(hours=1), until=middle),
    }
    for name, wanted in searches.items():
        for place in (None, LogPlace(middle, UUID(int=0))):
            if place and wanted.until:
                wanted = replace(wanted, until=None)  # noqa: PLW2901 - a page within the time
            asked.clear()
            search_logs(full, wanted, after=place)
            (query,) = asked
            check(full, name, query, place)
    asked.clear()
    show_log(full, None, str(some))
    check(full, "id", asked[0], None)
    asked.clear()
    show_log(full, None, str(some)[:14])
    check(full, "id's beginning", asked[0], None)


def check(engine: Engine, name: str, query: Sent, place: LogPlace | None) -> None:
    """No full scan of a day that has rows, few blocks read, and no day read that the place leaves out."""
    with engine.begin() as connection:
        plan = plan_of(connection, query)
    nodes = list(scans(plan))
    full_scans = [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]
    assert not partitions(range(1, DAYS + 1)) & {*full_scans}, name
    blocks = blocks_of(plan)
    assert blocks <= MOST_BLOCKS.get(name, 180), (name, blocks)
    if place is not None:
        assert not partitions((1, 2)) & {node.get("Relation Name") for node in nodes}, name


def partitions(days_ago: Iterable[int]) -> set[str]:
    return {f"api_request_logs_{midnight() - timedelta(days=number):%Y%m%d}" for number in days_ago}


def scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plan's leaves."""
    below = node.get("Plans", [])
    if not below:
        yield node
    for each in below:
        yield from scans(each)

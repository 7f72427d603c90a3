from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.api_logs import (
    LogFilter,
    LogPlace,
    add_logs,
    body_of,
    find_logs,
    latest_logs,
    make_partitions,
)
from vidgen_pipeline.database.migrations import LOG_PARTITIONS_AHEAD_DAYS

NOW = datetime.now(UTC)


def _row(user_id: UUID, seconds_ago: float = 0, **fields: Any) -> dict[str, Any]:
    return {
        "created_at": NOW - timedelta(seconds=seconds_ago),
        "id": uuid4(),
        "user_id": user_id,
        "video_id": None,
        "provider": "acme",
        "endpoint": "/v1/x",
        "method": "GET",
        "status_code": 200,
        "error_code": None,
        **fields,
    }


def _body(row: dict[str, Any], response: Any = None) -> dict[str, Any]:
    return {
        "created_at": row["created_at"],
        "id": row["id"],
        "request_headers": {"A": "1"},
        "request_body": {"text": "words"},
        "response_headers": {},
        "response_body": response,
    }


def _add(engine: Engine, *rows: dict[str, Any], response: Any = None) -> None:
    with Session(engine) as session, session.begin():
        make_partitions(session, sorted({row["created_at"].date() for row in rows}))
        add_logs(session, rows, [_body(row, response) for row in rows])


def test_partitions_of_rows_and_of_bodies_are_made_together(engine: Engine):
    tables = set(inspect(engine).get_table_names())
    for days in range(LOG_PARTITIONS_AHEAD_DAYS + 1):
        day = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y%m%d")
        assert {f"api_request_logs_{day}", f"api_request_log_bodies_{day}"} <= tables
    long_ago = date(2020, 2, 29)
    with Session(engine) as session, session.begin():
        make_partitions(session, [long_ago, long_ago])
        again = session.execute(text("SELECT create_log_partition('2020-02-29')")).scalar_one()
        ahead = session.execute(text("SELECT create_log_partitions(14)")).scalar_one()
    assert (again, ahead) == (0, 0)
    assert "api_request_log_bodies_20200229" in inspect(engine).get_table_names()


def test_bodies_are_packed_with_lz4_where_the_server_can(engine: Engine):
    query = text(
        "SELECT attname, attcompression FROM pg_attribute WHERE attrelid = :table ::regclass AND attname LIKE '%body'"
    )
    today = datetime.now(UTC).strftime("%Y%m%d")
    with engine.connect() as connection:
        packed = connection.execute(query, {"table": f"api_request_log_bodies_{today}"}).all()
        can = connection.execute(
            text("SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'")
        ).scalar_one()
    way = "l" if can else ""
    assert {tuple(row) for row in packed} == {("request_body", way), ("response_body", way)}


def test_any_json_is_a_body(engine: Engine, user_id: UUID):
    for response in ({"a": 1}, ["a"], "text", 5, True, None):
        row = _row(user_id)
        _add(engine, row, response=response)
        with Session(engine) as session:
            (log,) = find_logs(session, user_id, str(row["id"])[:13])
            body = body_of(session, log)
            assert body is not None
            assert body.response_body == response
            assert body.request_body == {"text": "words"}


def test_rows_that_are_there_stay_as_they_are(engine: Engine, user_id: UUID):
    row = _row(user_id)
    _add(engine, row)
    _add(engine, {**row, "status_code": 500})
    with Session(engine) as session:
        assert [log.status_code for log in latest_logs(session, LogFilter(user_id=user_id))] == [200]


def test_pages_are_stable_newest_first_and_only_ones_own(engine: Engine, user_id: UUID):
    same_moment = [_row(user_id, 5) for _ in range(7)]
    _add(engine, *same_moment, *(_row(user_id, seconds) for seconds in (1, 2, 90_000)), _row(uuid4()))
    seen: list[UUID] = []
    place: LogPlace | None = None
    with Session(engine) as session:
        while page := latest_logs(session, LogFilter(user_id=user_id), before=place, limit=3):
            assert len(page) <= 3
            seen += [log.id for log in page]
            place = LogPlace(page[-1].created_at, page[-1].id)
        everything = latest_logs(session, LogFilter(user_id=user_id), limit=100)
    assert seen == [log.id for log in everything]
    assert len(seen) == len(set(seen)) == 10
    assert [log.created_at for log in everything] == sorted((log.created_at for log in everything), reverse=True)


def test_rows_are_found_by_video_provider_and_error(engine: Engine, user_id: UUID):
    video = uuid4()
    good, failed, refused = _row(user_id, 3, video_id=video), _row(user_id, 2), _row(user_id, 1, provider="other")
    failed |= {"status_code": None, "error_code": "provider_down"}
    refused |= {"status_code": 401, "error_code": "auth_failed"}
    _add(engine, good, failed, refused)
    with Session(engine) as session:
        assert [log.id for log in latest_logs(session, LogFilter(user_id=user_id, video_id=video))] == [good["id"]]
        assert [log.id for log in latest_logs(session, LogFilter(user_id=user_id, provider="other"))] == [refused["id"]]
        only_errors = LogFilter(user_id=user_id, errors_only=True)
        assert [log.id for log in latest_logs(session, only_errors)] == [refused["id"], failed["id"]]
        assert find_logs(session, uuid4(), str(good["id"])) == []


def test_a_page_reads_no_more_days_than_it_must(engine: Engine, user_id: UUID):
    explain = text(
        "EXPLAIN SELECT * FROM api_request_logs WHERE user_id = :user AND created_at <= :at"
        " AND (created_at, id) < (:at, :id) ORDER BY created_at DESC, id DESC LIMIT 3"
    )
    with engine.connect() as connection:
        plan = connection.execute(explain, {"user": user_id, "at": NOW, "id": uuid4()}).scalars().all()
    scanned = [line for line in plan if "api_request_logs_2" in line and "Scan" in line]
    assert len(scanned) <= 2

"""What is kept for how long: log days, rows in the trash, and what still names a stored file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, select, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import Video

_PARENTS = ("api_request_log_bodies", "api_request_logs")
_DAY = re.compile(r"api_request_logs_(\d{8})")
_ARTIFACT_COLUMNS = (
    ("generation_steps", "output"),
    ("videos", "result"),
    ("provider_calls", "outcome"),
)


def log_days(connection: Connection) -> list[date]:
    """The days the log has partitions for, oldest first."""
    query = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'api_request_logs'::regclass")
    found = (_DAY.fullmatch(name) for name in connection.scalars(query))
    return sorted(datetime.strptime(match[1], "%Y%m%d").date() for match in found if match)  # noqa: DTZ007 - a day


def log_rows(connection: Connection, day: date) -> Iterator[dict[str, Any]]:
    """The day's exchanges with their bodies, masked as they are kept, oldest first."""
    query = text(
        f"SELECT to_jsonb(l) || coalesce(to_jsonb(b), '{{}}') FROM api_request_logs_{day:%Y%m%d} l"  # noqa: S608
        f" LEFT JOIN api_request_log_bodies_{day:%Y%m%d} b USING (created_at, id) ORDER BY created_at, id"
    )
    rows = connection.execution_options(stream_results=True, yield_per=500).execute(query)
    for (row,) in rows:
        yield row


def drop_log_day(engine: Engine, day: date) -> None:
    """Drop a day's partitions: quick, whatever their size, and without holding up those who write today's."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("SET lock_timeout = '5s'"))
        for parent in _PARENTS:
            name = f"{parent}_{day:%Y%m%d}"
            attached = text("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass(:name))")
            if connection.scalar(attached, {"name": name}):
                connection.execute(text(f"ALTER TABLE {parent} DETACH PARTITION {name} CONCURRENTLY"))
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))


def make_log_days(connection: Connection, days_ahead: int) -> int:
    """Make the partitions from today on that are missing; returns how many."""
    return int(connection.scalar(text("SELECT create_log_partitions(:days)"), {"days": days_ahead}) or 0)


def purge_trash(session: Session, before: datetime, *, most: int = 500) -> list[UUID]:
    """Delete for good what was put into the trash before that moment. What it cost stays in the ledger."""
    old = select(Video.id).where(Video.deleted_at < before).order_by(Video.deleted_at).limit(most)
    return list(session.scalars(delete(Video).where(Video.id.in_(old)).returning(Video.id)))


def artifacts_in_use(session: Session) -> set[str]:
    """The SHA-256 of every stored file that some row names."""
    used: set[str] = set()
    for table, column in _ARTIFACT_COLUMNS:
        query = text(
            f"SELECT DISTINCT (regexp_matches({column}::text, '\"sha256\": \"([0-9a-f]{{64}})\"', 'g'))[1]"  # noqa: S608
            f" FROM {table} WHERE {column} IS NOT NULL"
        )
        used.update(session.scalars(query))
    return used


def finished_before(session: Session, moment: datetime, *, most: int) -> list[UUID]:
    """Videos that have had an end since before that moment, longest ago first."""
    query = (
        select(Video.id)
        .where(Video.status.in_(("completed", "failed", "cancelled")), Video.updated_at < moment)
        .order_by(Video.updated_at)
        .limit(most)
    )
    return list(session.scalars(query))


def living_videos(session: Session) -> set[UUID]:
    """Videos that are being made: their files in the scratch folder are in use."""
    return set(session.scalars(select(Video.id).where(Video.status == "processing")))

"""The log of exchanges with vendors: narrow rows, and their bodies apart. Times are the partition key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, literal_column, or_, select, text, tuple_
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import ApiRequestLog, ApiRequestLogBody, Base

WRITE_SECONDS = 10
READ_SECONDS = 5


@dataclass(frozen=True)
class LogPlace:
    """Where a page of the log ends: the key of its last row."""

    created_at: datetime
    id: UUID


def add_logs(session: Session, rows: Sequence[dict[str, Any]], bodies: Sequence[dict[str, Any]]) -> None:
    """Add log rows and their bodies; those that are there already stand. All rows have the same keys."""
    session.execute(text(f"SET LOCAL statement_timeout = '{WRITE_SECONDS}s'"))
    _add_at_once(session, ApiRequestLog, rows)
    _add_at_once(session, ApiRequestLogBody, bodies)


def _add_at_once(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Add rows by one statement with one parameter: several times as quick as a parameter a value.

    It also lets the trigger that keeps the sums by the hour write a line a group, not a line a row.
    """
    name, columns = table.__tablename__, ", ".join(rows[0])
    statement = text(
        f"INSERT INTO {name} ({columns}) SELECT {columns}"  # noqa: S608 - our own names
        f" FROM jsonb_populate_recordset(CAST(NULL AS {name}), CAST(:rows AS jsonb)) ON CONFLICT DO NOTHING"
    )
    session.execute(statement, {"rows": json.dumps(rows, default=str)})


def make_partitions(session: Session, days: Sequence[date]) -> None:
    """Make the partitions of these days (UTC), where they are missing."""
    for day in days:
        session.execute(text("SELECT create_log_partition(:day)"), {"day": day})


@dataclass(frozen=True, kw_only=True)
class LogFilter:
    """Which exchanges are wanted. What is None is not asked for; `user_id` None means everybody's."""

    user_id: UUID | None = None
    video_id: UUID | None = None
    provider: str | None = None
    step: str | None = None
    status_code: int | None = None
    error_code: str | None = None
    errors_only: bool = False
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def latest_logs(
    session: Session, wanted: LogFilter, *, before: LogPlace | None = None, limit: int = 50
) -> Sequence[ApiRequestLog]:
    """The exchanges that are wanted, newest first; a further page begins `before` the last one's end.

    A text is looked for in the messages of what failed. Each filter has an index that holds the page's order.
    """
    session.execute(text(f"SET LOCAL statement_timeout = '{READ_SECONDS}s'"))
    query = _wanted(wanted)
    if before is not None:
        # The first condition says nothing new, but lets the server leave out the partitions of later days.
        query = query.where(
            ApiRequestLog.created_at <= before.created_at,
            tuple_(ApiRequestLog.created_at, ApiRequestLog.id) < tuple_(literal(before.created_at), literal(before.id)),
        )
    return session.scalars(query.order_by(ApiRequestLog.created_at.desc(), ApiRequestLog.id.desc()).limit(limit)).all()


def find_logs(session: Session, user_id: UUID | None, prefix: str, limit: int = 2) -> Sequence[ApiRequestLog]:
    """The user's (None: anybody's) exchanges whose id starts with `prefix` (hex digits and dashes), newest first."""
    digits = prefix.replace("-", "")
    if not 0 < len(digits) <= 32:
        return []
    query = (
        _wanted(LogFilter(user_id=user_id))
        .where(
            ApiRequestLog.id.between(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))),
            text("api_request_logs.id::text LIKE :prefix"),
        )
        .params(prefix=f"{prefix}%")
        .order_by(ApiRequestLog.created_at.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def _wanted(wanted: LogFilter) -> Select[tuple[ApiRequestLog]]:
    query = select(ApiRequestLog)
    equal = {
        ApiRequestLog.user_id: wanted.user_id,
        ApiRequestLog.video_id: wanted.video_id,
        ApiRequestLog.provider: wanted.provider,
        ApiRequestLog.generation_step: wanted.step,
        ApiRequestLog.status_code: wanted.status_code,
        ApiRequestLog.error_code: wanted.error_code,
    }
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    if wanted.errors_only or wanted.text is not None:
        # Word for word as in the indexes that hold only what failed.
        query = query.where(
            or_(ApiRequestLog.status_code >= literal_column("400"), ApiRequestLog.error_code.is_not(None))
        )
    if wanted.text is not None:
        query = query.where(ApiRequestLog.error_message.icontains(wanted.text, autoescape=True))
    if wanted.since is not None:
        query = query.where(ApiRequestLog.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(ApiRequestLog.created_at < wanted.until)
    return query


def body_of(session: Session, log: ApiRequestLog) -> ApiRequestLogBody | None:
    """What was sent and received in an exchange."""
    return session.get(ApiRequestLogBody, (log.created_at, log.id))

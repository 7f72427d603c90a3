"""The log of exchanges with vendors: narrow rows, and their bodies apart. Times are the partition key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import ApiRequestLog, ApiRequestLogBody

WRITE_SECONDS = 10


@dataclass(frozen=True)
class LogPlace:
    """Where a page of the log ends: the key of its last row."""

    created_at: datetime
    id: UUID


def add_logs(session: Session, rows: Sequence[dict[str, Any]], bodies: Sequence[dict[str, Any]]) -> None:
    """Add log rows and their bodies; those that are there already stand. All rows have the same keys."""
    session.execute(text(f"SET LOCAL statement_timeout = '{WRITE_SECONDS}s'"))
    session.execute(insert(ApiRequestLog).on_conflict_do_nothing(), list(rows))
    session.execute(insert(ApiRequestLogBody).on_conflict_do_nothing(), list(bodies))


def make_partitions(session: Session, days: Sequence[date]) -> None:
    """Make the partitions of these days (UTC), where they are missing."""
    for day in days:
        session.execute(text("SELECT create_log_partition(:day)"), {"day": day})


def latest_logs(
    session: Session,
    user_id: UUID,
    *,
    video_id: UUID | None = None,
    provider: str | None = None,
    errors_only: bool = False,
    before: LogPlace | None = None,
    limit: int = 50,
) -> Sequence[ApiRequestLog]:
    """The user's exchanges, newest first; a further page begins `before` the last one's end."""
    query = select(ApiRequestLog).where(ApiRequestLog.user_id == user_id)
    if video_id is not None:
        query = query.where(ApiRequestLog.video_id == video_id)
    if provider is not None:
        query = query.where(ApiRequestLog.provider == provider)
    if errors_only:
        query = query.where(or_(ApiRequestLog.status_code >= 400, ApiRequestLog.error_code.is_not(None)))
    if before is not None:
        # The first condition says nothing new, but lets the server leave out the partitions of later days.
        query = query.where(
            ApiRequestLog.created_at <= before.created_at,
            tuple_(ApiRequestLog.created_at, ApiRequestLog.id) < tuple_(literal(before.created_at), literal(before.id)),
        )
    return session.scalars(query.order_by(ApiRequestLog.created_at.desc(), ApiRequestLog.id.desc()).limit(limit)).all()


def find_logs(session: Session, user_id: UUID, prefix: str, limit: int = 2) -> Sequence[ApiRequestLog]:
    """The user's exchanges whose id starts with `prefix` (hex digits and dashes), newest first."""
    query = (
        select(ApiRequestLog)
        .where(ApiRequestLog.user_id == user_id, text("api_request_logs.id::text LIKE :prefix"))
        .params(prefix=f"{prefix}%")
        .order_by(ApiRequestLog.created_at.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def body_of(session: Session, log: ApiRequestLog) -> ApiRequestLogBody | None:
    """What was sent and received in an exchange."""
    return session.get(ApiRequestLogBody, (log.created_at, log.id))

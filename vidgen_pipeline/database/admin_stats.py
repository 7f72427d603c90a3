"""What an admin sees of the whole installation. Everybody's rows: only for who may see them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import User, Video

_HEALTH = text("""
    SELECT provider, sum(calls)::int AS calls, sum(errors)::int AS errors,
        latency_percentile(latency_total(hist), 0.95)::int AS p95_ms
    FROM analytics.v_provider_health
    WHERE hour >= :since
    GROUP BY provider
    ORDER BY provider
""")
_SPEND = text("SELECT day, sum(usd) AS usd FROM analytics.v_cost_daily WHERE day >= :since GROUP BY day ORDER BY day")


def count_users(session: Session) -> int:
    """How many users may log in or work here."""
    return session.scalars(select(func.count()).where(User.disabled_at.is_(None))).one()


def count_all_videos(session: Session) -> dict[str, int]:
    """How many videos there are in each state, those in the trash left out."""
    query = select(Video.status, func.count()).where(Video.deleted_at.is_(None)).group_by(Video.status)
    return {row[0]: row[1] for row in session.execute(query)}


def provider_health(session: Session, since: datetime) -> list[Row[tuple[str, int, int, int | None]]]:
    """Of each provider: exchanges, those that failed, and the time that 95 % of them took at the most, in ms."""
    return list(session.execute(_HEALTH, {"since": since}).all())


def spend_by_day(session: Session, since: date) -> list[Row[tuple[date, Decimal]]]:
    """What each day (UTC) did cost, in USD."""
    return list(session.execute(_SPEND, {"since": since}).all())

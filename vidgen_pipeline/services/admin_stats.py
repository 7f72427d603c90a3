"""The whole installation at a glance, for admins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import admin_stats as rows
from vidgen_pipeline.database.launching import backlog, queue_state
from vidgen_pipeline.domain.video import VideoStatus

_HEALTH_OF, _SPEND_OF = timedelta(hours=24), timedelta(days=29)


@dataclass(frozen=True, kw_only=True)
class HealthView:
    """How a provider did."""

    provider: str
    calls: int
    errors: int
    p95_ms: int | None


@dataclass(frozen=True, kw_only=True)
class AdminStats:
    """Users, videos, the queue, how the providers did in the last day, and what was spent in the last 30."""

    users: int
    videos: Mapping[VideoStatus, int]
    waiting: int
    under_way: int
    paused: bool
    health: tuple[HealthView, ...]
    spend: tuple[tuple[date, Decimal], ...]


def admin_stats(engine: Engine, *, now: datetime) -> AdminStats:
    """The numbers of all users together. The caller is known to be an admin."""
    with Session(engine) as session:
        counts, state = rows.count_all_videos(session), queue_state(session)
        return AdminStats(
            users=rows.count_users(session),
            videos={status: counts.get(status, 0) for status in VideoStatus},
            waiting=backlog(session).waiting,
            under_way=state.under_way,
            paused=state.paused,
            health=tuple(
                HealthView(provider=row[0], calls=row[1], errors=row[2], p95_ms=row[3])
                for row in rows.provider_health(session, now - _HEALTH_OF)
            ),
            spend=tuple((row[0], row[1]) for row in rows.spend_by_day(session, (now - _SPEND_OF).date())),
        )

"""What a user's finished videos did cost, a minute, by who made them: from the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from vidgen_pipeline.domain.video import Step

_SMALLEST = Decimal("0.000001")

# The newest videos only: prices and habits change, and an old user has very many.
_PER_MINUTE = text("""
    WITH newest AS (
        SELECT id, (result ->> 'duration_ms')::numeric / 60000 AS minutes
        FROM videos
        WHERE user_id = :user_id AND deleted_at IS NULL AND status = 'completed'
            AND (result ->> 'duration_ms')::numeric > 0
        ORDER BY created_at DESC, id DESC
        LIMIT :newest
    ), paid AS (
        SELECT call.step, call.provider, call.model, sum(call.cost_amount) / newest.minutes AS usd_a_minute
        FROM newest JOIN provider_calls AS call ON call.video_id = newest.id
        WHERE call.user_id = :user_id AND NOT call.test_mode AND call.cost_currency = 'USD'
            AND call.cost_amount IS NOT NULL
        GROUP BY newest.id, newest.minutes, call.step, call.provider, call.model
    )
    SELECT step, provider, model, count(*),
        percentile_cont(ARRAY[0.1, 0.5, 0.9]) WITHIN GROUP (ORDER BY usd_a_minute)
    FROM paid
    GROUP BY step, provider, model
    HAVING count(*) >= :least
""")


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who did a step."""

    step: Step
    provider: str
    model: str


@dataclass(frozen=True, kw_only=True)
class PerMinute:
    """USD a minute of finished video: what a tenth, half and nine tenths of so many videos did not exceed."""

    videos: int
    low: Decimal
    expected: Decimal
    high: Decimal


def costs_per_minute(session: Session, user_id: UUID, *, least: int, newest: int) -> dict[Maker, PerMinute]:
    """What each step did cost the user, where at least so many of their newest videos tell."""
    found = {}
    values = {"user_id": user_id, "least": least, "newest": newest}
    for step, provider, model, videos, shares in session.execute(_PER_MINUTE, values):
        low, expected, high = (Decimal(str(share)).quantize(_SMALLEST) for share in shares)
        found[Maker(step=Step(step), provider=provider, model=model)] = PerMinute(
            videos=videos, low=low, expected=expected, high=high
        )
    return found

"""Tables for people, read from the analysts' views: never from the raw log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection, text

_KEYS: Mapping[str, str] = {
    "provider": "provider",
    "endpoint": "provider, endpoint",
    "step": "step",
    "model": "provider, model",
    "day": "day",
}
_ORDERS: Mapping[str, str] = {"day": "day"}

_COST = """
    SELECT {keys}, sum(paid_calls) AS calls, sum(usd) AS usd,
        round(100 * sum(usd) / nullif(sum(sum(usd)) OVER (), 0), 1) AS share_percent
    FROM analytics.usage
    WHERE endpoint = '' AND NOT test_mode AND day >= :since AND {whose}
    GROUP BY {keys} HAVING sum(paid_calls) <> 0 OR sum(usd) <> 0 ORDER BY {order}
"""
_COST_BY_VIDEO = """
    SELECT video_id, title, status, sum(calls) AS calls, sum(usd) AS usd,
        round(100 * sum(usd) / nullif(sum(sum(usd)) OVER (), 0), 1) AS share_percent
    FROM analytics.v_cost_video
    WHERE day >= :since AND {whose}
    GROUP BY video_id, title, status ORDER BY usd DESC, video_id
"""
_HEALTH = """
    SELECT {keys}, sum(calls) AS calls, sum(errors) AS errors,
        round(100.0 * sum(errors) / sum(calls), 1) AS error_percent, sum(limited) AS limited,
        sum(unanswered) AS unanswered, latency_percentile(latency_total(hist), 0.5) AS p50_ms,
        latency_percentile(latency_total(hist), 0.95) AS p95_ms, latency_percentile(latency_total(hist), 0.99) AS p99_ms
    FROM analytics.usage
    WHERE endpoint <> '' AND NOT test_mode AND day >= :since AND {whose}
    GROUP BY {keys} ORDER BY {order}
"""
_DRIFT = """
    SELECT {keys}, count(*) AS estimates, sum(estimated_usd) AS estimated_usd, sum(actual_usd) AS actual_usd,
        round(100 * (sum(actual_usd) - sum(estimated_usd)) / sum(estimated_usd), 1) AS bias_percent,
        round(percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(drift_percent)::double precision)::numeric, 1)
            AS p50_off_percent,
        round(percentile_cont(0.9) WITHIN GROUP (ORDER BY abs(drift_percent)::double precision)::numeric, 1)
            AS p90_off_percent
    FROM analytics.v_estimate_drift
    WHERE day >= :since AND {whose} AND {which}
    GROUP BY {keys} ORDER BY {order}
"""
_DRIFT_BY_VIDEO = """
    SELECT video_id, title, estimated_usd, actual_usd, drift_usd, drift_percent
    FROM analytics.v_estimate_drift
    WHERE day >= :since AND {whose} AND estimate_of = 'video'
    ORDER BY abs(drift_percent) DESC, video_id
"""
_BUDGET = """
    SELECT coalesce(user_name, 'all together') AS who, period, starts_on, limit_usd, spent_usd, reserved_usd, left_usd,
        used_percent, projected_usd, days_to_cap
    FROM analytics.v_spend_cap
    WHERE {whose} OR user_id IS NULL
    ORDER BY used_percent DESC NULLS LAST, who, period
"""


def cost(connection: Connection, by: str, since: date, user_id: UUID | None) -> pd.DataFrame:
    """What was paid since that day (UTC), by provider, step, model, day or video."""
    query = _COST_BY_VIDEO if by == "video" else _grouped(_COST, by, "usd DESC")
    return _read(connection, query, since, user_id)


def health(connection: Connection, by: str, since: date, user_id: UUID | None) -> pd.DataFrame:
    """How providers did since that day (UTC), by provider, endpoint, step, model or day."""
    return _read(connection, _grouped(_HEALTH, by, "error_percent DESC"), since, user_id)


def drift(connection: Connection, by: str, since: date, user_id: UUID | None) -> pd.DataFrame:
    """How far estimates were off since that day (UTC).

    By step the whole videos' are a line of their own, by day they are all there is; by provider and model they are
    left out, having none.
    """
    if by == "video":
        return _read(connection, _DRIFT_BY_VIDEO, since, user_id)
    keys = {**_KEYS, "step": "estimate_of", "provider": "estimate_of, provider"}[by]
    which = {"step": "true", "day": "estimate_of = 'video'"}.get(by, "estimate_of <> 'video'")
    return _read(connection, _grouped(_DRIFT, by, keys, keys=keys, which=which), since, user_id)


def budget(connection: Connection, user_id: UUID | None) -> pd.DataFrame:
    """What is spent of each limit now. A user's are their own, and those of all together."""
    return _read(connection, _BUDGET, date.min, user_id)


def _grouped(query: str, by: str, order: str, *, keys: str | None = None, **more: str) -> str:
    keys = keys or _KEYS[by]
    return query.format(keys=keys, order=_ORDERS.get(by, f"{order}, {keys}"), whose="{whose}", **more)


def _read(connection: Connection, query: str, since: date, user_id: UUID | None) -> pd.DataFrame:
    # Without coercing, money stays Decimal: what a file says is what the ledger says.
    asked = query.format(whose="true" if user_id is None else "user_id = :user")
    values: dict[str, Any] = {"since": since, "user": user_id}
    return pd.read_sql_query(text(asked), connection, params=values, coerce_float=False)

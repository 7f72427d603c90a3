"""Token buckets, each asked and changed by one statement, so that any number who ask at once get what there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# Whether this one is let through is kept in the row: RETURNING shows only what a row became, not what it was.
_TAKE = text("""
    INSERT INTO rate_limits AS held (bucket, key_hash, tokens, allowed, updated_at)
    VALUES (:bucket, :key_hash, :burst - 1, true, coalesce(:now, clock_timestamp()))
    ON CONFLICT (bucket, key_hash) DO UPDATE SET (tokens, allowed, updated_at) = (
        SELECT CASE WHEN filled.tokens >= 1 THEN filled.tokens - 1 ELSE filled.tokens END, filled.tokens >= 1,
               greatest(held.updated_at, filled.now)
        FROM (
            SELECT clock.now, least(:burst,
                held.tokens + :rate * greatest(0, extract(epoch FROM clock.now - held.updated_at))) AS tokens
            FROM (SELECT coalesce(:now, clock_timestamp()) AS now) AS clock
        ) AS filled
    )
    RETURNING allowed, tokens
""")


@dataclass(frozen=True)
class Taken:
    """Whether there was a token, and how many are left."""

    allowed: bool
    tokens: float


def take(
    session: Session, bucket: str, key_hash: bytes, *, rate: float, burst: int, now: datetime | None = None
) -> Taken:
    """Take a token out of a bucket that holds `burst` and gains `rate` a second. One who is refused takes nothing."""
    values = {"bucket": bucket, "key_hash": key_hash, "rate": rate, "burst": float(burst), "now": now}
    row = session.execute(_TAKE, values).one()
    return Taken(row[0], row[1])


def refill(session: Session, bucket: str, key_hash: bytes) -> None:
    """Begin again with a full bucket."""
    session.execute(
        text("DELETE FROM rate_limits WHERE bucket = :bucket AND key_hash = :key_hash"),
        {"bucket": bucket, "key_hash": key_hash},
    )

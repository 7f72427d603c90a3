"""How often something may be asked for: buckets of tokens that fill up again, shared by all processes."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import rate_limits as rows


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether it may be done now. Of `limit` at once, `remaining` are left; the bucket is full again in `reset_s`.

    `retry_after_s` is 0 where it is allowed, else how long to wait for the next.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int


def rate_limit(
    engine: Engine, bucket: str, key: str, rate: float, burst: int, *, now: datetime | None = None
) -> Decision:
    """Take one from the bucket called `bucket` (such as "read") of whom `key` names (a user's id, an address).

    It holds `burst`, and gains `rate` a second. Of any number who ask at once, no more get through than that.
    """
    with Session(engine) as session, session.begin():
        taken = rows.take(session, bucket, _hash(bucket, key), rate=rate, burst=burst, now=now)
    return Decision(
        allowed=taken.allowed,
        limit=burst,
        remaining=math.floor(taken.tokens + 1e-9),
        reset_s=math.ceil((burst - taken.tokens) / rate),
        retry_after_s=0 if taken.allowed else max(1, math.ceil((1 - taken.tokens) / rate)),
    )


def forget_tries(engine: Engine, bucket: str, key: str) -> None:
    """Begin again with a full bucket."""
    with Session(engine) as session, session.begin():
        rows.refill(session, bucket, _hash(bucket, key))


def network_of(address: str) -> str:
    """Whom an address stands for: itself, or of IPv6 the network of 64 bits that one customer has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _hash(bucket: str, key: str) -> bytes:
    return hashlib.sha256(f"{bucket}\n{key}".encode("utf-8", "surrogatepass")).digest()

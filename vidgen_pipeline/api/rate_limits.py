"""How often one may ask: a bucket for each kind of request and caller, told in the headers of every answer."""

from __future__ import annotations

import math

from fastapi import Request

from vidgen_pipeline.api.context import ApiContext, Bucket
from vidgen_pipeline.domain.accounts import TooManyTries
from vidgen_pipeline.services.rate_limits import Decision, rate_limit


def take_one(context: ApiContext, request: Request, bucket: Bucket, key: str) -> None:
    """Count the request. Raises TooManyTries when there were too many of its kind."""
    limit, now = context.limits[bucket], context.clock()
    decision = rate_limit(context.engine, f"api:{bucket}", key, limit.rate, limit.burst, now=now)
    headers: dict[str, str] = request.scope["state"].setdefault("headers", {})
    headers |= _headers(decision, math.ceil(now.timestamp()))
    if not decision.allowed:
        raise TooManyTries(f"There were too many requests of the kind '{bucket}'.", retry_after=decision.retry_after_s)


def _headers(decision: Decision, now: int) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(decision.limit),
        "X-RateLimit-Remaining": str(decision.remaining),
        "X-RateLimit-Reset": str(now + decision.reset_s),
    }

"""Faults that are ordered in advance: what goes wrong, with whose requests, which of them and how often."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from vidgen_pipeline.sandbox.vendor import Phase
from vidgen_pipeline.sandbox.visits import Visit


class FaultKind(StrEnum):
    """What goes wrong. The vendor's own words for it are its error writer's."""

    STATUS = "status"  # with `status`, 500 if left out
    RATE_LIMITED = "rate_limited"  # with Retry-After if `retry_after` is given
    UNAUTHORISED = "unauthorised"
    OUT_OF_CREDIT = "out_of_credit"
    # "After accepting": the work is done and charged, and its answer is lost.
    CLOSE_BEFORE_READING = "close_before_reading"
    CLOSE_AFTER_ACCEPTING = "close_after_accepting"
    STALL_BEFORE_ACCEPTING = "stall_before_accepting"
    STALL_AFTER_ACCEPTING = "stall_after_accepting"
    CUT_SHORT = "cut_short"
    GARBAGE = "garbage"
    WRONG_SCHEMA = "wrong_schema"
    HTML = "html"
    EMPTY = "empty"
    SLOW_DRIP = "slow_drip"
    HUGE_BODY = "huge_body"
    GZIP_BOMB = "gzip_bomb"
    REDIRECT_TO_PRIVATE = "redirect_to_private"
    # Of a submit, the job it starts; of a poll, the job it asks for.
    JOB_STUCK = "job_stuck"
    JOB_FAILED = "job_failed"
    MODERATION = "moderation"  # of a submit: refused at once; of a poll: what was made is refused
    EXPIRED_URL = "expired_url"


_JOBS_OWN = frozenset({Phase.SUBMIT, Phase.POLL})
_ONLY_IN = {
    FaultKind.JOB_STUCK: _JOBS_OWN,
    FaultKind.JOB_FAILED: _JOBS_OWN,
    FaultKind.MODERATION: _JOBS_OWN,
    FaultKind.EXPIRED_URL: frozenset({Phase.DOWNLOAD}),
}

ORDAINED = frozenset(_ONLY_IN)
"""Faults that are not the connection's but the work's: the request goes through, and the vendor's work meets them."""


class FaultOrder(BaseModel):
    """A fault to come. Of the requests that match, the first `after` pass; the next `times` meet it (None: all).

    `provider` and `path` (the vendor's own, without the provider) may hold `*`. `accepted` says whether the vendor does
    the work before the answer is spoiled; None is the natural thing for the kind. With `echo` the answer repeats the
    key it was asked with: in its headers, and in what the vendor says, its page or the address it leads to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str
    kind: FaultKind
    phase: Phase | Literal["any"] = "any"
    path: str = "*"
    account: str = ""
    times: int | None = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    status: int | None = Field(default=None, ge=200, le=599)
    retry_after: float | None = Field(default=None, ge=0)
    accepted: bool | None = None
    echo: bool = False
    location: str = "http://169.254.169.254/latest/meta-data/"
    size_bytes: int = Field(default=64_000_000, gt=0)

    def aims_at(self, visit: Visit) -> bool:
        """Whether this request is one of those it is meant for."""
        phases = _ONLY_IN.get(self.kind)
        return (
            fnmatchcase(visit.provider, self.provider)
            and fnmatchcase(visit.path, self.path)
            and self.phase in {"any", visit.phase}
            and (phases is None or visit.phase in phases)
            and self.account in {"", visit.account}
        )


@dataclass
class _Standing:
    order: FaultOrder
    passed: int = 0
    met: int = 0

    @property
    def spent(self) -> bool:
        return self.order.times is not None and self.met >= self.order.times


class Faults:
    """The orders that stand, oldest first."""

    def __init__(self) -> None:
        self._standing: list[_Standing] = []

    def order(self, order: FaultOrder) -> None:
        """Take an order."""
        self._standing.append(_Standing(order))

    def take(self, visit: Visit) -> FaultOrder | None:
        """The fault this request meets, if any; it is then used up once."""
        for standing in self._standing:
            if standing.spent or not standing.order.aims_at(visit):
                continue
            if standing.passed < standing.order.after:
                standing.passed += 1
                continue
            standing.met += 1
            return standing.order
        return None

    def shown(self) -> list[dict[str, object]]:
        """As JSON: each order, and how many requests passed it by and met it."""
        return [
            {**standing.order.model_dump(mode="json"), "passed": standing.passed, "met": standing.met}
            for standing in self._standing
        ]

    def clear(self) -> None:
        """Drop all orders."""
        self._standing.clear()

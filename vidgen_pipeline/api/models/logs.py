"""Exchanges with vendors, and what an admin sees of the whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import ConfigDict

from vidgen_pipeline.api.models.base import Shown, Usd, examples
from vidgen_pipeline.services.logs import LogView

_LOG = {
    "id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f61", "created_at": "2026-11-24T12:00:00Z", "provider": "elevenlabs",
    "model": "eleven_v3", "endpoint": "/v1/text-to-speech", "method": "POST", "status_code": 200, "duration_ms": 812,
    "user_id": None, "video_id": None, "generation_step": "voice", "attempt": 1, "scene": 1, "phase": "submit",
    "try_number": 1, "vendor_request_id": None, "cost_amount": 0.03, "cost_currency": "USD", "error_code": None,
    "error_message": None, "test_mode": False,
}  # fmt: skip


class LogShown(Shown):
    """One exchange with a vendor."""

    id: UUID
    created_at: datetime
    provider: str
    model: str | None
    endpoint: str
    method: str
    status_code: int | None
    duration_ms: int | None
    user_id: UUID | None
    video_id: UUID | None
    generation_step: str | None
    attempt: int | None
    scene: int | None
    phase: str | None
    try_number: int
    vendor_request_id: str | None
    cost_amount: Usd | None
    cost_currency: str | None
    error_code: str | None
    error_message: str | None
    test_mode: bool

    @classmethod
    def of(cls, log: LogView) -> Self:
        """As the service says it."""
        return cls(**_facts(log))


class WholeLog(LogShown):
    """One exchange with all that went over; keys show their last four characters."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                **_LOG,
                "request_headers": {},
                "request_body": {"text": "Hello"},
                "response_headers": {},
                "response_body": None,
            }
        ),
    )

    request_headers: dict[str, Any] | None
    request_body: Any
    response_headers: dict[str, Any] | None
    response_body: Any

    @classmethod
    def of(cls, log: LogView) -> Self:
        """As the service says it."""
        return cls(**_facts(log), **(log.payload or {}))


class LogList(Shown):
    """A page of exchanges, newest first. `searched_since` is how far back was looked."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples({"data": [_LOG], "has_more": False, "next_cursor": None, "searched_since": None}),
    )

    data: list[LogShown]
    has_more: bool
    next_cursor: str | None
    searched_since: datetime | None


class ProviderHealth(Shown):
    """How a provider did: exchanges, those that failed, and how long they took."""

    provider: str
    calls: int
    errors: int
    error_percent: float
    p95_ms: int | None


class DaySpend(Shown):
    """What a day did cost, in USD."""

    day: date
    usd: Usd


class StatsShown(Shown):
    """The whole installation at a glance. Rates and spend come from sums that are a minute old."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "users": 3, "videos": {"completed": 12}, "waiting": 1, "under_way": 1, "paused": False,
                "providers_last_24_hours": [], "spend_last_30_days": [],
            }
        ),
    )  # fmt: skip

    users: int
    videos: dict[str, int]
    waiting: int
    under_way: int
    paused: bool
    providers_last_24_hours: list[ProviderHealth]
    spend_last_30_days: list[DaySpend]


def _facts(log: LogView) -> dict[str, Any]:
    names = LogShown.model_fields.keys() - {"id", "created_at"}
    return {"id": log.id, "created_at": log.created_at, **{name: log.fields[name] for name in names}}

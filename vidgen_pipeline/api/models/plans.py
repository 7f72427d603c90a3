"""Budgets, and plans that recur."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Usd, Whole, Yes, examples
from vidgen_pipeline.api.models.videos import VideoWishes
from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.services.budgets import BudgetView
from vidgen_pipeline.services.recurring import RecurringPlanView

_BUDGET = {
    "period": "month", "for_all": False, "limit_usd": 20.0, "warn_percent": 80, "starts_on": "2026-11-01",
    "reserved_usd": 0.5, "spent_usd": 3.2, "overrun_usd": 0.0, "left_usd": 16.3,
}  # fmt: skip


class BudgetGiven(Given):
    """A limit in USD, and the share of it at which you are told."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples({"limit_usd": 20, "warn_percent": 80}))

    limit_usd: Annotated[Decimal, Field(ge=0, le=100_000, decimal_places=6)]
    warn_percent: Annotated[Whole, Field(ge=1, le=100)] = 80


class BudgetShown(Shown):
    """A limit, and what its present day or month holds, in USD. With `for_all` it is the operator's, for everybody."""

    period: BudgetPeriod
    for_all: bool
    limit_usd: Usd
    warn_percent: int
    starts_on: date | None
    reserved_usd: Usd
    spent_usd: Usd
    overrun_usd: Usd
    left_usd: Usd

    @classmethod
    def of(cls, view: BudgetView) -> Self:
        """As the service says it."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class BudgetList(Shown):
    """The limits that your videos are under."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": [_BUDGET]}))

    data: list[BudgetShown]


class RecurringGiven(Given):
    """A plan that makes a video at each of its times: `cron`, or `every` (day, weekday, a day's name) and `at`."""

    model_config = ConfigDict(
        **Strict,
        json_schema_extra=examples(
            {
                "name": "facts",
                "every": "day",
                "at": "09:00",
                "prompt_template": "A surprising fact about {topic}",
                "topics": ["cats", "bees"],
            }
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    cron: Annotated[str, Field(min_length=9, max_length=100)] | None = None
    every: Annotated[str, Field(min_length=3, max_length=20)] | None = None
    at: Annotated[str, Field(min_length=4, max_length=5)] | None = None
    time_zone: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    prompt_template: Annotated[str, Field(min_length=1, max_length=20_000)]
    topics: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=1000, default_factory=list)]
    repeat_topics: Yes = False
    test_mode: Yes = False
    video: VideoWishes = Field(default_factory=VideoWishes, description="What each video is to be like.")


class RecurringSwitch(Given):
    """Whether a plan makes videos."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples({"enabled": False}))

    enabled: Yes


class RecurringShown(Shown):
    """A plan. `next_at` is the next time for which no video is planned yet."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f64", "name": "facts", "cron": "0 9 * * *",
                "time_zone": "Europe/Berlin", "prompt_template": "A surprising fact about {topic}",
                "topics": ["cats", "bees"], "repeat_topics": False, "topics_left": 2,
                "look": "storybook", "next_at": "2026-11-25T08:00:00Z", "enabled": True, "last_error": "",
            }
        ),
    )  # fmt: skip

    id: UUID
    name: str
    cron: str
    time_zone: str
    prompt_template: str
    topics: tuple[str, ...]
    repeat_topics: bool
    topics_left: int
    look: str | None
    next_at: datetime | None
    enabled: bool
    last_error: str

    @classmethod
    def of(cls, view: RecurringPlanView) -> Self:
        """As the service says it."""
        plan = view.recurrence
        return cls(
            id=view.id,
            name=plan.name,
            cron=plan.cron,
            time_zone=plan.time_zone,
            prompt_template=plan.prompt_template,
            topics=plan.topics,
            repeat_topics=plan.repeat_topics,
            topics_left=view.topics_left,
            look=view.look,
            next_at=view.next_at,
            enabled=view.enabled,
            last_error=view.last_error,
        )


class RecurringList(Shown):
    """Your plans, newest first."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": []}))

    data: list[RecurringShown]

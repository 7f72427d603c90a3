"""What a video did cost, beside what was expected."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict

from vidgen_pipeline.api.models.base import Shown, Usd, examples
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.services.actual_costs import VideoCosts


class StepCostShown(Shown):
    """What a step did cost, in USD, beside what was expected."""

    step: Step
    provider: str | None
    model: str | None
    calls: int
    in_doubt: int
    actual_usd: Usd
    estimated_usd: Usd | None
    drift_percent: float | None


class CostsShown(Shown):
    """What a video did cost, in USD, beside what was expected."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {"currency": "USD", "actual_usd": 0.42, "estimated_usd": 0.4, "drift_percent": 5.0, "steps": []}
        ),
    )

    currency: str
    actual_usd: Usd
    estimated_usd: Usd | None
    drift_percent: float | None
    steps: list[StepCostShown]

    @classmethod
    def of(cls, costs: VideoCosts) -> Self:
        """As the service says it."""
        return cls(
            currency=costs.currency,
            actual_usd=costs.actual_usd,
            estimated_usd=costs.estimated_usd,
            drift_percent=costs.drift_percent,
            steps=[StepCostShown.model_validate(line, from_attributes=True) for line in costs.steps],
        )

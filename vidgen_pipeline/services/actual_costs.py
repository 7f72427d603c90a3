"""What a video did cost, step by step, beside what it was expected to cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.provider_calls import calls_of_video
from vidgen_pipeline.database.tables import GenerationStep, ProviderCall
from vidgen_pipeline.database.videos import find_video, steps_of
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.domain.video import Step

_NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class ActualCost:
    """What was paid and what was expected, in USD; None where nothing was estimated."""

    actual_usd: Decimal
    estimated_usd: Decimal | None

    @property
    def drift_usd(self) -> Decimal | None:
        """How much more (or, below zero, less) was paid than expected."""
        return None if self.estimated_usd is None else self.actual_usd - self.estimated_usd

    @property
    def drift_percent(self) -> float | None:
        """The same as a share of what was expected; None where that was nothing."""
        if not self.estimated_usd:
            return None
        return round(float((self.actual_usd - self.estimated_usd) * 100 / self.estimated_usd), 1)


@dataclass(frozen=True, kw_only=True)
class StepCost(ActualCost):
    """One step: who did it last, and its paid calls in all attempts. `in_doubt` got no answer and may be charged."""

    step: Step
    provider: str | None
    model: str | None
    calls: int
    in_doubt: int


@dataclass(frozen=True, kw_only=True)
class VideoCosts(ActualCost):
    """A whole video. Calls in test mode cost nothing and are not in it."""

    video_id: UUID
    currency: str
    steps: tuple[StepCost, ...]


def actual_costs(engine: Engine, user_id: UUID, video_id: UUID) -> VideoCosts:
    """What the user's video has cost so far, from the ledger, by step. Raises NotFound."""
    with Session(engine) as session:
        video = find_video(session, user_id, video_id)
        if video is None:
            raise NotFound("There is no video with this id.", remedy="See them all with: vidgen videos")
        rows = {Step(row.step): row for row in steps_of(session, user_id, video_id)}
        calls = [call for call in calls_of_video(session, user_id, video_id) if not call.test_mode]
        lines = []
        for step in Step:
            own = [call for call in calls if call.step == step]
            if step in rows or own:
                lines.append(_line(step, rows.get(step), own))
        return VideoCosts(
            video_id=video_id,
            currency="USD",
            steps=tuple(lines),
            actual_usd=sum((line.actual_usd for line in lines), _NOTHING),
            estimated_usd=video.estimated_usd,
        )


def _line(step: Step, row: GenerationStep | None, calls: Sequence[ProviderCall]) -> StepCost:
    last = calls[-1] if calls else None
    return StepCost(
        step=step,
        provider=(row.provider if row else None) or (last.provider if last else None),
        model=(row.model if row else None) or (last.model if last else None),
        calls=len(calls),
        in_doubt=sum(call.status == "unknown" for call in calls),
        actual_usd=sum((call.cost_amount or _NOTHING for call in calls), _NOTHING),
        estimated_usd=row.estimated_usd if row else None,
    )

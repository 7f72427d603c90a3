"""What a user's next video will cost: by category, from the vendors' prices or, once that is known, from their own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.cost_history import Maker, PerMinute, costs_per_minute
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import VideoRequest
from vidgen_pipeline.providers.base import BaseProvider
from vidgen_pipeline.services.costs import STEPS, CostLine, estimate_cost, expected_length_ms
from vidgen_pipeline.services.effective_providers import EffectiveProvider, choose_providers
from vidgen_pipeline.services.settings import defaults_of

LEAST_VIDEOS, NEWEST_VIDEOS = 20, 200
_SMALLEST = Decimal("0.000001")

Usd = Annotated[Decimal, Field(ge=0), PlainSerializer(float, return_type=float, when_used="json")]


class Basis(StrEnum):
    """Where an amount comes from."""

    FREE = "free"
    PRICES = "prices"
    HISTORY = "history"


class CategoryCost(BaseModel):
    """What one category will cost, in USD: at the least, probably, and at the most.

    Where it comes from the user's own history, it says from how many videos.
    """

    model_config = ConfigDict(frozen=True)

    category: Category
    provider: str | None
    model: str | None
    low: Usd
    expected: Usd
    high: Usd
    basis: Basis
    videos: int | None = None


class CostEstimateResponse(BaseModel):
    """What a video will cost, in USD. `problems` says of a category why a video would be refused as things are."""

    model_config = ConfigDict(frozen=True)

    script_cost: Usd
    voice_cost: Usd
    media_cost: Usd
    video_ai_cost: Usd
    assembly_cost: Usd
    total_estimated_cost: Usd
    currency: Literal["USD"] = "USD"
    low: Usd
    high: Usd
    length_seconds: float
    lines: tuple[CategoryCost, ...]
    problems: dict[Category, str]
    test_mode: bool


def estimate_for_user(
    engine: Engine,
    user_id: UUID,
    *,
    request: VideoRequest | None = None,
    overrides: Mapping[Category, str] | None = None,
    length_seconds: int | None = None,
    test_mode: bool = False,
    configured: Mapping[str, BaseProvider] | None = None,
) -> CostEstimateResponse:
    """What this request will cost, or, without one, a video from a prompt with the user's settings and `overrides`.

    Raises InvalidInput for providers that there are not.
    """
    problems: dict[Category, str] = {}
    if request is None:
        defaults = defaults_of(engine, user_id)
        chosen = choose_providers(defaults, overrides or {}, test_mode=test_mode)
        problems = {
            category: one.problem.told_from_afar() for category, one in chosen.items() if one.problem is not None
        }
        request = _usual_request(chosen, length_seconds or defaults.length_seconds, test_mode=test_mode)
    priced = {line.step: line for line in estimate_cost(request, configured).lines}
    with Session(engine) as session:
        history = costs_per_minute(session, user_id, least=LEAST_VIDEOS, newest=NEWEST_VIDEOS)
    length_ms = expected_length_ms(request)
    minutes = Decimal(length_ms) / 60_000
    lines = tuple(
        _line(category, request.selected_providers.get(category), priced.get(step), history, minutes)
        for category, step in STEPS.items()
    )
    by_category = {f"{line.category}_cost": line.expected for line in lines}
    return CostEstimateResponse(
        **by_category,
        total_estimated_cost=sum((line.expected for line in lines), Decimal(0)),
        low=sum((line.low for line in lines), Decimal(0)),
        high=sum((line.high for line in lines), Decimal(0)),
        length_seconds=length_ms / 1000,
        lines=lines,
        problems=problems,
        test_mode=request.test_mode,
    )


def _usual_request(
    chosen: Mapping[Category, EffectiveProvider], length_seconds: int | None, *, test_mode: bool
) -> VideoRequest:
    """A video of which only is known who makes it and, perhaps, how long it is to be."""
    usable = {category: one.provider for category, one in chosen.items() if one.provider and not _is_unknown(one)}
    return VideoRequest(
        language="en",
        target_length_ms=length_seconds * 1000 if length_seconds else None,
        selected_providers=usable,
        test_mode=test_mode,
    )


def _is_unknown(one: EffectiveProvider) -> bool:
    return one.problem is not None and one.model is None


def _line(
    category: Category,
    provider: str | None,
    priced: CostLine | None,
    history: Mapping[Maker, PerMinute],
    minutes: Decimal,
) -> CategoryCost:
    if priced is None:
        nothing = Decimal(0)
        return CategoryCost(
            category=category, provider=provider, model=None, low=nothing, expected=nothing, high=nothing,
            basis=Basis.FREE,
        )  # fmt: skip
    past = history.get(Maker(step=priced.step, provider=priced.provider, model=priced.model))
    if past is None:
        low, expected, high = priced.low, priced.expected, priced.high
    else:
        low, expected, high = (
            (amount * minutes).quantize(_SMALLEST) for amount in (past.low, past.expected, past.high)
        )
    return CategoryCost(
        category=category,
        provider=priced.provider,
        model=priced.model,
        low=low,
        expected=expected,
        high=high,
        basis=Basis.PRICES if past is None else Basis.HISTORY,
        videos=past.videos if past else None,
    )

"""Paid requests that got no answer, and what their owner says about them."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import ConfigDict

from vidgen_pipeline.api.models.base import Given, Shown, Strict, examples
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.services.reviewing import ReviewChoice, UnknownCall


class Review(Given):
    """What to do about paid requests that got no answer."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples({"choice": "look_again"}))

    choice: ReviewChoice


class CallInDoubt(Shown):
    """A paid request that got no answer: it may have been charged."""

    id: UUID
    step: Step
    unit: str
    provider: str
    model: str
    sent_at: datetime | None
    error_message: str

    @classmethod
    def of(cls, call: UnknownCall) -> Self:
        """As the service says it."""
        return cls.model_validate(call, from_attributes=True)


class ReviewShown(Shown):
    """What a video that waits for its owner waits for."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"calls": []}))

    calls: list[CallInDoubt]

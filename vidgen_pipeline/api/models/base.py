"""What all of them share."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

Usd = Annotated[
    Decimal, PlainSerializer(float, return_type=float, when_used="json"), WithJsonSchema({"type": "number"})
]
"""An amount in USD."""

_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")


def _only_written_out(value: object) -> object:
    if isinstance(value, str) and not _DATE_TIME.match(value):
        raise ValueError("A moment is written as 2026-10-31T08:00:00Z.")
    return value


Moment = Annotated[datetime, BeforeValidator(_only_written_out)]
"""A moment as ISO 8601 has it: a bare number could be seconds of many things."""

Strict = ConfigDict(extra="forbid")
Whole = Annotated[int, Field(strict=True)]
Yes = Annotated[bool, Field(strict=True)]


class Shown(BaseModel):
    """Something that is shown."""

    model_config = ConfigDict(frozen=True)


class Given(BaseModel):
    """Something that a client gives. A field that there is not is refused, and so is text that nothing can keep."""

    model_config = Strict

    @model_validator(mode="before")
    @classmethod
    def _refuse_odd_text(cls, value: Any) -> Any:
        if is_odd(value):
            raise ValueError("A text holds a NUL character or half of a surrogate pair.")
        return value


def is_odd(value: object) -> bool:
    """Whether there is text in it, however deep, that is no text."""
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return any(is_odd(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(is_odd, value))


def examples(*given: dict[str, Any]) -> dict[str, Any]:
    """Examples of a model, for its schema."""
    return {"examples": list(given)}


class Problem(Shown):
    """Why a request did not do what was asked (RFC 9457). `code` is stable; the sentences may change."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    remedy: str | None = None
    provider: str | None = None
    errors: list[Mistake] | None = None


class Mistake(Shown):
    """One mistake of a request: a JSON pointer into its body, or the kind and name of a parameter."""

    pointer: str
    code: str
    message: str


Problem.model_rebuild()

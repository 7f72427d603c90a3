"""Strict reading of requests: whatever the vendor does not document is refused in the vendor's own words.

Models name exactly what is documented. A field too many, a number in a string or a missing value is a `Refusal`, which
the vendor's error writer turns into its own body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class Body(BaseModel):
    """A JSON body, or an object in one: no unknown fields, no conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Query(BaseModel):
    """Query parameters, or the text fields of a form: no unknown ones; numbers are read from their text."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Problem(StrEnum):
    """Why a request is refused, in words that fit every vendor. Each vendor's error writer knows all of them."""

    NO_KEY = "no_key"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    OUT_OF_CREDIT = "out_of_credit"
    RATE_LIMITED = "rate_limited"
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    MODERATION = "moderation"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"


_BY_STATUS = {
    401: Problem.UNAUTHORISED,
    402: Problem.OUT_OF_CREDIT,
    403: Problem.FORBIDDEN,
    404: Problem.NOT_FOUND,
    410: Problem.NOT_FOUND,
    409: Problem.CONFLICT,
    425: Problem.CONFLICT,
    429: Problem.RATE_LIMITED,
    503: Problem.OVERLOADED,
    529: Problem.OVERLOADED,
}


def problem_of_status(status: int) -> Problem:
    """The problem that an HTTP status stands for."""
    return _BY_STATUS.get(status, Problem.SERVER_ERROR if status >= 500 else Problem.INVALID)


@dataclass(frozen=True)
class Detail:
    """One thing wrong with a request: where (such as `("body", "voice_settings", "speed")`), what, and its type."""

    where: tuple[str | int, ...]
    message: str
    type: str


class Refusal(Exception):
    """A request the vendor turns down.

    `code`, `field` and `message` are the vendor's own words, where a handler knows better than the table of its error
    writer. `status` is the HTTP status where it is not the table's; `retry_after` is in seconds.
    """

    def __init__(
        self,
        problem: Problem,
        message: str = "",
        *,
        code: str = "",
        field: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        details: tuple[Detail, ...] = (),
    ) -> None:
        super().__init__(message or problem)
        self.problem = problem
        self.message = message
        self.code = code
        self.field = field
        self.status = status
        self.retry_after = retry_after
        self.details = details


Model = TypeVar("Model", bound=BaseModel)


def read_json(model: type[Model], content: bytes) -> Model:
    """A JSON body as this model. Raises Refusal."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise _refused("body", error) from None


def read_fields(model: type[Model], fields: Mapping[str, Any], place: str) -> Model:
    """Query parameters or form fields as this model. Raises Refusal. `place` is "query" or "body"."""
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        raise _refused(place, error) from None


def _refused(place: str, error: ValidationError) -> Refusal:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    details = tuple(Detail((place, *one["loc"]), one["msg"], one["type"]) for one in found)
    first = details[0]
    field = ".".join(str(part) for part in first.where[1:])
    message = f"{field}: {first.message}" if field else first.message
    return Refusal(Problem.INVALID, message, field=field, details=details)

"""A vendor's own types as strict judges: of what we send, and of what its double answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from inspect import Parameter, signature
from pkgutil import resolve_name
from typing import Any, NotRequired, Required, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator
from typing_extensions import TypedDict  # pydantic reads typing's own only from Python 3.12 on

SURPRISE = "field_of_ours"


class Judge:
    """Takes a body only as a type of the vendor's has it: no field more, no value of another type.

    `named` is `package.module:Type`, imported when the judge is made: the vendors' packages are heavy.
    """

    def __init__(self, named: str | Any) -> None:
        wanted = resolve_name(named) if isinstance(named, str) else named
        # A list, since pydantic gives no settings to a type that can have its own.
        schema = TypeAdapter(list[wanted], config=ConfigDict(arbitrary_types_allowed=True)).core_schema
        self._validator = SchemaValidator(_tightened(schema))

    def takes(self, body: Any) -> bool:
        """Whether the body is of the type."""
        try:
            self.check(body)
        except ValidationError:
            return False
        return True

    def check(self, body: Any) -> None:
        """Raises ValidationError for a body that is not of the type."""
        self._validator.validate_json(json.dumps([body]), strict=True)

    def check_sent(self, body: dict[str, Any], *, free: tuple[str, ...] = ()) -> None:
        """The body is of the type, and would not be with one field more or one value of another type anywhere in it.

        `free` are the places, such as `text.format.schema`, below which the vendor's type has anything.
        """
        self.check(body)
        open_places = [
            place
            for place, other in _spoilt(body)
            if not f"{place}.".startswith(tuple(f"{name}." for name in free)) and self.takes(other)
        ]
        assert open_places == [], f"the vendor's types say nothing of {open_places}: name them as free"


def arguments_of(method: Callable[..., Any], *leaving_out: str) -> Any:
    """The keyword arguments of a client's method as a type, for clients that have no types of bodies."""
    hints = get_type_hints(method)
    fields = {
        name: Required[hints[name]] if parameter.default is Parameter.empty else NotRequired[hints[name]]
        for name, parameter in signature(method).parameters.items()
        if name not in {"self", "request_options", *leaving_out}
    }
    return TypedDict("Arguments", fields)  # type: ignore[operator]


def unknown_fields(answer: Any, place: str = "") -> list[str]:
    """The places in a parsed answer of which the vendor's types know nothing."""
    if isinstance(answer, list):
        return [found for number, item in enumerate(answer) for found in unknown_fields(item, f"{place}.{number}")]
    if not isinstance(answer, BaseModel):
        return []
    known = vars(answer).items()
    extra = [f"{place}.{name}" for name in answer.model_extra or ()]
    return extra + [found for name, value in known for found in unknown_fields(value, f"{place}.{name}")]


def _tightened(schema: Any) -> Any:
    """The same schema with no room for further fields, and with lists read to their end."""
    if isinstance(schema, list):
        return [_tightened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    tight = {name: _tightened(part) for name, part in schema.items()}
    match tight.get("type"):
        case "typed-dict" | "model-fields":
            tight["extra_behavior"] = "forbid"
        case "model":  # as its fields alone: pydantic would use the class's own validator, which is made already
            tight = {**tight["schema"], **{name: tight[name] for name in ("ref",) if name in tight}}
        case "generator":
            tight["type"] = "list"
    return tight


def _spoilt(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """The value with one thing wrong, and where: a further field in each object, a value of no known type for each."""
    if isinstance(value, dict):
        yield f"{place}.{SURPRISE}".lstrip("."), {**value, SURPRISE: 1}
        for name, item in value.items():
            for where, other in _spoilt(item, f"{place}.{name}".lstrip(".")):
                yield where, {**value, name: other}
    elif isinstance(value, list):
        for number, item in enumerate(value):
            for where, other in _spoilt(item, f"{place}.{number}"):
                yield where, [*value[:number], other, *value[number + 1 :]]
    else:
        yield place, [{SURPRISE: 1}]

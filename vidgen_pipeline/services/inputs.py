"""The hash of everything a step's result depends on: equal hash, equal result, so the work can be left out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.video import Step


def inputs_hash(step: Step, inputs: Mapping[str, Any], *, test_mode: bool = False) -> str:
    """SHA-256 over the step's name and its inputs (plain values and models) in a canonical form.

    What is made in `test_mode`, by a double, is never taken for the real thing.
    """
    if test_mode:
        inputs = {**inputs, "test_mode": True}
    canonical = json.dumps(inputs, default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{step}\n{canonical}".encode()).hexdigest()


def artifacts_in(value: object) -> Iterator[Artifact]:
    """Every artifact that a step's output names, however deep."""
    if isinstance(value, Artifact):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from artifacts_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from artifacts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from artifacts_in(item)


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} can't be an input of a step")

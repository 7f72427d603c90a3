"""The catalogue: every provider and model, as data. Settings, estimates, pricing and docs are made from it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from vidgen_pipeline.domain.providers import Category, Provider


@cache
def catalogue() -> Mapping[str, Provider]:
    """Every provider by id, in the order of `catalogue.toml`."""
    rows = tomllib.loads(files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return {name: Provider(id=name, **row) for name, row in rows.items()}


def providers_of(category: Category) -> tuple[Provider, ...]:
    """The providers of one category, preferred first."""
    return tuple(provider for provider in catalogue().values() if provider.category is category)

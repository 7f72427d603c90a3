"""A catalogue for tests: rows as they are written in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from vidgen_pipeline.domain.providers import Provider


def catalogue_of(written: str) -> Mapping[str, Provider]:
    """The providers of this text."""
    return {name: Provider(id=name, **row) for name, row in tomllib.loads(written).items()}

"""Dated prices."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import ProviderPricing
from vidgen_pipeline.domain.providers import Provider


def add_missing_prices(session: Session, providers: Iterable[Provider]) -> None:
    """Add a row for each price that has none with its date yet; a row that is there stays as it was."""
    rows = [
        {
            "provider": provider.id,
            "model": model.name,
            "kind": model.price.kind,
            "amount": model.price.amount,
            "unit_size": model.price.unit_size,
            "currency": model.price.currency,
            "as_of": model.price.as_of,
            "source": model.price.source,
        }
        for provider in providers
        for model in provider.models
    ]
    session.execute(insert(ProviderPricing).values(rows).on_conflict_do_nothing())

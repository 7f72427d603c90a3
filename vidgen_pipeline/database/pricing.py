"""Dated prices."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import ProviderPricing
from vidgen_pipeline.domain.providers import Provider


def add_missing_prices(session: Session, providers: Iterable[Provider]) -> None:
    """Add a row for each price that has none with its date yet; a row that is there stays as it was.

    A model has one row a price, each under its name among `CatalogueModel.prices`.
    """
    rows = [
        {
            "provider": provider.id,
            "model": name,
            "kind": price.kind,
            "amount": price.amount,
            "unit_size": price.unit_size,
            "currency": price.currency,
            "as_of": price.as_of,
            "source": price.source,
        }
        for provider in providers
        for model in provider.models
        for name, price in model.prices.items()
    ]
    session.execute(insert(ProviderPricing).values(rows).on_conflict_do_nothing())

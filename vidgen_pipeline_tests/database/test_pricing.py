"""Every price of the catalogue is in the database, with its date; a new one is added beside the old."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from vidgen_pipeline.database.pricing import add_missing_prices
from vidgen_pipeline.database.tables import ProviderPricing
from vidgen_pipeline.domain.providers import Provider
from vidgen_pipeline.providers.catalogue import catalogue


@pytest.fixture
def session(engine: Engine) -> Session:
    return Session(engine)


def _amounts(session: Session, provider: str) -> dict[tuple[str, date], Decimal]:
    rows = session.scalars(select(ProviderPricing).where(ProviderPricing.provider == provider))
    return {(row.model, row.as_of): row.amount for row in rows}


def test_no_price_of_a_model_hides_another(session: Session):
    with session:
        add_missing_prices(session, catalogue().values())
        for provider in catalogue().values():
            named = {name: price for model in provider.models for name, price in model.prices.items()}
            assert len(named) == sum(len(model.prices) for model in provider.models)
            assert _amounts(session, provider.id) == {
                (name, price.as_of): price.amount for name, price in named.items()
            }
        terra = {model: amount for (model, _), amount in _amounts(session, "openai_gpt").items() if "terra" in model}
    assert terra["gpt-6.1-terra"] == 5
    assert terra["gpt-6.1-terra#input"] == 1
    assert terra["gpt-6.1-terra#cached_input"] == Decimal("0.05")
    assert terra["gpt-6.1-terra#cache_write"] == Decimal("1.25")


def test_a_price_that_changes_is_added_with_its_date(session: Session):
    row = catalogue()["elevenlabs"]
    price = {**row.models[0].price.model_dump(), "amount": "0.09", "as_of": "2027-01-01"}
    models = [{**row.models[0].model_dump(), "price": price}]
    dearer = Provider.model_validate({**row.model_dump(), "models": models})
    with session:
        for _ in range(2):
            add_missing_prices(session, [row])
            add_missing_prices(session, [dearer])
        amounts = _amounts(session, "elevenlabs")
    assert amounts[row.models[0].name, date(2027, 1, 1)] == Decimal("0.09")
    assert amounts[row.models[0].name, row.models[0].price.as_of] == Decimal("0.08")
    assert len(amounts) == len(row.models) + 1

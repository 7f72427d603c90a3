from datetime import UTC, datetime

import pytest

from vidgen_pipeline.domain.providers import Category, PriceKind
from vidgen_pipeline.providers.base import BaseProvider
from vidgen_pipeline.providers.catalogue import catalogue, providers_of
from vidgen_pipeline.providers.factory import ProviderFactory, default_providers
from vidgen_pipeline.providers.remote import RemoteProvider

IDS = sorted(catalogue())


@pytest.mark.parametrize("name", IDS)
def test_a_row_fits_its_adapter(name: str):
    row, adapter = catalogue()[name], default_providers()[name]
    assert (adapter.provider_name, adapter.category) == (name, row.category)
    assert isinstance(adapter, RemoteProvider) == row.needs_key
    assert row.recommended_model in {model.name for model in row.models}
    assert ProviderFactory().get_provider(name, BaseProvider).provider_name == name
    if row.needs_key:
        assert row.key_variables
    if row.retired_on:
        assert row.replacement or row.note


@pytest.mark.parametrize("name", IDS)
def test_every_figure_has_a_date_and_a_source_and_no_default_model_has_ended(name: str):
    row, today = catalogue()[name], datetime.now(UTC).date()
    for model in row.models:
        for price in model.prices.values():
            assert price.source
            assert (price.kind, price.unit_size) == (model.price.kind, model.price.unit_size)
            assert price.as_of <= today
            assert price.kind is not PriceKind.FREE or price.amount == 0
    if row.retired_on is None:
        default = next(model for model in row.models if model.name == row.recommended_model)
        assert default.retires_on is None or default.retires_on > today, "choose another recommended model"


def test_every_category_but_video_ai_works_with_no_key():
    for category in Category:
        free = [provider.id for provider in providers_of(category) if not provider.needs_key]
        assert free or category is Category.VIDEO_AI

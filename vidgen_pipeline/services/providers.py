"""Who can do what here: every provider with its state, its price and what it needs; and a vendor's voices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine

from vidgen_pipeline.domain.providers import CatalogueModel, CataloguePrice, Category, PriceKind, Provider
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.providers.base import Voice, VoiceProvider
from vidgen_pipeline.providers.catalogue import providers_of
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import WorkContext
from vidgen_pipeline.providers.voice.vendor_voice import VendorVoice
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.api_logging import ApiLog
from vidgen_pipeline.services.credentials import KeysAtHand, KeySource, credentials_for


class ProviderState(StrEnum):
    """Whether a provider can be chosen by this person."""

    READY = "ready"
    READY_OWN_KEY = "ready (your key)"
    READY_OPERATORS_KEY = "ready (operator's key)"
    NEEDS_KEY = "needs a key"
    KEY_SWITCHED_OFF = "your key is switched off"
    SWITCHED_OFF = "switched off"
    RETIRED = "retired"

    @property
    def is_ready(self) -> bool:
        """Whether it can be chosen now."""
        return self in {ProviderState.READY, ProviderState.READY_OWN_KEY, ProviderState.READY_OPERATORS_KEY}


_STATES = {
    KeySource.NOT_NEEDED: ProviderState.READY,
    KeySource.OWN: ProviderState.READY_OWN_KEY,
    KeySource.OPERATOR: ProviderState.READY_OPERATORS_KEY,
    KeySource.SWITCHED_OFF: ProviderState.KEY_SWITCHED_OFF,
    KeySource.MISSING: ProviderState.NEEDS_KEY,
}


@dataclass(frozen=True)
class ProviderView:
    """A provider as a person sees it."""

    facts: Provider
    state: ProviderState
    model: str
    price: str


def list_providers(keys: KeysAtHand) -> tuple[ProviderView, ...]:
    """Every provider of the catalogue, preferred first within its category, with its state for whose keys these are."""
    return tuple(
        ProviderView(provider, state_of(provider, keys), provider.recommended_model, _price_of(provider))
        for category in Category
        for provider in providers_of(category)
    )


def state_of(provider: Provider, keys: KeysAtHand) -> ProviderState:
    """Whether the provider can be chosen, and if not, why."""
    if provider.retired_on is not None:
        return ProviderState.RETIRED
    if not provider.enabled:
        return ProviderState.SWITCHED_OFF
    return _STATES[keys.source(provider)]


def describe_price(price: CataloguePrice) -> str:
    """A price as a person reads it: `$2.00 per 1,000,000 tokens`."""
    if price.kind is PriceKind.FREE or not price.amount:
        return "free"
    return f"{_amount(price)} per {_units(price)}"


def describe_prices(model: CatalogueModel) -> str:
    """All that a model costs, as a person reads it: `$2 in, $0.1 cached, $10 out per 1,000,000 tokens`."""
    if model.input_price is None:
        return describe_price(model.price)
    parts = {"in": model.input_price, "cached": model.cached_input_price, "out": model.price}
    shown = ", ".join(f"{_amount(price)} {what}" for what, price in parts.items() if price)
    return f"{shown} per {_units(model.price)}"


def _amount(price: CataloguePrice) -> str:
    amount = f"{price.amount:f}".rstrip("0").rstrip(".")
    return f"${amount}" if price.currency == "USD" else f"{price.currency} {amount}"


def _units(price: CataloguePrice) -> str:
    unit = price.kind.value.removeprefix("per_")
    return f"{price.unit_size:,} {unit}s" if price.unit_size > 1 else unit


async def voices_of(
    name: str, engine: Engine, user_id: UUID, home: Home, *, sandbox_url: str | None
) -> Sequence[Voice]:
    """The voices that can be chosen at a voice provider; a vendor's are those of the user's account.

    Raises InvalidInput for a name that is no voice provider's, ProviderError for what the vendor says.
    """
    facts = next((provider for provider in providers_of(Category.VOICE) if provider.id == name), None)
    if facts is None:
        raise unknown("voice provider", name, [provider.id for provider in providers_of(Category.VOICE)])
    if not facts.needs_key:
        return await ProviderFactory().get_provider(name, VoiceProvider).voices()
    with ApiLog(engine, home.logs / "exchanges") as log:
        network = Network(log=log, sandbox_url=sandbox_url)
        credentials = await asyncio.to_thread(
            credentials_for, engine, home, user_id, facts, test_mode=network.test_mode
        )
        vendor, context = ProviderFactory().get_provider(name, VendorVoice), WorkContext(user_id=user_id)
        async with vendor.connected(credentials, network=network, context=context) as ready:
            return await ready.voices()


def _price_of(provider: Provider) -> str:
    return describe_prices(next(model for model in provider.models if model.name == provider.recommended_model))

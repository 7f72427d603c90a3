"""Who can do what here: every provider with its state, its price and what it needs; and the free check of a key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import InvalidInput, ProviderError
from vidgen_pipeline.domain.providers import CataloguePrice, Category, PriceKind, Provider
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.providers.catalogue import catalogue, providers_of
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import WorkContext
from vidgen_pipeline.providers.remote import KeyCheck, RemoteProvider
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.api_logging import ApiLog
from vidgen_pipeline.services.credentials import credentials_for, has_key


class ProviderState(StrEnum):
    """Whether a provider can be chosen here."""

    READY = "ready"
    NEEDS_KEY = "needs a key"
    SWITCHED_OFF = "switched off"
    RETIRED = "retired"


@dataclass(frozen=True)
class ProviderView:
    """A provider as a person sees it."""

    facts: Provider
    state: ProviderState
    model: str
    price: str


def list_providers() -> tuple[ProviderView, ...]:
    """Every provider of the catalogue, preferred first within its category."""
    return tuple(
        ProviderView(provider, state_of(provider), provider.recommended_model, _price_of(provider))
        for category in Category
        for provider in providers_of(category)
    )


def state_of(provider: Provider) -> ProviderState:
    """Whether the provider can be chosen, and if not, why."""
    if provider.retired_on is not None:
        return ProviderState.RETIRED
    if not provider.enabled:
        return ProviderState.SWITCHED_OFF
    return ProviderState.READY if has_key(provider) else ProviderState.NEEDS_KEY


def describe_price(price: CataloguePrice) -> str:
    """A price as a person reads it: `$2.00 per 1,000,000 tokens`."""
    if price.kind is PriceKind.FREE or not price.amount:
        return "free"
    unit = price.kind.value.removeprefix("per_")
    amount = f"{price.amount:f}".rstrip("0").rstrip(".")
    sign = "$" if price.currency == "USD" else f"{price.currency} "
    return f"{sign}{amount} per {f'{price.unit_size:,} {unit}s' if price.unit_size > 1 else unit}"


async def check_key(name: str, engine: Engine, user_id: UUID, home: Home, *, sandbox_url: str | None) -> KeyCheck:
    """Make the provider's free request with the operator's key. Raises InvalidInput for one that takes no key."""
    facts = catalogue().get(name)
    if facts is None:
        raise unknown("provider", name, catalogue())
    provider = ProviderFactory().get_provider(name, RemoteProvider) if facts.needs_key else None
    if provider is None:
        raise InvalidInput(f"{facts.name} takes no key.")
    with ApiLog(engine, home.logs / "exchanges") as log:
        network = Network(log=log, sandbox_url=sandbox_url)
        credentials = credentials_for(facts, test_mode=network.test_mode)
        try:
            async with provider.connected(credentials, network=network, context=WorkContext(user_id=user_id)) as ready:
                return await ready.validate_key()
        except ProviderError as error:
            return KeyCheck(valid=False, message=str(error))


def _price_of(provider: Provider) -> str:
    model = next(model for model in provider.models if model.name == provider.recommended_model)
    shown = describe_price(model.price)
    return f"{describe_price(model.input_price)} in, {shown} out" if model.input_price else shown

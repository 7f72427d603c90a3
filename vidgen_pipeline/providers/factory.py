"""From a provider's id to its adapter."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TypeVar

from vidgen_pipeline.domain.errors import ProviderUnavailable
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.providers.base import BaseProvider
from vidgen_pipeline.providers.catalogue import catalogue, providers_of

Adapter = TypeVar("Adapter", bound=BaseProvider)


def default_providers() -> dict[str, BaseProvider]:
    """Every adapter of the catalogue with its default settings, by id: what Dagster shows as resources."""
    return {name: _adapter_class(name)() for name in catalogue()}


class ProviderFactory:
    """Hands out providers, configured as the operator set them up."""

    def __init__(self, configured: Mapping[str, BaseProvider] | None = None) -> None:
        self._configured = configured or {}

    def get_provider(self, name: str, kind: type[Adapter]) -> Adapter:
        """The provider with this id. Raises ProviderUnavailable when there is none of this kind."""
        provider = self._configured.get(name)
        if provider is None and name in catalogue():
            provider = _adapter_class(name)()
        if not isinstance(provider, kind):
            category = kind.category.value.replace("_", " ")
            raise ProviderUnavailable(
                f"There is no {category} provider called '{name}'.",
                remedy=f"Choose one of: {', '.join(self.get_providers_for_category(kind.category))}.",
            )
        return provider

    @staticmethod
    def get_providers_for_category(category: Category) -> list[str]:
        """Ids of the category's providers, preferred first."""
        return [provider.id for provider in providers_of(category)]


def _adapter_class(name: str) -> type[BaseProvider]:
    module, _, attribute = catalogue()[name].adapter.partition(":")
    adapter: type[BaseProvider] = getattr(import_module(f"vidgen_pipeline.providers.{module}"), attribute)
    return adapter

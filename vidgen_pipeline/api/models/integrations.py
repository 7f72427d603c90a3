"""A person's own keys. They go in, and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, SecretStr

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Yes, examples
from vidgen_pipeline.api.models.settings import ProviderShown
from vidgen_pipeline.services.integrations import CheckOutcome, IntegrationView, KeyCheckResult

_Secret = Annotated[SecretStr, Field(min_length=1, max_length=4000)]


class KeyGiven(Given):
    """A key for a provider, mostly one part called `key`; or only whether the present one is used."""

    model_config = ConfigDict(
        **Strict, json_schema_extra=examples({"parts": {"key": "sk-example-not-a-real-key-0000"}}, {"enabled": False})
    )

    parts: dict[Annotated[str, Field(max_length=50)], _Secret] | None = None
    enabled: Yes | None = None


class IntegrationShown(Shown):
    """Your own account at a provider. `ending` is the key's last four characters."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "provider": "elevenlabs", "name": "ElevenLabs", "ending": "0000", "fingerprint": "1f2e3d4c5b6a",
                "enabled": True, "added_at": "2026-11-24T12:00:00Z", "last_used_at": None, "checked_at": None,
                "check_outcome": None, "check_message": "",
            }
        ),
    )  # fmt: skip

    provider: str
    name: str
    ending: str
    fingerprint: str
    enabled: bool
    added_at: datetime
    last_used_at: datetime | None
    checked_at: datetime | None
    check_outcome: CheckOutcome | None
    check_message: str

    @classmethod
    def of(cls, view: IntegrationView) -> Self:
        """As the service says it."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class IntegrationList(Shown):
    """Your own accounts, by provider."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": []}))

    data: list[IntegrationShown]


class CatalogueShown(Shown):
    """Every provider, with its price and whether you can use it, preferred first within its category."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": []}))

    data: list[ProviderShown]


class CheckShown(Shown):
    """What a free check of a key showed, and whose key it was."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples({"outcome": "works", "message": "The key works.", "source": "your key"}),
    )

    outcome: CheckOutcome
    message: str
    source: str

    @classmethod
    def of(cls, result: KeyCheckResult) -> Self:
        """As the service says it."""
        return cls(outcome=result.outcome, message=result.message, source=result.source.value)

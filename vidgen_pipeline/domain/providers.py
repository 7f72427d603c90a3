"""Who can do a step: categories of providers and the facts the catalogue keeps about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Category(StrEnum):
    """A kind of work that any of several providers can do."""

    SCRIPT = "script"
    VOICE = "voice"
    MEDIA = "media"
    VIDEO_AI = "video_ai"
    ASSEMBLY = "assembly"


class PriceKind(StrEnum):
    """What a price is counted in."""

    FREE = "free"
    PER_TOKEN = "per_token"  # noqa: S105 - a unit of text
    PER_CHARACTER = "per_character"
    PER_SECOND = "per_second"
    PER_GENERATION = "per_generation"
    PER_RENDER = "per_render"
    PER_CREDIT = "per_credit"


class CataloguePrice(BaseModel):
    """One dated price. `amount` is in `currency` per `unit_size` units of `kind`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: PriceKind
    amount: Decimal = Field(default=Decimal(0), ge=0)
    unit_size: int = Field(default=1, gt=0)
    currency: str = "USD"
    as_of: date
    source: str = Field(min_length=1)


class CatalogueModel(BaseModel):
    """One model (or engine) of a provider, with its price and, where it ends, when.

    `input_price` is what a model that charges for both takes for what it reads; `price` is then for what it writes. Of
    what it reads, some may be cheaper since it was read before (`cached_input_price`), or dearer since it is kept for
    the next time (`cache_write_price`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    price: CataloguePrice
    input_price: CataloguePrice | None = None
    cached_input_price: CataloguePrice | None = None
    cache_write_price: CataloguePrice | None = None
    retires_on: date | None = None
    durations_s: tuple[int, ...] = Field(default=(), description="The lengths of clips it makes, in seconds.")
    aspect_ratios: tuple[str, ...] = Field(default=(), description="The shapes of clips it makes; empty: any.")

    @property
    def prices(self) -> Mapping[str, CataloguePrice]:
        """Every price it has: what it makes under its own name, what it reads under `name#input` and the like."""
        read = {"input": self.input_price, "cached_input": self.cached_input_price}
        read |= {"cache_write": self.cache_write_price}
        return {self.name: self.price} | {f"{self.name}#{what}": price for what, price in read.items() if price}


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a language model read and wrote. Of what it read, it knew `cached` before and keeps `kept` for later."""

    read: int
    written: int
    cached: int = 0
    kept: int = 0


class Provider(BaseModel):
    """One provider's row in the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    category: Category
    adapter: str = Field(description="`module:Class` below `vidgen_pipeline.providers`.")
    recommended_model: str
    models: tuple[CatalogueModel, ...] = Field(min_length=1)
    needs_key: bool = False
    enabled: bool = Field(default=True, description="False: the operator has to turn it on first; `note` says why.")
    retired_on: date | None = None
    replacement: str = Field(default="", description="What to choose instead of a retired provider.")
    key_url: str = Field(default="", description="Where a person gets a key.")
    key_variables: tuple[str, ...] = Field(default=(), description="Environment variables an operator's key is in.")
    languages: tuple[str, ...] = Field(default=(), description="Empty: any language.")
    word_times: bool = False
    licence: str = ""
    homepage: str = ""
    note: str = ""

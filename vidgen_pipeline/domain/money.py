"""What a piece of work costs. Decimal all the way: a float never holds money."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class Cost(BaseModel):
    """An amount of money and the usage it comes from, in the unit the provider charges."""

    model_config = ConfigDict(frozen=True)

    amount: Decimal = Field(default=Decimal(0), ge=0)
    currency: str = "USD"
    usage: dict[str, int] = Field(default_factory=dict, description="For example `{'characters': 512}`.")

    def __add__(self, other: Cost) -> Cost:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} can't be added")
        usage = {unit: self.usage.get(unit, 0) + other.usage.get(unit, 0) for unit in self.usage | other.usage}
        return Cost(amount=self.amount + other.amount, currency=self.currency, usage=usage)


FREE = Cost()

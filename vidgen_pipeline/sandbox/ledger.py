"""What the vendors would have charged, written down by the sandbox itself: the tests' witness about money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

Units = Mapping[str, int | Decimal | str]
"""What was counted, such as `{"characters": 512, "model": "eleven_multilingual_v2"}`."""


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a piece of work costs at its vendor, in USD, and what that is counted from."""

    operation: str
    usd: Decimal
    units: Units = field(default_factory=dict)


@dataclass(kw_only=True)
class Charge:
    """Money taken from an account. `refunded_at` is set when the vendor gave it back."""

    id: str
    provider: str
    account: str
    bill: Bill
    job: str
    reference: str
    time: datetime
    refunded_at: datetime | None = None

    def shown(self) -> dict[str, object]:
        """As JSON; amounts are strings, so that no cent is lost."""
        units = {unit: str(count) if isinstance(count, Decimal) else count for unit, count in self.bill.units.items()}
        return {
            "id": self.id,
            "provider": self.provider,
            "account": self.account,
            "operation": self.bill.operation,
            "units": units,
            "amount_usd": str(self.bill.usd),
            "job": self.job,
            "reference": self.reference,
            "time": self.time.isoformat(),
            "refunded_at": self.refunded_at.isoformat() if self.refunded_at else None,
        }


class Ledger:
    """Every charge of every account, in order."""

    def __init__(self) -> None:
        self._charges: list[Charge] = []

    def charge(self, provider: str, account: str, bill: Bill, *, time: datetime, job: str, reference: str) -> Charge:
        """Take money."""
        charge = Charge(
            id=f"charge-{len(self._charges) + 1}",
            provider=provider,
            account=account,
            bill=bill,
            job=job,
            reference=reference,
            time=time,
        )
        self._charges.append(charge)
        return charge

    def rows(self, provider: str = "", account: str = "") -> list[Charge]:
        """The charges of one provider or account, or all; refunded ones too."""
        return [
            charge
            for charge in self._charges
            if provider in {"", charge.provider} and account in {"", charge.account}
        ]  # fmt: skip

    def clear(self) -> None:
        """Forget everything."""
        self._charges.clear()


def total_usd(charges: list[Charge]) -> Decimal:
    """What was taken and not given back."""
    return sum((charge.bill.usd for charge in charges if charge.refunded_at is None), Decimal(0))

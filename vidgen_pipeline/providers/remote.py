"""What every provider across the network has: settings, a key that is nowhere seen, and a door.

How an adapter is written, in ten lines:

1.  One file, `providers/<category>/<vendor>.py`; a class of `RemoteProvider` and its category's contract.
2.  `provider_name`, `vendor_url` and `key_places` say who it is, where it is, and where the key goes.
3.  `build_*`: plain functions from the field's words to a `WireRequest`; foreign text goes into a path by `segment`.
4.  `read_*`: plain functions from a `WireReply` to the field's words, by small `WireModel`s; a bad one is a BadReply.
5.  `error_kinds`: our classes and the vendor's codes; `error_code` finds the code in an answer, also in a 200.
6.  Free requests: `await self.door.send(request, read)`; files: `await self.door.download(address, into, ...)`.
7.  Paid ones: `await self.buy(...)` when the answer is the work, `await self.buy_job(Job(...), into)` when it is a job.
8.  `ask_about_key` makes one free request and says what it shows; `estimate` turns work into a `Cost`.
9.  No socket, clock, log, retry, sleep or price in it: they are the door's, the ledger's and the catalogue's.
10. A row in `catalogue.toml`, a file in the sandbox, and table tests of both halves with recorded answers.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from pydantic import Field, PrivateAttr

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    InvalidInput,
    OutOfCredit,
    ProviderRetired,
    ProviderUnavailable,
    VidgenError,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.providers import CatalogueModel, CataloguePrice, Provider, Tokens
from vidgen_pipeline.providers.base import BaseProvider
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.jobs import Job, buy_job
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import WorkContext
from vidgen_pipeline.providers.paid import Bought, Ledger, buy_reply
from vidgen_pipeline.providers.wire import Credentials, KeyPlace, WireReply, WireRequest, places_for

T = TypeVar("T")

ErrorKinds = Mapping[type[VidgenError], Sequence[str]]
"""Our classes of errors, each with the vendor's codes for it."""

Places = Callable[[], AbstractAsyncContextManager[None]]
"""Gives a place on an account that others use as well, when there is one."""

_SMALLEST_AMOUNT = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True)
class KeyCheck:
    """What a free request showed about a key. `detail` is for people: the plan, what is left."""

    valid: bool
    message: str
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Work:
    """How much there is to do, in what vendors count: spoken or written characters, clips and finished video, in ms."""

    characters: int = 0
    clips_ms: tuple[int, ...] = ()
    video_ms: int = 0


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What a connected provider works with."""

    facts: Provider
    door: Door
    ledger: Ledger | None
    own_places: asyncio.Semaphore
    places: Places


class RemoteProvider(BaseProvider):
    """A provider across the network, as the operator set it up. It works once it is `connected`."""

    vendor_url: ClassVar[str]
    key_places: ClassVar[tuple[KeyPlace, ...]]
    error_kinds: ClassVar[ErrorKinds] = {}

    base_url: str | None = Field(default=None, description="Where it is found, if not at the vendor's own address.")
    model: str | None = Field(default=None, description="A model of the catalogue; none means the recommended one.")
    timeout_seconds: float = Field(default=60, gt=0, le=3600, description="How long one answer may take.")
    concurrency: int = Field(default=2, ge=1, le=100, description="Paid requests and jobs at the same time.")

    _connection: Connection | None = PrivateAttr(default=None)

    @asynccontextmanager
    async def connected(
        self,
        credentials: Credentials,
        *,
        network: Network,
        context: WorkContext | None = None,
        ledger: Ledger | None = None,
        places: Places | None = None,
    ) -> AsyncIterator[Self]:
        """This provider with its door open, for the length of a step.

        `places` gives a place on the account for each paid request or job, where more than this step uses the account.
        Raises ProviderRetired or ProviderUnavailable (no key) before anything is asked, InvalidInput for its settings.
        """
        facts = network.catalogue[self.provider_name]
        replaced = self.base_url is not None or network.test_mode
        if not replaced:
            _refuse_retired(facts, _model_of(facts, self.model), network.timing.now().date())
        if not places_for(self.key_places, credentials):
            raise ProviderUnavailable(
                f"There is no key for {facts.name}.", remedy="Add one in the settings.", provider=facts.id
            )
        door = Door(
            network,
            provider=facts.id,
            base_url=network.base_url(facts.id, self.vendor_url, self.base_url),
            key_places=self.key_places,
            credentials=credentials,
            judge=Judge(facts.name, self.kind_of_error, self.seconds_to_wait),
            context=context or WorkContext(),
            timeout_seconds=self.timeout_seconds,
        )
        async with door:
            own = asyncio.Semaphore(self.concurrency)
            yield self.working_with(
                Connection(facts=facts, door=door, ledger=ledger, own_places=own, places=places or nullcontext)
            )

    def working_with(self, connection: Connection) -> Self:
        """A copy of this provider that uses the connection."""
        copy = self.model_copy()
        copy._connection = connection  # noqa: SLF001 - one of our own
        return copy

    @property
    def door(self) -> Door:
        """The way out. Raises ProviderUnavailable when not connected."""
        return self._at_work.door

    @property
    def facts(self) -> Provider:
        """This provider's row of the catalogue."""
        return catalogue()[self.provider_name] if self._connection is None else self._connection.facts

    @property
    def chosen_model(self) -> CatalogueModel:
        """The model that works. Raises InvalidInput for one that the catalogue does not know."""
        return _model_of(self.facts, self.model)

    def fingerprint(self) -> dict[str, Any]:
        own = self.model_dump(mode="json", exclude={"model", "timeout_seconds", "concurrency"}, exclude_none=True)
        if self._connection is not None and self._connection.door.test_mode:
            own["test_mode"] = True
        return {"provider": self.provider_name, "model": self.chosen_model.name, **own}

    @classmethod
    def kind_of_error(cls, reply: WireReply) -> type[VidgenError] | None:
        """The class of the vendor's error in an answer; None leaves it to the status."""
        code = cls.error_code(reply)
        return next((kind for kind, codes in cls.error_kinds.items() if code in codes), None)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """The vendor's own word for what is wrong in an answer; empty where it has none."""
        del reply
        return ""

    @staticmethod
    def seconds_to_wait(reply: WireReply) -> float | None:
        """How long the vendor asks us to wait, where it says so in its own way."""
        return reply.retry_after()

    async def validate_key(self) -> KeyCheck:
        """Whether the key works, by a free request. Raises ProviderDown when that can't be found out now."""
        try:
            return await self.ask_about_key()
        except AuthFailed as error:
            return KeyCheck(valid=False, message=error.message)
        except OutOfCredit as error:
            return KeyCheck(valid=True, message=str(error))

    @abstractmethod
    async def ask_about_key(self) -> KeyCheck:
        """Make a free request that only a good key can make, and say what it shows."""

    @abstractmethod
    def estimate(self, work: Work) -> Cost:
        """What the work will cost, rounded up to what the vendor can make and charges for."""

    def price(self, units: Decimal | int, usage: dict[str, int], *, model: str | None = None) -> Cost:
        """What so many units cost by the catalogue, of the chosen or the named model; `usage` is what was counted."""
        facts = _model_of(self.facts, model) if model else self.chosen_model
        return _cost([(Decimal(units), facts.price)], usage)

    def price_tokens(self, tokens: Tokens) -> Cost:
        """What tokens cost by the catalogue, each kind at its own price where the chosen model has one."""
        facts = self.chosen_model
        read = facts.input_price or facts.price
        new = tokens.read - tokens.cached - tokens.kept
        parts = [
            (Decimal(new), read),
            (Decimal(tokens.cached), facts.cached_input_price or read),
            (Decimal(tokens.kept), facts.cache_write_price or read),
            (Decimal(tokens.written), facts.price),
        ]
        cached = {"cached_input_tokens": tokens.cached} if tokens.cached else {}
        return _cost(parts, {"input_tokens": tokens.read, **cached, "output_tokens": tokens.written})

    async def buy(
        self, request: WireRequest, read: Callable[[WireReply], T], *, cost: Callable[[T], Cost]
    ) -> Bought[T]:
        """One paid request whose answer is the work; see `paid.buy_reply`."""
        async with self._at_work.own_places, self._at_work.places():
            return await buy_reply(self.door, self._ledger, request, read, cost)

    async def buy_job(self, job: Job[Any], into: Path) -> Bought[Downloaded]:
        """A long paid job, to its file in the folder `into`; see `jobs.buy_job`."""
        async with self._at_work.own_places, self._at_work.places():
            return await buy_job(self.door, self._ledger, job, into)

    async def discard(self, bought: Bought[Any], error: VidgenError) -> None:
        """Say that what was bought is of no use, so that the same work may be paid for anew."""
        await self._ledger.failed(bought.call, self.door.told(error))

    @property
    def _at_work(self) -> Connection:
        if self._connection is None:
            raise ProviderUnavailable(f"'{self.provider_name}' is not connected.", provider=self.provider_name)
        return self._connection

    @property
    def _ledger(self) -> Ledger:
        if self._at_work.ledger is None:
            raise ProviderUnavailable(f"'{self.provider_name}' was connected without a ledger: it can't be paid.")
        return self._at_work.ledger


def _cost(parts: Sequence[tuple[Decimal, CataloguePrice]], usage: dict[str, int]) -> Cost:
    """What so many units of each price cost together, rounded up to the smallest amount that is kept."""
    amount = sum((units * price.amount / price.unit_size for units, price in parts), Decimal(0))
    return Cost(amount=amount.quantize(_SMALLEST_AMOUNT, ROUND_UP), currency=parts[0][1].currency, usage=usage)


def _model_of(facts: Provider, name: str | None) -> CatalogueModel:
    wanted = name or facts.recommended_model
    for model in facts.models:
        if model.name == wanted:
            return model
    known = ", ".join(model.name for model in facts.models)
    raise InvalidInput(f"{facts.name} has no model '{wanted}'.", remedy=f"Choose one of: {known}.", provider=facts.id)


def _refuse_retired(facts: Provider, model: CatalogueModel, today: date) -> None:
    for what, ended_on in ((facts.name, facts.retired_on), (f"{model.name} of {facts.name}", model.retires_on)):
        if ended_on is not None and ended_on <= today:
            raise ProviderRetired(
                f"{what} ended on {ended_on:%d %B %Y}.",
                remedy=f"Choose {facts.replacement or 'another model or provider'}.",
                provider=facts.id,
            )

"""The door to one provider: everything an adapter may do on the network, and all the care that goes with it.

`send` for one answer, `poll` until a job is done, `download` for a file. Each try is bounded, recorded and masked; what
may be tried again follows the table in `network/retrying.py`. Paid requests go out through `paid.py` only.
"""

from __future__ import annotations

import asyncio
import copy
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Self, TypeVar
from uuid import UUID

from vidgen_pipeline.domain.errors import BadReply, Cancelled, NoSuchJob, ProviderDown, SubmitUnknown, VidgenError
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.http import HttpLine, Placed
from vidgen_pipeline.providers.masking import Masker, ending
from vidgen_pipeline.providers.network.addresses import check_address, origin_of
from vidgen_pipeline.providers.network.downloading import MAX_DOWNLOAD_BYTES, Download, Downloaded, Limits
from vidgen_pipeline.providers.network.failures import Failure, Judge, Lost, failure_of_error, failure_of_loss
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.pool import Departure
from vidgen_pipeline.providers.network.records import LARGE_BYTES, Exchange, Recorder, WorkContext
from vidgen_pipeline.providers.network.retrying import PATIENCE, End, Patience, Retrying
from vidgen_pipeline.providers.wire import Credentials, KeyPlace, Phase, WireReply, WireRequest, places_for

T = TypeVar("T")

HIDDEN_SECONDS = 30.0
"""How long after its submit a job may not be known yet to the vendor that took it on."""

_ASKED_TO_WAIT_AT_MOST = 300.0
_PATIENT = frozenset({Phase.POLL, Phase.DOWNLOAD})
Asked = WireRequest | Callable[[], WireRequest]
"""A request, or how to make it anew for each try: some vendors want a number in each that they have not seen before."""

_WRONG_SHAPES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


@dataclass(frozen=True)
class Read(Generic[T]):
    """What an adapter read in a good answer."""

    value: T


class Door:
    """An open door, used with `async with`. `base_url` is where the provider is asked."""

    def __init__(
        self,
        network: Network,
        *,
        provider: str,
        base_url: str,
        key_places: Sequence[KeyPlace],
        credentials: Credentials,
        judge: Judge,
        context: WorkContext,
        timeout_seconds: float,
    ) -> None:
        self.provider = provider
        self.name = judge.name
        self.base_url = base_url
        self.test_mode = network.test_mode
        self._timing = network.timing
        self._timeout_seconds = timeout_seconds
        self._trusted_origin = origin_of(network.sandbox_url) if network.sandbox_url is not None else None
        self._judge = judge
        self._breaker = network.breakers.of(provider, credentials.account)
        self._masker = Masker(credentials.parts.values())
        self._places = places_for(tuple(key_places), credentials)
        self._credentials = credentials
        self._recorder = Recorder(
            network.log,
            self._masker,
            provider=provider,
            name=judge.name,
            test_mode=self.test_mode,
            context=context,
            shown_key={place.header: _shown(place, credentials) for place in self._places if place.header},
        )
        self._purchases: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._line = HttpLine(self._placed_key, resolver=network.resolver, trusted_origin=self._trusted_origin)

    def __repr__(self) -> str:
        return f"Door({self.provider})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._line.close()

    def at(self, base_url: str) -> Door:
        """The same door, leading to another address: the one that an unfinished job was given to."""
        other = copy.copy(self)
        other.base_url = base_url
        return other

    async def send(
        self, request: Asked, read: Callable[[WireReply], T], *, cost: Callable[[T], Cost] | None = None
    ) -> T:
        """One answer to an unpaid request, as `read` makes of it. Raises ProviderError, or what `read` raises."""
        asked = _made(request)
        if asked.paid:
            raise ValueError("a paid request goes out through the ledger")
        return await self.converse(
            asked, PATIENCE[asked.phase], lambda number: self.try_once(_made(request), read, cost, number)
        )

    async def poll(
        self,
        request: Asked,
        read: Callable[[WireReply], T | None],
        *,
        every_seconds: float,
        deadline_seconds: float,
        hidden_seconds: float = HIDDEN_SECONDS,
        cost: Callable[[T], Cost] | None = None,
        call_id: UUID | None = None,
    ) -> T:
        """Ask until `read` gives something else than None. Raises ProviderDown when that takes too long.

        For the first `hidden_seconds` NoSuchJob is no answer either.
        """
        clock, began_at = self._timing.clock, self._timing.clock()
        ends_at = began_at + deadline_seconds

        def look(reply: WireReply) -> tuple[T | None, float]:
            return read(reply), self._judge.wait_of(reply) or 0.0

        def spent(seen: tuple[T | None, float]) -> Cost:
            return cost(seen[0]) if cost is not None and seen[0] is not None else FREE

        while True:
            patience = replace(PATIENCE[Phase.POLL], total_wait=max(ends_at - clock(), 0.0))
            try:
                value, asked_to_wait = await self.converse(
                    _made(request),
                    patience,
                    lambda number: self.try_once(_made(request), look, spent, number, call_id),
                )
            except NoSuchJob:
                if clock() >= began_at + hidden_seconds:
                    raise
                value, asked_to_wait = None, 0.0
            if value is not None:
                return value
            pause = every_seconds * (0.9 + 0.2 * self._timing.jitter())
            pause = max(pause, min(asked_to_wait, _ASKED_TO_WAIT_AT_MOST))
            if clock() + pause > ends_at:
                error = ProviderDown(
                    f"{self.name} did not finish within {deadline_seconds / 60:.0f} minutes.",
                    remedy="The job is remembered: generating again goes on waiting for it and pays nothing twice.",
                )
                raise self._recorder.told(error)
            await self._timing.sleep(pause)

    async def download(
        self,
        source: str | WireRequest,
        into: Path,
        *,
        expect: str,
        allowed_hosts: Sequence[str] | None = None,
        max_bytes: int = MAX_DOWNLOAD_BYTES,
    ) -> Downloaded:
        """Bring a media file into the folder `into`.

        `source` is an address that the provider handed out (no key goes there), or a request to the provider itself;
        `expect` is "video", "image" or "audio"; `allowed_hosts` such as `("*.pexels.com",)`. Raises ResultExpired when
        it is gone, BadReply when it is something else, StorageFull.
        """
        if not source:
            raise self._recorder.told(BadReply("The answer names no address to fetch from."))
        if isinstance(source, str):
            source = WireRequest(method="GET", phase=Phase.DOWNLOAD, url=source)
        limits = Limits(
            expect=expect, allowed_hosts=allowed_hosts, trusted_origin=self._trusted_origin, max_bytes=max_bytes
        )
        download = Download(self._line, self._recorder, self._judge, self._timing, limits)
        return await download.run(source, self.base_url, into)

    def alone(self, purchase: str) -> asyncio.Lock:
        """A lock for one piece of paid work: of two tasks that want the same, the second finds it bought."""
        return self._purchases[purchase]

    def told(self, error: VidgenError) -> VidgenError:
        """The error as it may be shown: with the provider's name in it, and nothing secret."""
        return self._recorder.told(error)

    def unknown(self, call_id: UUID | None, why: str = "", *, lost: str = "its answer was lost") -> VidgenError:
        """The error for a paid request of which nobody here knows whether it was carried out."""
        error = SubmitUnknown(
            f"{self.name} may or may not have carried out a paid request: {lost}. {why}".strip(),
            remedy=f"Look in your {self.name} account whether it was. Then allow it to be paid again, or choose "
            "another provider; nothing is sent again by itself.",
            reference=str(call_id or ""),
        )
        return self.told(error)

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await self._timing.sleep(seconds)

    async def converse(
        self,
        request: WireRequest,
        patience: Patience,
        attempt: Callable[[int], Awaitable[Read[T] | Failure]],
        call_id: UUID | None = None,
    ) -> T:
        """Make attempts until there is an answer, or no point in another. Raises the last one's error."""
        retrying = Retrying(request.phase, request.paid, patience)
        number = 0
        while True:
            await self._pass_breaker(request, retrying)
            number += 1
            result = await attempt(number)
            if isinstance(result, Read):
                return result.value
            following = retrying.after(result, self._timing.jitter())
            if following is End.UNKNOWN:
                raise self.unknown(call_id, result.error.message)
            if following is End.GIVE_UP:
                raise result.error
            await self._timing.sleep(following)

    async def _pass_breaker(self, request: WireRequest, retrying: Retrying) -> None:
        while request.path and (wait := self._breaker.wait_seconds()):
            if request.phase not in _PATIENT or not retrying.wait_for(wait):
                error = ProviderDown(
                    f"{self.name} failed several times in a row and is left alone for a moment.",
                    remedy="Try again in a minute.",
                    refused=True,
                )
                raise self._recorder.told(error)
            await self._timing.sleep(wait)

    async def try_once(
        self,
        request: WireRequest,
        read: Callable[[WireReply], T],
        cost: Callable[[T], Cost] | None,
        number: int,
        call_id: UUID | None = None,
    ) -> Read[T] | Failure:
        """One exchange and its record: what was read in a good answer, or what failed."""
        timing = self._timing
        url = request.url or self.base_url + request.path
        started = timing.clock()
        exchange = Exchange(started_at=timing.now(), url=url, request=request, try_number=number, call_id=call_id)
        departure = Departure()
        reply: WireReply | None = None
        status: int | None = None
        spent = FREE
        result: Read[T] | Failure
        try:
            if request.url:
                check_address(url, trusted_origin=self._trusted_origin)
            deadline = request.timeout_seconds or self._timeout_seconds
            reply = await self._line.exchange(request, url, deadline_seconds=deadline, departure=departure)
            value, spent = await self._judged(reply, request, read, cost)
            result = Read(value)
        except Lost as lost:
            result, status = failure_of_loss(lost, self.name), lost.status
        except VidgenError as error:
            result = failure_of_error(error)
        except asyncio.CancelledError:
            if departure.left:
                seconds, stopped = timing.clock() - started, Cancelled("Stopped.")
                self._recorder.note_now(replace(exchange, duration_seconds=seconds, reply=reply, error=stopped))
            raise
        error_told = self._recorder.told(result.error) if isinstance(result, Failure) else None
        if request.path:
            self._breaker.note(well=not isinstance(error_told, ProviderDown | BadReply))
        await self._recorder.note(
            replace(
                exchange,
                duration_seconds=timing.clock() - started,
                reply=reply,
                status=status,
                error=error_told,
                cost=spent,
            )
        )
        return result

    async def _judged(
        self,
        reply: WireReply,
        request: WireRequest,
        read: Callable[[WireReply], T],
        cost: Callable[[T], Cost] | None,
    ) -> tuple[T, Cost]:
        def work() -> tuple[T, Cost]:
            try:
                if (error := self._judge.error_in(reply, request)) is not None:
                    raise error
                value = read(reply)
                return value, cost(value) if cost is not None else FREE
            except _WRONG_SHAPES as error:
                raise BadReply(f"The answer is not as promised ({type(error).__name__}).") from None

        return await asyncio.to_thread(work) if len(reply.content) > LARGE_BYTES else work()

    def _placed_key(self) -> Placed:
        now = self._timing.now().timestamp()
        values = [(place, place.value(self._credentials, now)) for place in self._places]
        for place, value in values:
            if place.make is not None:
                self._masker.add(value.rpartition(" ")[2])  # without a word like Bearer before it
        return Placed(
            headers={place.header: value for place, value in values if place.header},
            query={place.query: value for place, value in values if place.query},
        )

    def without_secrets(self, reply: WireReply) -> WireReply:
        """The answer as it may be kept, even if the vendor repeats our key in it."""
        return replace(reply, headers=self._masker.headers(reply.headers), content=self._masker.content(reply.content))


def _made(request: Asked) -> WireRequest:
    return request if isinstance(request, WireRequest) else request()


def _shown(place: KeyPlace, credentials: Credentials) -> str:
    if place.make is not None:
        return "***"
    return place.template.format_map({part: ending(secret) for part, secret in credentials.parts.items()})

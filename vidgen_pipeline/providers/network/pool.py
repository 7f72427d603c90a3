"""Connections: one for each exchange, so that what never left is never in doubt.

Where an address came from a vendor, the very IP address that was checked is the one connected to.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpcore

from vidgen_pipeline.providers.network.addresses import is_public
from vidgen_pipeline.providers.network.failures import Loss, Lost

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
Headers = Sequence[tuple[bytes, bytes]]

CONNECT_SECONDS = 15.0
_SENDING = "http11.send_request_headers.started"


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """A request in the form in which it leaves, key and all."""

    method: bytes
    scheme: bytes
    host: bytes
    port: int | None
    target: bytes
    headers: Headers
    body: AsyncIterable[bytes]
    public_only: bool
    stalled_seconds: float | None


@dataclass
class Departure:
    """Whether any part of a request may have gone out; true from the moment the connection stands."""

    left: bool = False


@dataclass
class Arrival:
    """A reply whose body is still to be read. Close it in any case."""

    status: int
    headers: Headers
    body: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


class Connections:
    """Opens a connection for each request. To be closed."""

    def __init__(self, *, resolver: Resolver | None = None, trusted_origin: str | None = None) -> None:
        plain = httpcore.AnyIOBackend()
        self._plain = _pool(plain)
        self._public = _pool(PublicOnly(plain, resolver or resolve, trusted_origin))

    async def close(self) -> None:
        """Let go of every connection."""
        await self._plain.aclose()
        await self._public.aclose()

    async def send(self, dispatch: Dispatch, departure: Departure) -> Arrival:
        """Send a request and wait for the head of its answer. Raises Lost."""

        async def note(event: str, _: dict[str, Any]) -> None:
            departure.left = departure.left or event == _SENDING

        request = httpcore.Request(
            method=dispatch.method,
            url=httpcore.URL(scheme=dispatch.scheme, host=dispatch.host, port=dispatch.port, target=dispatch.target),
            headers=list(dispatch.headers),
            content=dispatch.body,
            extensions={"trace": note, "timeout": {"connect": CONNECT_SECONDS, "read": dispatch.stalled_seconds}},
        )
        pool = self._public if dispatch.public_only else self._plain
        with _explained(departure):
            response = await pool.handle_async_request(request)
        return Arrival(response.status, response.headers, _body(response), response.aclose)


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only: a name is looked up once, and one of the addresses seen is connected to."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend, resolver: Resolver, trusted_origin: str | None) -> None:
        self._inner = inner
        self._resolve = resolver
        trusted = urlsplit(trusted_origin or "")
        self._trusted = (trusted.hostname, trusted.port)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if (host, port) == self._trusted:
            return await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            addresses = await self._resolve(host, port)
        except OSError:
            raise Lost(Loss.NO_CONNECTION, left=False) from None
        if not addresses or not all(is_public(address) for address in addresses):
            raise Lost(Loss.FORBIDDEN, left=False)
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's addresses of a host. Raises OSError when it has none."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


def _pool(backend: httpcore.AsyncNetworkBackend) -> httpcore.AsyncConnectionPool:
    return httpcore.AsyncConnectionPool(
        ssl_context=_tls(), max_connections=100, max_keepalive_connections=0, network_backend=backend
    )


async def _body(response: httpcore.Response) -> AsyncIterator[bytes]:
    with _explained(Departure(left=True), status=response.status):
        async for part in response.aiter_stream():
            yield part


@contextmanager
def _explained(departure: Departure, status: int | None = None) -> Iterator[None]:
    """The library's errors as ours. Theirs may hold the address with its key: none is kept as a cause."""
    try:
        yield
    except (
        httpcore.ConnectError,
        httpcore.ConnectTimeout,
        httpcore.PoolTimeout,
        httpcore.UnsupportedProtocol,
    ) as error:
        trust = any(isinstance(cause, ssl.SSLError) for cause in error.args)
        raise Lost(Loss.NO_TRUST if trust else Loss.NO_CONNECTION, left=False, status=status) from None
    except httpcore.LocalProtocolError:
        raise Lost(Loss.UNSENDABLE, left=False, status=status) from None
    except httpcore.TimeoutException:
        raise Lost(Loss.TIMEOUT, left=departure.left, status=status) from None
    except (httpcore.NetworkError, httpcore.RemoteProtocolError):
        raise Lost(Loss.BROKEN, left=departure.left, status=status) from None

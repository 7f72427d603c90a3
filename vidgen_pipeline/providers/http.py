"""The only way out: one exchange at a time, bounded in time and size.

The key is put in below everything that is written down. This module alone knows the HTTP library. What comes out of it
is a complete `WireReply`, an open `Answer` or `Lost`: nothing that holds a key, or an address with its query. Retries,
records and errors for people are the door's (`door.py`).
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx

from vidgen_pipeline import __version__
from vidgen_pipeline.providers.network.failures import Loss, Lost
from vidgen_pipeline.providers.network.pool import Arrival, Connections, Departure, Dispatch, Resolver
from vidgen_pipeline.providers.wire import WireReply, WireRequest, written

_BLOCK = 1 << 20
_DEPARTURE, _KEYED, _STALLED = "vidgen.departure", "vidgen.keyed", "vidgen.stalled"


@dataclass(frozen=True)
class Placed:
    """A key in its places: headers and query parameters that are added when a request leaves."""

    headers: Mapping[str, str]
    query: Mapping[str, str]


class Answer:
    """An answer whose body is still arriving. Header names are lower case."""

    def __init__(self, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self.chunks = chunks


class HttpLine:
    """A line to the network for one provider and account. To be closed."""

    def __init__(
        self, key: Callable[[], Placed], *, resolver: Resolver | None = None, trusted_origin: str | None = None
    ) -> None:
        for name in ("httpx", "httpcore"):  # at INFO they write whole addresses
            logging.getLogger(name).setLevel(logging.WARNING)
        self._connections = Connections(resolver=resolver, trusted_origin=trusted_origin)
        self._client = httpx.AsyncClient(
            transport=_KeyedTransport(self._connections, key),
            headers={"User-Agent": f"vidgen_pipeline/{__version__}", "Connection": "close"},
            timeout=None,  # noqa: S113 - each exchange has a deadline as a whole
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Let go of every connection."""
        await self._client.aclose()
        await self._connections.close()

    async def exchange(
        self, request: WireRequest, url: str, *, deadline_seconds: float, departure: Departure
    ) -> WireReply:
        """Send a request to `url` and read its whole answer. Raises Lost. `departure` tells whether it left."""
        async with self.answer(
            request, url, deadline_seconds=deadline_seconds, departure=departure, encoding="gzip"
        ) as answer:
            content = bytearray()
            async for part in _decoded(answer, request.max_reply_bytes):
                content += part
            return WireReply(status=answer.status, headers=answer.headers, content=bytes(content))

    @asynccontextmanager
    async def answer(
        self,
        request: WireRequest,
        url: str,
        *,
        deadline_seconds: float,
        departure: Departure,
        stalled_seconds: float | None = None,
        encoding: str = "identity",
    ) -> AsyncIterator[Answer]:
        """Send a request to `url`; the answer's body is read by the caller, all before the deadline. Raises Lost.

        With `stalled_seconds` a server that sends nothing for so long is given up on before.
        """
        outgoing = self._outgoing(request, url, encoding)
        outgoing.extensions |= {_DEPARTURE: departure, _KEYED: not request.url, _STALLED: stalled_seconds}
        status: int | None = None
        try:
            async with asyncio.timeout(deadline_seconds):
                reply = await self._client.send(outgoing, stream=True)
                self._client.cookies.clear()
                status = reply.status_code
                try:
                    yield Answer(status, _joined(reply.headers), reply.aiter_raw())
                finally:
                    await reply.aclose()
        except TimeoutError:
            raise Lost(Loss.TIMEOUT, left=departure.left, status=status) from None
        except httpx.HTTPError:  # for one, a redirect to what is no address
            raise Lost(Loss.BROKEN, left=departure.left, status=status) from None

    def _outgoing(self, request: WireRequest, url: str, encoding: str) -> httpx.Request:
        files = {name: (part.file_name, part.content, part.media_type) for name, part in request.files.items()}
        content = request.content
        headers = {"Accept-Encoding": encoding, **request.headers}
        if isinstance(content, Path):
            headers["Content-Length"] = str(content.stat().st_size)
        try:
            return self._client.build_request(
                request.method,
                url,
                params={name: written(value) for name, value in request.query.items()} or None,
                headers=headers,
                json=request.json,
                data=dict(request.form) if request.form is not None else None,
                files=files or None,
                content=_blocks(content) if isinstance(content, Path) else content,
            )
        except (httpx.InvalidURL, ValueError, TypeError):
            raise Lost(Loss.UNSENDABLE, left=False) from None


class _KeyedTransport(httpx.AsyncBaseTransport):
    """Puts the key into a request as it leaves: the request that everything above sees never holds it."""

    def __init__(self, connections: Connections, key: Callable[[], Placed]) -> None:
        self._connections = connections
        self._key = key

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url, headers = request.url, httpx.Headers(request.headers)
        if request.extensions[_KEYED]:
            placed = self._key()
            headers.update(placed.headers)
            url = url.copy_merge_params(dict(placed.query)) if placed.query else url
        dispatch = Dispatch(
            method=request.method.encode(),
            scheme=url.raw_scheme,
            host=url.raw_host,
            port=url.port,
            target=url.raw_path,
            headers=headers.raw,
            body=cast("httpx.AsyncByteStream", request.stream),
            public_only=not request.extensions[_KEYED],
            stalled_seconds=request.extensions[_STALLED],
        )
        arrival = await self._connections.send(dispatch, request.extensions[_DEPARTURE])
        return httpx.Response(arrival.status, headers=list(arrival.headers), stream=_Body(arrival))


class _Body(httpx.AsyncByteStream):
    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._arrival.body:
            yield part

    async def aclose(self) -> None:
        await self._arrival.close()


async def _decoded(answer: Answer, most: int) -> AsyncIterator[bytes]:
    """The body, unpacked, and never more than `most` bytes of it: a small packed body may hold gigabytes."""
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise Lost(Loss.UNREADABLE, left=True, status=answer.status)
    unpack = None if coding in {"identity", ""} else zlib.decompressobj(47)  # 47: gzip or zlib, as its head says
    total = 0
    async for chunk in answer.chunks:
        packed = chunk
        while packed:
            try:
                part = unpack.decompress(packed, most - total + 1) if unpack else packed
            except zlib.error:
                raise Lost(Loss.UNREADABLE, left=True, status=answer.status) from None
            packed = unpack.unconsumed_tail if unpack else b""
            total += len(part)
            if total > most:
                raise Lost(Loss.TOO_BIG, left=True, status=answer.status)
            yield part
    if unpack and not unpack.eof and total:
        raise Lost(Loss.BROKEN, left=True, status=answer.status)


async def _blocks(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while block := await asyncio.to_thread(file.read, _BLOCK):
            yield block
    finally:
        await asyncio.to_thread(file.close)


def _joined(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}

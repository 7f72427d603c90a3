"""A vendor on a loopback port that behaves in any way a test writes down, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from vidgen_pipeline.providers.network.records import ExchangeRecord
from vidgen_pipeline.providers.network.retrying import Timing

Behaviour = Callable[["Visit"], Awaitable[None]]


@dataclass
class Seen:
    """A request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visit:
    """One connection."""

    vendor: Vendor
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self) -> Seen:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        seen = Seen(method, target, headers, body)
        self.vendor.seen.append(seen)
        return seen

    async def write(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def head(self, status: int, headers: Mapping[str, str]) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        await self.write(f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode("latin-1"))


@dataclass
class Vendor:
    """Behaves as `script` says, one entry a connection, the last one for ever."""

    script: list[Behaviour] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour = self.script[min(self.connections, len(self.script) - 1)]
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await behaviour(Visit(self, reader, writer))
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def vendor(*script: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[Vendor]:
    double = Vendor(script=list(script))
    server = await asyncio.start_server(double.visit, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    double.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield double
    finally:
        server.close()


def answers(
    body: object = b"", status: int = 200, headers: Mapping[str, str] | None = None, *, cut: int | None = None
) -> Behaviour:
    """A whole answer, JSON unless it is bytes; with `cut` the connection ends after so many bytes of it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"

    async def behave(visit: Visit) -> None:
        await visit.read()
        await visit.head(status, {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})})
        await visit.write(content[:cut])

    return behave


async def closes_before_reading(visit: Visit) -> None:
    visit.writer.transport.abort()


async def closes_after_reading(visit: Visit) -> None:
    await visit.read()


async def drips(visit: Visit) -> None:
    """A byte now and then, for ever."""
    await visit.read()
    await visit.head(200, {"Content-Type": "application/json", "Content-Length": "1000000"})
    while True:
        await visit.write(b" ")
        await asyncio.sleep(0.02)


async def drips_headers(visit: Visit) -> None:
    await visit.read()
    await visit.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        await visit.write(b"X-Slow: yes\r\n")
        await asyncio.sleep(0.02)


async def says_nothing(visit: Visit) -> None:
    await visit.read()
    await asyncio.sleep(3600)


async def never_stops(visit: Visit) -> None:
    """A body without end or length."""
    await visit.read()
    await visit.head(200, {"Content-Type": "application/json"})
    while True:
        await visit.write(b"x" * 65536)


def bomb() -> Behaviour:
    """Fifty megabytes in fifty kilobytes."""
    return answers(gzip.compress(b"0" * 50_000_000), headers={"Content-Encoding": "gzip"})


async def speaks_no_http(visit: Visit) -> None:
    await visit.read()
    await visit.write(b"220 mail.example.test ESMTP ready\r\n")


class FakeTime:
    """A clock that only waiting moves, and that remembers the waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.now += seconds
        await asyncio.sleep(0)

    def timing(self) -> Timing:
        start = datetime.now(UTC)
        return Timing(
            clock=lambda: self.now,
            now=lambda: start + timedelta(seconds=self.now),
            sleep=self.sleep,
            jitter=lambda: 0.5,
        )


@dataclass
class Kept:
    """A log that keeps its records in a list."""

    records: list[ExchangeRecord] = field(default_factory=list)

    def put(self, record: ExchangeRecord) -> None:
        self.records.append(record)

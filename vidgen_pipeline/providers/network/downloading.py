"""Bringing a file in: sniffed, hashed, bounded, and gone on with where it broke off."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from vidgen_pipeline.domain.errors import BadReply, Cancelled, ProviderError, VidgenError, storage_error
from vidgen_pipeline.providers.http import Answer, HttpLine
from vidgen_pipeline.providers.network.addresses import check_address
from vidgen_pipeline.providers.network.failures import (
    Failure,
    Judge,
    Loss,
    Lost,
    failure_of_error,
    failure_of_loss,
)
from vidgen_pipeline.providers.network.pool import Departure
from vidgen_pipeline.providers.network.records import Exchange, Recorder
from vidgen_pipeline.providers.network.retrying import PATIENCE, End, Retrying, Timing
from vidgen_pipeline.providers.network.sniffing import EXTENSIONS, HEAD_BYTES, media_type_of
from vidgen_pipeline.providers.wire import Phase, WireReply, WireRequest

MAX_DOWNLOAD_BYTES = 1_000_000_000
DOWNLOAD_SECONDS = 900.0
STALLED_SECONDS = 45.0
MAX_HOPS = 3

_BUFFER = 1 << 20
_ERROR_BODY_BYTES = 64_000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, kw_only=True)
class Downloaded:
    """A file that came in. Its name is ours: the beginning of its SHA-256, and what its first bytes say it is."""

    path: Path
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What may come in, and from where. `expect` is the kind of media: "video", "image" or "audio"."""

    expect: str
    allowed_hosts: Sequence[str] | None = None
    trusted_origin: str | None = None
    max_bytes: int = MAX_DOWNLOAD_BYTES
    deadline_seconds: float = DOWNLOAD_SECONDS
    stalled_seconds: float = STALLED_SECONDS


@dataclass
class _Part:
    """The beginning of a file on disk, with what it takes to go on."""

    path: Path
    size: int = 0
    validator: str | None = None
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, block: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(block)
        self.digest.update(block)
        self.size += len(block)

    def start_over(self) -> None:
        self.path.write_bytes(b"")
        self.size, self.validator, self.digest = 0, None, hashlib.sha256()


@dataclass
class _Hop:
    """What is known of one exchange of a download while it goes on."""

    exchange: Exchange
    size_before: int
    reply: WireReply | None = None
    status: int | None = None


class Download:
    """One download: any number of tries, each of them recorded."""

    def __init__(self, line: HttpLine, recorder: Recorder, judge: Judge, timing: Timing, limits: Limits) -> None:
        self._line = line
        self._recorder = recorder
        self._judge = judge
        self._timing = timing
        self._limits = limits
        self._tries = 0

    async def run(self, request: WireRequest, base_url: str, into: Path) -> Downloaded:
        """Bring the file into the folder `into`. Raises ProviderError, StorageFull or InvalidInput."""
        part = _Part(into / f".{uuid.uuid4().hex}.part")
        retrying = Retrying(Phase.DOWNLOAD, paid=False, patience=PATIENCE[Phase.DOWNLOAD])
        ends_at = self._timing.clock() + self._limits.deadline_seconds
        try:
            await asyncio.to_thread(part.start_over)
            while failure := await self._try(request, base_url, part, ends_at):
                wait = retrying.after(failure, self._timing.jitter())
                if isinstance(wait, End) or self._timing.clock() + wait > ends_at:
                    raise self._recorder.told(failure.error)
                await self._timing.sleep(wait)
            return await asyncio.to_thread(self._finished, part, into)
        except OSError as error:
            raise storage_error(error, into) from None
        finally:
            part.path.unlink(missing_ok=True)

    async def _try(self, request: WireRequest, base_url: str, part: _Part, ends_at: float) -> Failure | None:
        """Follow the address to its file and take in what comes."""
        for _ in range(MAX_HOPS + 1):
            target = await self._hop(request, base_url, part, ends_at)
            if not isinstance(target, str):
                return target
            request = WireRequest(method="GET", phase=Phase.DOWNLOAD, url=target)
        return Failure(
            BadReply(f"{self._judge.name} sends its files round in circles."), may_have_arrived=True, final=True
        )

    async def _hop(self, request: WireRequest, base_url: str, part: _Part, ends_at: float) -> Failure | str | None:
        """One exchange: None when the file is complete, an address when it lies elsewhere, or what failed."""
        self._tries += 1
        url = request.url or base_url + request.path
        started, departure = self._timing.clock(), Departure()
        hop = _Hop(Exchange(started_at=self._timing.now(), url=url, request=request, try_number=self._tries), part.size)
        result: Failure | str | None
        try:
            if request.url:
                check_address(url, allowed_hosts=self._limits.allowed_hosts, trusted_origin=self._limits.trusted_origin)
            asked = _asking_for_rest(request, part)
            async with self._line.answer(
                asked,
                url,
                deadline_seconds=max(ends_at - started, 1),
                departure=departure,
                stalled_seconds=self._limits.stalled_seconds,
            ) as answer:
                result = await self._answered(answer, asked, url, part, hop)
        except Lost as lost:
            hop.status, result = lost.status, failure_of_loss(lost, self._judge.name)
        except VidgenError as error:
            result = Failure(error, may_have_arrived=True, final=True)
        except (asyncio.CancelledError, OSError):
            if departure.left:
                self._note(hop, part, self._timing.clock() - started, Cancelled("The download was stopped."))
            raise
        failed = self._recorder.told(result.error) if isinstance(result, Failure) else None
        self._note(hop, part, self._timing.clock() - started, failed)
        return result

    async def _answered(
        self, answer: Answer, asked: WireRequest, url: str, part: _Part, hop: _Hop
    ) -> Failure | str | None:
        hop.reply = WireReply(status=answer.status, headers=answer.headers)
        if answer.status in _REDIRECTS:
            return urljoin(url, answer.headers.get("location", ""))
        if answer.status in {200, 206}:
            await self._take_in(answer, part)
            return None
        hop.reply = replace(hop.reply, content=await _beginning(answer.chunks))
        return await self._refused(hop.reply, asked, part)

    def _note(self, hop: _Hop, part: _Part, seconds: float, error: VidgenError | None) -> None:
        received = None
        if hop.reply is not None and part.size:
            received = {
                "type": hop.reply.media_type,
                "size_bytes": part.size - hop.size_before,
                "sha256": part.digest.hexdigest(),
            }
        self._recorder.note_now(
            replace(
                hop.exchange,
                duration_seconds=seconds,
                reply=hop.reply,
                status=hop.status,
                received=received,
                error=error,
            )
        )

    async def _refused(self, reply: WireReply, asked: WireRequest, part: _Part) -> Failure:
        if reply.status == 416:  # what we have is no beginning of what is there
            await asyncio.to_thread(part.start_over)
            return failure_of_loss(Lost(Loss.BROKEN, left=True), self._judge.name)
        error = self._judge.error_in(reply, asked) or ProviderError(
            f"{self._judge.name} sent no file (HTTP {reply.status})."
        )
        return failure_of_error(error)

    async def _take_in(self, answer: Answer, part: _Part) -> None:
        """Write the body behind what is there. Raises Lost when it stops short or is too big."""
        if answer.headers.get("content-encoding", "identity") not in {"identity", ""}:
            raise Lost(Loss.UNREADABLE, left=True, status=answer.status)
        first, total = _range_of(answer)
        if first != part.size or answer.status == 200:
            await asyncio.to_thread(part.start_over)
            if first:
                raise Lost(Loss.BROKEN, left=True, status=answer.status)
        part.validator = _validator(answer.headers)
        buffer = bytearray()
        try:
            async for chunk in answer.chunks:
                buffer += chunk
                if part.size + len(buffer) > self._limits.max_bytes:
                    raise Lost(Loss.TOO_BIG, left=True, status=answer.status)
                if len(buffer) >= _BUFFER:
                    block, buffer = bytes(buffer), bytearray()
                    await asyncio.to_thread(part.write, block)
        finally:
            part.write(bytes(buffer))
        if total is not None and part.size != total:
            raise Lost(Loss.BROKEN, left=True, status=answer.status)

    def _finished(self, part: _Part, into: Path) -> Downloaded:
        with part.path.open("rb") as file:
            media_type = media_type_of(file.read(HEAD_BYTES))
        if media_type is None or not media_type.startswith(f"{self._limits.expect}/"):
            what = media_type or ("an empty file" if not part.size else "something that is no media file")
            error = BadReply(f"{self._judge.name} sent {what} where {self._limits.expect} was expected.")
            raise self._recorder.told(error)
        sha256 = part.digest.hexdigest()
        path = into / f"{sha256[:32]}.{EXTENSIONS[media_type]}"
        part.path.replace(path)
        return Downloaded(path=path, media_type=media_type, size_bytes=part.size, sha256=sha256)


def _asking_for_rest(request: WireRequest, part: _Part) -> WireRequest:
    """The request for what is still missing, if the server told how to know the same file again."""
    if not part.size or part.validator is None:
        return request
    wanted = {"Range": f"bytes={part.size}-", "If-Range": part.validator}
    return WireRequest(
        method=request.method,
        phase=request.phase,
        path=request.path,
        url=request.url,
        query=request.query,
        headers={**request.headers, **wanted},
    )


def _validator(headers: Mapping[str, str]) -> str | None:
    tag = headers.get("etag", "")
    return tag if tag.startswith('"') else headers.get("last-modified")


def _range_of(answer: Answer) -> tuple[int, int | None]:
    """Where in the file the body begins, and how long the whole file is, as far as the server says."""
    length = answer.headers.get("content-length", "")
    size = int(length) if length.isdecimal() else None
    if answer.status == 200:
        return 0, size
    first, _, rest = answer.headers.get("content-range", "").removeprefix("bytes ").partition("-")
    total = rest.rpartition("/")[2]
    if not first.isdecimal():
        raise Lost(Loss.UNREADABLE, left=True, status=answer.status)
    return int(first), int(total) if total.isdecimal() else None


async def _beginning(chunks: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) >= _ERROR_BODY_BYTES:
            break
    return bytes(content)

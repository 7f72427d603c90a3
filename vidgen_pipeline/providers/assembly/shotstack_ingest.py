"""Shotstack's Ingest: files put there for the length of a render, and deleted after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from vidgen_pipeline.domain.errors import ProviderError, VidgenError
from vidgen_pipeline.providers.assembly.shotstack_files import HostedFile
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment
from vidgen_pipeline.runtime.together import all_or_nothing

_AT_ONCE = 4
_PUT_SECONDS = 900.0
_READY_SECONDS = 600
_CLEAN_UP_SECONDS = 30
_ENDED = frozenset({"failed", "deleted", "overwritten"})


class _Upload(WireModel):
    id: str
    url: str


class _Source(WireModel):
    status: str = ""
    source: str | None = None


class _UploadData(WireModel):
    attributes: _Upload


class _SourceData(WireModel):
    attributes: _Source


class _UploadAnswer(WireModel):
    data: _UploadData


class _SourceAnswer(WireModel):
    data: _SourceData


@asynccontextmanager
async def lent(
    files: Sequence[HostedFile], door: Door, environment: str, progress: Callable[[float], None]
) -> AsyncIterator[dict[str, str]]:
    """The address of each file by its name. When the film is ended or given up, all that was uploaded is deleted.

    What breaks off for a cause of ours, the database for instance, may be gone on with: the film is then still being
    made from these files, and paid for.
    """
    sources: list[str] = []
    try:
        addresses = await _upload_all(files, door, environment, sources, progress)
    except BaseException:
        await _delete_all(sources, door, environment)
        raise
    try:
        yield addresses
    except (VidgenError, asyncio.CancelledError):
        await _delete_all(sources, door, environment)
        raise
    await _delete_all(sources, door, environment)


async def _upload_all(
    files: Sequence[HostedFile], door: Door, environment: str, sources: list[str], progress: Callable[[float], None]
) -> dict[str, str]:
    """`sources` gets the number of each upload as soon as there is one."""
    places = asyncio.Semaphore(_AT_ONCE)
    addresses: dict[str, str] = {}

    async def upload(file: HostedFile) -> None:
        async with places:
            source, url = await door.send(build_upload(environment), read_upload)
            sources.append(source)
            await door.send(build_put(url, file), lambda _: None)
            addresses[file.name] = await door.poll(
                build_source(source, environment), read_source, every_seconds=3, deadline_seconds=_READY_SECONDS
            )
            progress(len(addresses) / len(files))

    async with all_or_nothing() as group:
        for file in files:
            group.create_task(upload(file))
    return addresses


async def _delete_all(sources: Sequence[str], door: Door, environment: str) -> None:
    """As far as that can be done: a film is worth more than a file left behind, which stands in the log."""

    async def delete(source: str) -> None:
        try:
            await door.send(build_delete(source, environment), lambda _: None)
        except VidgenError:
            return

    try:
        async with asyncio.timeout(_CLEAN_UP_SECONDS):
            await asyncio.gather(*(delete(source) for source in sources))
    except TimeoutError:
        return


def build_upload(environment: str) -> WireRequest:
    """A place for one file."""
    return WireRequest(method="POST", path=f"/ingest/{environment}/upload", phase=Phase.READ)


def read_upload(reply: WireReply) -> tuple[str, str]:
    """The number of the place, and the address that takes the file."""
    upload = reply.read(_UploadAnswer).data.attributes
    return upload.id, upload.url


def build_put(url: str, file: HostedFile) -> WireRequest:
    """The file itself."""
    return WireRequest(
        method="PUT",
        url=url,
        headers={"Content-Type": file.media_type},
        content=file.path,
        phase=Phase.READ,
        timeout_seconds=_PUT_SECONDS,
    )


def build_source(source: str, environment: str) -> WireRequest:
    """How far a file is."""
    return WireRequest(method="GET", path=f"/ingest/{environment}/sources/{segment(source)}", phase=Phase.POLL)


def read_source(reply: WireReply) -> str | None:
    """The address of a file that is there, None while it is not. Raises ProviderError when it never will be."""
    found = reply.read(_SourceAnswer).data.attributes
    if found.status in _ENDED:
        raise ProviderError(f"Shotstack could not take in a file of the video: it is {found.status}.")
    return found.source if found.status == "ready" else None


def build_delete(source: str, environment: str) -> WireRequest:
    """The end of a file."""
    return WireRequest(method="DELETE", path=f"/ingest/{environment}/sources/{segment(source)}", phase=Phase.CANCEL)

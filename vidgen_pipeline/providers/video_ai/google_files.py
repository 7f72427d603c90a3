"""Bringing in what Google made: from its Files API, which wants the key, or out of the answer itself."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from pathlib import Path

from vidgen_pipeline.domain.errors import BadReply, ProviderError, storage_error
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.network.sniffing import EXTENSIONS, HEAD_BYTES, media_type_of
from vidgen_pipeline.providers.video_ai.talk import MadeClip, get, job_error
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment

MAX_INLINE_BYTES = 100_000_000

_NAME = re.compile(r"/files/([A-Za-z0-9_-]+)(?=$|[:/?])")
_READY_WITHIN_SECONDS = 600


class _File(WireModel):
    state: str = ""


async def fetch_clip(door: Door, root: str, made: MadeClip, into: Path) -> Downloaded:
    """The clip as a file in the folder `into`."""
    if made.content:
        return await asyncio.to_thread(_written, made.content, into)
    name = name_in(made.address)
    await door.poll(build_file(root, name), read_ready, every_seconds=2, deadline_seconds=_READY_WITHIN_SECONDS)
    return await door.download(build_download(root, name), into, expect="video")


def name_in(address: str) -> str:
    """The file's name in its address. The host in it is not asked: the key goes to the provider's own only."""
    found = _NAME.search(address)
    if found is None:
        raise BadReply("The answer names no file.")
    return found.group(1)


def build_file(root: str, name: str) -> WireRequest:
    """How far the file is."""
    return get(Phase.POLL, f"{root}/files/{segment(name)}")


def build_download(root: str, name: str) -> WireRequest:
    """The file itself."""
    return get(Phase.DOWNLOAD, f"{root}/files/{segment(name)}:download", alt="media")


def read_ready(reply: WireReply) -> bool | None:
    """Whether the file can be fetched; None while it is worked on. Raises ProviderError when it never will be."""
    state = reply.read(_File).state
    if state == "FAILED":
        raise job_error("veo", "The file could not be prepared.", ProviderError)
    return True if state == "ACTIVE" else None


def inline_content(data: str) -> bytes:
    """A clip that stands in the answer itself. Raises BadReply."""
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise BadReply("The answer's clip is not written in base64.") from None


def _written(content: bytes, into: Path) -> Downloaded:
    media_type = media_type_of(content[:HEAD_BYTES])
    if media_type is None or not media_type.startswith("video/"):
        raise BadReply("The clip in the answer is no video.")
    digest = hashlib.sha256(content).hexdigest()
    path = into / f"{digest[:32]}.{EXTENSIONS[media_type]}"
    try:
        path.write_bytes(content)
    except OSError as error:
        raise storage_error(error, path) from None
    return Downloaded(path=path, media_type=media_type, size_bytes=len(content), sha256=digest)

"""Addresses at which a vendor that takes no uploads fetches the files of a timeline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import ProviderUnavailable
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest


class _Lent(WireModel):
    url: str


async def public_addresses(
    door: Door, timeline: Timeline, local_file: Callable[[Artifact], Path], public_address: str | None
) -> dict[str, str]:
    """Where each file of the timeline can be fetched, by its key; `public_address` is the artifact store's, if any.

    Raises ProviderUnavailable when nowhere.
    """
    artifacts = {artifact.key: artifact for artifact in _artifacts(timeline)}
    if door.test_mode:
        lend = (door.send(build_loan(key, local_file(file)), read_loan) for key, file in artifacts.items())
        return dict(zip(artifacts, await asyncio.gather(*lend), strict=True))
    address = (public_address or "").rstrip("/")
    if urlsplit(address).scheme not in {"http", "https"}:
        raise ProviderUnavailable(
            f"{door.name} can't be used here: it fetches pictures and sound from public addresses, and the files of "
            "this installation have none.",
            remedy=f"Set `public_address` of {door.provider} to a web address under which everybody can read the "
            "artifact folder, or choose another assembly provider.",
            provider=door.provider,
        )
    return {key: f"{address}/{quote(key)}" for key in artifacts}


def build_loan(key: str, path: Path) -> WireRequest:
    """In test mode the sandbox stands in for a public address: a file is left there, and nothing is public."""
    return WireRequest(method="PUT", path=f"/public-files/{quote(key)}", content=path, phase=Phase.READ)


def read_loan(reply: WireReply) -> str:
    """Where the file can be fetched from."""
    return reply.read(_Lent).url


def _artifacts(timeline: Timeline) -> list[Artifact]:
    files = [file for scene in timeline.scenes for file in (scene.source.file, scene.narration)]
    files += [timeline.music.file] if timeline.music else []
    return files + ([timeline.logo.file] if timeline.logo else [])

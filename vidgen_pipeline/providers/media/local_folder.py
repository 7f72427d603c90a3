"""The person's own photos and clips, chosen by what their names say."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import PrivateAttr

from vidgen_pipeline.domain.errors import MediaRejected, storage_error
from vidgen_pipeline.domain.media import Attribution, MediaCandidate, MediaKind, MediaQuery
from vidgen_pipeline.providers.base import MediaProvider, ProviderResult
from vidgen_pipeline.providers.media.clean_media import RECIPE, check_clip_called, write_clean_photo
from vidgen_pipeline.providers.media.folder_scan import MediaFile, MediaLibrary, printable, scan_media
from vidgen_pipeline.providers.media.name_match import rank

__all__ = ["LocalFolderProvider", "MediaFile", "MediaLibrary", "scan_media"]

LICENCE = "Provided by you"


class LocalFolderProvider(MediaProvider):
    """Offers every usable file of the folders it was given; without folders it has nothing to offer."""

    provider_name: ClassVar[str] = "local_folder"

    _library: MediaLibrary = PrivateAttr(default_factory=MediaLibrary)

    def with_folders(self, folders: Sequence[Path]) -> LocalFolderProvider:
        """This provider, for these folders (and files named singly). Raises InvalidInput like `scan_media`."""
        return self.with_library(scan_media(folders))

    def with_library(self, library: MediaLibrary) -> LocalFolderProvider:
        """This provider, for a library that was scanned before."""
        provider = self.model_copy()
        provider._library = library  # noqa: SLF001 - of its own class
        return provider

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each file of the folders that can't be used."""
        return self._library.warnings

    def fingerprint(self) -> dict[str, Any]:
        digest = hashlib.sha256()
        for file in self._library.files:
            digest.update(f"{file.locator}\n{file.size_bytes}\n{file.modified_ns}\n".encode())
        return {**super().fingerprint(), "files": digest.hexdigest(), "recipe": RECIPE}

    async def search(self, query: MediaQuery) -> list[MediaCandidate]:
        ranked = await asyncio.to_thread(rank, self._library.files, query)
        return [_candidate(file) for file in ranked]

    async def fetch(self, candidate: MediaCandidate, query: MediaQuery, scratch: Path) -> ProviderResult[Path]:
        """Bring a photo in as a plain RGB JPEG, or a clip as a copy that was decoded to its end."""
        file = next((file for file in self._library.files if file.locator == candidate.locator), None)
        if file is None:
            raise MediaRejected(f"{candidate.attribution.title} is not among your photos and clips any more.")
        name = file.locator.partition("/")[0]
        try:
            if file.kind is MediaKind.PHOTO:
                target = scratch / f"{name}.jpg"
                await asyncio.to_thread(write_clean_photo, file.path, target)
            else:
                target = scratch / f"{name}{file.path.suffix.lower()}"
                await asyncio.to_thread(_copy, file.path, target)
                await check_clip_called(target, file.name)  # the copy: what was checked is what is used
        except MediaRejected as error:
            raise MediaRejected(printable(error.message), remedy=error.remedy, provider=self.provider_name) from error
        return ProviderResult(data=target, model="match-1")


def _candidate(file: MediaFile) -> MediaCandidate:
    # Attributions may be published with the video: they must not tell where on whose disk the file lies.
    return MediaCandidate(
        kind=file.kind,
        locator=file.locator,
        width=file.width,
        height=file.height,
        duration_ms=file.duration_ms,
        attribution=Attribution(title=file.name, licence=LICENCE, source=LocalFolderProvider.provider_name),
    )


def _copy(source: Path, target: Path) -> None:
    try:
        readable = source.open("rb")
    except OSError as error:
        raise MediaRejected(f"{source.name} can't be read any more: {error.strerror}.") from error
    with readable:
        try:
            with target.open("wb") as writable:
                shutil.copyfileobj(readable, writable, 1 << 20)
        except OSError as error:
            raise storage_error(error, target) from error

"""The artifact store: files named by their content, written once, never changed.

A file is first written beside its place and then renamed, so a half-written one is never seen. Names are made here from
hashes; no name from outside reaches the file system.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Collection
from pathlib import Path

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import NotFound, storage_error

MEDIA_TYPES = {
    "ass": "text/x-ssa",
    "jpg": "image/jpeg",
    "json": "application/json",
    "m4v": "video/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "opus": "audio/ogg",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "png": "image/png",
    "srt": "application/x-subrip",
    "txt": "text/plain",
    "vtt": "text/vtt",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
}
_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,5}")


class ArtifactStore:
    """A folder of artifacts on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_file(self, path: Path) -> Artifact:
        """Take in a copy of `path`; its extension says what it is. Raises StorageFull or InvalidInput when it can't."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        artifact = _describe(digest.hexdigest(), path.stat().st_size, path.suffix[1:].lower())
        target = self._folder / artifact.key
        if target.exists():
            target.touch()  # it is needed anew: no clean-up may take it before a row names it
        else:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                partial = target.with_name(f".{uuid.uuid4().hex}.partial")
                try:
                    shutil.copyfile(path, partial)
                    partial.replace(target)
                finally:
                    partial.unlink(missing_ok=True)
            except OSError as error:
                raise storage_error(error, self._folder) from error
        return artifact

    def put_text(self, text: str, extension: str, scratch: Path) -> Artifact:
        """Take in a UTF-8 text file."""
        path = scratch / f"{uuid.uuid4().hex}.{extension}"
        try:
            path.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise storage_error(error, scratch) from error
        return self.put_file(path)

    def path(self, artifact: Artifact) -> Path:
        """Where the artifact's bytes are. Raises NotFound when they are gone."""
        if not _KEY.fullmatch(artifact.key):
            raise NotFound("An artifact has a name that this store never gave.")
        path = self._folder / artifact.key
        if not path.is_file():
            raise NotFound(
                f"A file that an earlier step made ({artifact.media_type}) is no longer in the artifact store.",
                remedy="Make the video again with --fresh.",
            )
        return path

    def remove_unused(self, used: Collection[str], *, older_than: float) -> list[int]:
        """Remove the files whose SHA-256 is not `used` and that nobody put in since; returns their sizes.

        `older_than` is in seconds since 1970.
        """
        removed = []
        for file in self._folder.glob("*/*"):
            status = file.stat()
            is_ours = _KEY.fullmatch(f"{file.parent.name}/{file.name}") or file.suffix == ".partial"
            if is_ours and file.stem not in used and status.st_mtime < older_than:
                file.unlink(missing_ok=True)
                removed.append(status.st_size)
        return removed

    def has(self, artifact: Artifact) -> bool:
        """Whether the bytes are here, whole."""
        path = self._folder / artifact.key
        return bool(_KEY.fullmatch(artifact.key)) and path.is_file() and path.stat().st_size == artifact.size_bytes


def _describe(sha256: str, size: int, extension: str) -> Artifact:
    return Artifact(
        key=f"{sha256[:2]}/{sha256}.{extension}",
        sha256=sha256,
        size_bytes=size,
        media_type=MEDIA_TYPES[extension],
    )

"""Rendered segments, kept by what they show, so that a change re-renders only what it touches.

An entry is two files named by the segment's key: the film, and a note written last that makes the entry count. Both
are put in place by renaming, so any number of processes may read, write and clear up at the same time, and a kill
leaves nothing that could be taken for a segment. What is read is checked against the note's checksum.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import uuid
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

LARGEST_BYTES = 2_000_000_000
"""What the cache may take of the disk unless told otherwise; the entries not used for longest go first."""

_LEFT_BEHIND_SECONDS = 3600


class _Note(BaseModel):
    model_config = ConfigDict(frozen=True)

    sha256: str
    sheet: str


@dataclass(frozen=True)
class SegmentCache:
    """A folder of rendered segments. It never stands in the way: what can't be read or kept is rendered anew."""

    folder: Path
    largest_bytes: int = LARGEST_BYTES

    def take(self, key: str, film: Path, sheet: Path) -> bool:
        """Bring the segment to `film` and its sheet to `sheet`; False when it isn't here whole."""
        kept, note = self._files(key)
        try:
            noted = _Note.model_validate_json(note.read_bytes())
            _same_or_copy(kept, film)
            if _sha256(film) != noted.sha256:
                raise ValueError("the film is not the one that was kept")
            sheet.write_bytes(zlib.decompress(b64decode(noted.sheet)))
            now = time.time()
            for file in (kept, note):
                os.utime(file, (now, now))
        except FileNotFoundError:
            film.unlink(missing_ok=True)
            return False
        except (OSError, ValueError, ValidationError, zlib.error):
            film.unlink(missing_ok=True)
            self._remove(key)
            return False
        return True

    def keep(self, key: str, film: Path, sheet: Path) -> None:
        """Keep a finished, checked segment, and clear up when there is too much."""
        kept, note = self._files(key)
        noted = _Note(sha256=_sha256(film), sheet=b64encode(zlib.compress(sheet.read_bytes())).decode())
        partial = self.folder / f".{uuid.uuid4().hex}"
        with contextlib.suppress(OSError):
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(film, partial)
                partial.replace(kept)
                partial.write_text(noted.model_dump_json(), encoding="utf-8")
                partial.replace(note)
            finally:
                partial.unlink(missing_ok=True)
            self._clear_up()

    def _files(self, key: str) -> tuple[Path, Path]:
        return self.folder / f"{key}.mp4", self.folder / f"{key}.json"

    def _remove(self, key: str) -> None:
        film, note = self._files(key)
        with contextlib.suppress(OSError):
            note.unlink(missing_ok=True)
            film.unlink(missing_ok=True)

    def _clear_up(self) -> None:
        """Remove what was left behind by a kill, then the entries that were not used for longest."""
        entries: dict[str, tuple[float, int]] = {}
        for file in self.folder.iterdir():
            try:
                status = file.stat()
            except FileNotFoundError:  # another process clears up, too
                continue
            if file.name.startswith("."):
                if status.st_mtime < time.time() - _LEFT_BEHIND_SECONDS:
                    file.unlink(missing_ok=True)
                continue
            used, size = entries.get(file.stem, (0.0, 0))
            entries[file.stem] = max(used, status.st_mtime), size + status.st_size
        excess = sum(size for _, size in entries.values()) - self.largest_bytes
        for key in sorted(entries, key=lambda key: entries[key][0]):
            if excess <= 0:
                break
            self._remove(key)
            excess -= entries[key][1]


def _same_or_copy(source: Path, target: Path) -> None:
    """The same file under another name where the disk can do that; removing one then leaves the other."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

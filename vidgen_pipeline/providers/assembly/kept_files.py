"""Finished files, kept by what they were made of, each with a record of what its check found.

An entry is two files named by its key: the content, and a note written last that makes the entry count. Both are put
in place by renaming, so any number of processes may read, write and clear up at the same time, and a kill leaves
nothing that could be taken for an entry. What is read is checked against the note's checksum.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

_LEFT_BEHIND_SECONDS = 3600

Record = TypeVar("Record", bound=BaseModel)


class _Note(BaseModel):
    """`sha256` is of the content and of the record."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    record: str


@dataclass(frozen=True)
class KeptFiles:
    """A folder of files of one kind. It never stands in the way: what can't be read or kept is made anew.

    It takes `largest_bytes` of the disk at most; the entries not used for longest go first.
    """

    folder: Path
    largest_bytes: int

    def take(self, key: str, target: Path, record: type[Record]) -> Record | None:
        """Bring the file to `target`, of the suffix it was kept with; its record, or None when it isn't here whole."""
        kept, note = self._files(key, target.suffix)
        try:
            noted = _Note.model_validate_json(note.read_bytes())
            _same_or_copy(kept, target)
            if _sha256(target, noted.record) != noted.sha256:
                raise ValueError("the file is not the one that was kept")
            found = record.model_validate_json(noted.record)
            now = time.time()
            for file in (kept, note):
                os.utime(file, (now, now))
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            return None
        except (OSError, ValueError, ValidationError):
            target.unlink(missing_ok=True)
            self._remove(key)
            return None
        return found

    def keep(self, key: str, file: Path, record: BaseModel) -> None:
        """Keep a finished, checked file, and clear up when there is too much."""
        kept, note = self._files(key, file.suffix)
        said = record.model_dump_json()
        noted = _Note(sha256=_sha256(file, said), record=said)
        partial = self.folder / f".{uuid.uuid4().hex}"
        with contextlib.suppress(OSError):
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, partial)
                partial.replace(kept)
                partial.write_text(noted.model_dump_json(), encoding="utf-8")
                partial.replace(note)
            finally:
                partial.unlink(missing_ok=True)
            self._clear_up()

    def _files(self, key: str, suffix: str) -> tuple[Path, Path]:
        return self.folder / f"{key}{suffix}", self.folder / f"{key}.json"

    def _remove(self, key: str) -> None:
        with contextlib.suppress(OSError):
            # The note goes first: without it nothing is an entry.
            for file in sorted(self.folder.glob(f"{key}.*"), key=lambda file: file.suffix != ".json"):
                file.unlink(missing_ok=True)

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


def _sha256(path: Path, record: str) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(record.encode())
    return digest.hexdigest()

"""The one folder in which everything the product keeps is found."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vidgen_pipeline.domain.errors import InvalidInput, storage_error

_ROOTS_HOME = Path("/var/lib/vidgen_pipeline")


@dataclass(frozen=True)
class Home:
    """Where all state lives: database, videos, work in progress, the engine's own files, caches and logs.

    Two homes know nothing of each other. Move or copy the folder of a stopped product and everything has come along;
    delete it and nothing is left (but see `postgres.place`: a home that Postgres can't reach keeps its data elsewhere,
    and says where).
    """

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """`VIDGEN_HOME`, else `/var/lib/vidgen_pipeline` for root and the user's own data folder for anyone else."""
        if named := os.environ.get("VIDGEN_HOME"):
            return cls(Path(named).expanduser().resolve())
        if os.geteuid() == 0:
            return cls(_ROOTS_HOME)
        data = Path(os.environ.get("XDG_DATA_HOME", ""))
        if not data.is_absolute():  # empty, or not to be trusted: a relative one would move with the working folder
            try:
                data = Path.home() / ".local/share"
            except RuntimeError as error:
                raise InvalidInput(
                    "This account has no home folder to keep videos in.", remedy="Name a folder in VIDGEN_HOME."
                ) from error
        return cls((data / "vidgen_pipeline").resolve())

    @property
    def postgres(self) -> Path:
        """The embedded database server's folder."""
        return self.root / "pg"

    @property
    def artifacts(self) -> Path:
        """Finished videos and what they are made of."""
        return self.root / "artifacts"

    @property
    def scratch(self) -> Path:
        """Files of steps in flight; worthless once nothing runs."""
        return self.root / "scratch"

    @property
    def dagster(self) -> Path:
        """The engine's DAGSTER_HOME."""
        return self.root / "dagster"

    @property
    def cache(self) -> Path:
        """What can be made again at the cost of time."""
        return self.root / "cache"

    @property
    def styles(self) -> Path:
        """Caption styles of the person's own, a file each; there only where somebody made it."""
        return self.root / "styles"

    @property
    def looks(self) -> Path:
        """Looks of the person's own, a file each, with their logos; there only where somebody made it."""
        return self.root / "looks"

    @property
    def keys(self) -> Path:
        """The master key that secrets in the database are encrypted with."""
        return self.root / "keys"

    @property
    def archive(self) -> Path:
        """What the database no longer keeps; there only where the operator asked for it."""
        return self.root / "archive"

    @property
    def logs(self) -> Path:
        """One file for each program that `vidgen up` runs."""
        return self.root / "logs"

    def create(self) -> None:
        """Make the folders, private to their owner, where they are missing.

        As root the way to the database's folder stays open for passing through (not for reading), because Postgres
        runs under another account. A folder that is there already keeps its permissions. Raises InvalidInput when the
        home can't be written, StorageFull when its disk is full.
        """
        passable = 0o711 if os.geteuid() == 0 else 0o700
        try:
            _make(self.root, passable)
            _make(self.postgres, passable)
            for folder in (self.artifacts, self.scratch, self.dagster, self.cache, self.logs):
                _make(folder, 0o700)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            explained = storage_error(error, self.root)
            explained.remedy = f"{explained.remedy} VIDGEN_HOME names the folder in which everything is kept."
            raise explained from error


def _make(folder: Path, mode: int) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(mode)  # mkdir's own mode is cut by the umask
    if not folder.is_dir():
        raise NotADirectoryError(20, "a file is in the way", str(folder))

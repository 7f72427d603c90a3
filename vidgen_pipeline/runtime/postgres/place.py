"""Which folder the embedded Postgres keeps its data in."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool, storage_error
from vidgen_pipeline.runtime.files import write_whole
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.account import OWN_SERVER, Account, account_for
from vidgen_pipeline.runtime.postgres.cluster import Cluster

_ELSEWHERE = (Path("/var/lib/vidgen_pipeline"), Path("/opt/vidgen_pipeline"))


def cluster_of(home: Home, elsewhere: tuple[Path, ...] = _ELSEWHERE) -> Cluster:
    """The home's cluster, in `home.postgres` wherever the account that runs it gets there.

    Root's home may lie below a folder closed to everyone else, such as /root. Then the data goes into a folder of its
    own in the first of `elsewhere` that serves, and a note in `home.postgres` says which. Raises MissingTool when no
    place serves, InvalidInput when the noted one is gone. Only one process at a time may call this for a home.
    """
    record = home.postgres / "elsewhere"
    if record.is_file():
        return _recorded(home, record)
    account = account_for(home.postgres / "data")
    if account.can_enter(home.postgres):
        return Cluster(home.postgres, account)
    if (home.postgres / "data").exists():
        raise MissingTool(
            f"The account {account.name}, which runs Postgres for root, no longer gets into {home.postgres}.",
            remedy=f"Let others pass through that folder and those above it (chmod o+x). {OWN_SERVER}",
        )
    for base in elsewhere:
        if (state := _make(base, home, account)) is not None:
            write_whole(record, f"{state}\n")
            return Cluster(state, account)
    raise MissingTool(
        f"The account {account.name}, which runs Postgres for root, does not get into {home.postgres},"
        f" and no data folder could be made in {' or '.join(map(str, elsewhere))}.",
        remedy=f"Name another folder in VIDGEN_HOME. {OWN_SERVER}",
    )


def _recorded(home: Home, record: Path) -> Cluster:
    state = Path(record.read_text().strip())
    if not state.is_dir():
        raise InvalidInput(
            f"The database of {home.root} was kept in {state}, which is gone.",
            remedy=f"Restore that folder, or remove {record} to begin with an empty database.",
        )
    return Cluster(state, account_for(state / "data"))


def _make(base: Path, home: Home, account: Account) -> Path | None:
    """A fresh folder for the home below `base`; None when it can't be made or the account does not get there."""
    state = base / f"pg-{hashlib.sha256(os.fsencode(home.root)).hexdigest()[:16]}"
    try:
        if not base.exists():
            base.mkdir(parents=True)
            base.chmod(0o711)
        if not account.can_enter(base):
            return None
        _drop_forgotten(base)
        if state.exists():
            _set_aside(state)
        state.mkdir()
        state.chmod(0o711)
        write_whole(state / "home", f"{home.root}\n")
    except OSError as error:
        explained = storage_error(error, state)
        if explained.code == "storage_full":
            raise explained from error
        return None
    return state


def _drop_forgotten(base: Path) -> None:
    """Remove what belonged to homes in the system's temporary folder that are no more: they will not come back."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for record in base.glob("pg-*/home"):
        with contextlib.suppress(FileNotFoundError):  # another process does the same
            home = Path(record.read_text().strip())
            if home.is_relative_to(temporary) and not home.exists():
                Cluster(record.parent, account_for(record.parent / "data")).stop()
                shutil.rmtree(record.parent)


def _set_aside(state: Path) -> None:
    """Keep, as the one older generation, the data of a home that was deleted and made anew at the same path."""
    Cluster(state, account_for(state / "data")).stop()
    old = state.with_name(f"{state.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    state.rename(old)

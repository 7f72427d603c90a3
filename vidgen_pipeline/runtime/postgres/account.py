"""Who runs Postgres' programs: ourselves, or as root another account, because Postgres refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen_pipeline.domain.errors import MissingTool

OWN_SERVER = "Or name a Postgres server of your own in VIDGEN_DATABASE_URL."
_DEFAULT_ACCOUNT = "nobody"


@dataclass(frozen=True)
class Account:
    """`foreign` when it is not the one we run as; then root starts each program under its ids."""

    name: str
    uid: int
    gid: int
    foreign: bool

    def run(
        self,
        command: Sequence[str | Path],
        *,
        output: int = subprocess.PIPE,
        pass_fds: Sequence[int] = (),
        timeout_seconds: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, in a session of its own so that a Ctrl-C at the terminal passes it by.

        Raises MissingTool when the system does not let us change to the account, OSError when the program can't run.
        """
        identity: dict[str, Any] = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.foreign else {}
        # Postgres' messages are read below, so they are asked for in English; PG* variables of ours are none of its.
        environment = {"LC_ALL": "C", "PATH": os.defpath}
        try:
            return subprocess.run(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                text=True,
                errors="replace",
                check=False,
                start_new_session=True,
                pass_fds=pass_fds,
                timeout=timeout_seconds,
                **identity,
            )
        except OSError as error:
            # Python names the program only when it got as far as starting it.
            if self.foreign and error.filename != str(command[0]):
                raise MissingTool(
                    f"Postgres can't run as root, and this system does not let root become the account {self.name}"
                    f" ({error.strerror}).",
                    remedy=f"Run vidgen as an ordinary user. {OWN_SERVER}",
                ) from error
            raise

    def can_enter(self, folder: Path) -> bool:
        """Whether the account gets into the folder: asked by trying, since mode bits are not the whole truth."""
        return not self.foreign or self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0


def account_for(data: Path) -> Account:
    """The account for this data folder: its owner when it exists, as Postgres demands; else VIDGEN_PG_USER or `nobody`.

    Raises MissingTool when the account does not exist.
    """
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid(), foreign=False)
    if data.is_dir() and (owner := data.stat()).st_uid != 0:
        return Account(_name(owner.st_uid), owner.st_uid, owner.st_gid, foreign=True)
    name = os.environ.get("VIDGEN_PG_USER") or _DEFAULT_ACCOUNT
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise MissingTool(
            f"Postgres can't run as root, and this system has no account {name} to run it as.",
            remedy=f"Name an existing account in VIDGEN_PG_USER. {OWN_SERVER}",
        ) from error
    if entry.pw_uid == 0:
        raise MissingTool(
            f"Postgres can't run as {name}, which has the rights of root.",
            remedy=f"Name an ordinary account in VIDGEN_PG_USER. {OWN_SERVER}",
        )
    return Account(name, entry.pw_uid, entry.pw_gid, foreign=True)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

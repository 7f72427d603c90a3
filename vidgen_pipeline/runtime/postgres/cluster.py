"""One embedded Postgres server: its data folder, its password, its port, how it is started and stopped.

Whether it runs is told by a lock that the server and all its processes hold from before their first breath: the
starter locks `server.lock` and the server inherits it. So it needs no belief in a number in a file: not after a
kill -9, not when the dead server stays a zombie, not when another program was given its number, not when the number
belongs to another container.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg

from vidgen_pipeline.domain.errors import InvalidInput, VidgenError, storage_error
from vidgen_pipeline.runtime import locks
from vidgen_pipeline.runtime.files import write_whole
from vidgen_pipeline.runtime.postgres.account import OWN_SERVER, Account
from vidgen_pipeline.runtime.postgres.programs import programs_for
from vidgen_pipeline.runtime.processes import find_process, working_folder

USER = "vidgen"
HOST = "127.0.0.1"
START_SECONDS = 120
"""For a start with crash recovery on a slow disk."""

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # TCP and a password: a socket's path may have no more than 107 bytes
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # a container's small /dev/shm does not matter
}
_INITDB_SECONDS = 300
_STOP_SECONDS = {signal.SIGINT: 60, signal.SIGQUIT: 15}  # "fast", then "immediate", which recovers at the next start
_ATTEMPTS = 5
_LOG_LIMIT_BYTES = 5_000_000
_PATH_LIMIT_BYTES = 900  # Postgres' MAXPGPATH is 1024, for the longest path below
_ANOTHER_TRY_MAY_HELP = ("Address already in use", "pre-existing shared memory block", "lock file")
_FULL = ("No space left on device", "Disk quota exceeded")


class Cluster:
    """The server whose files are in `state`, run by `account`.

    `start` and `stop` are for one process at a time: the caller holds a lock.
    """

    def __init__(self, state: Path, account: Account) -> None:
        self.state = state
        self.account = account
        self.data = state / "data"
        self.log = state / "postgres.log"
        self._password_file = state / "password"
        self._port_file = state / "port"
        self._server_lock = state / "server.lock"

    def url(self, database: str) -> str:
        """Address of a database, password included."""
        return (
            f"postgresql://{USER}:{quote(self._password(), safe='')}@{HOST}:{self._port()}/{quote(database, safe='')}"
        )

    def alive(self) -> bool:
        """Whether any process of the server is there, ready or not."""
        descriptor = locks.try_shared(self._server_lock)
        if descriptor is None:
            return True
        os.close(descriptor)
        return self._postmaster() is not None

    def start(self, guard: int) -> None:
        """Make the server run and answer; at once when it does already.

        `guard` is the descriptor of the caller's lock: initdb holds it on, so that a killed starter's initdb is out
        of the way before the next starter clears up. Raises StorageFull, MissingTool, or VidgenError with the
        server's last words.
        """
        deadline = time.monotonic() + START_SECONDS
        attempts, log_start, programs = 0, 0, None
        while True:
            lock = locks.try_exclusive(self._server_lock)
            if lock is not None:
                try:
                    if self._postmaster() is None:
                        if attempts:
                            self._judge_death(self._log_since(log_start), last=attempts == _ATTEMPTS)
                        programs = programs or self._prepare(guard)
                        log_start = self._log_size()
                        self._launch(programs, lock)
                        attempts += 1
                finally:
                    os.close(lock)
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise self._failure("did not answer in time", self._log_since(log_start))
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server, if it runs, and wait until all its processes are gone."""
        for number, seconds in _STOP_SECONDS.items():
            deadline = time.monotonic() + seconds
            signalled: int | None = None
            while self.alive():
                pid = self._postmaster()
                if pid is not None and pid != signalled:  # none: dead, and its children are on their way out
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                    signalled = pid
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
            else:
                return
        raise self._failure("could not be stopped", self._log_since(self._log_size() - 2000))

    def _prepare(self, guard: int) -> Path:
        programs = programs_for(self.account, self.state)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs, guard)
        if self._log_size() > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        return programs

    def _initialise(self, programs: Path, guard: int) -> None:
        """Make the data folder under another name and rename it: what is half-made never counts."""
        new, handed_over = self.state / "data.new", self.state / "password.initdb"
        if len(os.fsencode(new)) > _PATH_LIMIT_BYTES:
            raise InvalidInput(
                f"The path of {self.state} is too long for Postgres, which cuts it off.",
                remedy="Name a folder with a shorter path in VIDGEN_HOME.",
            )
        try:
            shutil.rmtree(new, ignore_errors=True)
            password = secrets.token_urlsafe(24)
            write_whole(handed_over, password)
            new.mkdir(mode=0o700)
            if self.account.foreign:
                for path in (new, handed_over):
                    os.chown(path, self.account.uid, self.account.gid)
            command: list[str | Path] = [
                programs / "initdb",
                "-D",
                new,
                "-U",
                USER,
                "--pwfile",
                handed_over,
                "--auth=scram-sha-256",
            ]
            command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
            done = self.account.run(command, pass_fds=[guard], timeout_seconds=_INITDB_SECONDS)
            if done.returncode != 0:
                raise self._failure("could not be set up", done.stdout)
            write_whole(self._password_file, password)
            new.rename(self.data)
        except OSError as error:
            raise storage_error(error, self.state) from error
        except subprocess.TimeoutExpired as error:
            raise self._failure(f"could not be set up within {_INITDB_SECONDS} s", "") from error
        finally:
            handed_over.unlink(missing_ok=True)
            shutil.rmtree(new, ignore_errors=True)

    def _launch(self, programs: Path, lock: int) -> None:
        try:
            # Nobody of ours is alive, so whatever the file names is something else, which would keep Postgres off.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            write_whole(self._port_file, str(_free_port(self._preferred_port())))
            log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise storage_error(error, self.state) from error
        settings = {**_SETTINGS, "port": str(self._preferred_port())}
        server: list[str | Path] = [programs / "postgres", "-D", self.data]
        for name, value in settings.items():
            server += ["-c", f"{name}={value}"]
        try:
            # The shell only lets go of it, so that it is nobody's child. (pg_ctl would put our paths into a script.)
            self.account.run(["/bin/sh", "-c", '"$0" "$@" &', *server], output=log, pass_fds=[lock])
        finally:
            os.close(log)

    def _answers(self) -> bool:
        """Whether the server takes our password; a stranger on our port would not prove to know it."""
        lines = self._pid_file()
        if len(lines) < 8 or lines[7].strip() != "ready":
            return False
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=5, require_auth="scram-sha-256"):
                return True
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise VidgenError(
                    f"The embedded Postgres does not take the password in {self._password_file}.",
                    remedy="Restore that file, or the whole folder, from a backup.",
                ) from None
            return False

    def _judge_death(self, words: str, *, last: bool) -> None:
        if last or not any(phrase in words for phrase in _ANOTHER_TRY_MAY_HELP):
            raise self._failure("could not be started", words)

    def _failure(self, what: str, words: str) -> VidgenError:
        if any(phrase in words for phrase in _FULL):
            return storage_error(OSError(errno.ENOSPC, "full"), self.state)
        telling = re.findall(r"(?:FATAL|PANIC|error|ERROR):\s*(.+)", words) or words.strip().splitlines()
        return VidgenError(
            f"The embedded Postgres {what}" + (f": {telling[0].rstrip('.')}." if telling else "."),
            remedy=f"Its log is {self.log}. {OWN_SERVER}",
        )

    def _postmaster(self) -> int | None:
        """Number of the living server, by its own file; None when that names nothing, a zombie or another program."""
        with contextlib.suppress(IndexError, ValueError):
            process = find_process(int(self._pid_file()[0]))
            if (
                process is not None
                and (process.name, process.owner) == ("postgres", self.account.uid)
                and working_folder(process) in (None, self.data.resolve())
            ):
                return process.pid
        return None

    def _pid_file(self) -> Sequence[str]:
        try:
            return (self.data / "postmaster.pid").read_text(errors="replace").splitlines()
        except OSError:
            return []

    def _password(self) -> str:
        try:
            return self._password_file.read_text().strip()
        except OSError as error:
            raise VidgenError(
                f"The password of the embedded Postgres can't be read from {self._password_file}: {error.strerror}.",
                remedy="Restore that file, or the whole folder, from a backup.",
            ) from error

    def _port(self) -> int:
        with contextlib.suppress(IndexError, ValueError):
            return int(self._pid_file()[3])
        return self._preferred_port()

    def _preferred_port(self) -> int:
        """The port of last time, so that addresses stay good over a restart; 0 when there is none."""
        try:
            return int(self._port_file.read_text())
        except (OSError, ValueError):
            return 0

    def _log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def _log_since(self, start: int) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, start))
            return log.read().decode(errors="replace")


def _free_port(preferred: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Postgres does: its own last port is free
        try:
            probe.bind((HOST, preferred))
        except (OSError, OverflowError):
            probe.bind((HOST, 0))
        return int(probe.getsockname()[1])

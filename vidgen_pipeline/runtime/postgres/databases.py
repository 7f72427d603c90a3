"""Postgres for everyone who uses a home: the embedded server, shared by all and stopped by the last, or one's own.

Each process that uses the embedded server holds a shared lock on `users.lock` for as long as it does; the kernel drops
it when the process is killed. Coming and going is serialised by `start.lock`. So whoever leaves can tell whether
anyone is left, and nobody's server is stopped under them. (When the last user was killed, the server stays until the
next one leaves.)
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from vidgen_pipeline.domain.errors import VidgenError, storage_error
from vidgen_pipeline.runtime import locks
from vidgen_pipeline.runtime.files import write_whole
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.address import ensure_database, parse_address
from vidgen_pipeline.runtime.postgres.cluster import START_SECONDS, Cluster
from vidgen_pipeline.runtime.postgres.place import cluster_of
from vidgen_pipeline.runtime.project import project_path

_URL = "VIDGEN_DATABASE_URL"
_DAGSTER_URL = "VIDGEN_DAGSTER_DATABASE_URL"
_USERS_LOCK = "VIDGEN_PG_USERS_LOCK"
_LIBPQ_VARIABLES = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "options": "PGOPTIONS",
}
"""How an option of Dagster's address reaches Dagster, whose settings have no place for it."""


class Postgres:
    """This process's share in the home's embedded server. As a context manager it attaches and detaches."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._start_lock = home.postgres / "start.lock"
        self.users_lock = home.postgres / "users.lock"
        self._cluster: Cluster | None = None
        self._share: int | None = None

    def attach(self) -> None:
        """Use the server, starting (and at first making) it where needed. Once attached, does nothing.

        Raises MissingTool when this machine can't run it, StorageFull, InvalidInput when the home can't be written,
        Conflict when another process does not finish starting it, or VidgenError with the server's last words.
        """
        if self._share is not None:
            return
        self._home.create()
        with self._alone() as guard:
            share = locks.try_shared(self.users_lock)  # only ever held exclusively by someone with the other lock
            if share is None:
                raise VidgenError(f"{self.users_lock} is locked by a program other than vidgen.")
            try:
                cluster = cluster_of(self._home)
                cluster.start(guard)
            except BaseException:
                os.close(share)
                with contextlib.suppress(VidgenError):
                    self._stop_unless_used()
                raise
            self._cluster, self._share = cluster, share

    def detach(self) -> None:
        """Stop using the server, and stop it when nobody else uses it."""
        if self._share is None:
            return
        try:
            with self._alone():
                os.close(self._share)
                self._share = None
                self._stop_unless_used()
        finally:
            if self._share is not None:
                os.close(self._share)
            self._cluster = self._share = None

    def stop_if_unused(self) -> bool:
        """Stop a server that its users left running because they were killed. True when there was one."""
        if not self._home.postgres.is_dir():
            return False
        with self._alone():
            return self._stop_unless_used()

    def revive(self) -> bool:
        """Start the server again if it has died under its users; cheap when it hasn't. True when it had.

        Its port stays the same unless another program has taken it meanwhile: then `url` has changed.
        """
        cluster = self._attached()
        if cluster.alive():
            return False
        with self._alone() as guard:
            cluster.start(guard)
        return True

    def url(self, database: str) -> str:
        """`postgresql://…` address of a database of the server, password included."""
        return self._attached().url(database)

    @property
    def lock_fd(self) -> int:
        """Descriptor of the share: a child that is handed it (`pass_fds`) uses the server too, even without us."""
        self._attached()
        assert self._share is not None  # noqa: S101 - for the type checker; _attached has seen to it
        return self._share

    def __enter__(self) -> Self:
        self.attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[int]:
        purpose = "start or stop the embedded Postgres"
        with locks.exclusive(self._start_lock, wait_seconds=2 * START_SECONDS, purpose=purpose) as guard:
            yield guard

    def _stop_unless_used(self) -> bool:
        sole = locks.try_exclusive(self.users_lock)
        if sole is None:
            return False
        try:
            cluster = self._cluster or self._made_before()
            if cluster is None or not cluster.alive():
                return False
            cluster.stop()
        finally:
            os.close(sole)
        return True

    def _made_before(self) -> Cluster | None:
        if any((self._home.postgres / name).exists() for name in ("data", "elsewhere")):
            with contextlib.suppress(VidgenError):  # gone or out of reach: then there is nothing to stop, either
                return cluster_of(self._home)
        return None

    def _attached(self) -> Cluster:
        if self._cluster is None:
            raise RuntimeError("not attached to the embedded Postgres")
        return self._cluster


@dataclass(frozen=True)
class Databases:
    """Addresses of our database and of Dagster's, `postgresql://…` with their passwords: not to be shown or logged.

    `embedded` is our share in the embedded server when they are on it.
    """

    vidgen_url: str = field(repr=False)
    dagster_url: str = field(repr=False)
    embedded: Postgres | None = None


@contextlib.contextmanager
def databases(home: Home) -> Iterator[Databases]:
    """Both databases, there and reachable for as long as the context lasts.

    On the server of VIDGEN_DATABASE_URL when that is set (Dagster's is then VIDGEN_DAGSTER_DATABASE_URL, or the same
    server's database named `<name>_dagster`), else on the embedded server. Missing databases are created, empty.
    Raises InvalidInput for an address that is none, MissingTool when a server can't be reached or run, and what
    `Postgres.attach` raises.
    """
    if given := os.environ.get(_URL):
        with _share_of_parent(home):
            yield _given(given)
        return
    with Postgres(home) as server:
        found = Databases(server.url("vidgen"), server.url("dagster"), server)
        for url in (found.vidgen_url, found.dagster_url):
            ensure_database(parse_address(url, "The embedded server's address"))
        yield found


def dagster_environment(databases: Databases, home: Home) -> dict[str, str]:
    """What a process of the engine needs in its environment, in addition to ours; brings the engine's settings along.

    The addresses hold passwords: they go to child processes by their environment and no other way. Raises
    InvalidInput or StorageFull when the settings can't be written to `home.dagster`.
    """
    home.create()
    settings, wanted = home.dagster / "dagster.yaml", project_path("dagster.yaml").read_text(encoding="utf-8")
    try:
        if not settings.is_file() or settings.read_text(encoding="utf-8") != wanted:
            write_whole(settings, wanted)
    except OSError as error:
        raise storage_error(error, settings) from error
    address = parse_address(databases.dagster_url, _DAGSTER_URL)
    environment = {
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "VIDGEN_HOME": str(home.root),
        "VIDGEN_SANDBOX_URL": os.environ.get("VIDGEN_SANDBOX_URL", ""),
        _URL: databases.vidgen_url,
        _DAGSTER_URL: databases.dagster_url,
        "VIDGEN_DAGSTER_PG_HOST": address.host,
        "VIDGEN_DAGSTER_PG_PORT": address.port,
        "VIDGEN_DAGSTER_PG_DB": address.database,
        "VIDGEN_DAGSTER_PG_USER": address.user,
        "VIDGEN_DAGSTER_PG_PASSWORD": address.password,
    }
    if address.host.startswith("/"):  # a socket's folder has no place in the URL that Dagster builds
        environment |= {"VIDGEN_DAGSTER_PG_HOST": "", "PGHOST": address.host}
    for option, value in address.options.items():
        if option in _LIBPQ_VARIABLES:
            environment[_LIBPQ_VARIABLES[option]] = value
    if databases.embedded is not None:
        environment[_USERS_LOCK] = str(databases.embedded.users_lock)
    return environment


def _given(url: str) -> Databases:
    ours = parse_address(url, _URL)
    if named := os.environ.get(_DAGSTER_URL):
        dagsters = parse_address(named, _DAGSTER_URL)
    else:
        dagsters = ours.sibling(f"{ours.database}_dagster")
    for address in (ours, dagsters):
        ensure_database(address)
    return Databases(ours.url, dagsters.url)


@contextlib.contextmanager
def _share_of_parent(home: Home) -> Iterator[None]:
    """Hold a share for ourselves when the address was handed down by a user of the home's embedded server."""
    server = Postgres(home)
    handed_down = os.environ.get(_USERS_LOCK) == str(server.users_lock) and server.users_lock.is_file()
    share = locks.try_shared(server.users_lock) if handed_down else None
    try:
        yield
    finally:
        if share is not None:
            os.close(share)
            server.stop_if_unused()  # our parent may have been killed before us

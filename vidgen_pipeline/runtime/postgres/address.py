"""Addresses of Postgres databases that people name, and the making of databases that are missing."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo, errors, sql

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool, StorageFull, VidgenError

_CREATE_LOCK = 7_061_180_411  # any constant: it names "creating a database of ours" among a server's advisory locks
_CONNECT_SECONDS = 10
_SAFE_REASONS = (
    "Connection refused",
    "password authentication failed",
    "no password supplied",
    "could not translate host name",
    "failed to resolve host",
    "timeout expired",
    "No such file or directory",
    "No route to host",
    "Network is unreachable",
    "does not exist",
    "the database system is starting up",
    "the database system is shutting down",
    "too many clients",
    "no pg_hba.conf entry",
    "server does not support SSL",
    "certificate verify failed",
)


@dataclass(frozen=True)
class Address:
    """A database's address in parts. `options` are libpq's further ones, such as sslmode."""

    database: str
    user: str
    password: str = field(repr=False)
    host: str
    port: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """`postgresql://…` with all that is known, password included."""
        login = quote(self.user, safe="") + (f":{quote(self.password, safe='')}" if self.password else "")
        socket = self.host.startswith("/")
        host = "" if socket else f"[{self.host}]" if ":" in self.host else self.host
        port = "" if socket else f":{self.port}"
        query = {"host": self.host, "port": self.port, **self.options} if socket else self.options
        return f"postgresql://{login}@{host}{port}/{quote(self.database, safe='')}" + (
            f"?{urlencode(query, quote_via=quote)}" if query else ""
        )

    def sibling(self, database: str) -> Address:
        """Another database of the same server."""
        return replace(self, database=database)

    @property
    def shown(self) -> str:
        """What may be shown of it: never the password."""
        return f"{self.database} on {self.host} port {self.port}"


def parse_address(url: str, variable: str) -> Address:
    """The address in a URL that a person put into the variable; any SQLAlchemy driver name in it is dropped.

    Raises InvalidInput, which never repeats any of the URL: a part that is not what it should be may be the password.
    """
    malformed = InvalidInput(
        f"{variable} is not the address of a Postgres database.",
        remedy="It should read postgresql://user:password@host:port/database, with each of @ : / ? # % in the password"
        " written as its percent code, such as %40 for @.",
    )
    scheme, _, rest = url.strip().partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if (
        not re.fullmatch(r"postgres(ql)?(\+\w+)?", scheme)
        or authority.count("@") > 1
        or "@" in rest[len(authority) :]
        or "#" in rest
    ):
        raise malformed
    try:
        parts = {name: str(value) for name, value in conninfo.conninfo_to_dict(f"postgresql://{rest}").items()}
    except psycopg.Error:
        raise malformed from None
    host, port = parts.pop("host", "") or "localhost", parts.pop("port", "") or "5432"
    database = parts.pop("dbname", "")
    if not database or not port.isdigit() or not re.fullmatch(r"/.*|[\w.:-]+", host):
        raise malformed
    return Address(
        database=database,
        user=parts.pop("user", "") or getpass.getuser(),
        password=parts.pop("password", ""),
        host=host,
        port=port,
        options=parts,
    )


def ensure_database(address: Address) -> None:
    """Create the database if the server lacks it; several processes may do so at once.

    Raises MissingTool when the server can't be reached, InvalidInput when it does not let us create a database,
    StorageFull when it has no space for one.
    """
    try:
        _connect(address).close()
    except psycopg.Error as missing_or_unreachable:
        first = missing_or_unreachable
    else:
        return
    for maintenance in ("postgres", "template1"):
        try:
            connection = _connect(address.sibling(maintenance))
        except psycopg.Error:
            continue
        with connection:
            created = _create(connection, address)
        if created:
            return
        break
    raise _unreachable(address, first)


def _create(connection: psycopg.Connection, address: Address) -> bool:
    """False when the database was there all along, so that something else kept us from entering it."""
    connection.execute("SELECT pg_advisory_lock(%s)", [_CREATE_LOCK])  # falls with the connection
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [address.database]).fetchone() is not None:
        try:
            _connect(address).close()
        except psycopg.Error:
            return False
        return True
    name = sql.Identifier(address.database)
    try:
        # template0, because nobody can be connected to it, which would forbid the copy
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name))
    except errors.InsufficientPrivilege:
        raise InvalidInput(
            f"There is no database {address.shown}, and {address.user} may not create it.",
            remedy="Create it, or let the role create databases (ALTER ROLE … CREATEDB).",
        ) from None
    except errors.DiskFull:
        raise StorageFull(f"The server has no space left to create the database {address.shown}.") from None
    except psycopg.Error as error:
        raise VidgenError(f"The database {address.shown} could not be created ({error.sqlstate}).") from None
    return True


def _connect(address: Address) -> psycopg.Connection:
    options = {"connect_timeout": str(_CONNECT_SECONDS), **address.options}
    return psycopg.connect(replace(address, options=options).url, autocommit=True)


def _unreachable(address: Address, error: psycopg.Error) -> MissingTool:
    # The driver's own text is not passed on: it may quote pieces of the address.
    reason = next((phrase for phrase in _SAFE_REASONS if phrase in str(error)), type(error).__name__)
    return MissingTool(
        f"The database {address.shown} can't be reached: {reason}.",
        remedy="Check that the server runs and that VIDGEN_DATABASE_URL is right; unset it to use the embedded one.",
    )

"""Connections to our database."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.pool import NullPool

CONNECT_TIMEOUT_SECONDS = 10


def open_engine(url: str, *, pooled: bool = True) -> Engine:
    """An engine over psycopg 3 for any `postgresql://` address. Times come and go in UTC.

    `pooled=False` opens a connection for each piece of work: for short visits from a process that may be forked.
    """
    address = make_url(url).set(drivername="postgresql+psycopg")
    return create_engine(
        address,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "options": "-c timezone=utc"},
        **({"pool_size": 4, "max_overflow": 4, "pool_pre_ping": True} if pooled else {"poolclass": NullPool}),
        # A parameter may be a person's text or a key's ciphertext: neither belongs in an error message.
        hide_parameters=True,
    )

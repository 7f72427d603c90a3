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
        # A program that is frozen in the middle of a transaction must not keep others from its rows for ever.
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": "-c timezone=utc -c idle_in_transaction_session_timeout=60s",
        },
        **({"pool_size": 4, "max_overflow": 4, "pool_pre_ping": True} if pooled else {"poolclass": NullPool}),
        # A parameter may be a person's text or a key's ciphertext: neither belongs in an error message.
        hide_parameters=True,
    )

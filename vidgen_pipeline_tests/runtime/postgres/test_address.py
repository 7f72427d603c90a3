"""Addresses that people name: what is understood, and that no message ever repeats a password."""

from __future__ import annotations

import socket

import pytest

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool
from vidgen_pipeline.runtime.postgres.address import ensure_database, parse_address


@pytest.mark.parametrize(
    ("named", "understood"),
    [
        ("postgresql://jo:pw@db.example/videos", "postgresql://jo:pw@db.example:5432/videos"),
        ("postgres://jo:pw@db:6000/videos", "postgresql://jo:pw@db:6000/videos"),
        ("postgresql+psycopg://jo:p%40%2F%3A@db/v", "postgresql://jo:p%40%2F%3A@db:5432/v"),
        ("postgresql://jo:pw@[::1]/v?sslmode=require", "postgresql://jo:pw@[::1]:5432/v?sslmode=require"),
        ("postgresql://jo@/v?host=/run/pg&port=7", "postgresql://jo@/v?host=%2Frun%2Fpg&port=7"),
        ("postgresql://jo:pw@/v", "postgresql://jo:pw@localhost:5432/v"),
    ],
)
def test_what_is_understood(named: str, understood: str) -> None:
    address = parse_address(named, "VIDGEN_DATABASE_URL")
    assert address.url == understood
    assert parse_address(address.url, "VIDGEN_DATABASE_URL") == address


@pytest.mark.parametrize(
    "named",
    [
        "postgresql://jo:pass@word1@db/v",
        "postgresql://jo:pass/word1@db/v",
        "postgresql://jo:pass?word1@db/v",
        "postgresql://jo:pass#word1@db/v",
        "postgresql://jo:word1%zz@db/v",
        "postgresql://jo:word1@db,other/v",
        "postgresql://jo:word1@db",
        "mysql://jo:word1@db/v",
        "word1",
    ],
)
def test_what_is_not_is_never_repeated(named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_address(named, "VIDGEN_DATABASE_URL")
    assert "VIDGEN_DATABASE_URL" in str(refused.value)
    assert "word1" not in str(refused.value)


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else can have the port, and it refuses
        port = taken.getsockname()[1]
        address = parse_address(f"postgresql://jo:word1@127.0.0.1:{port}/v", "VIDGEN_DATABASE_URL")
        with pytest.raises(MissingTool) as unreachable:
            ensure_database(address)
    assert f"v on 127.0.0.1 port {port} can't be reached: Connection refused." in str(unreachable.value)
    assert "word1" not in str(unreachable.value)
    assert "word1" not in repr(address)

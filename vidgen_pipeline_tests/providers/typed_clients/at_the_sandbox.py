"""What the tests with vendors' clients share: accounts, faults, and what was asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from vidgen_pipeline.providers.wire import WireRequest
from vidgen_pipeline_tests.sandbox.desk import Desk, account

PATIENCE = 60.0
"""How long, in seconds, a client waits for an answer."""


def new_key(words: str = "sandbox") -> str:
    """A key of an account of its own."""
    return f"{words}-{uuid4().hex[:12]}"


def check_same_address(desk: Desk, key: str, wanted: WireRequest, **of_its_own: str) -> None:
    """The account's client asked last at the address that our request is for, with the headers that it has.

    `of_its_own` are parameters that only the client sends.
    """
    asked: dict[str, Any] = desk.requests(account=account(key))[-1]
    assert (asked["method"], asked["path"]) == (wanted.method, wanted.path)
    parameters = {name: [str(value)] for name, value in {**wanted.query, **of_its_own}.items()}
    assert parse_qs(asked["query"]) == parameters
    for name, value in wanted.headers.items():
        assert asked["headers"][name.lower()] == value


def order_fault(desk: Desk, key: str, provider: str, kind: str, phase: str) -> None:
    """Have something go wrong with this account's next request of the phase."""
    desk.fault(kind, provider=provider, phase=phase, account=account(key))

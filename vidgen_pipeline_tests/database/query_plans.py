"""What is sent to the database, and how it goes about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, event

Sent = tuple[str, Any]
"""A statement and its values."""


@contextlib.contextmanager
def statements_with(engine: Engine, words: str) -> Iterator[list[Sent]]:
    """A list that grows by each statement with these words in it that is sent meanwhile."""
    sent: list[Sent] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        if words in statement and not statement.startswith("EXPLAIN"):
            sent.append((statement, values))

    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan_of(connection: Connection, sent: Sent) -> dict[str, Any]:
    """The root of the plan by which the statement was just done once more, with the blocks that took."""
    statement, values = sent
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
    plan: dict[str, Any] = connection.exec_driver_sql(explain, values).scalar_one()[0]["Plan"]
    return plan


def blocks_of(plan: dict[str, Any]) -> int:
    """How many blocks were read."""
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

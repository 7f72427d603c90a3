"""Places of a limited number, across all processes: advisory locks, which fall with whoever holds them.

Who waits has a ticket and shows that it lives; the place goes to the oldest ticket. A lock needs a connection of its
own for as long as the place is held, so these are opened beside the pool.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.database.patience import AWAY
from vidgen_pipeline.database.tables import SlotWaiter

_ALIVE = SlotWaiter.seen_at > func.now() - text("interval '15 seconds'")


@dataclass
class HeldSlot:
    """A place that is held until `give_back`, or until this process ends."""

    _connection: Connection
    _engine: Engine

    def give_back(self) -> None:
        """Free the place: its lock falls with the connection, however that ends."""
        with contextlib.suppress(*AWAY):
            self._connection.close()
        self._engine.dispose()


def take_ticket(session: Session, slot: str, video_id: UUID | None) -> int:
    """Join the line for a place."""
    ticket = insert(SlotWaiter).values(slot=slot, video_id=video_id).returning(SlotWaiter.ticket)
    return session.scalars(ticket).one()


def waiters(session: Session, slot: str) -> int:
    """How many wait for a place, and live."""
    return session.scalars(select(func.count()).where(SlotWaiter.slot == slot, _ALIVE)).one()


def place_in_line(session: Session, slot: str, ticket: int) -> int:
    """How many living waiters are before this one, who shows here that it lives."""
    session.execute(update(SlotWaiter).where(SlotWaiter.ticket == ticket).values(seen_at=func.now()))
    before = select(func.count()).where(SlotWaiter.slot == slot, SlotWaiter.ticket < ticket, _ALIVE)
    return session.scalars(before).one()


def leave_line(session: Session, slot: str, ticket: int) -> None:
    """Stop waiting; those who died waiting leave the line as well."""
    dead = SlotWaiter.seen_at < func.now() - text("interval '10 minutes'")
    session.execute(delete(SlotWaiter).where(SlotWaiter.slot == slot, (SlotWaiter.ticket == ticket) | dead))


def try_slot(engine: Engine, slot: str, places: int) -> HeldSlot | None:
    """One of the places with this name, if one is free."""
    own = open_engine(engine.url.render_as_string(hide_password=False), pooled=False)
    connection = own.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        for place in range(places):
            query = text("SELECT pg_try_advisory_lock(hashtextextended(:slot, :place))")
            if connection.scalar(query, {"slot": f"vidgen:{slot}", "place": place}):
                return HeldSlot(connection, own)
    except BaseException:
        connection.close()
        own.dispose()
        raise
    connection.close()
    own.dispose()
    return None

"""What must be true of the database before anything else: tables, prices, the local user."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.migrations import migrate
from vidgen_pipeline.database.pricing import add_missing_prices
from vidgen_pipeline.database.users import generation_settings, local_user_id
from vidgen_pipeline.providers.catalogue import catalogue


def prepare(engine: Engine) -> UUID:
    """Bring the database up to date; returns the local user's id. Any number of programs may do this at once."""
    migrate(engine)
    with Session(engine) as session, session.begin():
        add_missing_prices(session, catalogue().values())
        user_id = local_user_id(session)
        generation_settings(session, user_id)
    return user_id

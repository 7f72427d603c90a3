"""Users and their generation settings."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import User, UserGenerationSettings

LOCAL_USER_NAME = "local"


def local_user_id(session: Session) -> UUID:
    """The one user of a machine that has no accounts, made at the first call."""
    made = insert(User).values(name=LOCAL_USER_NAME, role="admin").on_conflict_do_nothing()
    session.execute(made)
    return session.scalars(select(User.id).where(User.name == LOCAL_USER_NAME)).one()


def admin_ids(session: Session) -> Sequence[UUID]:
    """Who runs this place."""
    return session.scalars(select(User.id).where(User.role == "admin")).all()


def generation_settings(session: Session, user_id: UUID, *, for_update: bool = False) -> UserGenerationSettings:
    """The user's settings, made with the defaults at the first call; locked if they are to be changed."""
    session.execute(insert(UserGenerationSettings).values(user_id=user_id).on_conflict_do_nothing())
    query = select(UserGenerationSettings).where(UserGenerationSettings.user_id == user_id)
    return session.scalars(query.with_for_update() if for_update else query).one()

"""The operator's switches and limits."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import PipelineSettings


def pipeline_settings(session: Session, *, for_update: bool = False) -> PipelineSettings:
    """The one row, locked if it is to be changed."""
    query = select(PipelineSettings)
    return session.scalars(query.with_for_update() if for_update else query).one()

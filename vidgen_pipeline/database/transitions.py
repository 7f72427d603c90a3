"""The one way a video's status changes: a conditional UPDATE with the attempt as fence, and an event beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import Video, VideoEvent
from vidgen_pipeline.domain.video import Step, VideoStatus, sources_of


def change_status(
    session: Session,
    video_id: UUID,
    to: VideoStatus,
    *,
    kind: str,
    fence: int | None = None,
    sources: Sequence[VideoStatus] | None = None,
    version: int | None = None,
    by_person: bool = False,
    step: Step | None = None,
    message: str = "",
    **values: Any,
) -> Video | None:
    """Bring the video into the state `to` and write the event `kind`; None when it may not come there now.

    It has to be in one of `sources` (all from which `to` may be reached, unless given), not deleted, and where they are
    given in the attempt `fence` and in that version. `values` are further columns. What is done `by_person` makes the
    version grow.
    """
    statement = update(Video).where(
        Video.id == video_id,
        Video.deleted_at.is_(None),
        Video.status.in_(sources_of(to) if sources is None else sources),
    )
    if fence is not None:
        statement = statement.where(Video.attempt == fence)
    if version is not None:
        statement = statement.where(Video.version == version)
    if by_person:
        values["version"] = Video.version + 1
    changed = session.scalars(
        statement.values(status=to, updated_at=func.now(), **values).returning(Video),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if changed is not None:
        add_event(session, changed.id, changed.attempt, kind, to, step=step, message=message)
    return changed


def add_event(
    session: Session,
    video_id: UUID,
    attempt: int,
    kind: str,
    status: VideoStatus,
    *,
    step: Step | None = None,
    message: str = "",
) -> None:
    """Write the video's next event. The caller has changed or locked its row, so that no two get one number."""
    last = select(func.coalesce(func.max(VideoEvent.number), 0)).where(VideoEvent.video_id == video_id)
    number = last.scalar_subquery() + 1  # within the INSERT: one trip to the database instead of two
    session.add(
        VideoEvent(
            video_id=video_id, number=number, attempt=attempt, kind=kind, status=status, step=step, message=message
        )
    )
    session.flush()

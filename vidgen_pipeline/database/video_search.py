"""Pages of a user's videos, by the place where the last page ended: stable while new ones come in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, func, or_, select, text, tuple_
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import User, UserEvent, Video, VideoEvent
from vidgen_pipeline.domain.video import VideoStatus

Place = tuple[datetime, UUID]
"""The key of a page's last row: its time and its id."""

_SHOWS_PROVIDER = text("EXISTS (SELECT FROM jsonb_each_text(videos.selected_providers) WHERE value = :provider)")


@dataclass(frozen=True, kw_only=True)
class VideoFilter:
    """Which videos are wanted; what is None or empty is not asked for. `text` is looked for in title and prompt."""

    statuses: tuple[VideoStatus, ...] = ()
    provider: str | None = None
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    deleted: bool = False


def find_videos(
    session: Session, user_id: UUID, wanted: VideoFilter, *, before: Place | None, limit: int
) -> Sequence[Video]:
    """The user's videos that are wanted, newest first."""
    query = (
        select(Video)
        .where(Video.user_id == user_id)
        .where(Video.deleted_at.is_not(None) if wanted.deleted else Video.deleted_at.is_(None))
        .order_by(Video.created_at.desc(), Video.id.desc())
        .limit(limit)
    )
    if wanted.statuses:
        query = query.where(Video.status.in_(wanted.statuses))
    if wanted.provider is not None:
        query = query.where(_SHOWS_PROVIDER).params(provider=wanted.provider)
    if wanted.text is not None:
        prompt = Video.request["prompt"].as_string()
        query = query.where(
            or_(Video.title.icontains(wanted.text, autoescape=True), prompt.icontains(wanted.text, autoescape=True))
        )
    if wanted.since is not None:
        query = query.where(Video.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Video.created_at < wanted.until)
    if before is not None:
        query = query.where(tuple_(Video.created_at, Video.id) < before)
    return session.scalars(query).all()


def find_scheduled(session: Session, user_id: UUID, *, after: Place | None, limit: int) -> Sequence[Video]:
    """The user's videos that are planned for a time, the next one first."""
    query = (
        select(Video)
        .where(
            Video.user_id == user_id,
            Video.status == VideoStatus.PLANNED,
            Video.deleted_at.is_(None),
            Video.scheduled_at.is_not(None),
        )
        .order_by(Video.scheduled_at, Video.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(Video.scheduled_at, Video.id) > after)
    return session.scalars(query).all()


def count_by_status(session: Session, user_id: UUID) -> tuple[dict[str, int], int]:
    """How many videos the user has in each state, and how many in the trash."""
    there = select(Video.status, func.count()).where(Video.user_id == user_id, Video.deleted_at.is_(None))
    in_trash = select(func.count()).where(Video.user_id == user_id, Video.deleted_at.is_not(None))
    # Two queries, as each has an index that holds all it asks for.
    counts = {row[0]: row[1] for row in session.execute(there.group_by(Video.status))}
    return counts, session.scalars(in_trash).one()


def events_after(session: Session, user_id: UUID, video_id: UUID, number: int, limit: int) -> Sequence[VideoEvent]:
    """What happened to the user's video after its event of this number, in order."""
    query = (
        select(VideoEvent)
        .join(Video, Video.id == VideoEvent.video_id)
        .where(Video.user_id == user_id, VideoEvent.video_id == video_id, VideoEvent.number > number)
        .order_by(VideoEvent.number)
        .limit(limit)
    )
    return session.scalars(query).all()


def events_of_all_after(
    session: Session, user_id: UUID, place: int, limit: int
) -> Sequence[Row[tuple[int, VideoEvent]]]:
    """What happened to any of the user's videos after that place, deleted ones too, in order; each with its place."""
    query = (
        select(UserEvent.place, VideoEvent)
        .join(VideoEvent, VideoEvent.id == UserEvent.event_id)
        .where(UserEvent.user_id == user_id, UserEvent.place > place)
        .order_by(UserEvent.place)
        .limit(limit)
    )
    return session.execute(query).all()


def latest_places(session: Session, user_ids: Collection[UUID]) -> dict[UUID, int]:
    """The place of each user's latest event, of those who have one: one step into the index for each."""
    latest = select(func.max(UserEvent.place)).where(UserEvent.user_id == User.id).scalar_subquery()
    rows = session.execute(select(User.id, latest).where(User.id.in_(user_ids)))
    return {row[0]: row[1] for row in rows if row[1] is not None}

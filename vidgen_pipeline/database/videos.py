"""Videos as their owner sees them. Every function takes the user first: a stranger's id is an unknown id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import GenerationStep, Video
from vidgen_pipeline.database.transitions import add_event
from vidgen_pipeline.domain.video import Step, VideoStatus


def insert_video(session: Session, user_id: UUID, *, title: str, request: dict[str, Any]) -> UUID:
    """Add a planned video; returns its id."""
    video = Video(
        user_id=user_id,
        title=title,
        request=request,
        selected_providers=request.get("selected_providers", {}),
        status=VideoStatus.PLANNED,
    )
    session.add(video)
    session.flush()
    add_event(session, video.id, 0, "planned", VideoStatus.PLANNED)
    return video.id


def find_video(session: Session, user_id: UUID, video_id: UUID) -> Video | None:
    """The user's video, or None."""
    query = select(Video).where(Video.user_id == user_id, Video.id == video_id, Video.deleted_at.is_(None))
    return session.scalars(query).one_or_none()


def find_by_prefix(session: Session, user_id: UUID, prefix: str, limit: int = 2) -> Sequence[Video]:
    """The user's videos whose id starts with `prefix` (hex digits and dashes)."""
    query = (
        select(Video)
        .where(Video.user_id == user_id, Video.deleted_at.is_(None), text("videos.id::text LIKE :prefix"))
        .params(prefix=f"{prefix}%")
        .limit(limit)
    )
    return session.scalars(query).all()


def latest_videos(session: Session, user_id: UUID, limit: int) -> Sequence[Video]:
    """The user's videos, newest first."""
    query = (
        select(Video)
        .where(Video.user_id == user_id, Video.deleted_at.is_(None))
        .order_by(Video.created_at.desc(), Video.id.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def steps_of(session: Session, user_id: UUID, video_id: UUID) -> Sequence[GenerationStep]:
    """The steps the video has run so far, in the order in which steps run."""
    query = (
        select(GenerationStep)
        .join(Video, Video.id == GenerationStep.video_id)
        .where(Video.user_id == user_id, Video.id == video_id)
    )
    order = list(Step)
    return sorted(session.scalars(query).all(), key=lambda row: order.index(Step(row.step)))

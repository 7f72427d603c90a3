"""Videos as their owner sees them. Every function takes the user first: a stranger's id is an unknown id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.orm import Session

from vidgen_pipeline.database.generation import spent_on
from vidgen_pipeline.database.tables import GenerationStep, User, Video, VideoEvent
from vidgen_pipeline.database.transitions import add_event
from vidgen_pipeline.domain.video import Step, VideoStatus


def insert_video(
    session: Session,
    user_id: UUID,
    *,
    title: str,
    request: dict[str, Any],
    scheduled_at: datetime | None = None,
    time_zone: str | None = None,
    message: str = "",
    **columns: Any,
) -> UUID:
    """Add a video, planned where a time is given and else a draft; returns its id."""
    status = VideoStatus.PLANNED if scheduled_at else VideoStatus.DRAFT
    video = Video(
        user_id=user_id,
        title=title,
        request=request,
        selected_providers=request.get("selected_providers", {}),
        status=status,
        scheduled_at=scheduled_at,
        time_zone=time_zone,
        **columns,
    )
    session.add(video)
    session.flush()
    add_event(session, video.id, 0, "planned" if scheduled_at else "drafted", status, message=message)
    return video.id


def imported_before(session: Session, user_id: UUID, keys: Collection[str]) -> Mapping[str, Video]:
    """The videos, deleted ones too, that rows with these keys were planned as."""
    query = select(Video).where(Video.user_id == user_id, Video.import_key.in_(keys))
    return {video.import_key: video for video in session.scalars(query) if video.import_key}


def find_video(session: Session, user_id: UUID, video_id: UUID) -> Video | None:
    """The user's video, or None."""
    query = select(Video).where(Video.user_id == user_id, Video.id == video_id, Video.deleted_at.is_(None))
    return session.scalars(query).one_or_none()


def lock_own_video(session: Session, user_id: UUID, video_id: UUID) -> Video | None:
    """The user's video, were it deleted, with its row locked until the transaction ends."""
    query = select(Video).where(Video.user_id == user_id, Video.id == video_id).with_for_update()
    return session.scalars(query).one_or_none()


def lock_user(session: Session, user_id: UUID) -> None:
    """Let nobody else change what holds for all of the user's videos together, until the transaction ends.

    Who holds a video's lock may wait for this one, never the other way round.
    """
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def queued_video(session: Session, user_id: UUID, other_than: UUID) -> Video | None:
    """Another video of the user that waits for its run."""
    query = select(Video).where(
        Video.user_id == user_id,
        Video.id != other_than,
        Video.status == VideoStatus.QUEUED,
        Video.deleted_at.is_(None),
    )
    return session.scalars(query.limit(1)).one_or_none()


def was_renamed(session: Session, video_id: UUID) -> bool:
    """Whether the video's owner gave it its present name, in place of the script's."""
    query = (
        select(VideoEvent.kind)
        .where(VideoEvent.video_id == video_id, VideoEvent.kind.in_(("renamed", "edited")))
        .order_by(VideoEvent.number.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none() == "renamed"


def bring_back(session: Session, video: Video, to: VideoStatus, message: str, **columns: Any) -> bool:
    """Take a deleted video out of the trash, into the state `to`. False when it is not deleted any more."""
    changed = session.execute(
        update(Video)
        .where(Video.id == video.id, Video.deleted_at.is_not(None))
        .values(deleted_at=None, status=to, version=Video.version + 1, updated_at=func.now(), **columns)
        .returning(Video.id),
        execution_options={"synchronize_session": False},
    )
    if changed.first() is None:
        return False
    add_event(session, video.id, video.attempt, "restored", to, message=message)
    return True


def find_by_prefix(
    session: Session, user_id: UUID, prefix: str, limit: int = 2, *, deleted: bool = False
) -> Sequence[Video]:
    """The user's videos, or their `deleted` ones, whose id starts with `prefix` (hex digits and dashes)."""
    query = (
        _in_trash(select(Video), deleted=deleted)
        .where(Video.user_id == user_id, text("videos.id::text LIKE :prefix"))
        .params(prefix=f"{prefix}%")
        .limit(limit)
    )
    return session.scalars(query).all()


def latest_videos(
    session: Session, user_id: UUID, limit: int, *, status: VideoStatus | None = None, deleted: bool = False
) -> Sequence[Video]:
    """The user's videos, or their `deleted` ones, newest first."""
    query = (
        _in_trash(select(Video), deleted=deleted)
        .where(Video.user_id == user_id)
        .order_by(Video.created_at.desc(), Video.id.desc())
        .limit(limit)
    )
    if status is not None:
        query = query.where(Video.status == status)
    return session.scalars(query).all()


def scheduled_videos(session: Session, user_id: UUID, limit: int) -> Sequence[Video]:
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


def spent(session: Session, video_id: UUID) -> Decimal:
    """What the video's paid calls have cost so far, in USD."""
    return session.scalars(select(spent_on(video_id))).one() or Decimal(0)


def _in_trash(query: Select[tuple[Video]], *, deleted: bool) -> Select[tuple[Video]]:
    return query.where(Video.deleted_at.is_not(None) if deleted else Video.deleted_at.is_(None))


def shown_lately(
    session: Session, user_id: UUID, *, other_than: UUID, videos: int, test_mode: bool
) -> set[tuple[str, str]]:
    """Provider and locator of all media that the user's other videos show: of those whose media were chosen last."""
    in_test_mode = func.coalesce(Video.request["test_mode"].as_boolean(), False)
    query = (
        select(GenerationStep.output["assets"])
        .join(Video, Video.id == GenerationStep.video_id)
        .where(
            Video.user_id == user_id,
            Video.id != other_than,
            Video.deleted_at.is_(None),
            in_test_mode.is_(test_mode),
            GenerationStep.step == Step.MEDIA,
            GenerationStep.status == "done",
        )
        .order_by(GenerationStep.finished_at.desc(), Video.id)
        .limit(videos)
    )
    shown = [asset for assets in session.scalars(query) for asset in assets or ()]
    return {(asset["provider"], asset["locator"]) for asset in shown if asset.get("locator")}

"""A user's videos in pages, their numbers, and what happens to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import video_search as rows
from vidgen_pipeline.database.tables import Video, VideoEvent
from vidgen_pipeline.database.video_search import Place, VideoFilter
from vidgen_pipeline.database.videos import find_video
from vidgen_pipeline.domain.errors import InvalidInput, NotFound
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services.videos import VideoView, outline_of

ENDS = frozenset({VideoStatus.COMPLETED, VideoStatus.FAILED, VideoStatus.CANCELLED})
"""The states in which nothing more happens by itself."""


@dataclass(frozen=True)
class VideoPage:
    """Some videos, without their steps, and where the next page begins; None when this is the last."""

    videos: tuple[VideoView, ...]
    next: Place | None


@dataclass(frozen=True)
class VideoCounts:
    """How many videos there are: by state, in all, and in the trash."""

    by_status: Mapping[VideoStatus, int]
    deleted: int

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


@dataclass(frozen=True, kw_only=True)
class EventView:
    """Something that happened to a video. `number` counts from 1 within the video, with no gap."""

    video_id: UUID
    number: int
    kind: str
    status: VideoStatus
    step: Step | None
    attempt: int
    message: str
    created_at: datetime


def search_videos(
    engine: Engine, user_id: UUID, wanted: VideoFilter, *, after: Place | None = None, limit: int = 20
) -> VideoPage:
    """A page of the user's videos, newest first. Raises InvalidInput for a time without its zone."""
    if any(time is not None and time.tzinfo is None for time in (wanted.since, wanted.until)):
        raise InvalidInput("A time needs its zone.", remedy="Write for example: 2026-10-31T08:00:00Z")
    with Session(engine) as session:
        found = rows.find_videos(session, user_id, wanted, before=after, limit=limit + 1)
        return _page(found, limit, [(video.created_at, video.id) for video in found])


def scheduled_page(engine: Engine, user_id: UUID, *, after: Place | None = None, limit: int = 20) -> VideoPage:
    """A page of the videos that are planned for a time, the next one first."""
    with Session(engine) as session:
        found = rows.find_scheduled(session, user_id, after=after, limit=limit + 1)
        return _page(found, limit, [(video.scheduled_at or video.created_at, video.id) for video in found])


def count_videos(engine: Engine, user_id: UUID) -> VideoCounts:
    """How many videos the user has."""
    with Session(engine) as session:
        counts, deleted = rows.count_by_status(session, user_id)
    return VideoCounts({status: counts.get(status, 0) for status in VideoStatus}, deleted)


def events_of(engine: Engine, user_id: UUID, video_id: UUID, *, after: int = 0, limit: int = 500) -> list[EventView]:
    """What happened to the user's video after that event, in order. Raises NotFound."""
    with Session(engine) as session:
        if find_video(session, user_id, video_id) is None:
            raise NotFound("There is no video with this id.", remedy="See them all with: vidgen videos")
        return [_event_view(row) for row in rows.events_after(session, user_id, video_id, after, limit)]


def events_of_all(engine: Engine, user_id: UUID, after: int = 0, *, limit: int = 500) -> list[tuple[int, EventView]]:
    """What happened to any of the user's videos after that place, in order, deleted ones too; each with its place.

    A place is good for going on there: no event ever comes to stand before one that was seen.
    """
    with Session(engine) as session:
        found = rows.events_of_all_after(session, user_id, after, limit)
        return [(place, _event_view(row)) for place, row in found]


def latest_places(engine: Engine, user_ids: Collection[UUID]) -> dict[UUID, int]:
    """The place of each user's latest event, of those who have one, for whoever waits for the next."""
    with Session(engine) as session:
        return rows.latest_places(session, user_ids)


def _event_view(row: VideoEvent) -> EventView:
    return EventView(
        video_id=row.video_id,
        number=row.number,
        kind=row.kind,
        status=VideoStatus(row.status),
        step=Step(row.step) if row.step else None,
        attempt=row.attempt,
        message=row.message,
        created_at=row.created_at,
    )


def _page(found: Sequence[Video], limit: int, places: Sequence[Place]) -> VideoPage:
    more = len(found) > limit
    return VideoPage(tuple(outline_of(video) for video in found[:limit]), places[limit - 1] if more else None)

"""What a person does with videos: plan one, look at one, list them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import GenerationStep, Video
from vidgen_pipeline.database.videos import (
    find_by_prefix,
    find_video,
    insert_video,
    latest_videos,
    scheduled_videos,
    spent,
    steps_of,
)
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.video import Action, Step, VideoRequest, VideoStatus, actions_in
from vidgen_pipeline.services.schedule_times import ScheduledTime, in_words

_ID_PREFIX = re.compile(r"[0-9a-f-]{4,36}")


@dataclass(frozen=True)
class StepView:
    """A step as a person sees it. Costs in USD; `seconds` are those so far while it is running."""

    name: Step
    attempt: int
    status: str
    seconds: float
    reused: bool
    provider: str | None
    model: str | None
    cost_usd: str
    error_message: str | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class VideoView:
    """A video as a person sees it. `version` grows with every change by a person; `cost_usd` is what was spent so far.

    `error_details` has the step, the provider and the remedy of the error, where it has them.
    """

    id: UUID
    title: str
    status: VideoStatus
    version: int
    attempt: int
    launches: int
    request: VideoRequest
    current_step: Step | None
    step_progress: float
    waiting_for: str | None
    cancel_requested: bool
    scheduled_at: datetime | None
    time_zone: str | None
    created_at: datetime
    completed_at: datetime | None
    deleted_at: datetime | None
    error_code: str | None
    error_message: str | None
    error_details: Mapping[str, Any]
    finished: FinishedVideo | None
    cost_usd: str
    steps: tuple[StepView, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        """What its owner can do with it now; a deleted one can only be restored."""
        return () if self.deleted_at else actions_in(self.status)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What did not go as asked, though the video could be made."""
        return tuple(warning for step in self.steps for warning in step.warnings)

    @property
    def scheduled(self) -> str | None:
        """When it is planned for, on the clocks of its own zone."""
        return in_words(self.scheduled_at, self.time_zone or "UTC") if self.scheduled_at else None


def plan_video(
    engine: Engine, user_id: UUID, request: VideoRequest, *, title: str, scheduled: ScheduledTime | None = None
) -> UUID:
    """Add a video to be made at that time, or a draft where none is given; returns its id."""
    with Session(engine) as session, session.begin():
        return insert_video(
            session,
            user_id,
            title=title,
            request=request.model_dump(mode="json"),
            scheduled_at=scheduled.at if scheduled else None,
            time_zone=scheduled.time_zone if scheduled else None,
            message=f"For {scheduled}." if scheduled else "",
        )


def show_video(engine: Engine, user_id: UUID, video_id: UUID) -> VideoView:
    """One video with its steps. Raises NotFound."""
    with Session(engine) as session:
        video = find_video(session, user_id, video_id)
        if video is None:
            raise NotFound("There is no video with this id.", remedy="See them all with: vidgen videos")
        return view_of(session, video)


def view_of(session: Session, video: Video) -> VideoView:
    """The video with its steps, were it deleted. The caller knows that it is the user's own."""
    return _view(video, steps_of(session, video.user_id, video.id), cost_usd=spent(session, video.id))


def outline_of(video: Video) -> VideoView:
    """The video without its steps, as a list shows it. The caller knows that it is the user's own."""
    return _view(video, ())


def resolve_video_id(engine: Engine, user_id: UUID, written: str, *, deleted: bool = False) -> UUID:
    """The id a person means by its first characters (at least four), among the `deleted` videos where that is asked.

    Raises NotFound when none or several fit.
    """
    prefix = written.strip().lower()
    remedy = "See them all with: vidgen videos --deleted" if deleted else "See them all with: vidgen videos"
    if not _ID_PREFIX.fullmatch(prefix):
        raise NotFound(f"'{written}' is not the id of a video.", remedy=remedy)
    with Session(engine) as session:
        found = find_by_prefix(session, user_id, prefix, deleted=deleted)
    if len(found) > 1:
        raise NotFound(f"More than one video's id starts with '{prefix}'.", remedy="Give more of it.")
    if not found:
        which = "deleted video" if deleted else "video"
        raise NotFound(f"There is no {which} whose id starts with '{prefix}'.", remedy=remedy)
    return found[0].id


def list_videos(
    engine: Engine, user_id: UUID, *, limit: int = 20, status: VideoStatus | None = None, deleted: bool = False
) -> list[VideoView]:
    """The newest videos, without their steps: all, those in one state, or those in the trash."""
    with Session(engine) as session:
        found = latest_videos(session, user_id, limit, status=status, deleted=deleted)
        return [_view(video, ()) for video in found]


def list_scheduled(engine: Engine, user_id: UUID, *, limit: int = 20) -> list[VideoView]:
    """The videos that are planned for a time, the next one first, without their steps."""
    with Session(engine) as session:
        return [_view(video, ()) for video in scheduled_videos(session, user_id, limit)]


def _view(video: Video, steps: Sequence[GenerationStep], *, cost_usd: Decimal | None = None) -> VideoView:
    return VideoView(
        id=video.id,
        title=video.title,
        status=VideoStatus(video.status),
        version=video.version,
        attempt=video.attempt,
        launches=video.launches,
        request=VideoRequest.model_validate(video.request),
        current_step=Step(video.current_step) if video.current_step else None,
        step_progress=video.step_progress,
        waiting_for=video.waiting_for,
        cancel_requested=video.cancel_requested_at is not None,
        scheduled_at=video.scheduled_at,
        time_zone=video.time_zone,
        created_at=video.created_at,
        completed_at=video.completed_at,
        deleted_at=video.deleted_at,
        error_code=video.error_code,
        error_message=video.error_message,
        error_details=video.error_details or {},
        finished=FinishedVideo.model_validate(video.result) if video.result else None,
        cost_usd=str(video.cost_usd if cost_usd is None else cost_usd),
        steps=tuple(_step_view(step) for step in steps),
    )


def _step_view(step: GenerationStep) -> StepView:
    seconds = ((step.finished_at or datetime.now(UTC)) - step.started_at).total_seconds()
    return StepView(
        name=Step(step.step),
        attempt=step.attempt,
        status=step.status,
        seconds=seconds,
        reused=step.reused,
        provider=step.provider,
        model=step.model,
        cost_usd=str(step.cost_usd),
        error_message=step.error_message,
        warnings=tuple((step.output or {}).get("warnings", ())),
    )

"""What a person does with videos: plan one, look at one, list them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import GenerationStep, Video
from vidgen_pipeline.database.videos import find_by_prefix, find_video, insert_video, latest_videos, steps_of
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.video import Step, VideoRequest, VideoStatus

_ID_PREFIX = re.compile(r"[0-9a-f-]{4,36}")


@dataclass(frozen=True)
class StepView:
    """A step as a person sees it. Costs in USD; `seconds` are those so far while it is running."""

    name: Step
    status: str
    seconds: float
    reused: bool
    provider: str | None
    model: str | None
    cost_usd: str
    error_message: str | None


@dataclass(frozen=True)
class VideoView:
    """A video as a person sees it."""

    id: UUID
    title: str
    status: VideoStatus
    attempt: int
    request: VideoRequest
    current_step: Step | None
    step_progress: float
    created_at: datetime
    completed_at: datetime | None
    error_code: str | None
    error_message: str | None
    finished: FinishedVideo | None
    cost_usd: str
    steps: tuple[StepView, ...]


def plan_video(engine: Engine, user_id: UUID, request: VideoRequest, *, title: str) -> UUID:
    """Add a video to be made; returns its id."""
    with Session(engine) as session, session.begin():
        return insert_video(session, user_id, title=title, request=request.model_dump(mode="json"))


def show_video(engine: Engine, user_id: UUID, video_id: UUID) -> VideoView:
    """One video with its steps. Raises NotFound."""
    with Session(engine) as session:
        video = find_video(session, user_id, video_id)
        if video is None:
            raise NotFound("There is no video with this id.", remedy="See them all with: vidgen videos")
        return _view(video, steps_of(session, user_id, video_id))


def resolve_video_id(engine: Engine, user_id: UUID, written: str) -> UUID:
    """The id a person means by its first characters (at least four). Raises NotFound when none or several fit."""
    prefix = written.strip().lower()
    remedy = "See them all with: vidgen videos"
    if not _ID_PREFIX.fullmatch(prefix):
        raise NotFound(f"'{written}' is not the id of a video.", remedy=remedy)
    with Session(engine) as session:
        found = find_by_prefix(session, user_id, prefix)
    if len(found) > 1:
        raise NotFound(f"More than one video's id starts with '{prefix}'.", remedy="Give more of it.")
    if not found:
        raise NotFound(f"There is no video whose id starts with '{prefix}'.", remedy=remedy)
    return found[0].id


def list_videos(engine: Engine, user_id: UUID, *, limit: int = 20) -> list[VideoView]:
    """The newest videos, without their steps."""
    with Session(engine) as session:
        return [_view(video, ()) for video in latest_videos(session, user_id, limit)]


def _view(video: Video, steps: Sequence[GenerationStep]) -> VideoView:
    return VideoView(
        id=video.id,
        title=video.title,
        status=VideoStatus(video.status),
        attempt=video.attempt,
        request=VideoRequest.model_validate(video.request),
        current_step=Step(video.current_step) if video.current_step else None,
        step_progress=video.step_progress,
        created_at=video.created_at,
        completed_at=video.completed_at,
        error_code=video.error_code,
        error_message=video.error_message,
        finished=FinishedVideo.model_validate(video.result) if video.result else None,
        cost_usd=str(video.cost_usd),
        steps=tuple(_step_view(step) for step in steps),
    )


def _step_view(step: GenerationStep) -> StepView:
    seconds = ((step.finished_at or datetime.now(UTC)) - step.started_at).total_seconds()
    return StepView(
        name=Step(step.step),
        status=step.status,
        seconds=seconds,
        reused=step.reused,
        provider=step.provider,
        model=step.model,
        cost_usd=str(step.cost_usd),
        error_message=step.error_message,
    )

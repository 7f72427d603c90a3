"""What happened to a video, as it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from vidgen_pipeline.api.models.base import Shown
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services.video_search import EventView


class EventShown(Shown):
    """Something that happened to a video; `number` counts from 1 within it, with no gap."""

    number: int
    kind: str
    status: VideoStatus
    step: Step | None
    attempt: int
    message: str
    created_at: datetime

    @classmethod
    def of(cls, event: EventView) -> Self:
        """As the service says it."""
        return cls.model_validate(event, from_attributes=True)


class UserEventShown(EventShown):
    """Something that happened to one of your videos."""

    video_id: UUID

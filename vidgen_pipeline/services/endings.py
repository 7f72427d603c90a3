"""How an attempt at a video ends, whoever ends it: its worker, a sensor, or the next in line."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vidgen_pipeline.database import generation as rows
from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.database.tables import Video
from vidgen_pipeline.domain.errors import AuthFailed, TimedOut
from vidgen_pipeline.domain.notifications import NotificationType
from vidgen_pipeline.domain.video import Step, VideoStatus

_NOTICES = {
    VideoStatus.COMPLETED: (NotificationType.VIDEO_READY_TO_POST, "“{title}” is ready"),
    VideoStatus.FAILED: (NotificationType.VIDEO_GENERATION_FAILED, "“{title}” failed"),
    VideoStatus.CANCELLED: (NotificationType.VIDEO_GENERATION_CANCELLED, "“{title}” was cancelled"),
    VideoStatus.NEEDS_REVIEW: (NotificationType.VIDEO_NEEDS_REVIEW, "“{title}” waits for you"),
}


def end_attempt(
    session: Session,
    video_id: UUID,
    attempt: int,
    status: VideoStatus,
    *,
    step: Step | None = None,
    message: str = "",
    **values: Any,
) -> bool:
    """End the attempt and tell the video's owner. False when it no longer owns the video, or that has ended already."""
    video = rows.finish(session, video_id, attempt, status, step=step, message=message, **values)
    if video is None:
        return False
    _tell(session, video, step, message)
    return True


def _tell(session: Session, video: Video, step: Step | None, message: str) -> None:
    kind, title = _NOTICES[VideoStatus(video.status)]
    if video.error_code == TimedOut.code:
        kind = NotificationType.VIDEO_GENERATION_TIMEOUT
    spent = f"{video.cost_usd:.2f} USD were spent." if video.cost_usd else ""
    add_notification(
        session,
        video.user_id,
        kind,
        title=title.format(title=video.title),
        body=f"{message} {spent}".strip(),
        video_id=video.id,
        data={
            "video_id": str(video.id),
            "attempt": video.attempt,
            "status": video.status,
            "step": step,
            "error_code": video.error_code,
            "cost_usd": str(video.cost_usd),
        },
        once_key=f"video:{video.id}:{video.attempt}:{video.status}",
    )
    provider = (video.error_details or {}).get("provider")
    if video.error_code == AuthFailed.code and provider:
        add_notification(
            session,
            video.user_id,
            NotificationType.PROVIDER_KEY_REJECTED,
            title=f"The key for {provider} was rejected",
            body=message,
            video_id=video.id,
            data={"provider": provider},
            once_key=f"key:{provider}:{video.id}:{video.attempt}",
        )

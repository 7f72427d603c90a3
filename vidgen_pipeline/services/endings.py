"""How an attempt at a video ends, whoever ends it: its worker, a sensor, or the next in line."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vidgen_pipeline.database import generation as rows
from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.database.tables import Video
from vidgen_pipeline.domain.errors import AuthFailed, TimedOut
from vidgen_pipeline.domain.notifications import NotificationType
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services.reservations import release

_RETRY = "To go on from its last good step: vidgen retry {id}"
_NOTICES = {
    VideoStatus.COMPLETED: (
        NotificationType.VIDEO_READY_TO_POST,
        "“{title}” is ready",
        "See where it is: vidgen show {id}",
    ),
    VideoStatus.FAILED: (NotificationType.VIDEO_GENERATION_FAILED, "“{title}” failed", _RETRY),
    VideoStatus.CANCELLED: (NotificationType.VIDEO_GENERATION_CANCELLED, "“{title}” was cancelled", _RETRY),
    VideoStatus.NEEDS_REVIEW: (
        NotificationType.VIDEO_NEEDS_REVIEW,
        "“{title}” waits for you",
        "See what is unclear: vidgen show {id}",
    ),
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
    """End the attempt, give back what it had reserved, and tell the video's owner.

    False when it no longer owns the video, or that has ended already.
    """
    video = rows.finish(session, video_id, attempt, status, step=step, message=message, **values)
    if video is None:
        return False
    release(session, video.id)
    _tell(session, video, step, message)
    return True


def _tell(session: Session, video: Video, step: Step | None, message: str) -> None:
    kind, title, what_to_do = _NOTICES[VideoStatus(video.status)]
    if video.error_code == TimedOut.code:
        kind = NotificationType.VIDEO_GENERATION_TIMEOUT
    sentences = [message, _spent(video.cost_usd), what_to_do.format(id=str(video.id)[:8])]
    add_notification(
        session,
        video.user_id,
        kind,
        title=title.format(title=video.title),
        body=" ".join(sentence for sentence in sentences if sentence),
        video_id=video.id,
        data={
            "video_id": str(video.id),
            "attempt": video.attempt,
            "status": video.status,
            "step": step,
            "error_code": video.error_code,
            "cost_usd": str(video.cost_usd),
        },
        once_key=f"video:{video.id}:{video.attempt}:{video.version}:{video.status}",
    )
    provider = (video.error_details or {}).get("provider")
    if video.error_code == AuthFailed.code and provider:
        add_notification(
            session,
            video.user_id,
            NotificationType.PROVIDER_KEY_REJECTED,
            title=f"The key for {provider} was rejected",
            body=f"{message} Until it works, each video that needs it fails. Try it: vidgen providers check {provider}",
            video_id=video.id,
            data={"provider": provider},
            # Once a day, however many videos fail for it.
            once_key=f"key:{provider}:{datetime.now(UTC).date()}",
        )


def _spent(amount: Decimal) -> str:
    if not amount:
        return ""
    return f"{amount:.2f} USD were spent." if amount >= Decimal("0.01") else "Less than 0.01 USD was spent."

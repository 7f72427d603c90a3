"""A person's answer to a paid request that got none: it may have been charged, and nobody knows.

The generation stopped there. It goes on when its owner says how: ask the vendor once more what became of it, or count
it as lost and pay again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.provider_calls import calls_of_video, write_off
from vidgen_pipeline.database.tables import ProviderCall
from vidgen_pipeline.database.videos import find_video
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.domain.video import Action, Step
from vidgen_pipeline.services.lifecycle import acting
from vidgen_pipeline.services.videos import VideoView


class ReviewChoice(StrEnum):
    """What to do about it."""

    LOOK_AGAIN = "look_again"
    PAY_AGAIN = "pay_again"
    CANCEL = "cancel"


@dataclass(frozen=True, kw_only=True)
class UnknownCall:
    """A paid request that got no answer. `unit` is the scene it was for, empty where it was for all of them."""

    id: UUID
    step: Step
    unit: str
    provider: str
    model: str
    sent_at: datetime | None
    error_message: str


def unknown_calls(engine: Engine, user_id: UUID, video_id: UUID) -> list[UnknownCall]:
    """The video's paid requests that may be paid for twice if it pays again. Raises NotFound."""
    with Session(engine) as session:
        if find_video(session, user_id, video_id) is None:
            raise NotFound("There is no video with this id.", remedy="See them all with: vidgen videos")
        return [_unknown_call(call) for call in _unanswered(session, user_id, video_id)]


def review(
    engine: Engine, user_id: UUID, video_id: UUID, choice: ReviewChoice, *, version: int | None = None
) -> VideoView:
    """Let a video that waits for its owner go on, or cancel it. Raises as the services of `lifecycle` do.

    `PAY_AGAIN` writes off every request of `unknown_calls` in the same transaction.
    """
    with acting(engine, user_id, video_id, Action.REVIEW, version) as case:
        if choice is ReviewChoice.CANCEL:
            case.end("Cancelled.")
        elif choice is ReviewChoice.LOOK_AGAIN:
            case.queue("To look once more what became of a paid request.")
        else:
            calls = _unanswered(case.session, user_id, video_id)
            for call in calls:
                write_off(case.session, user_id, call.id)
            case.queue(f"Counted as lost, to be paid for again: {', '.join(str(call.id)[:8] for call in calls)}.")
        return case.view()


def _unanswered(session: Session, user_id: UUID, video_id: UUID) -> list[ProviderCall]:
    return [call for call in calls_of_video(session, user_id, video_id) if call.status == "unknown"]


def _unknown_call(call: ProviderCall) -> UnknownCall:
    return UnknownCall(
        id=call.id,
        step=Step(call.step),
        unit=call.unit,
        provider=call.provider,
        model=call.model,
        sent_at=call.sent_at,
        error_message=call.error_message or "",
    )

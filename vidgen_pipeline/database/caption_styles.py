"""The caption styles that people save for themselves. Every function takes the user first: nobody sees another's."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import RecurringPlan, SavedCaptionStyle, UserGenerationSettings, Video
from vidgen_pipeline.domain.video import VideoStatus


def saved_styles(session: Session, user_id: UUID) -> Sequence[SavedCaptionStyle]:
    """The user's styles by name."""
    mine = select(SavedCaptionStyle).where(SavedCaptionStyle.user_id == user_id)
    return session.scalars(mine.order_by(SavedCaptionStyle.name)).all()


def saved_style(session: Session, user_id: UUID, name: str) -> SavedCaptionStyle | None:
    """The user's style of this name."""
    return session.get(SavedCaptionStyle, (user_id, name))


def remove_saved_style(session: Session, user_id: UUID, name: str) -> bool:
    """Whether there was one to remove."""
    mine = delete(SavedCaptionStyle).where(SavedCaptionStyle.user_id == user_id, SavedCaptionStyle.name == name)
    return session.scalar(mine.returning(SavedCaptionStyle.name)) is not None


def users_of_style(session: Session, user_id: UUID, name: str) -> list[str]:
    """What of the user's names the style, in words.

    A video counts until it is finished: a failed one can be retried.
    """
    video = exists().where(
        Video.user_id == user_id,
        Video.status != VideoStatus.COMPLETED,
        Video.deleted_at.is_(None),
        Video.request["subtitle_style"].astext == name,
    )
    plan = exists().where(
        RecurringPlan.user_id == user_id,
        RecurringPlan.deleted_at.is_(None),
        RecurringPlan.request["subtitle_style"].astext == name,
    )
    settings = exists().where(UserGenerationSettings.user_id == user_id, UserGenerationSettings.subtitle_style == name)
    found = session.execute(select(settings, video, plan)).one()
    names = ("your settings", "a video that is not finished", "a recurring plan")
    return [what for what, is_there in zip(names, found, strict=True) if is_there]

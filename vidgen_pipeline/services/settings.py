"""A user's settings: what their videos are made with where a video does not say."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.users import generation_settings


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What holds where a person said nothing."""

    aspect_ratio: str
    subtitle_style: str
    music: str


def defaults_of(engine: Engine, user_id: UUID) -> Defaults:
    """The user's settings, made with the product's own choices at the first call."""
    with Session(engine) as session, session.begin():
        settings = generation_settings(session, user_id)
        return Defaults(
            aspect_ratio=settings.aspect_ratio, subtitle_style=settings.subtitle_style, music=settings.music_mood
        )

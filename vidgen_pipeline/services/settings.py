"""A user's settings: what their videos are made with where a video does not say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notifications import notification_settings
from vidgen_pipeline.database.tables import UserGenerationSettings
from vidgen_pipeline.database.users import generation_settings
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.services.credentials import KeysAtHand, keys_at_hand
from vidgen_pipeline.services.notifications import SettingsView


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What holds where a person said nothing. None leaves it to the product, the text or the provider."""

    aspect_ratio: str
    subtitle_style: str
    music: str
    time_zone: str = "UTC"
    look: str | None = None
    caption_highlight: str | None = None
    language: str | None = None
    voices: Mapping[str, str] = field(default_factory=dict)
    length_seconds: int | None = None
    tone: str | None = None
    template: str | None = None
    when_clip_rejected: str = "fail"
    voice_clean_up: str = "none"
    providers: Mapping[Category, str] = field(default_factory=dict)
    keys: KeysAtHand = field(default_factory=KeysAtHand)

    def for_changes(self, back: Collection[str]) -> Defaults:
        """The same for changing a video that is planned: what it left open stays open, unless it is taken back now.

        `back` are the names of those wishes. So an old video that is given another title does not come out in the
        voice, or with the video model, that its owner chose for later ones.
        """
        return replace(
            self,
            look=self.look if "look" in back else None,
            caption_highlight=self.caption_highlight if "caption_highlight" in back else None,
            language=self.language if "language" in back else None,
            length_seconds=self.length_seconds if "length_seconds" in back else None,
            tone=self.tone if "tone" in back else None,
            template=self.template if "template" in back else None,
            voices=self.voices if "voice" in back else {},
            providers={step: name for step, name in self.providers.items() if step != Category.VIDEO_AI},
        )


@dataclass(frozen=True, kw_only=True)
class GenerationSettings:
    """A user's settings as they see them. `voices` are by provider; `version` grows with every change.

    What they are told of, and where, is in `notifications`, and is changed by the service of that name.
    """

    default_script_provider: str | None
    default_voice_provider: str | None
    default_media_provider: str | None
    default_video_ai_provider: str | None
    default_assembly_provider: str | None
    look: str | None
    subtitle_style: str
    caption_highlight: str | None
    language: str | None
    voices: Mapping[str, str]
    aspect_ratio: str
    target_length_seconds: int | None
    music_mood: str
    tone: str | None
    template: str | None
    when_clip_rejected: str
    voice_clean_up: str
    time_zone: str
    skip_later_than_hours: int | None
    notifications: SettingsView
    version: int
    updated_at: datetime


def defaults_of(engine: Engine, user_id: UUID) -> Defaults:
    """The user's settings as planning needs them, made with the product's own choices at the first call."""
    with Session(engine) as session, session.begin():
        settings = generation_settings(session, user_id)
        named = {category: getattr(settings, f"default_{category}_provider") for category in Category}
        defaults = Defaults(
            aspect_ratio=settings.aspect_ratio,
            subtitle_style=settings.subtitle_style,
            music=settings.music_mood,
            time_zone=settings.time_zone,
            look=settings.look,
            caption_highlight=settings.caption_highlight,
            language=settings.language,
            voices=dict(settings.voices),
            length_seconds=settings.target_length_seconds,
            tone=settings.tone,
            template=settings.template,
            when_clip_rejected=settings.when_clip_rejected,
            voice_clean_up=settings.voice_clean_up,
            providers={category: name for category, name in named.items() if name},
        )
    return replace(defaults, keys=keys_at_hand(engine, user_id))


def get_settings(engine: Engine, user_id: UUID) -> GenerationSettings:
    """The user's settings, made with the product's own choices at the first call."""
    with Session(engine) as session, session.begin():
        return view_of(session, generation_settings(session, user_id))


def view_of(session: Session, row: UserGenerationSettings) -> GenerationSettings:
    """A user's settings as they see them."""
    told = notification_settings(session, row.user_id)
    return GenerationSettings(
        default_script_provider=row.default_script_provider,
        default_voice_provider=row.default_voice_provider,
        default_media_provider=row.default_media_provider,
        default_video_ai_provider=row.default_video_ai_provider,
        default_assembly_provider=row.default_assembly_provider,
        look=row.look,
        subtitle_style=row.subtitle_style,
        caption_highlight=row.caption_highlight,
        language=row.language,
        voices=dict(row.voices),
        aspect_ratio=row.aspect_ratio,
        target_length_seconds=row.target_length_seconds,
        music_mood=row.music_mood,
        tone=row.tone,
        template=row.template,
        when_clip_rejected=row.when_clip_rejected,
        voice_clean_up=row.voice_clean_up,
        time_zone=row.time_zone,
        skip_later_than_hours=row.skip_later_than_hours,
        notifications=SettingsView(told.email, dict(told.channels)),
        version=row.version,
        updated_at=row.updated_at,
    )

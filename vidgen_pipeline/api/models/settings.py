"""Settings, and who can do what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Whole, examples
from vidgen_pipeline.domain.notifications import Channel, NotificationType
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.services.effective_providers import EffectiveProvider
from vidgen_pipeline.services.notifications import SettingsView
from vidgen_pipeline.services.providers import ProviderView
from vidgen_pipeline.services.settings import GenerationSettings

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class SettingsGiven(Given):
    """What to change. What is left out stays; null takes a setting back."""

    model_config = ConfigDict(
        **Strict, json_schema_extra=examples({"subtitle_style": "bold", "time_zone": "Europe/Berlin"})
    )

    default_script_provider: _Name | None = None
    default_voice_provider: _Name | None = None
    default_media_provider: _Name | None = None
    default_video_ai_provider: _Name | None = None
    default_assembly_provider: _Name | None = None
    look: _Name | None = None
    subtitle_style: _Name | None = None
    caption_highlight: _Name | None = None
    language: Annotated[str, Field(min_length=2, max_length=35)] | None = None
    voices: dict[_Name, _Name | None] | None = Field(
        default=None, description="By provider; these are added to those that are set, and null takes one out."
    )
    aspect_ratio: _Name | None = None
    target_length_seconds: Annotated[Whole, Field(ge=5, le=3600)] | None = None
    music_mood: _Name | None = None
    tone: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    template: _Name | None = None
    when_clip_rejected: _Name | None = None
    voice_clean_up: _Name | None = None
    time_zone: _Name | None = None
    skip_later_than_hours: Annotated[Whole, Field(ge=1, le=24 * 365)] | None = None

    def changes(self) -> dict[str, Any]:
        """What was said."""
        return self.model_dump(exclude_unset=True)


class ToldShown(Shown):
    """Where a person is told of what. A channel that is missing is told of everything."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples({"email": "me@example.org", "channels": {"email": ["video_ready_to_post"]}}),
    )

    email: str | None
    channels: dict[Channel, list[NotificationType]]

    @classmethod
    def of(cls, view: SettingsView) -> Self:
        """As the service says it."""
        return cls(
            email=view.email,
            channels={Channel(name): [NotificationType(kind) for kind in told] for name, told in view.channels.items()},
        )


class SettingsShown(Shown):
    """What videos are made with where they don't say otherwise."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "default_script_provider": None, "default_voice_provider": None, "default_media_provider": None,
                "default_video_ai_provider": None, "default_assembly_provider": None, "look": None,
                "subtitle_style": "modern", "caption_highlight": None, "language": None, "voices": {},
                "aspect_ratio": "9:16", "target_length_seconds": None, "music_mood": "calm", "tone": None,
                "template": None, "when_clip_rejected": "fail", "voice_clean_up": "none", "time_zone": "UTC",
                "skip_later_than_hours": None,
                "notifications": {"email": None, "channels": {}}, "version": 1, "updated_at": "2026-11-24T12:00:00Z",
            }
        ),
    )  # fmt: skip

    default_script_provider: str | None
    default_voice_provider: str | None
    default_media_provider: str | None
    default_video_ai_provider: str | None
    default_assembly_provider: str | None
    look: str | None
    subtitle_style: str
    caption_highlight: str | None
    language: str | None
    voices: dict[str, str]
    aspect_ratio: str
    target_length_seconds: int | None
    music_mood: str
    tone: str | None
    template: str | None
    when_clip_rejected: str
    voice_clean_up: str
    time_zone: str
    skip_later_than_hours: int | None
    notifications: ToldShown
    version: int
    updated_at: datetime

    @classmethod
    def of(cls, settings: GenerationSettings) -> Self:
        """As the service says it."""
        plain = {name: getattr(settings, name) for name in cls.model_fields if name not in {"notifications", "voices"}}
        return cls(**plain, voices=dict(settings.voices), notifications=ToldShown.of(settings.notifications))


class ProviderShown(Shown):
    """A provider, whether it can be chosen now, and what it costs."""

    id: str
    name: str
    category: Category
    state: str
    can_be_chosen: bool
    model: str
    price: str
    needs_key: bool
    key_url: str
    retired: bool
    replacement: str
    word_times: bool
    languages: tuple[str, ...]
    licence: str
    note: str

    @classmethod
    def of(cls, view: ProviderView) -> Self:
        """As the service says it."""
        facts = view.facts
        return cls(
            id=facts.id,
            name=facts.name,
            category=facts.category,
            state=view.state.value,
            can_be_chosen=view.state.is_ready,
            model=view.model,
            price=view.price,
            needs_key=facts.needs_key,
            key_url=facts.key_url,
            retired=facts.retired_on is not None,
            replacement=facts.replacement,
            word_times=facts.word_times,
            languages=facts.languages,
            licence=facts.licence,
            note=facts.note,
        )


class ChosenShown(Shown):
    """Who does a step of your next video, and why; `problem` is what stands against it."""

    provider: str | None
    model: str | None
    reason: str
    problem: str | None

    @classmethod
    def of(cls, one: EffectiveProvider) -> Self:
        """As the service says it."""
        return cls(
            provider=one.provider,
            model=one.model,
            reason=one.reason.value,
            problem=one.problem.told_from_afar() if one.problem else None,
        )


class CategoryShown(Shown):
    """Who could do a step, preferred first, and who does it now."""

    chosen: ChosenShown
    providers: list[ProviderShown]


class AvailableShown(Shown):
    """For each category who could do it, and who does it now."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "categories": {
                    "media": {
                        "chosen": {
                            "provider": "backdrop",
                            "model": "backdrop-1",
                            "reason": "the first that can be used here",
                            "problem": None,
                        },
                        "providers": [],
                    }
                }
            }
        ),
    )

    categories: dict[Category, CategoryShown]

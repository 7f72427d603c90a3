"""The tables as Python sees them. Their truth is `sql/migrations/`; a test holds the two against each other."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, DateTime, ForeignKey, Identity, Numeric, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, REAL
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NEW_ID = text("gen_random_uuid()")
_NOW = func.now()
Money = Numeric(12, 6)


class Base(DeclarativeBase):
    """Types of columns that all tables share."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        Decimal: Money,
    }


class User(Base):
    """Somebody who makes videos."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="user")
    last_started_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    email: Mapped[str | None]
    password_hash: Mapped[str | None]
    password_changed_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class UserGenerationSettings(Base):
    """What a user's videos are made with where the video does not say."""

    __tablename__ = "user_generation_settings"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    default_script_provider: Mapped[str | None] = mapped_column(String(50))
    default_voice_provider: Mapped[str | None] = mapped_column(String(50))
    default_media_provider: Mapped[str | None] = mapped_column(String(50))
    default_video_ai_provider: Mapped[str | None] = mapped_column(String(50))
    default_assembly_provider: Mapped[str | None] = mapped_column(String(50))
    subtitle_style: Mapped[str] = mapped_column(String(100), server_default="modern")
    aspect_ratio: Mapped[str] = mapped_column(String(10), server_default="9:16")
    music_mood: Mapped[str] = mapped_column(String(20), server_default="calm")
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    skip_later_than_hours: Mapped[int | None]
    look: Mapped[str | None] = mapped_column(String(20))
    caption_highlight: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str | None] = mapped_column(String(35))
    voices: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    target_length_seconds: Mapped[int | None]
    tone: Mapped[str | None] = mapped_column(String(200))
    template: Mapped[str | None] = mapped_column(String(50))
    when_clip_rejected: Mapped[str] = mapped_column(String(20), server_default="fail")
    voice_clean_up: Mapped[str] = mapped_column(String(10), server_default="none")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class SavedCaptionStyle(Base):
    """A caption style that a user saved. `fields` are those of a style file."""

    __tablename__ = "caption_styles"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    fields: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class PipelineSettings(Base):
    """The operator's switches and limits: one row."""

    __tablename__ = "pipeline_settings"

    only_row: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    paused_reason: Mapped[str] = mapped_column(server_default="")
    generations_at_once: Mapped[int] = mapped_column(server_default="6")
    renders_at_once: Mapped[int] = mapped_column(server_default="2")
    provider_slots: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class RecurringPlan(Base):
    """A plan that makes a planned video at each time of its cron expression."""

    __tablename__ = "recurring_plans"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    cron: Mapped[str]
    time_zone: Mapped[str]
    request: Mapped[dict[str, Any]]
    prompt_template: Mapped[str]
    topics: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    next_topic: Mapped[int] = mapped_column(server_default="0")
    repeat_topics: Mapped[bool] = mapped_column(server_default=text("false"))
    next_at: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    last_error: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class Video(Base):
    """A video: what was asked for, where it stands, what came out."""

    __tablename__ = "videos"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str]
    request: Mapped[dict[str, Any]]
    selected_providers: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    scheduled_at: Mapped[datetime | None]
    time_zone: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="planned")
    attempt: Mapped[int] = mapped_column(server_default="0")
    current_step: Mapped[str | None]
    step_progress: Mapped[float] = mapped_column(REAL, server_default="0")
    generation_started_at: Mapped[datetime | None]
    last_step_updated_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_details: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    subtitle_file_url: Mapped[str | None]
    cost_usd: Mapped[Decimal] = mapped_column(server_default="0")
    estimated_usd: Mapped[Decimal | None]
    launches: Mapped[int] = mapped_column(server_default="0")
    queued_at: Mapped[datetime | None]
    launched: Mapped[int] = mapped_column(server_default="0")
    launched_at: Mapped[datetime | None]
    run_id: Mapped[str | None]
    resumes: Mapped[int] = mapped_column(server_default="0")
    waiting_for: Mapped[str | None]
    start_delay_ms: Mapped[int | None] = mapped_column(BigInteger())
    recurring_plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("recurring_plans.id", ondelete="SET NULL"))
    planned_for: Mapped[datetime | None]
    import_key: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    deleted_at: Mapped[datetime | None]


class GenerationAttempt(Base):
    """A run that claimed a video, and the attempt (the fence) it got."""

    __tablename__ = "generation_attempts"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    video_id: Mapped[UUID] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    worker: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class SlotWaiter(Base):
    """Who waits for a place of a limited number; the lower ticket goes first."""

    __tablename__ = "slot_waiters"

    ticket: Mapped[int] = mapped_column(BigInteger(), Identity(always=True), primary_key=True)
    slot: Mapped[str]
    video_id: Mapped[UUID | None] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    waiting_since: Mapped[datetime] = mapped_column(server_default=_NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class GenerationStep(Base):
    """What a step made, and the hash of everything it was made from."""

    __tablename__ = "generation_steps"

    video_id: Mapped[UUID] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    status: Mapped[str]
    inputs_hash: Mapped[str]
    output: Mapped[dict[str, Any] | None]
    provider: Mapped[str | None]
    model: Mapped[str | None]
    cost_usd: Mapped[Decimal] = mapped_column(server_default="0")
    estimated_usd: Mapped[Decimal | None]
    reused: Mapped[bool] = mapped_column(server_default=text("false"))
    error_message: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    finished_at: Mapped[datetime | None]


class ProviderCall(Base):
    """The ledger of paid requests."""

    __tablename__ = "provider_calls"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    video_id: Mapped[UUID | None] = mapped_column(ForeignKey("videos.id", ondelete="SET NULL"))
    step: Mapped[str]
    unit: Mapped[str] = mapped_column(server_default="")
    attempt: Mapped[int]
    inputs_hash: Mapped[str]
    provider: Mapped[str] = mapped_column(String(50))
    model: Mapped[str]
    base_url: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="intent")
    job_id: Mapped[str | None]
    cost_amount: Mapped[Decimal | None]
    cost_currency: Mapped[str] = mapped_column(CHAR(3), server_default="USD")
    usage: Mapped[dict[str, Any] | None]
    test_mode: Mapped[bool] = mapped_column(server_default=text("false"))
    outcome: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ApiRequestLog(Base):
    """One exchange with a vendor, narrow. Partitioned by day."""

    __tablename__ = "api_request_logs"

    created_at: Mapped[datetime] = mapped_column(primary_key=True, server_default=_NOW)
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID | None]
    video_id: Mapped[UUID | None]
    generation_step: Mapped[str | None] = mapped_column(String(50))
    attempt: Mapped[int | None]
    scene: Mapped[int | None]
    call_id: Mapped[UUID | None]
    provider: Mapped[str] = mapped_column(String(50))
    model: Mapped[str | None]
    host: Mapped[str | None] = mapped_column(String(255))
    endpoint: Mapped[str] = mapped_column(String(500))
    method: Mapped[str] = mapped_column(String(10))
    phase: Mapped[str | None] = mapped_column(String(20))
    try_number: Mapped[int] = mapped_column(server_default="1")
    status_code: Mapped[int | None]
    duration_ms: Mapped[int | None]
    vendor_request_id: Mapped[str | None] = mapped_column(String(200))
    usage: Mapped[dict[str, Any] | None]
    cost_amount: Mapped[Decimal | None]
    cost_currency: Mapped[str | None] = mapped_column(CHAR(3))
    error_code: Mapped[str | None] = mapped_column(String(50))
    error_message: Mapped[str | None]
    test_mode: Mapped[bool] = mapped_column(server_default=text("false"))


class ApiRequestLogBody(Base):
    """What was sent and received in an exchange, masked: the other half of a log row, under the same key."""

    __tablename__ = "api_request_log_bodies"

    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_headers: Mapped[dict[str, Any] | None]
    request_body: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    response_headers: Mapped[dict[str, Any] | None]
    response_body: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))


class ProviderPricing(Base):
    """One dated price of one model."""

    __tablename__ = "provider_pricing"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    provider: Mapped[str] = mapped_column(String(50))
    model: Mapped[str]
    kind: Mapped[str]
    amount: Mapped[Decimal]
    unit_size: Mapped[int]
    currency: Mapped[str] = mapped_column(CHAR(3))
    as_of: Mapped[date]
    source: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class VideoEvent(Base):
    """Something that happened to a video. `number` counts from 1 within the video, with no gap."""

    __tablename__ = "video_events"

    id: Mapped[int] = mapped_column(BigInteger(), Identity(always=True), primary_key=True)
    video_id: Mapped[UUID] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    number: Mapped[int]
    attempt: Mapped[int]
    kind: Mapped[str]
    status: Mapped[str]
    step: Mapped[str | None]
    message: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class UserEvent(Base):
    """The place of an event among those of all of a user's videos: what has the lower one was committed first."""

    __tablename__ = "user_events"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(BigInteger(), Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("video_events.id", ondelete="CASCADE"), unique=True)

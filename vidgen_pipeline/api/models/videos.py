"""Videos as they are asked for and shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Usd, Whole, Yes, examples
from vidgen_pipeline.domain.errors import remedy_from_afar
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import FASTEST_SPEECH, SLOWEST_SPEECH, Action, Step, VideoStatus
from vidgen_pipeline.services.costs import CostEstimate
from vidgen_pipeline.services.videos import VideoView

VIDEO_ID = "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f60"
LONGEST_SCRIPT, LONGEST_PROMPT = 300_000, 20_000

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class VideoWishes(Given):
    """What a video is to be like. What is left out is as in the settings, or the product's own choice."""

    prompt: Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT)] | None = None
    script_text: Annotated[str, Field(min_length=1, max_length=LONGEST_SCRIPT)] | None = None
    title: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    audience: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    tone: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    platform: Annotated[str, Field(min_length=1, max_length=50)] | None = None
    template: _Name | None = None
    length_seconds: Annotated[Whole, Field(ge=5, le=3600)] | None = None
    language: Annotated[str, Field(min_length=2, max_length=35)] | None = None
    voice: _Name | None = None
    voice_speed: Annotated[float, Field(strict=True, ge=SLOWEST_SPEECH, le=FASTEST_SPEECH)] | None = None
    aspect_ratio: _Name | None = None
    look: _Name | None = Field(default=None, description="`none` does without the one of your settings.")
    subtitle_style: _Name | None = None
    caption_highlight: _Name | None = None
    music: _Name | None = None
    when_clip_rejected: _Name | None = None
    voice_clean_up: _Name | None = Field(default=None, description="`none`, `light` or `strong`.")
    providers: dict[Category, _Name] | None = Field(
        default=None, description="Who does which step; `none` for video_ai does without."
    )

    def wishes(self) -> dict[str, Any]:
        """The wishes that were said, by the names of `planning.Wishes`; one that was said to be null is None."""
        return self.model_dump(include=set(VideoWishes.model_fields), exclude_unset=True)


class NewVideo(VideoWishes):
    """A video to be made: now (`generate`), at a time (`scheduled_at`), or only drafted."""

    model_config = ConfigDict(
        **Strict,
        json_schema_extra=examples(
            {"script_text": "Cats purr when they are happy. They also purr to heal.", "title": "Why cats purr"}
        ),
    )

    fresh: Yes = Field(default=False, description="Take no finished step over from your other videos.")
    test_mode: Yes = Field(default=False, description="Every vendor is the sandbox's double; nothing costs money.")
    scheduled_at: Annotated[str, Field(min_length=10, max_length=40)] | None = Field(
        default=None, description="`2026-11-25 09:00` on the clocks of `time_zone`, or `2026-11-25T09:00+01:00`."
    )
    time_zone: _Name | None = Field(default=None, description="An IANA zone; without one, that of your settings.")
    generate: Yes = Field(default=False, description="Queue it at once. Needs an Idempotency-Key.")


class VideoEdit(VideoWishes):
    """What to change of a video. What is left out stays; null takes a wish back. In its end only `title` changes."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples({"subtitle_style": "bold", "music": "happy"}))


class Reschedule(Given):
    """Another time for a video."""

    model_config = ConfigDict(
        **Strict, json_schema_extra=examples({"scheduled_at": "2030-05-01 09:00", "time_zone": "Europe/Berlin"})
    )

    scheduled_at: Annotated[str, Field(min_length=10, max_length=40)]
    time_zone: _Name | None = None


class StepShown(Shown):
    """A step of the work. `seconds` are those so far while it runs."""

    name: Step
    status: str
    attempt: int
    seconds: float
    reused: bool
    provider: str | None
    model: str | None
    cost_usd: float
    error_message: str | None
    warnings: tuple[str, ...]


class ErrorShown(Shown):
    """Why a video ended badly."""

    code: str | None
    message: str
    step: str | None = None
    provider: str | None = None
    remedy: str | None = None


class EstimateShown(Shown):
    """What a video will cost, in USD: at the least, probably, and at the most."""

    low: Usd
    expected: Usd
    high: Usd

    @classmethod
    def of(cls, estimate: CostEstimate) -> Self:
        """As the service says it."""
        return cls(low=estimate.low, expected=estimate.expected, high=estimate.high)


class VideoOutline(Shown):
    """A video as a list shows it."""

    id: UUID
    title: str
    status: VideoStatus
    progress: int = Field(ge=0, le=100)
    version: int
    attempt: int
    current_step: Step | None
    waiting_for: str | None
    cancel_requested: bool
    scheduled_at: datetime | None
    time_zone: str | None
    created_at: datetime
    completed_at: datetime | None
    deleted_at: datetime | None
    duration_ms: int | None
    error: ErrorShown | None
    cost_usd: float
    actions: tuple[Action, ...]
    prompt: str | None
    platform: str | None
    providers: dict[Category, str]
    test_mode: bool

    @classmethod
    def of(cls, video: VideoView) -> Self:
        """As its owner sees it."""
        return cls(**_outline(video))


class VideoShown(VideoOutline):
    """All about a video."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "id": VIDEO_ID, "title": "Why cats purr", "status": "draft", "progress": 0, "version": 1, "attempt": 0,
                "current_step": None, "waiting_for": None, "cancel_requested": False, "scheduled_at": None,
                "time_zone": None, "created_at": "2026-11-24T12:00:00Z", "completed_at": None, "deleted_at": None,
                "duration_ms": None, "error": None, "cost_usd": 0.0,
                "actions": ["generate_now", "edit", "rename", "reschedule", "delete"], "prompt": None,
                "platform": None, "providers": {"script": "own_script", "voice": "espeak"}, "test_mode": False,
                "language": "en", "voice": None, "aspect_ratio": "9:16",
                "look": None, "subtitle_style": "modern",
                "caption_highlight": None, "voice_clean_up": "none", "music": "calm",
                "target_length_ms": None, "script_text": "Cats purr.",
                "estimate": {"low": 0.0, "expected": 0.0, "high": 0.0}, "steps": [], "warnings": [], "files": {},
                "notes": [],
            }
        ),
    )  # fmt: skip

    language: str
    voice: str | None
    aspect_ratio: str
    look: str | None
    subtitle_style: str
    caption_highlight: str | None
    voice_clean_up: str
    music: str
    target_length_ms: int | None
    script_text: str | None
    estimate: EstimateShown
    steps: tuple[StepShown, ...]
    warnings: tuple[str, ...]
    files: dict[str, str] = Field(description="Where the finished files are, by kind.")
    notes: tuple[str, ...] = Field(default=(), description="What to know about what was just asked for.")

    @classmethod
    def whole(cls, video: VideoView, estimate: CostEstimate, notes: tuple[str, ...] = ()) -> Self:
        """As its owner sees it, with what it will cost."""
        request = video.request
        return cls(
            **_outline(video),
            language=request.language,
            voice=request.voice,
            aspect_ratio=request.aspect_ratio,
            look=request.look,
            subtitle_style=request.subtitle_style,
            caption_highlight=request.caption_highlight,
            voice_clean_up=request.voice_clean_up,
            music=request.music_mood,
            target_length_ms=request.target_length_ms,
            script_text=request.script_text,
            estimate=EstimateShown.of(estimate),
            steps=tuple(
                StepShown(
                    name=step.name,
                    status=step.status,
                    attempt=step.attempt,
                    seconds=step.seconds,
                    reused=step.reused,
                    provider=step.provider,
                    model=step.model,
                    cost_usd=float(step.cost_usd),
                    error_message=step.error_message,
                    warnings=step.warnings,
                )
                for step in video.steps
            ),
            warnings=video.warnings,
            files=_files(video),
            notes=notes,
        )


class VideoList(Shown):
    """A page of videos. `next_cursor` is where the next one begins."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra=examples({"data": [], "has_more": False, "next_cursor": None})
    )

    data: list[VideoOutline]
    has_more: bool
    next_cursor: str | None


class Counts(Shown):
    """How many videos there are."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "by_status": {
                    "draft": 2, "planned": 1, "queued": 0, "processing": 0, "needs_review": 0, "completed": 7,
                    "failed": 0, "cancelled": 0,
                },
                "total": 10,
                "deleted": 3,
            }
        ),
    )  # fmt: skip

    by_status: dict[VideoStatus, int]
    total: int
    deleted: int


def _outline(video: VideoView) -> dict[str, Any]:
    request = video.request
    return {
        "id": video.id,
        "title": video.title,
        "status": video.status,
        "progress": _progress(video),
        "version": video.version,
        "attempt": video.attempt,
        "current_step": video.current_step,
        "waiting_for": video.waiting_for,
        "cancel_requested": video.cancel_requested,
        "scheduled_at": video.scheduled_at,
        "time_zone": video.time_zone,
        "created_at": video.created_at,
        "completed_at": video.completed_at,
        "deleted_at": video.deleted_at,
        "duration_ms": video.finished.duration_ms if video.finished else None,
        "error": _error(video),
        "cost_usd": float(video.cost_usd),
        "actions": video.actions,
        "prompt": request.prompt,
        "platform": request.platform,
        "providers": dict(request.selected_providers),
        "test_mode": request.test_mode,
    }


def _error(video: VideoView) -> ErrorShown | None:
    if not video.error_message:
        return None
    details = {name: video.error_details.get(name) for name in ("step", "provider")}
    remedy = video.error_details.get("remedy") or ""  # the message ends with it
    message = video.error_message.removesuffix(remedy).strip()
    return ErrorShown(code=video.error_code, message=message, remedy=remedy_from_afar(remedy) or None, **details)


def _progress(video: VideoView) -> int:
    """How much of the steps is done, in percent; 100 only for a finished video."""
    if video.status is VideoStatus.COMPLETED:
        return 100
    if video.status is not VideoStatus.PROCESSING or video.current_step is None:
        return 0
    done = list(Step).index(video.current_step) + min(max(video.step_progress, 0), 1)
    return min(99, int(done * 100 / len(Step)))


def _files(video: VideoView) -> dict[str, str]:
    if Action.DOWNLOAD not in video.actions or video.finished is None:
        return {}
    here = f"/api/v1/videos/{video.id}"
    names = ("content", "thumbnail", "subtitles.srt", "subtitles.vtt", "subtitles.ass", "attribution")
    return {name: f"{here}/{name}" for name in names}

"""A video to be made: what was asked for, the states it goes through and the steps that make it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import SceneText


class VideoStatus(StrEnum):
    """Where a video is in its life."""

    DRAFT = "draft"
    PLANNED = "planned"
    QUEUED = "queued"
    PROCESSING = "processing"
    NEEDS_REVIEW = "needs_review"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """One part of the work, in the order in which the parts are run."""

    SCRIPT = "script"
    VOICE = "voice"
    MEDIA = "media"
    VIDEO_AI = "video_ai"
    SUBTITLES = "subtitles"
    ASSEMBLY = "assembly"


TRANSITIONS: dict[VideoStatus, frozenset[VideoStatus]] = {
    # One that may cost too much fails without having been begun.
    VideoStatus.DRAFT: frozenset({VideoStatus.PLANNED, VideoStatus.QUEUED, VideoStatus.PROCESSING, VideoStatus.FAILED}),
    # A planned video that is too late, by its owner's own rule, is cancelled without having been begun.
    VideoStatus.PLANNED: frozenset(
        {VideoStatus.DRAFT, VideoStatus.QUEUED, VideoStatus.PROCESSING, VideoStatus.CANCELLED, VideoStatus.FAILED}
    ),
    # A queued one whose run found its owner busy waits for its turn again, as planned.
    VideoStatus.QUEUED: frozenset(
        {VideoStatus.PROCESSING, VideoStatus.PLANNED, VideoStatus.CANCELLED, VideoStatus.FAILED}
    ),
    # A generation whose worker died is queued again, to go on where it was.
    VideoStatus.PROCESSING: frozenset(
        {
            VideoStatus.COMPLETED,
            VideoStatus.FAILED,
            VideoStatus.CANCELLED,
            VideoStatus.NEEDS_REVIEW,
            VideoStatus.QUEUED,
        }
    ),
    VideoStatus.NEEDS_REVIEW: frozenset({VideoStatus.QUEUED, VideoStatus.PROCESSING, VideoStatus.CANCELLED}),
    VideoStatus.FAILED: frozenset({VideoStatus.DRAFT, VideoStatus.PLANNED, VideoStatus.QUEUED, VideoStatus.PROCESSING}),
    VideoStatus.CANCELLED: frozenset(
        {VideoStatus.DRAFT, VideoStatus.PLANNED, VideoStatus.QUEUED, VideoStatus.PROCESSING}
    ),
    # An operator may run a finished video's partition again; unchanged steps are then reused.
    VideoStatus.COMPLETED: frozenset({VideoStatus.PROCESSING}),
}


class Action(StrEnum):
    """What a person can do with a video."""

    GENERATE_NOW = "generate_now"
    EDIT = "edit"
    RENAME = "rename"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    RETRY = "retry"
    REVIEW = "review"
    DELETE = "delete"
    DOWNLOAD = "download"


ACTIONS: dict[Action, dict[VideoStatus, VideoStatus]] = {
    Action.GENERATE_NOW: {
        VideoStatus.DRAFT: VideoStatus.QUEUED,
        VideoStatus.PLANNED: VideoStatus.QUEUED,
        VideoStatus.FAILED: VideoStatus.QUEUED,
        VideoStatus.CANCELLED: VideoStatus.QUEUED,
    },
    Action.EDIT: {
        VideoStatus.DRAFT: VideoStatus.DRAFT,
        VideoStatus.PLANNED: VideoStatus.PLANNED,
        VideoStatus.FAILED: VideoStatus.DRAFT,
        VideoStatus.CANCELLED: VideoStatus.DRAFT,
    },
    Action.RENAME: {status: status for status in VideoStatus},
    Action.RESCHEDULE: {
        VideoStatus.DRAFT: VideoStatus.PLANNED,
        VideoStatus.PLANNED: VideoStatus.PLANNED,
        VideoStatus.FAILED: VideoStatus.PLANNED,
        VideoStatus.CANCELLED: VideoStatus.PLANNED,
    },
    # A video that is being made is asked to stop: its worker puts it into its end state.
    Action.CANCEL: {
        VideoStatus.PLANNED: VideoStatus.DRAFT,
        VideoStatus.QUEUED: VideoStatus.CANCELLED,
        VideoStatus.PROCESSING: VideoStatus.PROCESSING,
        VideoStatus.NEEDS_REVIEW: VideoStatus.CANCELLED,
    },
    Action.RETRY: {VideoStatus.FAILED: VideoStatus.QUEUED, VideoStatus.CANCELLED: VideoStatus.QUEUED},
    Action.REVIEW: {VideoStatus.NEEDS_REVIEW: VideoStatus.QUEUED},
    Action.DELETE: {
        status: status
        for status in VideoStatus
        if status not in {VideoStatus.QUEUED, VideoStatus.PROCESSING, VideoStatus.NEEDS_REVIEW}
    },
    Action.DOWNLOAD: {VideoStatus.COMPLETED: VideoStatus.COMPLETED},
}
"""For each action the states it can be done in, and the state it leads to. A deleted video can only be restored."""


def sources_of(target: VideoStatus) -> tuple[VideoStatus, ...]:
    """The states from which a video may become `target`."""
    return tuple(source for source, targets in TRANSITIONS.items() if target in targets)


def actions_in(status: VideoStatus) -> tuple[Action, ...]:
    """What can be done with a video in this state, in a fixed order."""
    return tuple(action for action, states in ACTIONS.items() if status in states)


class AspectRatio(StrEnum):
    """The shape of the picture, width to height."""

    PORTRAIT = "9:16"
    LANDSCAPE = "16:9"
    SQUARE = "1:1"


class MusicMood(StrEnum):
    """The mood of the background music; `none` leaves the narration alone."""

    CALM = "calm"
    ENERGETIC = "energetic"
    HAPPY = "happy"
    NOSTALGIC = "nostalgic"
    TENDER = "tender"
    NONE = "none"


class VoiceCleanUp(StrEnum):
    """How much rumble and hiss is taken out of the narration."""

    NONE = "none"
    LIGHT = "light"
    STRONG = "strong"


SLOWEST_SPEECH, FASTEST_SPEECH = 0.5, 2.0
"""Times a voice's own pace."""


class WhenClipRejected(StrEnum):
    """What happens when a video model won't show what a scene asks for."""

    FAIL = "fail"
    USE_STOCK = "use_stock"


class VideoRequest(BaseModel):
    """What a person asked for. Every field is an input of some step; none says how the work goes."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(default=None, max_length=200)
    prompt: str | None = Field(default=None, max_length=20_000)
    script_text: str | None = None
    script_folder: str | None = Field(default=None, description="Where `[image: file]` names are looked up.")
    scene_texts: dict[int, SceneText] = Field(
        default_factory=dict, description="Other words for scenes of a provider's script, by their number from 1."
    )
    audience: str | None = Field(default=None, max_length=200)
    tone: str | None = Field(default=None, max_length=200)
    platform: str | None = Field(default=None, max_length=50)
    template: str | None = None
    target_length_ms: int | None = Field(default=None, gt=0)
    language: str = Field(description="BCP-47 tag, for example `en` or `pt-BR`.")
    voice: str | None = Field(default=None, description="A voice's name; None means the provider's own choice.")
    voice_speed: float = Field(default=1.0, ge=SLOWEST_SPEECH, le=FASTEST_SPEECH)
    aspect_ratio: AspectRatio = AspectRatio.PORTRAIT
    look: str | None = Field(default=None, description="A look's name; None leaves each thing to the settings.")
    subtitle_style: str = "modern"
    caption_highlight: str | None = Field(default=None, description="None means the style's own.")
    voice_clean_up: VoiceCleanUp = VoiceCleanUp.NONE
    music_mood: MusicMood = MusicMood.CALM
    media_folders: tuple[str, ...] = ()
    when_clip_rejected: WhenClipRejected = Field(
        default=WhenClipRejected.FAIL, description="Fail the video, or leave the scene its found media."
    )
    selected_providers: dict[Category, str] = Field(default_factory=dict)
    test_mode: bool = Field(default=False, description="Every vendor is the sandbox's double; nothing costs money.")
    fresh: bool = Field(default=False, description="Take no finished step over from the user's other videos.")

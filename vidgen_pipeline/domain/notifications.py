"""What people are told of."""

from __future__ import annotations

from enum import StrEnum


class NotificationType(StrEnum):
    """A kind of notice."""

    VIDEO_GENERATION_FAILED = "video_generation_failed"
    VIDEO_GENERATION_TIMEOUT = "video_generation_timeout"
    VIDEO_GENERATION_CANCELLED = "video_generation_cancelled"
    VIDEO_READY_TO_POST = "video_ready_to_post"
    VIDEO_NEEDS_REVIEW = "video_needs_review"
    BUDGET_THRESHOLD = "budget_threshold"
    PROVIDER_KEY_REJECTED = "provider_key_rejected"

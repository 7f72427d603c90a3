"""What people are told of, and over what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar

from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.domain.suggest import unknown


class NotificationType(StrEnum):
    """A kind of notice."""

    VIDEO_GENERATION_FAILED = "video_generation_failed"
    VIDEO_GENERATION_TIMEOUT = "video_generation_timeout"
    VIDEO_GENERATION_CANCELLED = "video_generation_cancelled"
    VIDEO_READY_TO_POST = "video_ready_to_post"
    VIDEO_NEEDS_REVIEW = "video_needs_review"
    BUDGET_THRESHOLD = "budget_threshold"
    PROVIDER_KEY_REJECTED = "provider_key_rejected"
    WEBHOOK_DISABLED = "webhook_disabled"


class Channel(StrEnum):
    """A way out of the product. In it, every notice is shown."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    OPERATOR = "operator"


class Undelivered(VidgenError):
    """A notice did not arrive. `final` says that it never will; `gone` that its receiver wants none any more."""

    code: ClassVar[str] = "undelivered"

    def __init__(self, message: str, *, remedy: str = "", final: bool = False, gone: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.final = final or gone
        self.gone = gone


Channels = Mapping[str, Sequence[str]]
"""Channel -> the types it is told of. A channel that is missing is told of all."""


def is_told(channels: Channels, channel: Channel, kind: str) -> bool:
    """Whether notices of this kind go out over the channel."""
    return channel not in channels or kind in channels[channel]


def checked_types(written: Sequence[str]) -> list[NotificationType]:
    """The kinds that a person names, in our order. Raises InvalidInput for one that there is not."""
    known = [kind.value for kind in NotificationType]
    for name in written:
        if name not in known:
            raise unknown("kind of notice", name, known)
    return [kind for kind in NotificationType if kind in written]

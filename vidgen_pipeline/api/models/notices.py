"""Notices and webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, examples
from vidgen_pipeline.domain.notifications import Channel, NotificationType
from vidgen_pipeline.services.notifications import NotificationView
from vidgen_pipeline.services.webhooks import WebhookSecret, WebhookView

_WEBHOOK = {
    "id": "0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f62", "url": "https://hooks.example/vidgen",
    "types": ["video_ready_to_post"],
    "enabled": True, "disabled_reason": "", "failures_in_a_row": 0, "created_at": "2026-11-24T12:00:00Z",
    "old_secret_until": None,
}  # fmt: skip


class NoticeShown(Shown):
    """Something a person is told of."""

    id: UUID
    type: NotificationType
    title: str
    body: str
    video_id: UUID | None
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, view: NotificationView) -> Self:
        """As the service says it."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class NoticeList(Shown):
    """A page of notices, newest first, and how many are unread in all."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra=examples({"data": [], "has_more": False, "next_cursor": None, "unread": 0})
    )

    data: list[NoticeShown]
    has_more: bool
    next_cursor: str | None
    unread: int


class ReadGiven(Given):
    """Notices that were read."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples({"ids": ["0195d3a1-7c4e-7b3a-9f0e-1d2c3b4a5f63"]}))

    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class ReadShown(Shown):
    """How many notices were not read before."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"marked": 1}))

    marked: int


class ToldGiven(Given):
    """Where to tell you of what. What is left out stays; null: an address no longer, a channel of everything."""

    model_config = ConfigDict(
        **Strict,
        json_schema_extra=examples({"email": "me@example.org", "channels": {"email": ["video_ready_to_post"]}}),
    )

    email: Annotated[str, Field(min_length=3, max_length=320)] | None = None
    channels: dict[Channel, list[NotificationType] | None] | None = None


class WebhookGiven(Given):
    """An address that is told of notices of these types, or of all."""

    model_config = ConfigDict(
        **Strict, json_schema_extra=examples({"url": "https://hooks.example/vidgen", "types": ["video_ready_to_post"]})
    )

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    types: Annotated[list[NotificationType], Field(max_length=20, default_factory=list)]


class WebhookShown(Shown):
    """A webhook. While two secrets are valid, until when."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples(_WEBHOOK))

    id: UUID
    url: str
    types: tuple[str, ...]
    enabled: bool
    disabled_reason: str
    failures_in_a_row: int
    created_at: datetime
    old_secret_until: datetime | None

    @classmethod
    def of(cls, view: WebhookView) -> Self:
        """As the service says it."""
        return cls(**{name: getattr(view, name) for name in WebhookShown.model_fields})


class NewWebhookShown(WebhookShown):
    """A webhook and its secret, which is shown this once."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({**_WEBHOOK, "secret": "whsec_c2hvd24gb25jZQ=="}))

    secret: str

    @classmethod
    def made(cls, new: WebhookSecret) -> Self:
        """As the service made it."""
        return cls(**WebhookShown.of(new.webhook).model_dump(), secret=new.secret)


class WebhookList(Shown):
    """Your webhooks, oldest first."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": [_WEBHOOK]}))

    data: list[WebhookShown]


class TestShown(Shown):
    """Whether a test message arrived, and if not, why."""

    __test__ = False
    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"delivered": True, "message": ""}))

    delivered: bool
    message: str

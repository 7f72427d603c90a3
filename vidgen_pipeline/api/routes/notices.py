"""Notices, where they go, and webhooks."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.cursors import purpose_of, read_cursor, write_cursor
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.notices import (
    NewWebhookShown,
    NoticeList,
    NoticeShown,
    ReadGiven,
    ReadShown,
    TestShown,
    ToldGiven,
    WebhookGiven,
    WebhookList,
    WebhookShown,
)
from vidgen_pipeline.api.models.settings import ToldShown
from vidgen_pipeline.api.routes.videos import Cursor, PageSize
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.notifications import Undelivered
from vidgen_pipeline.services import notifications as service
from vidgen_pipeline.services import webhooks as hooks

notifications = guarded_router("/notifications", "notifications")
webhooks = guarded_router("/webhooks", "webhooks")


@notifications.get("", operation_id="listNotifications", response_model=NoticeList)
@guard(Scope.VIDEOS_READ, Bucket.READ, statuses=(400,))
def list_notices(
    context: Context,
    caller: Asking,
    limit: PageSize = 20,
    cursor: Cursor = None,
    unread_only: Annotated[bool, Query(description="Only those that were not read.")] = False,
) -> NoticeList:
    """What you were told, newest first."""
    purpose = purpose_of("notifications", unread_only=unread_only)
    found = service.list_notifications(
        context.engine,
        caller.user_id,
        unread_only=unread_only,
        after=read_cursor(context.vault, caller.user_id, purpose, cursor),
        limit=limit + 1,
    )
    page, following = found[:limit], None
    if len(found) > limit:
        following = write_cursor(context.vault, caller.user_id, purpose, (page[-1].created_at, page[-1].id))
    return NoticeList(
        data=[NoticeShown.of(view) for view in page],
        has_more=following is not None,
        next_cursor=following,
        unread=service.count_notifications(context.engine, caller.user_id).unread,
    )


@notifications.post("/read", operation_id="markNotificationsRead", response_model=ReadShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE)
def mark_read(body: ReadGiven, context: Context, caller: Asking) -> ReadShown:
    """Mark notices as read. One that is not yours, or not there, changes nothing."""
    return ReadShown(marked=service.mark_read(context.engine, caller.user_id, body.ids))


@notifications.get("/settings", operation_id="getNotificationSettings", response_model=ToldShown)
@guard(Scope.SETTINGS, Bucket.READ)
def read_told(context: Context, caller: Asking) -> ToldShown:
    """Where you are told of what."""
    return ToldShown.of(service.notification_settings(context.engine, caller.user_id))


@notifications.put("/settings", operation_id="updateNotificationSettings", response_model=ToldShown)
@guard(Scope.SETTINGS, Bucket.WRITE)
def write_told(body: ToldGiven, context: Context, caller: Asking) -> ToldShown:
    """Change where you are told of what."""
    if "email" in body.model_fields_set:
        service.set_email(context.engine, caller.user_id, body.email)
    for channel, types in (body.channels or {}).items():
        service.set_channel(context.engine, caller.user_id, channel, types)
    return ToldShown.of(service.notification_settings(context.engine, caller.user_id))


@webhooks.get("", operation_id="listWebhooks", response_model=WebhookList)
@guard(Scope.SETTINGS, Bucket.READ)
def list_webhooks(context: Context, caller: Asking) -> WebhookList:
    """Your webhooks."""
    return WebhookList(data=[WebhookShown.of(view) for view in hooks.list_webhooks(context.engine, caller.user_id)])


@webhooks.post("", status_code=201, operation_id="createWebhook", response_model=NewWebhookShown)
@guard(Scope.SETTINGS, Bucket.WRITE, statuses=(409,))
def create_webhook(body: WebhookGiven, context: Context, caller: Asking) -> NewWebhookShown:
    """Tell this address from now on. Its secret, with which messages are signed, is shown this once."""
    new = hooks.add_webhook(context.engine, caller.user_id, context.vault, body.url, types=body.types)
    return NewWebhookShown.made(new)


@webhooks.delete("/{webhook_id}", status_code=204, operation_id="deleteWebhook", response_class=Response)
@guard(Scope.SETTINGS, Bucket.WRITE)
def delete_webhook(webhook_id: UUID, context: Context, caller: Asking) -> None:
    """Tell the address no more. What was on its way there is dropped."""
    hooks.remove_webhook(context.engine, caller.user_id, str(webhook_id))


@webhooks.post("/{webhook_id}/rotate", operation_id="rotateWebhook", response_model=NewWebhookShown)
@guard(Scope.SETTINGS, Bucket.WRITE)
def rotate_webhook(webhook_id: UUID, context: Context, caller: Asking) -> NewWebhookShown:
    """Give it a new secret; for a day messages are signed with both."""
    return NewWebhookShown.made(hooks.rotate_webhook(context.engine, caller.user_id, context.vault, str(webhook_id)))


@webhooks.post("/{webhook_id}/test", operation_id="testWebhook", response_model=TestShown)
@guard(Scope.SETTINGS, Bucket.GENERATE)
async def test_webhook(webhook_id: UUID, context: Context, caller: Asking) -> TestShown:
    """Send it a message now. One that was switched off is on again if it arrives."""
    try:
        await hooks.try_webhook(context.engine, caller.user_id, context.vault, str(webhook_id))
    except Undelivered as error:
        return TestShown(delivered=False, message=error.message)
    return TestShown(delivered=True, message="")

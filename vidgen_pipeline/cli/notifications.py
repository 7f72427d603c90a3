"""What `vidgen notifications` and `vidgen webhooks` do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.notifications import Channel
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.text import one_line
from vidgen_pipeline.services.notifications import (
    NotificationView,
    SettingsView,
    count_notifications,
    list_notifications,
    mark_read,
    notification_settings,
    set_channel,
    set_email,
)
from vidgen_pipeline.services.vault import open_vault
from vidgen_pipeline.services.webhooks import (
    WebhookSecret,
    WebhookView,
    add_webhook,
    list_webhooks,
    remove_webhook,
    rotate_webhook,
    try_webhook,
)

_LONGEST_TITLE, _LONGEST_BODY = 200, 2_000


def list_notices(*, unread_only: bool, marking: bool, limit: int, as_json: bool) -> None:
    """Print the newest notices; those printed are marked as read if so wished."""
    with open_house() as house:
        found = list_notifications(house.engine, house.user_id, unread_only=unread_only, limit=limit)
        if marking:
            mark_read(house.engine, house.user_id, [notice.id for notice in found])
        counts = count_notifications(house.engine, house.user_id)
    if as_json:
        plain = {"total": counts.total, "unread": counts.unread, "notifications": [_plain(notice) for notice in found]}
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    for notice in found:
        told = notice.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        typer.echo(f"{' ' if notice.read_at else '*'} {told}  {one_line(notice.title, _LONGEST_TITLE)}")
        if notice.body:
            typer.echo(f"    {one_line(notice.body, _LONGEST_BODY)}")
    typer.echo(f"{counts.unread} of {counts.total} unread." if counts.total else "There are no notifications yet.")


def change_settings(email: str | None, tell: Sequence[str]) -> None:
    """Say where the person is told of what, and print it."""
    wanted = [_channel_and_types(written) for written in tell]
    with open_house() as house:
        if email is not None:
            set_email(house.engine, house.user_id, None if email == "none" else email)
        for channel, types in wanted:
            set_channel(house.engine, house.user_id, channel, types)
        _show_settings(notification_settings(house.engine, house.user_id))


def add_one(url: str, types: str) -> None:
    """Add a webhook and print its secret."""
    with open_house() as house:
        vault = open_vault(house.home)
        made = add_webhook(house.engine, house.user_id, vault, url, types=_names(types))
    _show_secret(made)


def list_hooks(*, as_json: bool) -> None:
    """Print every webhook, without its secret."""
    with open_house() as house:
        found = list_webhooks(house.engine, house.user_id)
    if as_json:
        typer.echo(json.dumps([_plain_hook(hook) for hook in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("There are no webhooks. Add one: vidgen webhooks add https://…")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "state", "told of", "address"):
        table.add_column(heading, overflow="fold")
    for hook in found:
        state = "on" if hook.enabled else f"off: {one_line(hook.disabled_reason, _LONGEST_TITLE)}"
        table.add_row(str(hook.id)[:8], Text(state), ", ".join(hook.types) or "all", Text(hook.url))
    Console().print(table)


def remove_one(webhook: str) -> None:
    """Remove a webhook."""
    with open_house() as house:
        gone = remove_webhook(house.engine, house.user_id, webhook)
    typer.echo(f"Removed: {gone.url}")


def test_one(webhook: str) -> None:
    """Send a test message."""
    with open_house() as house:
        vault = open_vault(house.home)
        tried = asyncio.run(try_webhook(house.engine, house.user_id, vault, webhook))
    typer.echo(f"It arrived: {tried.url}")


def rotate_one(webhook: str) -> None:
    """Give a webhook a new secret and print it."""
    with open_house() as house:
        made = rotate_webhook(house.engine, house.user_id, open_vault(house.home), webhook)
    _show_secret(made)
    until = made.webhook.old_secret_until
    if until is not None:
        typer.echo(f"The old one is valid beside it until {until.astimezone().strftime('%Y-%m-%d %H:%M')}.")


def _show_secret(made: WebhookSecret) -> None:
    typer.echo(f"{made.webhook.id}  {made.webhook.url}")
    typer.echo(f"secret: {made.secret}")
    typer.echo("Keep it where messages are checked; it is not shown again.")


def _show_settings(settings: SettingsView) -> None:
    typer.echo(f"e-mail address: {settings.email or 'none'}")
    for channel in Channel:
        told = settings.channels.get(channel)
        typer.echo(f"{channel:<9} is told of {'all' if told is None else ', '.join(told) or 'nothing'}")


def _channel_and_types(written: str) -> tuple[Channel, list[str] | None]:
    name, equals, types = written.partition("=")
    if not equals:
        raise InvalidInput(f"'{written}' names no channel and types.", remedy="For example: --tell email=all")
    if name not in list(Channel):
        raise unknown("channel", name, [channel.value for channel in Channel])
    return Channel(name), None if types == "all" else [] if types == "none" else _names(types)


def _names(written: str) -> list[str]:
    return [name for part in written.split(",") if (name := part.strip())]


def _plain(notice: NotificationView) -> dict[str, object]:
    return {
        "id": str(notice.id),
        "type": notice.type,
        "title": notice.title,
        "body": notice.body,
        "video_id": str(notice.video_id) if notice.video_id else None,
        "data": dict(notice.data),
        "created_at": notice.created_at.isoformat(),
        "read_at": notice.read_at.isoformat() if notice.read_at else None,
    }


def _plain_hook(hook: WebhookView) -> dict[str, object]:
    return {
        "id": str(hook.id),
        "url": hook.url,
        "types": list(hook.types),
        "enabled": hook.enabled,
        "disabled_reason": hook.disabled_reason,
        "failures_in_a_row": hook.failures_in_a_row,
        "created_at": hook.created_at.isoformat(),
        "old_secret_until": hook.old_secret_until.isoformat() if hook.old_secret_until else None,
    }

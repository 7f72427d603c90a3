"""`vidgen notifications` and `vidgen webhooks`."""

from __future__ import annotations

from typing import Annotated

import typer

ID = typer.Argument(metavar="ID", help="A webhook's id, or its first characters.")

webhooks = typer.Typer(help="Addresses of yours that are told of things by signed messages.", no_args_is_help=True)


def notifications(
    unread: Annotated[bool, typer.Option("--unread", help="Only those not marked as read.")] = False,
    mark_read: Annotated[bool, typer.Option("--mark-read", help="Mark those that are listed as read.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    email: Annotated[str | None, typer.Option(help="Tell me by e-mail too, at this address; none: no more.")] = None,
    tell: Annotated[
        list[str] | None, typer.Option(metavar="CHANNEL=TYPES", help="What email or webhook is told: TYPES, all, none.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """List what you were told, or say where else you want to be told of what.

    Examples:
      vidgen notifications --unread --mark-read

      vidgen notifications --email me@example.org --tell email=video_ready_to_post,video_generation_failed
    """
    from vidgen_pipeline.cli.notifications import change_settings, list_notices

    if email is not None or tell:
        change_settings(email, tell or [])
    else:
        list_notices(unread_only=unread, marking=mark_read, limit=limit, as_json=as_json)


@webhooks.command()
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="A public https address.")],
    types: Annotated[str, typer.Option(help="Only of these, commas between them; of all, if left out.")] = "",
) -> None:
    """Add a webhook; its secret, for checking signatures, is shown this once.

    Example:
      vidgen webhooks add https://example.org/hook --types video_ready_to_post,video_generation_failed
    """
    from vidgen_pipeline.cli.notifications import add_one

    add_one(url, types)


@webhooks.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False) -> None:
    """List your webhooks."""
    from vidgen_pipeline.cli.notifications import list_hooks

    list_hooks(as_json=as_json)


@webhooks.command()
def remove(webhook: Annotated[str, ID]) -> None:
    """Remove a webhook."""
    from vidgen_pipeline.cli.notifications import remove_one

    remove_one(webhook)


@webhooks.command()
def test(webhook: Annotated[str, ID]) -> None:
    """Send a test message now; a webhook that was switched off is on again if it arrives."""
    from vidgen_pipeline.cli.notifications import test_one

    test_one(webhook)


@webhooks.command()
def rotate(webhook: Annotated[str, ID]) -> None:
    """Make a new secret; for a day, messages are signed with both."""
    from vidgen_pipeline.cli.notifications import rotate_one

    rotate_one(webhook)

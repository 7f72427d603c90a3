"""`vidgen keys`, `vidgen settings`, `vidgen tokens` and `vidgen users`."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Provider = Annotated[str, typer.Argument(metavar="PROVIDER", help="See vidgen providers for those there are.")]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="A user's name or e-mail address.")]

keys = typer.Typer(help="Your keys for providers, and the master key they are encrypted with.", no_args_is_help=True)
settings = typer.Typer(help="What your videos are made with where nothing else is said.")
tokens = typer.Typer(help="Ways in for programs that use the API.", no_args_is_help=True)
users = typer.Typer(help="Who may log in on this machine's pages and API.")


@keys.command("set")
def set_key(provider: Provider) -> None:
    """Keep a key for a provider, encrypted; it is asked for, or read from standard input, never given as an argument.

    Where a key has several parts, standard input has a line for each, such as access_key=...

    Examples:
      vidgen keys set elevenlabs

      pass show kling | vidgen keys set kling
    """
    from vidgen_pipeline.cli.accounts import set_one_key

    set_one_key(provider)


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List your keys: their last four characters, and whether they work."""
    from vidgen_pipeline.cli.accounts import show_keys

    show_keys(as_json=as_json)


@keys.command("remove")
def remove_key(provider: Provider) -> None:
    """Forget a key."""
    from vidgen_pipeline.cli.accounts import remove_one_key

    remove_one_key(provider)


@keys.command("enable")
def enable_key(provider: Provider) -> None:
    """Use a key that was switched off again."""
    from vidgen_pipeline.cli.accounts import switch_one_key

    switch_one_key(provider, on=True)


@keys.command("disable")
def disable_key(provider: Provider) -> None:
    """Keep a key, but don't use it, nor anybody else's in its place."""
    from vidgen_pipeline.cli.accounts import switch_one_key

    switch_one_key(provider, on=False)


@keys.command("check")
def check_keys(
    provider: Annotated[str | None, typer.Argument(metavar="PROVIDER", help="Only this one; all, if left out.")] = None,
) -> None:
    """Try keys, by a request that costs nothing."""
    from vidgen_pipeline.cli.providers import check_providers

    check_providers(provider)


@keys.command("rotate")
def rotate_master_key() -> None:
    """Make a new master key, or take the first in VIDGEN_MASTER_KEY, and encrypt all secrets with it."""
    from vidgen_pipeline.cli.accounts import rotate_keys

    rotate_keys()


@settings.callback(invoke_without_command=True)
def settings_or_show(context: typer.Context) -> None:
    """Show your settings, who would do each step, and why."""
    if context.invoked_subcommand is None:
        from vidgen_pipeline.cli.settings import show_settings

        show_settings(as_json=False)


@settings.command("show")
def show_settings_(as_json: AsJson = False) -> None:
    """Show your settings, who would do each step, and why."""
    from vidgen_pipeline.cli.settings import show_settings

    show_settings(as_json=as_json)


@settings.command("set")
def set_setting(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A setting's name; voice.PROVIDER is the voice there.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="none takes it back.")],
) -> None:
    """Change a setting; videos that are planned already stay as they are.

    Examples:
      vidgen settings set voice_provider elevenlabs

      vidgen settings set voice.elevenlabs JBFqnCBsd6RMkjVDRZzb
    """
    from vidgen_pipeline.cli.settings import change_setting

    change_setting(key, value)


@tokens.command("create")
def create_token_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, such as: laptop.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="videos:read, videos:write, settings or logs:admin; repeat for more.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is valid.")] = 90,
) -> None:
    """Make a token; it is shown this once.

    Example:
      vidgen tokens create laptop --scope videos:read --scope videos:write
    """
    from vidgen_pipeline.cli.accounts import create_one_token

    create_one_token(name, scope or ["videos:read"], days)


@tokens.command("list")
def list_tokens_(as_json: AsJson = False) -> None:
    """List your tokens."""
    from vidgen_pipeline.cli.accounts import show_tokens

    show_tokens(as_json=as_json)


@tokens.command("revoke")
def revoke_token_(
    token: Annotated[str, typer.Argument(metavar="ID", help="The beginning of a token, as tokens list shows it.")],
) -> None:
    """End a token, at once."""
    from vidgen_pipeline.cli.accounts import revoke_one_token

    revoke_one_token(token)


@users.callback(invoke_without_command=True)
def users_or_list(context: typer.Context) -> None:
    """List the users."""
    if context.invoked_subcommand is None:
        from vidgen_pipeline.cli.users import show_users

        show_users()


@users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, and . _ - within.")],
    email: Annotated[str | None, typer.Option(help="They may log in with it too.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="May see all users' logs and change users.")] = False,
) -> None:
    """Add a user; with the link token that is shown they set their password, once, within 24 hours."""
    from vidgen_pipeline.cli.users import add_one_user

    add_one_user(name, email, admin=admin)


@users.command("link")
def link(name: UserName) -> None:
    """Make a new link token for a user who forgot their password."""
    from vidgen_pipeline.cli.users import link_one_user

    link_one_user(name)


@users.command("role")
def role(name: UserName, new: Annotated[str, typer.Argument(metavar="ROLE", help="user or admin.")]) -> None:
    """Make a user an admin, or no longer; their logins end."""
    from vidgen_pipeline.cli.users import change_role

    change_role(name, new)


@users.command("disable")
def disable_user(name: UserName) -> None:
    """Let a user in no more; their videos stay."""
    from vidgen_pipeline.cli.users import switch_user

    switch_user(name, disabled=True)


@users.command("enable")
def enable_user(name: UserName) -> None:
    """Let a user in again."""
    from vidgen_pipeline.cli.users import switch_user

    switch_user(name, disabled=False)

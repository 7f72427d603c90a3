"""What `vidgen users` does."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.domain.accounts import Role
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.services.accounts import (
    Invited,
    create_user,
    list_users,
    password_link,
    set_disabled,
    set_role,
    user_called,
)


def show_users() -> None:
    """Print every user."""
    with open_house() as house:
        found = list_users(house.engine)
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "e-mail", "role", "state", "since"):
        table.add_column(heading, overflow="fold")
    for user in found:
        state = "disabled" if user.disabled else "can log in" if user.has_password else "has no password yet"
        table.add_row(user.name, user.email or "", user.role, state, f"{user.created_at.astimezone():%Y-%m-%d}")
    Console().print(table)


def add_one_user(name: str, email: str | None, *, admin: bool) -> None:
    """Add a user and print their link token."""
    with open_house() as house:
        _show_link(create_user(house.engine, name, email=email, role=Role.ADMIN if admin else Role.USER))


def link_one_user(name: str) -> None:
    """Print a new link token for a user."""
    with open_house() as house:
        _show_link(password_link(house.engine, user_called(house.engine, name).id))


def change_role(name: str, written: str) -> None:
    """Make a user an admin, or no longer."""
    try:
        wanted = Role(written.strip().lower())
    except ValueError:
        raise unknown("role", written, [role.value for role in Role]) from None
    with open_house() as house:
        user = set_role(house.engine, user_called(house.engine, name).id, wanted)
    typer.echo(f"{user.name}: {user.role}.")


def switch_user(name: str, *, disabled: bool) -> None:
    """Let a user in no more, or again."""
    with open_house() as house:
        user = set_disabled(house.engine, user_called(house.engine, name).id, disabled=disabled)
    typer.echo(f"{user.name} is {'disabled' if user.disabled else 'let in again'}.")


def _show_link(invited: Invited) -> None:
    typer.echo(invited.link_token)
    typer.echo(f"With this token {invited.user.name} sets a password, once, within 24 hours.", err=True)

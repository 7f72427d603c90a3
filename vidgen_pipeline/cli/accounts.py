"""What `vidgen keys` and `vidgen tokens` do. A key is read without being shown, and is printed nowhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from getpass import getpass

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.services.credentials import parts_of
from vidgen_pipeline.services.integrations import (
    IntegrationView,
    adopt_old_openai,
    list_integrations,
    reencrypt_integrations,
    remove_integration,
    set_integration,
    switch_integration,
)
from vidgen_pipeline.services.tokens import TokenView, create_token, list_tokens, revoke_token
from vidgen_pipeline.services.vault import add_master_key, drop_old_keys, keys_are_given, open_vault
from vidgen_pipeline.services.webhooks import reencrypt_webhooks

_LONGEST_INPUT = 20_000


def set_one_key(provider: str) -> None:
    """Read a provider's key and keep it."""
    facts = catalogue().get(provider)
    if facts is None or not facts.needs_key:
        raise unknown("provider that takes a key", provider, [one.id for one in catalogue().values() if one.needs_key])
    parts = _typed(facts.name, parts_of(facts)) if sys.stdin.isatty() else _piped(parts_of(facts))
    with open_house() as house:
        view = set_integration(house.engine, house.user_id, open_vault(house.home), provider, parts)
    typer.echo(f"Kept: {view.name} {view.ending} ({view.fingerprint}). Try it: vidgen keys check {provider}")


def show_keys(*, as_json: bool) -> None:
    """Print the user's keys, as far as they may be seen."""
    with open_house() as house:
        adopt_old_openai(house.engine, open_vault(house.home))
        found = list_integrations(house.engine, house.user_id)
    if as_json:
        typer.echo(json.dumps([_plain_key(view) for view in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("You have no keys of your own. Add one: vidgen keys set PROVIDER")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("provider", "key", "fingerprint", "state", "added", "last used", "checked"):
        table.add_column(heading, overflow="fold")
    for view in found:
        checked = f"{_time(view.checked_at)} {view.check_outcome or ''}".strip() if view.checked_at else "never"
        state = "on" if view.enabled else "off"
        used = _time(view.last_used_at) if view.last_used_at else "never"
        table.add_row(view.provider, view.ending, view.fingerprint, state, _time(view.added_at), used, checked)
    Console().print(table)


def remove_one_key(provider: str) -> None:
    """Forget a key."""
    with open_house() as house:
        remove_integration(house.engine, house.user_id, provider)
    typer.echo(f"The key for {provider} is forgotten here; at the provider it is still valid.")


def switch_one_key(provider: str, *, on: bool) -> None:
    """Use a key, or leave it alone."""
    with open_house() as house:
        view = switch_integration(house.engine, house.user_id, provider, on=on)
    typer.echo(f"The key for {view.name} is switched {'on' if on else 'off'}.")


def rotate_keys() -> None:
    """Encrypt every stored secret with a new master key."""
    with open_house() as house:
        given = keys_are_given()
        vault = open_vault(house.home) if given else add_master_key(house.home)
        webhooks = reencrypt_webhooks(house.engine, vault)
        integrations = reencrypt_integrations(house.engine, vault)
        if not given:
            drop_old_keys(house.home)
    typer.echo(f"Encrypted anew: the secrets of {webhooks} webhooks.")
    typer.echo(f"Encrypted anew: {integrations} keys for providers.")


def create_one_token(name: str, scopes: Sequence[str], days: int) -> None:
    """Make a token and print it."""
    with open_house() as house:
        made = create_token(house.engine, house.user_id, name, scopes, days=days)
    typer.echo(made.token)
    until = made.view.expires_at.astimezone()
    typer.echo(f"It is good for {', '.join(made.view.scopes)} until {until:%Y-%m-%d}.", err=True)
    typer.echo("Keep it where it is used; it is not shown again.", err=True)


def show_tokens(*, as_json: bool) -> None:
    """Print the user's tokens, as far as they may be seen."""
    with open_house() as house:
        found = list_tokens(house.engine, house.user_id)
    if as_json:
        typer.echo(json.dumps([_plain_token(view) for view in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("There are no tokens. Make one: vidgen tokens create NAME")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("token", "name", "good for", "until", "last used"):
        table.add_column(heading, overflow="fold")
    for view in found:
        until = "expired" if view.is_expired else f"{view.expires_at.astimezone():%Y-%m-%d}"
        used = _time(view.last_used_at) if view.last_used_at else "never"
        table.add_row(f"{view.shown}_…", Text(view.name), ", ".join(view.scopes), until, used)
    Console().print(table)


def revoke_one_token(written: str) -> None:
    """End a token."""
    with open_house() as house:
        view = revoke_token(house.engine, house.user_id, written)
    typer.echo(f"Revoked: {view.shown}_… ({view.name})")


def _typed(name: str, parts: Sequence[str]) -> dict[str, str]:
    """Ask for the key, or where it may have several parts and none is given, for those."""
    others = [part for part in parts if part != "key"]
    if "key" in parts:
        instead = f" (Enter, if you have a {' and a '.join(part.replace('_', ' ') for part in others)})"
        if key := getpass(f"Key for {name}{instead if others else ''}: ").strip():
            return {"key": key}
    typed = {part: getpass(f"{part.replace('_', ' ').capitalize()} for {name}: ").strip() for part in others}
    return {part: secret for part, secret in typed.items() if secret}


def _piped(parts: Sequence[str]) -> dict[str, str]:
    """The key on standard input, or its parts, a line each, as `part=secret`."""
    text = sys.stdin.read(_LONGEST_INPUT)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InvalidInput("There is no key on standard input.", remedy="Run it in a terminal, or pipe the key in.")
    read: dict[str, str] = {}
    for line in lines:
        part, equals, secret = line.partition("=")
        named = bool(equals) and part.strip() in parts
        if not named and len(lines) > 1:
            raise InvalidInput("Standard input has several lines that don't say what they are.", remedy=_form(parts))
        read[part.strip() if named else "key"] = secret.strip() if named else line
    return read


def _form(parts: Sequence[str]) -> str:
    return f"Give one line, or lines that begin with {' or '.join(f'{part}=' for part in parts)}."


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _plain_key(view: IntegrationView) -> Mapping[str, object]:
    return {
        "provider": view.provider,
        "name": view.name,
        "ending": view.ending,
        "fingerprint": view.fingerprint,
        "enabled": view.enabled,
        "added_at": view.added_at.isoformat(),
        "last_used_at": view.last_used_at.isoformat() if view.last_used_at else None,
        "checked_at": view.checked_at.isoformat() if view.checked_at else None,
        "check_outcome": view.check_outcome,
        "check_message": view.check_message,
    }


def _plain_token(view: TokenView) -> Mapping[str, object]:
    return {
        "id": str(view.id),
        "name": view.name,
        "shown": view.shown,
        "scopes": list(view.scopes),
        "created_at": view.created_at.isoformat(),
        "expires_at": view.expires_at.isoformat(),
        "last_used_at": view.last_used_at.isoformat() if view.last_used_at else None,
        "is_expired": view.is_expired,
    }

"""`vidgen providers`, `vidgen logs` and `vidgen log`."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.services.credentials import KeySource, keys_at_hand
from vidgen_pipeline.services.integrations import CheckOutcome, check_key
from vidgen_pipeline.services.logs import LogView, list_logs, show_log
from vidgen_pipeline.services.providers import ProviderState, list_providers, voices_of
from vidgen_pipeline.services.videos import resolve_video_id

LINE_IN_A_FILE = 240
"""A file or a pipe has no width of its own; this shows whatever we log whole."""

_COLOURS = {
    ProviderState.READY: "green",
    ProviderState.READY_OWN_KEY: "green",
    ProviderState.READY_OPERATORS_KEY: "green",
    ProviderState.NEEDS_KEY: "yellow",
    ProviderState.KEY_SWITCHED_OFF: "yellow",
    ProviderState.SWITCHED_OFF: "dim",
    ProviderState.RETIRED: "dim",
}


def show_providers(*, as_json: bool) -> None:
    """Print every provider with its state, model and price."""
    with open_house() as house:
        found = list_providers(keys_at_hand(house.engine, house.user_id))
    if as_json:
        rows = [{**view.facts.model_dump(mode="json"), "state": view.state, "price": view.price} for view in found]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("step", "provider", "state", "model", "price", "key"):
        table.add_column(heading, overflow="fold")
    for view in found:
        key = ", ".join(view.facts.key_variables) if view.facts.needs_key else ""
        if view.state is ProviderState.RETIRED:
            key = f"use {view.facts.replacement}" if view.facts.replacement else ""
        state = Text(view.state, style=_COLOURS[view.state])
        table.add_row(view.facts.category.value, view.facts.id, state, view.model, view.price, Text(key))
    Console().print(table)


def check_providers(name: str | None) -> None:
    """Check one provider's key, or every key that is set; exit code 1 when one does not work."""
    failed = False
    sandbox_url = os.environ.get("VIDGEN_SANDBOX_URL") or None
    with open_house() as house:
        keyed = [view for view in list_providers(keys_at_hand(house.engine, house.user_id)) if view.facts.needs_key]
        names = [name] if name else [view.facts.id for view in keyed if view.state.is_ready]
        if not names:
            typer.echo("No key is set. Vendors and the variables for their keys: vidgen providers")
            return
        for one in names:
            check = asyncio.run(check_key(house.engine, house.home, house.user_id, one, sandbox_url=sandbox_url))
            whose = f" ({check.source})" if check.source in {KeySource.OWN, KeySource.OPERATOR} else ""
            typer.echo(f"{one}{whose}: {check.message}")
            failed = failed or check.outcome is not CheckOutcome.WORKS
    if failed:
        raise typer.Exit(1)


def show_voices(name: str | None) -> None:
    """Print the voices that can be chosen at a provider, and where each can be heard."""
    if name is None:
        raise InvalidInput("Whose voices was not said.", remedy="Say vidgen providers voices NAME.")
    sandbox_url = os.environ.get("VIDGEN_SANDBOX_URL") or None
    with open_house() as house:
        found = asyncio.run(voices_of(name, house.engine, house.user_id, house.home, sandbox_url=sandbox_url))
    table = Table(box=None, pad_edge=False)
    for heading in ("voice", "languages", "", "sample"):
        table.add_column(heading, overflow="fold")
    for voice in found:
        shown = (voice.name, ", ".join(voice.languages) or "any", voice.description, voice.sample_url or "")
        table.add_row(*map(Text, shown))
    Console().print(table)


def show_logs(*, video: str | None, provider: str | None, errors_only: bool, limit: int, as_json: bool) -> None:
    """Print the newest exchanges with vendors."""
    with open_house() as house:
        video_id = resolve_video_id(house.engine, house.user_id, video) if video else None
        found = list_logs(
            house.engine,
            house.user_id,
            video_id=video_id,
            provider=provider,
            errors_only=errors_only,
            limit=limit,
        )
    if as_json:
        typer.echo(json.dumps([_plain(log) for log in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("No exchanges with vendors are logged.")
        return
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("id", "time", "provider", "step", "status", "ms", "cost", "error"):
        table.add_column(heading, no_wrap=True)
    table.add_column("request", no_wrap=True, ratio=1)  # the one that gives way: its whole is in `vidgen log ID`
    for log in found:
        row = log.fields
        cost = f"${row['cost_amount']:.4f}" if row["cost_amount"] is not None else ""
        table.add_row(
            str(log.id)[:8],
            log.created_at.astimezone().strftime("%m-%d %H:%M:%S"),
            row["provider"],
            row["generation_step"] or "",
            str(row["status_code"] or "-"),
            str(row["duration_ms"] or ""),
            cost,
            Text(row["error_code"] or ""),
            Text(f"{row['method']} {row['endpoint']}"),
        )
    console = Console()
    if not console.is_terminal:
        console.width = LINE_IN_A_FILE
    console.print(table)


def show_one_log(written: str) -> None:
    """Print one exchange with its masked headers and bodies, as JSON."""
    with open_house() as house:
        typer.echo(json.dumps(_plain(show_log(house.engine, house.user_id, written)), ensure_ascii=False, indent=2))


def _plain(log: LogView) -> dict[str, Any]:
    fields = asdict(log)
    plain = {"id": fields["id"], "created_at": fields["created_at"], **fields["fields"], **(fields["payload"] or {})}
    return {name: value if isinstance(value, dict | list | int | None) else str(value) for name, value in plain.items()}

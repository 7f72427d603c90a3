"""`vidgen recurring`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from vidgen_pipeline.cli.commands.options import VideoOptions
from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.cli.wishes import in_test_mode, read_changes
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.recurrence import cron_for
from vidgen_pipeline.domain.text import decode_script
from vidgen_pipeline.services.planning import Wishes
from vidgen_pipeline.services.recurring import (
    Recurrence,
    RecurringPlanView,
    add_recurring_plan,
    list_recurring_plans,
    remove_recurring_plan,
    switch_recurring_plan,
)
from vidgen_pipeline.services.schedule_times import in_words
from vidgen_pipeline.services.settings import defaults_of

LARGEST_TOPICS_BYTES = 1_000_000


def add_plan(
    name: str,
    prompt: str,
    options: VideoOptions,
    *,
    every: str,
    at: str,
    cron: str | None,
    zone: str | None,
    topics_file: Path | None,
    repeat_topics: bool,
) -> None:
    """Add a plan and say when its first video comes."""
    if options.script is not None:
        raise InvalidInput("A plan that recurs writes a new script each time.", remedy="Leave out --script.")
    wishes = Wishes(**{**read_changes(None, options), "test_mode": in_test_mode(options)})
    topics = _topics(topics_file) if topics_file else ()
    with open_house() as house:
        defaults = defaults_of(house.engine, house.user_id)
        recurrence = Recurrence(
            name=name,
            cron=cron or cron_for(every, at),
            time_zone=zone or defaults.time_zone,
            prompt_template=prompt,
            topics=topics,
            repeat_topics=repeat_topics,
        )
        added = add_recurring_plan(
            house.engine,
            house.user_id,
            recurrence,
            wishes,
            defaults,
            now=datetime.now(UTC),
            own_styles=house.own_styles(),
        )
    typer.echo(f"The first video of '{added.recurrence.name}' is made at {_next(added)}, while vidgen up is running.")


def show_plans(*, as_json: bool) -> None:
    """Print the plans."""
    with open_house() as house:
        plans = list_recurring_plans(house.engine, house.user_id)
    if as_json:
        typer.echo(json.dumps([_as_json(plan) for plan in plans], ensure_ascii=False))
        return
    if not plans:
        typer.echo("No plan recurs. See: vidgen recurring add --help")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "when", "next", "topics left", ""):
        table.add_column(heading, overflow="fold")
    for plan in plans:
        state = plan.last_error or ("" if plan.enabled else "stopped")
        left = str(plan.topics_left) if plan.recurrence.topics else ""
        table.add_row(plan.recurrence.name, plan.recurrence.cron, _next(plan) if plan.enabled else "", left, state)
    Console().print(table, markup=False)


def switch_plan(name: str, *, on: bool) -> None:
    """Stop a plan or go on with it."""
    with open_house() as house:
        plan = switch_recurring_plan(house.engine, house.user_id, name, on=on, now=datetime.now(UTC))
    typer.echo(f"'{name}' goes on; next: {_next(plan)}." if on else f"'{name}' is stopped.")


def remove_plan(name: str) -> None:
    """End a plan."""
    with open_house() as house:
        remove_recurring_plan(house.engine, house.user_id, name, now=datetime.now(UTC))
    typer.echo(f"'{name}' is removed.")


def _topics(path: Path) -> tuple[str, ...]:
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(LARGEST_TOPICS_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.", remedy="Check --topics.") from None
    if len(data) > LARGEST_TOPICS_BYTES:
        raise InvalidInput(f"{path} is too large to be a list of topics.", remedy="Check that it is the right file.")
    return tuple(line.strip() for line in decode_script(data, path.name).splitlines() if line.strip())


def _next(plan: RecurringPlanView) -> str:
    return in_words(plan.next_at, plan.recurrence.time_zone) if plan.next_at else "no more"


def _as_json(plan: RecurringPlanView) -> dict[str, object]:
    return {
        "id": str(plan.id),
        "name": plan.recurrence.name,
        "cron": plan.recurrence.cron,
        "time_zone": plan.recurrence.time_zone,
        "prompt_template": plan.recurrence.prompt_template,
        "topics_left": plan.topics_left,
        "next_at": plan.next_at.isoformat() if plan.next_at else None,
        "enabled": plan.enabled,
        "last_error": plan.last_error,
    }

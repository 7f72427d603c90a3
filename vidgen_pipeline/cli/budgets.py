"""`vidgen budget`, `vidgen pause` and `vidgen resume`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import typer
from rich.console import Console
from rich.table import Table

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.services.budgets import BudgetView, list_budgets, pause, remove_budget, resume, set_budget


def show_budgets() -> None:
    """Print the limits and what they hold today."""
    with open_house() as house:
        found = list_budgets(house.engine, house.user_id)
    if not found:
        typer.echo("No limit is set. Set one with: vidgen budget set month 20")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("limit for", "USD", "spent", "reserved", "left", "told at"):
        table.add_column(heading)
    for view in found:
        table.add_row(*_row(view))
    Console().print(table)


def set_limit(period: str, amount: str, *, for_all: bool, warn_percent: int) -> None:
    """Set a limit in USD."""
    try:
        limit = Decimal(amount)
    except InvalidOperation:
        raise InvalidInput(f"'{amount}' is no amount of money.", remedy="Write for example: 20 or 7.50") from None
    with open_house() as house:
        set_budget(house.engine, None if for_all else house.user_id, _period(period), limit, warn_percent=warn_percent)
    show_budgets()


def remove_limit(period: str, *, for_all: bool) -> None:
    """Lift a limit."""
    with open_house() as house:
        removed = remove_budget(house.engine, None if for_all else house.user_id, _period(period))
    typer.echo("The limit is lifted." if removed else "There was no such limit.")


def pause_all(reason: str) -> None:
    """Start nothing new and pay for nothing."""
    with open_house() as house:
        pause(house.engine, reason)
    typer.echo("Paused: nothing new is started and nothing is paid for. End it with: vidgen resume")


def resume_all() -> None:
    """End a pause."""
    with open_house() as house:
        was_paused = resume(house.engine)
    typer.echo("Generation goes on." if was_paused else "Nothing was paused.")


def _row(view: BudgetView) -> tuple[str, ...]:
    whose = "all together" if view.for_all else "you"
    amounts: tuple[str, ...] = ("", "", "")
    if view.starts_on is not None:
        amounts = (f"{view.spent_usd:.2f}", f"{view.reserved_usd:.2f}", f"{view.left_usd:.2f}")
    return (f"{view.period} ({whose})", f"{view.limit_usd:.2f}", *amounts, f"{view.warn_percent} %")


def _period(written: str) -> BudgetPeriod:
    try:
        return BudgetPeriod(written.strip().lower())
    except ValueError:
        raise unknown("budget", written, [period.value for period in BudgetPeriod]) from None

"""`vidgen budget`, `vidgen pause`, `vidgen resume`."""

from __future__ import annotations

from typing import Annotated

import typer

PERIOD = typer.Argument(metavar="PERIOD", help="video, day or month.")
FOR_ALL = typer.Option("--for-all", help="The limit of all users together.")

budget = typer.Typer(help="Limits for what videos may cost; nothing is begun that might go over one.")


@budget.callback(invoke_without_command=True)
def show(context: typer.Context) -> None:
    """Show the limits and what is spent and reserved today."""
    if context.invoked_subcommand is None:
        from vidgen_pipeline.cli.budgets import show_budgets

        show_budgets()


@budget.command("set")
def set_(
    period: Annotated[str, PERIOD],
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="In USD.")],
    for_all: Annotated[bool, FOR_ALL] = False,
    warn_at: Annotated[int, typer.Option(min=1, max=100, help="Tell me at this percentage.")] = 80,
) -> None:
    """Set a limit.

    Example:
      vidgen budget set month 20
    """
    from vidgen_pipeline.cli.budgets import set_limit

    set_limit(period, amount, for_all=for_all, warn_percent=warn_at)


@budget.command()
def remove(period: Annotated[str, PERIOD], for_all: Annotated[bool, FOR_ALL] = False) -> None:
    """Lift a limit."""
    from vidgen_pipeline.cli.budgets import remove_limit

    remove_limit(period, for_all=for_all)


def pause(reason: Annotated[str, typer.Argument(help="Shown to whoever is held up by it.")] = "") -> None:
    """Start nothing new and pay for nothing, for all users, until `vidgen resume`."""
    from vidgen_pipeline.cli.budgets import pause_all

    pause_all(reason)


def resume() -> None:
    """End a pause."""
    from vidgen_pipeline.cli.budgets import resume_all

    resume_all()

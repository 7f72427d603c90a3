"""`vidgen report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    kind: Annotated[str, typer.Argument(metavar="WHAT", help="cost, health, drift or budget.")] = "cost",
    by: Annotated[str | None, typer.Option(help="provider, step, day, model, video or endpoint.")] = None,
    since: Annotated[str | None, typer.Option(help="A number of days such as 7d, or a date; 30d if left out.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this CSV file instead.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it into this PNG file instead.")] = None,
) -> None:
    """Say what was spent, how providers do, how far estimates were off, and how near the limits are.

    Of all users of this machine; test mode is left out.

    Examples:
      vidgen report cost --by day --since 90d --plot cost.png

      vidgen report health --since 2026-11-01 --csv health.csv
    """
    from vidgen_pipeline.cli.reports import show_report

    show_report(kind, by=by, since=since, csv=csv, plot=plot)

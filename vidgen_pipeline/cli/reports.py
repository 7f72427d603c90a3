"""`vidgen report`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.services.reports import Kind, Report, make_report, write_chart, write_csv


def show_report(kind: str, *, by: str | None, since: str | None, csv: Path | None, plot: Path | None) -> None:
    """Print a report, or write it as a table or a picture."""
    with open_house() as house:
        report = make_report(house.engine, kind, by=by, since=since)
    if csv is not None:
        write_csv(report, csv)
        typer.echo(f"Written: {csv}")
    if plot is not None:
        write_chart(report, plot)
        typer.echo(f"Drawn: {plot}")
    if csv is None and plot is None:
        _print(report)


def _print(report: Report) -> None:
    console = Console()
    console.print(Text(report.title, style="bold"))
    if report.table.empty:
        typer.echo("There is nothing to report.")
        return
    table = Table(box=None, pad_edge=False)
    columns = [name for name in report.table.columns if name not in _ONLY_IN_FILES]
    for name in columns:
        right = name.endswith(("usd", "percent", "ms")) or name in _COUNTS
        whole = not right and name not in _LONG
        heading = _HEADINGS.get(name) or name.replace("_percent", " %").replace("_", " ")
        table.add_column(heading, justify="right" if right else "left", overflow="fold", no_wrap=whole)
    decimals = 2 if report.kind is Kind.BUDGET else 4
    for row in report.table[columns].itertuples(index=False):
        table.add_row(*(Text(_cell(name, value, decimals)) for name, value in zip(columns, row, strict=True)))
    console.print(table)


_LONG = frozenset({"endpoint", "title", "model"})
_HEADINGS = {
    "limited": "429",
    "unanswered": "no answer",
    "error_percent": "failed %",
    "projected_usd": "at its end",
    "reserved_usd": "held usd",
}
_ONLY_IN_FILES = frozenset({"starts_on"})
_COUNTS = frozenset({"calls", "errors", "limited", "unanswered", "estimates", "days_to_cap"})


def _cell(name: str, value: object, decimals: int) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, UUID):
        return str(value)[:8]
    if isinstance(value, Decimal | float | int) and name.endswith("usd"):
        return f"{value:,.{decimals}f}"
    if isinstance(value, Decimal | float):
        return f"{value:,.1f}" if name not in _COUNTS or value % 1 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)

"""Reports: what was spent, how providers do, how far estimates are off, how near the limits are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import pandas as pd
from sqlalchemy import Engine

from vidgen_pipeline.database import reports as tables
from vidgen_pipeline.domain.errors import InvalidInput, storage_error
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.services.charts import Bar, draw_bars
from vidgen_pipeline.services.usage import fold_usage

DEFAULT_DAYS = 30
MOST_DAYS = 3650

_SINCE_DAYS = re.compile(r"(\d{1,4})\s*d")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Kind(StrEnum):
    """What a report is about."""

    COST = "cost"
    HEALTH = "health"
    DRIFT = "drift"
    BUDGET = "budget"


@dataclass(frozen=True)
class _Form:
    """How a report may be grouped (the first way is the usual one), and what a picture of it shows."""

    by: tuple[str, ...]
    shown: str
    unit: str


_FORMS = {
    Kind.COST: _Form(("provider", "step", "day", "model", "video"), "usd", "USD"),
    Kind.HEALTH: _Form(("provider", "endpoint", "step", "day", "model"), "error_percent", "% of calls failed"),
    Kind.DRIFT: _Form(("step", "provider", "day", "model", "video"), "bias_percent", "% above (or below) the estimate"),
    Kind.BUDGET: _Form((), "used_percent", "% of the limit"),
}
_READ: dict[Kind, Callable[..., pd.DataFrame]] = {
    Kind.COST: tables.cost,
    Kind.HEALTH: tables.health,
    Kind.DRIFT: tables.drift,
}
_LABELS = ("day", "provider", "endpoint", "model", "step", "estimate_of", "video_id", "who", "period")


@dataclass(frozen=True)
class Report:
    """A table with its title. Money is Decimal, in USD."""

    kind: Kind
    title: str
    table: pd.DataFrame


def make_report(
    engine: Engine,
    kind: str,
    *,
    by: str | None = None,
    since: str | None = None,
    user_id: UUID | None = None,
    today: date | None = None,
) -> Report:
    """A report of everybody's videos or of one user's.

    `since` is a number of days such as '30d', or a date. Raises InvalidInput for what there is not.
    """
    chosen = _kind(kind)
    form = _FORMS[chosen]
    today = today or datetime.now(UTC).date()
    fold_usage(engine)
    if chosen is Kind.BUDGET:
        if by is not None or since is not None:
            raise InvalidInput("The limits are shown as they stand now.", remedy="Leave out --by and --since.")
        with engine.connect() as connection:
            return Report(chosen, "Limits, as they stand now", tables.budget(connection, user_id))
    group = form.by[0] if by is None else by.strip().lower()
    if group not in form.by:
        raise unknown(f"grouping of {chosen}", group, form.by)
    begins = first_day(since, today)
    with engine.connect() as connection:
        table = _READ[chosen](connection, group, begins, user_id)
    return Report(chosen, f"{chosen.capitalize()} by {group} since {begins:%d %B %Y}", table)


def first_day(written: str | None, today: date) -> date:
    """The day that '30d' or '2026-10-31' means. Raises InvalidInput."""
    if written is None:
        return today - timedelta(days=DEFAULT_DAYS)
    days = _SINCE_DAYS.fullmatch(written.strip().lower())
    try:
        begins = today - timedelta(days=int(days[1])) if days else date.fromisoformat(written.strip())
    except ValueError:
        begins = None
    if begins is None or not today - timedelta(days=MOST_DAYS) <= begins <= today:
        raise InvalidInput(
            f"'{written}' is no time a report can begin at.", remedy="Write for example: 30d or 2026-10-31"
        )
    return begins


def write_csv(report: Report, path: Path) -> None:
    """Write the table as CSV (RFC 4180, UTF-8).

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    safe = report.table.map(lambda cell: _as_text(cell) if isinstance(cell, str) else cell)
    _write(path, lambda: safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\r\n"))


def write_chart(report: Report, path: Path) -> None:
    """Draw the report's main number as bars into a PNG file."""
    form = _FORMS[report.kind]
    shown = form.shown if form.shown in report.table.columns else "drift_percent"
    labels = [column for column in report.table.columns if column in _LABELS]
    bars = [
        Bar(" · ".join(_label(row[column]) for column in labels if row[column]), float(row[shown]))
        for row in report.table.to_dict("records")
        if row[shown] is not None and not pd.isna(row[shown])
    ]
    image = draw_bars(bars, title=report.title, unit=form.unit)
    _write(path, lambda: image.save(path, format="PNG"))


def _kind(written: str) -> Kind:
    try:
        return Kind(written.strip().lower())
    except ValueError:
        raise unknown("report", written, [kind.value for kind in Kind]) from None


def _label(value: object) -> str:
    return str(value)[:8] if isinstance(value, UUID) else str(value)


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA_STARTS) else cell


def _write(path: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise storage_error(error, path) from error

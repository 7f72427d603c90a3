"""`vidgen plan`: one video, or many from a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidgen_pipeline.cli.commands.options import VideoOptions
from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.cli.videos import told_as_json, usd
from vidgen_pipeline.cli.wishes import in_test_mode, read_wishes
from vidgen_pipeline.domain.errors import InvalidInput, storage_error
from vidgen_pipeline.services.bulk_file import LARGEST_FILE_BYTES
from vidgen_pipeline.services.bulk_plan import (
    BulkOptions,
    BulkPreview,
    BulkRow,
    errors_file,
    plan_rows,
    preview_file,
)
from vidgen_pipeline.services.planning import plan
from vidgen_pipeline.services.schedule_times import read_time, zone_called
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.videos import plan_video, show_video


def plan_one(prompt: str | None, options: VideoOptions, *, at: str | None, zone: str | None, as_json: bool) -> None:
    """Plan one video for a time, or keep it as a draft."""
    wishes = read_wishes(prompt, options)
    with open_house() as house:
        defaults = defaults_of(house.engine, house.user_id)
        zone = zone_called(zone or defaults.time_zone)
        scheduled = read_time(at, zone) if at is not None else None
        planned = plan(wishes, defaults, house.own_styles())
        for note in (*planned.notes, *([scheduled.note] if scheduled and scheduled.note else [])):
            Console(stderr=True).print(note, style="yellow", highlight=False, markup=False)
        video_id = plan_video(house.engine, house.user_id, planned.request, title=planned.title, scheduled=scheduled)
        if as_json:
            video = show_video(house.engine, house.user_id, video_id)
            typer.echo(json.dumps(told_as_json(house, video), ensure_ascii=False))
            return
    short = str(video_id)[:8]
    if scheduled:
        typer.echo(f"“{planned.title}” ({short}) is planned for {scheduled}.")
        typer.echo("It is made then if vidgen up is running, or at once with: vidgen now " + short)
    else:
        typer.echo(f"“{planned.title}” ({short}) is a draft. Make it: vidgen now {short}")


def plan_file(
    path: Path,
    prompt: str | None,
    options: VideoOptions,
    *,
    at: str | None,
    zone: str | None,
    valid_only: bool,
    errors_to: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what would come of a file's rows and what that costs; then plan them, if that is wanted."""
    if any(said is not None for said in (prompt, at, zone)) or options != VideoOptions(sandbox=options.sandbox):
        raise InvalidInput("With --csv, the file says what to make.", remedy="Leave out the options about one video.")
    data = _read(path)
    with open_house() as house:
        bulk = BulkOptions(
            folder=path.expanduser().resolve().parent,
            own_styles=house.own_styles(),
            test_mode=in_test_mode(options),
        )
        preview = preview_file(house.engine, house.user_id, data, bulk, name=path.name)
        if not as_json:
            _show(preview)
        if errors_to is not None:
            _write(errors_to, errors_file(preview))
        wanted, only_valid = _choose(preview, valid_only=valid_only, yes=yes or as_json)
        ids = plan_rows(house.engine, house.user_id, preview, only_valid=only_valid) if wanted else []
    if as_json:
        typer.echo(json.dumps(_plain(preview, ids), ensure_ascii=False))
    else:
        typer.echo(f"{len(ids)} planned. See them: vidgen videos --scheduled" if ids else "Nothing was planned.")


def _choose(preview: BulkPreview, *, valid_only: bool, yes: bool) -> tuple[bool, bool]:
    """Whether to plan the new rows, and whether to leave out those with errors. Asks where somebody is here."""
    asks = sys.stdin.isatty() and not yes
    if preview.bad and not valid_only:
        if not (asks and preview.new):
            return True, False  # the service refuses it, with its sentence
        return typer.confirm(f"Plan only the {len(preview.new)} that have no errors?", err=True), True
    if yes or not preview.new:
        return True, valid_only
    if not asks:
        raise InvalidInput("Nobody is here to agree to that; nothing was planned.", remedy="Agree with --yes.")
    return typer.confirm(f"Plan {len(preview.new)} videos?", err=True), valid_only


def _show(preview: BulkPreview) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("row", "title", "planned for", "cost", ""):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"row", "cost"})
    for row in preview.rows:
        table.add_row(
            str(row.row.number),
            Text(row.plan.title if row.plan else row.row.cells.get("title", "")),
            str(row.scheduled) if row.scheduled else ("draft" if row.plan else ""),
            usd(str(row.cost_usd)) if row.plan else "",
            Text(_remark(row), style="red" if row.errors else "yellow"),
        )
    Console().print(table)
    about, most = usd(str(preview.cost_usd)), usd(str(preview.most_usd))
    known = len(preview.rows) - len(preview.new) - len(preview.bad)
    typer.echo(
        f"{len(preview.new)} new, {len(preview.bad)} with errors, {known} known already."
        f" The new ones together cost about {about}{f', at the most {most}' if most != about else ''}."
    )


def _remark(row: BulkRow) -> str:
    notes = [row.scheduled.note] if row.scheduled and row.scheduled.note else []
    return " ".join([*row.errors, row.before, *notes, *(row.plan.notes if row.plan else ())]).strip()


def _plain(preview: BulkPreview, ids: list[UUID]) -> dict[str, Any]:
    return {
        "planned": [str(video_id) for video_id in ids],
        "cost_usd": float(preview.cost_usd),
        "most_usd": float(preview.most_usd),
        "rows": [
            {
                "row": row.row.number,
                "title": row.plan.title if row.plan else row.row.cells.get("title"),
                "scheduled_at": row.scheduled.at.isoformat() if row.scheduled else None,
                "time_zone": row.scheduled.time_zone if row.scheduled else None,
                "cost_usd": float(row.cost_usd),
                "errors": list(row.errors),
                "planned_before": row.before or None,
            }
            for row in preview.rows
        ],
    }


def _read(path: Path) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            return file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.", remedy="Check --csv.") from None


def _write(path: Path, content: str) -> None:
    try:
        path.expanduser().write_text(content, encoding="utf-8")
    except OSError as error:
        raise storage_error(error, path) from error

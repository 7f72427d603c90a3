"""Plan many videos from a file: first what would come of each row and what all would cost, then all or none."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.videos import imported_before, insert_video, lock_user
from vidgen_pipeline.domain.errors import InvalidInput, VidgenError
from vidgen_pipeline.domain.text import clean_script
from vidgen_pipeline.services.bulk_file import COLUMNS, FileRow, read_file, write_file
from vidgen_pipeline.services.costs import estimate_cost
from vidgen_pipeline.services.planning import Plan, Wishes, plan
from vidgen_pipeline.services.schedule_times import ScheduledTime, read_time, zone_called
from vidgen_pipeline.services.settings import Defaults, defaults_of
from vidgen_pipeline.subtitles.styles import OwnStyles

T = TypeVar("T")

_SHORTEST_SECONDS, _LONGEST_SECONDS = 5, 3600


@dataclass(frozen=True, kw_only=True)
class BulkRow:
    """What would come of a row: a plan, or `errors`, or nothing because it was planned `before`. Costs in USD.

    `import_key` names its content, in whatever file it stands.
    """

    row: FileRow
    import_key: str
    plan: Plan | None = None
    scheduled: ScheduledTime | None = None
    cost_usd: Decimal = Decimal(0)
    most_usd: Decimal = Decimal(0)
    errors: tuple[str, ...] = ()
    before: str = ""


@dataclass(frozen=True)
class BulkPreview:
    """What would come of a file."""

    rows: tuple[BulkRow, ...]

    @property
    def new(self) -> list[BulkRow]:
        """The rows that would be planned."""
        return [row for row in self.rows if row.plan is not None]

    @property
    def bad(self) -> list[BulkRow]:
        """The rows that can't be planned."""
        return [row for row in self.rows if row.errors]

    @property
    def cost_usd(self) -> Decimal:
        """What all new rows together will probably cost, in USD."""
        return sum((row.cost_usd for row in self.new), Decimal(0))

    @property
    def most_usd(self) -> Decimal:
        """What they will cost at the most, in USD."""
        return sum((row.most_usd for row in self.new), Decimal(0))


@dataclass(frozen=True, kw_only=True)
class BulkOptions:
    """What holds for all rows. `folder` is where scripts' pictures are looked up, None for none.

    `from_afar`: see `plan`.
    """

    folder: Path | None = None
    own_styles: OwnStyles | None = None
    test_mode: bool = False
    from_afar: bool = False


def preview_file(
    engine: Engine, user_id: UUID, data: bytes, options: BulkOptions, *, name: str = "The file"
) -> BulkPreview:
    """What would come of each row of the file; plans nothing. Raises InvalidInput for a file that is no such table."""
    return preview_rows(engine, user_id, read_file(data, name), options)


def preview_rows(engine: Engine, user_id: UUID, rows: Sequence[FileRow], options: BulkOptions) -> BulkPreview:
    """What would come of each of these rows; plans nothing."""
    defaults, now = defaults_of(engine, user_id), datetime.now(UTC)
    keys = [_import_key(row, options) for row in rows]
    with Session(engine) as session:
        known = {
            key: f"Planned before, as {str(video.id)[:8]}{', which was deleted' if video.deleted_at else ''}."
            for key, video in imported_before(session, user_id, keys).items()
        }
    seen: list[BulkRow] = []
    for row, key in zip(rows, keys, strict=True):
        if key in known:
            seen.append(BulkRow(row=row, import_key=key, before=known[key]))
        else:
            seen.append(_checked(row, key, defaults, options, now))
            known[key] = f"The same as row {row.number}."
    return BulkPreview(tuple(seen))


def plan_rows(engine: Engine, user_id: UUID, preview: BulkPreview, *, only_valid: bool = False) -> list[UUID]:
    """Plan the new rows, all in one transaction; returns the ids of the videos in the order of the file.

    A row that was planned since the preview is left out. Raises InvalidInput when a row is bad, unless `only_valid`
    leaves those out.
    """
    if preview.bad and not only_valid:
        raise InvalidInput(
            f"{len(preview.bad)} of {len(preview.rows)} rows can't be planned; nothing was.",
            remedy="Correct them, or plan only the valid ones.",
        )
    with Session(engine) as session, session.begin():
        lock_user(session, user_id)
        known = imported_before(session, user_id, [row.import_key for row in preview.new])
        return [_insert(session, user_id, row) for row in preview.new if row.import_key not in known]


def errors_file(preview: BulkPreview) -> str:
    """The bad rows as CSV, each with its number and what is wrong with it."""
    rows = [
        [str(bad.row.number), " ".join(bad.errors), *(bad.row.cells.get(column, "") for column in COLUMNS)]
        for bad in preview.bad
    ]
    return write_file(["row", "error", *COLUMNS], rows)


def _checked(row: FileRow, key: str, defaults: Defaults, options: BulkOptions, now: datetime) -> BulkRow:
    cells, errors = row.cells, list[str]()

    def attempt(check: Callable[[], T]) -> T | None:
        try:
            return check()
        except VidgenError as error:
            errors.append(error.told_from_afar() if options.from_afar else str(error))
            return None

    zone = attempt(lambda: zone_called(cells.get("timezone", defaults.time_zone)))
    scheduled = None
    if zone is not None and (written := cells.get("scheduled_at")):
        scheduled = attempt(lambda: read_time(written, zone, now=now, relative=False))
    planned = attempt(lambda: plan(_wishes(row, options), defaults, options.own_styles, from_afar=options.from_afar))
    if errors or planned is None:
        return BulkRow(row=row, import_key=key, errors=tuple(errors))
    cost = estimate_cost(planned.request)
    return BulkRow(
        row=row, import_key=key, plan=planned, scheduled=scheduled, cost_usd=cost.expected, most_usd=cost.high
    )


def _wishes(row: FileRow, options: BulkOptions) -> Wishes:
    cells = row.cells
    prompt, script = cells.get("prompt"), cells.get("script")
    if (prompt is None) == (script is None):
        both = "both a prompt and a script" if prompt else "neither a prompt nor a script"
        raise InvalidInput(f"It has {both}.", remedy="Give one of them.")
    return Wishes(
        prompt=clean_script(prompt, "The prompt") if prompt else None,
        script_text=clean_script(script, "The script") if script else None,
        script_folder=options.folder if script else None,
        title=cells.get("title"),
        length_seconds=_seconds(cells.get("duration")),
        look=cells.get("look"),
        subtitle_style=cells.get("subtitle_style"),
        aspect_ratio=cells.get("aspect_ratio"),
        voice=cells.get("voice"),
        language=cells.get("language"),
        test_mode=options.test_mode,
    )


def _seconds(written: str | None) -> int | None:
    if written is None:
        return None
    whole = re.fullmatch("[0-9]{1,6}", written)
    if not (whole and _SHORTEST_SECONDS <= int(written) <= _LONGEST_SECONDS):
        raise InvalidInput(
            f"'{written[:20]}' is no duration.",
            remedy=f"Write whole seconds, from {_SHORTEST_SECONDS} to {_LONGEST_SECONDS}.",
        )
    return int(written)


def _import_key(row: FileRow, options: BulkOptions) -> str:
    content = json.dumps([sorted(row.cells.items()), options.test_mode], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _insert(session: Session, user_id: UUID, row: BulkRow) -> UUID:
    assert row.plan is not None  # noqa: S101 - only new rows are planned
    scheduled = row.scheduled
    return insert_video(
        session,
        user_id,
        title=row.plan.title,
        request=row.plan.request.model_dump(mode="json"),
        scheduled_at=scheduled.at if scheduled else None,
        time_zone=scheduled.time_zone if scheduled else None,
        message=f"From row {row.row.number} of a file{f', for {scheduled}' if scheduled else ''}.",
        import_key=row.import_key,
    )

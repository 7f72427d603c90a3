"""Many videos at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, Usd, examples
from vidgen_pipeline.services.bulk_file import MOST_ROWS, FileRow
from vidgen_pipeline.services.bulk_plan import BulkPreview, BulkRow

_Cell = Annotated[str, Field(max_length=20_000)]


class RowGiven(Given):
    """A video to be planned, every value as text, as in a file."""

    title: _Cell | None = None
    prompt: _Cell | None = None
    script: _Cell | None = None
    scheduled_at: _Cell | None = None
    timezone: _Cell | None = None
    duration: _Cell | None = None
    look: _Cell | None = None
    subtitle_style: _Cell | None = None
    aspect_ratio: _Cell | None = None
    voice: _Cell | None = None
    language: _Cell | None = None


class Rows(Given):
    """Videos to be planned."""

    model_config = ConfigDict(
        **Strict,
        json_schema_extra=examples(
            {"rows": [{"title": "Cats", "script": "Cats purr.", "scheduled_at": "2030-05-01 09:00"}]}
        ),
    )

    rows: Annotated[list[RowGiven], Field(min_length=1, max_length=MOST_ROWS)]

    def file_rows(self) -> list[FileRow]:
        """The rows as those of a file, counted from 1; those that say nothing are left out."""
        said = [row.model_dump(exclude_none=True) for row in self.rows]
        cells = [{name: text.strip() for name, text in row.items() if text.strip()} for row in said]
        return [FileRow(number, row) for number, row in enumerate(cells, start=1) if row]


class RowShown(Shown):
    """What would come, or came, of a row."""

    row: int
    title: str | None
    scheduled_at: datetime | None
    time_zone: str | None
    look: str | None
    cost_usd: Usd
    most_usd: Usd
    errors: tuple[str, ...]
    notes: tuple[str, ...]
    planned_before: str | None

    @classmethod
    def of(cls, row: BulkRow) -> Self:
        """As the service says it."""
        clock = [row.scheduled.note] if row.scheduled and row.scheduled.note else []
        return cls(
            row=row.row.number,
            title=row.plan.title if row.plan else row.row.cells.get("title"),
            scheduled_at=row.scheduled.at if row.scheduled else None,
            time_zone=row.scheduled.time_zone if row.scheduled else None,
            look=row.plan.request.look if row.plan else None,
            cost_usd=row.cost_usd,
            most_usd=row.most_usd,
            errors=row.errors,
            notes=(*clock, *(row.plan.notes if row.plan else ())),
            planned_before=row.before or None,
        )


class BulkShown(Shown):
    """What would come of all rows; `planned` are the new videos' ids, in order, once they are planned."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {"committed": False, "planned": [], "new": 1, "bad": 0, "cost_usd": 0.0, "most_usd": 0.0, "rows": []}
        ),
    )

    committed: bool
    planned: list[UUID]
    new: int
    bad: int
    cost_usd: Usd
    most_usd: Usd
    rows: list[RowShown]

    @classmethod
    def of(cls, preview: BulkPreview, planned: list[UUID] | None) -> Self:
        """As the service says it."""
        return cls(
            committed=planned is not None,
            planned=planned or [],
            new=len(preview.new),
            bad=len(preview.bad),
            cost_usd=preview.cost_usd,
            most_usd=preview.most_usd,
            rows=[RowShown.of(row) for row in preview.rows],
        )

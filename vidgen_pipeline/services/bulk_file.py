"""A file of videos to be planned, a row each: read as a table of texts, and written so that no spreadsheet runs it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

import pandas as pd

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.suggest import unknown

COLUMNS = (
    "title",
    "prompt",
    "script",
    "scheduled_at",
    "timezone",
    "duration",
    "look",
    "subtitle_style",
    "aspect_ratio",
    "voice",
    "language",
)
LARGEST_FILE_BYTES = 1_000_000
MOST_ROWS = 500

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


@dataclass(frozen=True)
class FileRow:
    """A row by its number in a spreadsheet, where the names of the columns are row 1; `cells` has no empty ones."""

    number: int
    cells: Mapping[str, str]


def read_file(data: bytes, name: str = "The file") -> list[FileRow]:
    """The rows that are not empty. Raises InvalidInput for what is no such table."""
    if len(data) > LARGEST_FILE_BYTES:
        raise InvalidInput(
            f"{name} has {len(data) / 1e6:.1f} MB; the limit is {LARGEST_FILE_BYTES / 1e6:.0f} MB.",
            remedy="Cut it into several files.",
        )
    table = _table(_text(data, name), name)
    columns = _columns([str(cell) for cell in table.iloc[0]], name)
    rows = []
    for index, values in enumerate(table.iloc[1:].itertuples(index=False), start=2):
        cells = {column: str(value).strip() for column, value in zip(columns, values, strict=True)}
        if stray := cells.pop("", ""):
            raise InvalidInput(f"Row {index} of {name} has “{stray[:40]}” in a column without a name.")
        if filled := {column: value for column, value in cells.items() if value}:
            rows.append(FileRow(index, filled))
    if not rows:
        raise InvalidInput(f"{name} has no rows below the names of its columns.", remedy="Add a row for each video.")
    if len(rows) > MOST_ROWS:
        raise InvalidInput(
            f"{name} has {len(rows)} rows; the limit is {MOST_ROWS}.", remedy="Cut it into several files."
        )
    return rows


def write_file(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A CSV text. A cell that a spreadsheet would take for a formula is marked as text with an apostrophe."""
    safe = [[f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in row] for row in rows]
    return str(pd.DataFrame(safe, columns=list(columns)).to_csv(index=False, quoting=csv.QUOTE_ALL))


def _text(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidInput(f"{name} is not UTF-8 text (line {line}).", remedy="Save it as CSV in UTF-8.") from None
    if "\0" in text:
        raise InvalidInput(f"{name} is not a text file.", remedy="Save it as CSV in UTF-8.")
    if not text.strip():
        raise InvalidInput(f"{name} is empty.", remedy=f"Its first row names the columns: {', '.join(COLUMNS)}.")
    return text.lstrip("\r\n")


def _table(text: str, name: str) -> pd.DataFrame:
    """All cells as they are written: nothing is guessed to be a number, a date or missing."""
    try:
        return pd.read_csv(
            StringIO(text), header=None, dtype=str, keep_default_na=False, na_filter=False, skip_blank_lines=False
        ).fillna("")
    except pd.errors.ParserError as error:
        if found := _TOO_LONG.search(str(error)):
            expected, line, seen = found.groups()
            sentence = f"Line {line} of {name} has {seen} cells, and there are {expected} columns."
            raise InvalidInput(sentence, remedy="Put text that has commas into quotation marks.") from None
        raise InvalidInput(f"{name} can't be read as CSV.", remedy="Check its quotation marks.") from None


def _columns(written: Sequence[str], name: str) -> list[str]:
    columns = [cell.strip().lower() for cell in written]
    if len(columns) == 1 and ";" in columns[0]:
        raise InvalidInput(f"The columns of {name} are parted by semicolons.", remedy="Save it with commas.")
    for column in filter(None, columns):
        if column not in COLUMNS:
            raise unknown("column", column, COLUMNS)
        if columns.count(column) > 1:
            raise InvalidInput(f"The column '{column}' is in {name} twice.", remedy="Leave one of them out.")
    return columns

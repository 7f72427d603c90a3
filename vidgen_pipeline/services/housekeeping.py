"""What is tidied up in the night: old log days, the trash, files nobody needs, and prices that have grown old."""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import retention as rows
from vidgen_pipeline.database.migrations import LOG_PARTITIONS_AHEAD_DAYS
from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.storage.artifacts import ArtifactStore

LOG_DAYS = 30
TRASH_DAYS = 30
ORPHAN_DAYS = 2
"""How long a stored file that no row names is left alone: some step may be about to name it."""

SCRATCH_HOURS = 1
OLD_PRICE_DAYS = 90
RETIRES_WITHIN_DAYS = 90


@dataclass(frozen=True)
class LogRetention:
    """What became of the log's days."""

    made: int
    dropped: tuple[date, ...]
    archived: tuple[Path, ...]


@dataclass(frozen=True)
class Cleanup:
    """What was removed from the disk, and how many bytes that freed."""

    purged_videos: int
    artifacts: int
    scratch_folders: int
    freed_bytes: int


@dataclass(frozen=True, kw_only=True)
class PriceFinding:
    """A price that is old, or a model that ends soon."""

    provider: str
    model: str
    finding: str


def keep_logs(engine: Engine, *, today: date, days: int = LOG_DAYS, archive: Path | None = None) -> LogRetention:
    """Make the coming days' partitions and drop those older than `days`; with `archive`, write them there first.

    A day is a gzip file of JSON lines, each an exchange with its bodies, masked. Raises StorageFull and InvalidInput
    when the archive can't be written; the day is then kept.
    """
    with engine.begin() as connection:
        made = rows.make_log_days(connection, LOG_PARTITIONS_AHEAD_DAYS)
        old = [day for day in rows.log_days(connection) if day < today - timedelta(days=days)]
    archived = []
    for day in old:
        if archive is not None:
            archived.append(_archive(engine, day, archive))
        rows.drop_log_day(engine, day)
    return LogRetention(made, tuple(old), tuple(archived))


def clean_up(engine: Engine, store: ArtifactStore, scratch: Path, *, now: datetime) -> Cleanup:
    """Empty the trash, and remove stored files that no row names and work folders that no worker uses."""
    with Session(engine) as session, session.begin():
        purged = rows.purge_trash(session, now - timedelta(days=TRASH_DAYS))
    with Session(engine) as session:
        used, living = rows.artifacts_in_use(session), rows.living_videos(session)
    oldest = now - timedelta(days=ORPHAN_DAYS)
    artifacts = store.remove_unused(used, older_than=oldest.timestamp())
    folders = list(_unused_scratch(scratch, living, older_than=now.timestamp() - SCRATCH_HOURS * 3600))
    freed = sum(artifacts)
    for folder in folders:
        freed += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        shutil.rmtree(folder, ignore_errors=True)
    return Cleanup(len(purged), len(artifacts), len(folders), freed)


def review_prices(today: date) -> list[PriceFinding]:
    """Prices that nobody has looked at for a quarter, and models that end within one."""
    findings = []
    for provider in catalogue().values():
        if provider.retired_on is not None and provider.retired_on <= today:
            continue
        for model in provider.models:
            age = (today - model.price.as_of).days
            if provider.needs_key and age > OLD_PRICE_DAYS:
                finding = f"Its price is of {model.price.as_of:%d %B %Y}; look at {model.price.source}."
                findings.append(PriceFinding(provider=provider.id, model=model.name, finding=finding))
            if model.retires_on is not None and model.retires_on - today <= timedelta(days=RETIRES_WITHIN_DAYS):
                ends = "ended" if model.retires_on <= today else "ends"
                finding = f"It {ends} on {model.retires_on:%d %B %Y}."
                findings.append(PriceFinding(provider=provider.id, model=model.name, finding=finding))
    return findings


def old_partitions(engine: Engine, *, now: datetime, days: int, most: int) -> list[UUID]:
    """Videos that ended so long ago that the engine need not list them any more."""
    with Session(engine) as session:
        return rows.finished_before(session, now - timedelta(days=days), most=most)


def _archive(engine: Engine, day: date, folder: Path) -> Path:
    target = folder / f"api_request_logs_{day:%Y%m%d}.jsonl.gz"
    partial = target.with_suffix(".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with engine.connect() as connection, gzip.open(partial, "wt", encoding="utf-8") as file:
            for row in rows.log_rows(connection, day):
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        partial.replace(target)
    except OSError as error:
        raise storage_error(error, folder) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return target


def _unused_scratch(scratch: Path, living: set[UUID], *, older_than: float) -> list[Path]:
    in_use = {str(video_id) for video_id in living}
    return [
        folder
        for folder in (scratch.iterdir() if scratch.is_dir() else ())
        if folder.is_dir() and folder.name[:36] not in in_use and folder.stat().st_mtime < older_than
    ]

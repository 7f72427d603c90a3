"""The log of exchanges with vendors as its owner reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.api_logs import body_of, find_logs, latest_logs
from vidgen_pipeline.database.tables import ApiRequestLog
from vidgen_pipeline.domain.errors import NotFound

_ID_PREFIX = re.compile(r"[0-9a-f-]{4,36}")
_REMEDY = "See them with: vidgen logs"


@dataclass(frozen=True)
class LogView:
    """One exchange; `payload` holds headers and bodies, masked, where it was asked for."""

    id: UUID
    created_at: datetime
    fields: Mapping[str, Any]
    payload: Mapping[str, Any] | None = None


def list_logs(
    engine: Engine,
    user_id: UUID,
    *,
    video_id: UUID | None = None,
    provider: str | None = None,
    errors_only: bool = False,
    limit: int = 50,
) -> list[LogView]:
    """The user's exchanges, newest first."""
    with Session(engine) as session:
        rows = latest_logs(session, user_id, video_id=video_id, provider=provider, errors_only=errors_only, limit=limit)
        return [_view(row) for row in rows]


def show_log(engine: Engine, user_id: UUID, written: str) -> LogView:
    """The exchange a person means by the first characters of its id, with all that went over. Raises NotFound."""
    prefix = written.strip().lower()
    if not _ID_PREFIX.fullmatch(prefix):
        raise NotFound(f"'{written}' is not the id of an exchange.", remedy=_REMEDY)
    with Session(engine) as session:
        found: Sequence[ApiRequestLog] = find_logs(session, user_id, prefix)
        if len(found) != 1:
            which = "More than one exchange's id starts" if found else "No exchange's id starts"
            raise NotFound(f"{which} with '{prefix}'.", remedy=_REMEDY)
        body = body_of(session, found[0])
        payload = {
            name: getattr(body, name, None)
            for name in ("request_headers", "request_body", "response_headers", "response_body")
        }
        return _view(found[0], payload)


def _view(row: ApiRequestLog, payload: Mapping[str, Any] | None = None) -> LogView:
    names = [column.name for column in ApiRequestLog.__table__.columns if column.name not in {"id", "created_at"}]
    return LogView(row.id, row.created_at, {name: getattr(row, name) for name in names}, payload)

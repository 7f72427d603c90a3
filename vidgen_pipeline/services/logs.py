"""The log of exchanges with vendors as its owner, or an administrator, reads and searches it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from vidgen_pipeline.database.api_logs import LogFilter, LogPlace, body_of, find_logs, latest_logs
from vidgen_pipeline.database.tables import ApiRequestLog
from vidgen_pipeline.domain.errors import InvalidInput, NotFound

MOST_ON_A_PAGE = 200
TEXT_SEARCH_DAYS = 7
"""How many days back from its end a search for a text looks: messages have no index of their words."""

_SHORTEST_TEXT = 3
_TOOK_TOO_LONG = "57014"  # Postgres: query_canceled, here by the statement timeout
_ID_PREFIX = re.compile(r"[0-9a-f-]{4,36}")
_REMEDY = "See them with: vidgen logs"


@dataclass(frozen=True)
class LogView:
    """One exchange; `payload` holds headers and bodies, masked, where it was asked for."""

    id: UUID
    created_at: datetime
    fields: Mapping[str, Any]
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class LogPage:
    """Some exchanges, newest first, and where the next page begins; None when this is the last.

    `since` is how far back was looked: what was asked for or, when a text is searched, a week at the most.
    """

    logs: tuple[LogView, ...]
    next: LogPlace | None
    since: datetime | None


def search_logs(
    engine: Engine, wanted: LogFilter, *, after: LogPlace | None = None, limit: int = 50, now: datetime | None = None
) -> LogPage:
    """A page of the exchanges that are wanted; `after` is the last page's `next`.

    An owner's search names the owner as `user_id`; only an administrator's may leave that out.
    Raises InvalidInput for a page that is too long, a time without zone, a span that ends before it begins or a text
    that is too short, and when a search takes too long.
    """
    if not 1 <= limit <= MOST_ON_A_PAGE:
        raise InvalidInput(f"A page holds 1 to {MOST_ON_A_PAGE} exchanges.")
    wanted = _bounded(wanted, now or datetime.now(UTC))
    try:
        with Session(engine) as session:
            rows = latest_logs(session, wanted, before=after, limit=limit + 1)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _TOOK_TOO_LONG:
            raise
        raise InvalidInput(
            "This search takes too long.", remedy="Name a provider, a video or a shorter time."
        ) from None
    page = rows[:limit]
    place = LogPlace(page[-1].created_at, page[-1].id) if len(rows) > limit else None
    return LogPage(tuple(_view(row) for row in page), place, wanted.since)


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
    wanted = LogFilter(user_id=user_id, video_id=video_id, provider=provider, errors_only=errors_only)
    with Session(engine) as session:
        return [_view(row) for row in latest_logs(session, wanted, limit=limit)]


def show_log(engine: Engine, user_id: UUID | None, written: str) -> LogView:
    """The exchange a person means by the first characters of its id, with all that went over. Raises NotFound.

    Without a user, which is an administrator's right, anybody's exchange may be meant.
    """
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


def _bounded(wanted: LogFilter, now: datetime) -> LogFilter:
    """The filter as it is really searched for."""
    times = [time for time in (wanted.since, wanted.until) if time is not None]
    if any(time.tzinfo is None for time in times):
        raise InvalidInput("A time needs its zone.", remedy="Write for example: 2026-10-31T08:00:00Z")
    if len(times) == 2 and times[0] >= times[1]:
        raise InvalidInput("The time searched ends before it begins.")
    if wanted.text is None:
        return wanted
    words = wanted.text.strip()
    if len(words) < _SHORTEST_TEXT or "\0" in words:
        raise InvalidInput(f"A text to search for has at least {_SHORTEST_TEXT} characters.")
    earliest = (wanted.until or now) - timedelta(days=TEXT_SEARCH_DAYS)
    return replace(wanted, text=words, since=max(wanted.since or earliest, earliest))


def _view(row: ApiRequestLog, payload: Mapping[str, Any] | None = None) -> LogView:
    names = [column.name for column in ApiRequestLog.__table__.columns if column.name not in {"id", "created_at"}]
    return LogView(row.id, row.created_at, {name: getattr(row, name) for name in names}, payload)

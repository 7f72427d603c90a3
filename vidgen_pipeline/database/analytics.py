"""The analysts' views: made from `sql/analytics/` whenever those files change, and readable by a role of their own.

The views live in the schema `analytics`. Its comment names the files it was made from, so that a start that changes
nothing costs one short query. The role `vidgen_analyst` may read the views and nothing else.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from vidgen_pipeline.runtime.project import project_path

ANALYST = "vidgen_analyst"
HOW_TO_MAKE_THE_ANALYST = f"CREATE ROLE {ANALYST} NOLOGIN"
WAIT_SECONDS = 5
"""How long a start waits for somebody who is reading a view that has to be made anew."""

_LOCK = 4_850_021_119  # names "making the analysts' views" among a server's advisory locks
_FOLDING = 4_850_021_120  # and "folding usage"
_USED_VIEW = re.compile(r"\banalytics\.([a-z_]+)")
_NAMES = re.compile(r"CREATE VIEW analytics\.([a-z_]+)")

_STATE = text(f"""
    SELECT obj_description(to_regnamespace('analytics'), 'pg_namespace') AS made_from,
        to_regrole('{ANALYST}') IS NOT NULL AS analyst_is_there,
        coalesce(has_schema_privilege(to_regrole('{ANALYST}'), to_regnamespace('analytics'), 'USAGE'), false)
            AS analyst_may_read,
        (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) AS may_make_roles
""")  # noqa: S608 - our own constant

_MAKE_ANALYST = f"""
    DO $$ BEGIN
        {HOW_TO_MAKE_THE_ANALYST};
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- another database's start was quicker: roles are the whole server's
    END $$
"""

# "id IN (the oldest)" would be joined by one who takes the table for as empty as it was last: each with all others.
_FOLD = text("""
    WITH taken AS (
        DELETE FROM usage_deltas
        WHERE id <= (SELECT max(id) FROM (SELECT id FROM usage_deltas ORDER BY id LIMIT :most) AS oldest)
        RETURNING *
    ), added AS (
        INSERT INTO usage_hourly AS old (user_id, provider, step, endpoint, model, test_mode, hour,
            calls, errors, limited, unanswered, hist, paid_calls, usd)
        SELECT user_id, provider, step, endpoint, model, test_mode, hour, sum(calls), sum(errors), sum(limited),
            sum(unanswered), latency_total(hist), sum(paid_calls), sum(usd)
        FROM taken
        GROUP BY user_id, provider, step, endpoint, model, test_mode, hour
        ON CONFLICT (hour, provider, endpoint, step, model, user_id, test_mode) DO UPDATE SET
            calls = old.calls + excluded.calls,
            errors = old.errors + excluded.errors,
            limited = old.limited + excluded.limited,
            unanswered = old.unanswered + excluded.unanswered,
            hist = latency_merge(old.hist, excluded.hist),
            paid_calls = old.paid_calls + excluded.paid_calls,
            usd = old.usd + excluded.usd
    )
    SELECT count(*) FROM taken
""")

logger = logging.getLogger(__name__)


def make_views(engine: Engine) -> None:
    """Make the views as their files say, and let the analysts' role read them. Costs a query when all is so already.

    Somebody who reads a view for long can't hold up a start: the views then stay as they were until the next one.
    """
    files = view_files()
    wanted = _digest(files)
    with engine.connect() as connection:
        state = connection.execute(_STATE).one()
    analyst_is_done = state.analyst_may_read or not (state.analyst_is_there or state.may_make_roles)
    if state.made_from == wanted and analyst_is_done:
        return
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
            if connection.execute(_STATE).one().made_from != wanted:
                _make_anew(connection, files, wanted)
            _let_the_analyst_read(connection)
    except OperationalError as error:
        logger.warning("The views for analysts were not renewed, as somebody reads them (%s).", type(error).__name__)


def drop_views(connection: Connection) -> None:
    """Drop the views before the tables under them change. What others built upon the views goes with them."""
    for name in connection.scalars(text("SELECT viewname FROM pg_views WHERE schemaname = 'analytics'")).all():
        connection.execute(text(f'DROP VIEW IF EXISTS analytics."{name}" CASCADE'))
    if connection.scalar(text("SELECT to_regnamespace('analytics')")):
        connection.execute(text("COMMENT ON SCHEMA analytics IS NULL"))


def view_files() -> dict[str, str]:
    """The files with the views, by the name of the view, each after those it reads from."""
    written = [path.read_text(encoding="utf-8") for path in sorted(_folder().glob("*.sql"))]
    by_name = {name[1]: file for file in written if (name := _NAMES.search(file))}
    reads = {name: sorted(set(_USED_VIEW.findall(file)) & (by_name.keys() - {name})) for name, file in by_name.items()}
    return {name: by_name[name] for name in TopologicalSorter(reads).static_order()}


def questions() -> dict[str, str]:
    """The ready questions: name to SQL."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((_folder() / "questions").glob("*.sql"))}


def fold_usage(session: Session, most: int) -> int:
    """Add up to `most` deltas to their hours; returns how many. Nothing when somebody else is at it."""
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _FOLDING}):
        return 0
    return int(session.scalar(_FOLD, {"most": most}) or 0)


def _make_anew(connection: Connection, files: Mapping[str, str], digest: str) -> None:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS analytics"))
    drop_views(connection)
    for file in files.values():
        connection.exec_driver_sql(file, execution_options={"no_parameters": True})
    connection.execute(text(f"COMMENT ON SCHEMA analytics IS '{digest}'"))


def _let_the_analyst_read(connection: Connection) -> None:
    state = connection.execute(_STATE).one()
    if not state.analyst_is_there:
        if not state.may_make_roles:
            logger.info("There is no role for analysts. Who may make roles makes it with: %s", HOW_TO_MAKE_THE_ANALYST)
            return
        connection.exec_driver_sql(_MAKE_ANALYST)
    connection.execute(text(f"GRANT USAGE ON SCHEMA analytics TO {ANALYST}"))
    connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO {ANALYST}"))


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256("\0".join(files.values()).encode()).hexdigest()


def _folder() -> Path:
    return project_path("sql") / "analytics"

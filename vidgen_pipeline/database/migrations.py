"""Bring a database up to date: by itself, at every start, safely when several programs start at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from vidgen_pipeline.database.analytics import drop_views, make_views
from vidgen_pipeline.runtime.project import project_path

_LOCK = 4_850_021_117  # any constant: it names "migrating vidgen's tables" among a server's advisory locks
LOG_PARTITIONS_AHEAD_DAYS = 14


def migrate(engine: Engine) -> None:
    """Upgrade to the newest revision; make the log's partitions for the coming days, and the views for analysts."""
    with engine.connect() as connection:
        if not _is_current(connection):
            connection.rollback()
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                if not _is_current(connection):
                    drop_views(connection)
                    command.upgrade(alembic_config(connection), "head")
    with engine.begin() as connection:
        connection.execute(text("SELECT create_log_partitions(:days)"), {"days": LOG_PARTITIONS_AHEAD_DAYS})
    make_views(engine)


def is_up_to_date(engine: Engine) -> bool:
    """Whether the database has the newest revision."""
    with engine.connect() as connection:
        return _is_current(connection)


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for this connection; no ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def run_sql_file(name: str) -> None:
    """Run one file of `sql/migrations/` in the revision's transaction."""
    statements = (project_path("sql") / "migrations" / name).read_text(encoding="utf-8")
    # no_parameters: a % in the file is SQL's own, not a placeholder
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})


def _is_current(connection: Connection) -> bool:
    script = ScriptDirectory.from_config(alembic_config(connection))
    return MigrationContext.configure(connection).get_current_revision() == script.get_current_head()

"""All that a database holds, as text: for looking whether something is in it that must not be."""

from __future__ import annotations

from sqlalchemy import Engine, text


def everything_in(engine: Engine) -> str:
    """Every row of every table, with bytes in hex."""
    with engine.connect() as connection:
        tables = connection.execute(
            text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ).scalars()
        rows = [
            row
            for table in tables.all()
            for row in connection.execute(text(f"SELECT t::text FROM {table} AS t")).scalars()  # noqa: S608
        ]
    return "\n".join(rows)

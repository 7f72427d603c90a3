from concurrent.futures import ThreadPoolExecutor

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, make_url, text

from vidgen_pipeline.database import account_tables, budget_tables, idempotency, notification_tables
from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.database.migrations import LOG_PARTITIONS_AHEAD_DAYS, alembic_config, migrate
from vidgen_pipeline.database.tables import Base

# Importing them is what adds their tables to what is compared here.
_OTHERS = (account_tables.ApiToken, budget_tables.Budget, notification_tables.Notification, idempotency.IdempotencyKey)
assert all(table.metadata is Base.metadata for table in _OTHERS)


def _columns(engine: Engine) -> dict[str, dict[str, tuple[str, bool]]]:
    inspector = inspect(engine)
    return {
        table: {column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)}
        for table in Base.metadata.tables
    }


def test_the_models_say_what_the_migrations_made(engine: Engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference
            for difference in compare_metadata(context, Base.metadata)
            # Indexes, partitions and checks are the SQL files' business alone.
            if isinstance(difference, list) or difference[0] in {"add_table", "add_column", "remove_column"}
        ]
    assert differences == []
    for table, columns in _columns(engine).items():
        for name, (_, nullable) in columns.items():
            assert Base.metadata.tables[table].columns[name].nullable == nullable, f"{table}.{name}"


def test_down_and_up_again_gives_the_same_tables(engine: Engine):
    before = _columns(engine)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    migrate(engine)
    assert _columns(engine) == before


def test_eight_programs_may_start_on_an_empty_database_at_once(engine: Engine):
    name = "test_eight_starters"
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(engine.url).set(database=name).render_as_string(hide_password=False)

    def start(_: int) -> None:
        one = open_engine(url, pooled=False)
        migrate(one)
        one.dispose()

    try:
        with ThreadPoolExecutor(8) as starters:
            assert list(starters.map(start, range(8))) == [None] * 8
        empty = open_engine(url, pooled=False)
        tables = set(inspect(empty).get_table_names())
        assert set(Base.metadata.tables) <= tables
        days = [table for table in tables if table.startswith("api_request_logs_")]
        assert len(days) == LOG_PARTITIONS_AHEAD_DAYS + 1
    finally:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def test_a_log_row_of_today_finds_its_partition(engine: Engine):
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO api_request_logs (provider, endpoint, method) VALUES ('anthropic', '/v1', 'POST')")
        )
        partition = connection.execute(text("SELECT tableoid::regclass::text FROM api_request_logs")).scalar_one()
        today = connection.execute(text("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')")).scalar_one()
    assert partition == f"api_request_logs_{today}"

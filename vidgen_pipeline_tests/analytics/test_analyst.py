"""The views as they are made and renewed, and the role that may read them and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import ProgrammingError

from vidgen_pipeline.database import analytics
from vidgen_pipeline.database.analytics import ANALYST, make_views, view_files
from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.database.migrations import migrate
from vidgen_pipeline.runtime.project import project_path

SECRETS = (
    "users", "sessions", "api_tokens", "password_links", "integrations", "webhooks", "notification_settings", "videos",
    "api_request_logs", "api_request_log_bodies", "provider_calls", "generation_steps", "usage_hourly", "usage_deltas",
)  # fmt: skip


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """What is sent to the database."""
    sent: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the view files that may be changed."""
    folder = tmp_path / "analytics"
    folder.mkdir()
    for path in (project_path("sql") / "analytics").glob("*.sql"):
        (folder / path.name).write_text(path.read_text())
    monkeypatch.setattr(analytics, "_folder", lambda: folder)
    return folder


def test_an_analyst_sees_every_view_and_no_table(world: Engine):
    with world.begin() as connection:
        connection.execute(text(f"SET LOCAL ROLE {ANALYST}"))
        counts = {
            name: connection.execute(text(f"SELECT count(*) FROM analytics.{name}")).scalar_one()  # noqa: S608
            for name in view_files()
        }
    assert min(counts.values()) > 0
    for table in SECRETS:
        with world.connect() as connection, connection.begin():
            connection.execute(text(f"SET LOCAL ROLE {ANALYST}"))
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(f"SELECT * FROM {table} LIMIT 1"))  # noqa: S608
    with world.begin() as connection:
        rights = connection.execute(
            text("SELECT table_schema, privilege_type FROM information_schema.role_table_grants WHERE grantee = :role"),
            {"role": ANALYST},
        ).all()
        can = connection.execute(
            text("SELECT rolcanlogin, rolsuper, rolcreaterole, rolinherit FROM pg_roles WHERE rolname = :role"),
            {"role": ANALYST},
        ).one()
    assert {tuple(right) for right in rights} == {("analytics", "SELECT")}
    assert tuple(can)[:3] == (False, False, False)


def test_an_analyst_can_neither_write_nor_change_anything(world: Engine):
    for statement in (
        "UPDATE analytics.v_cost_daily SET usd = 0",
        "INSERT INTO analytics.usage (calls) VALUES (1)",
        "CREATE VIEW analytics.mine AS SELECT 1",
        "CREATE TABLE public.mine (a int)",
        "DROP VIEW analytics.v_cost_daily",
    ):
        with world.connect() as connection, connection.begin():
            connection.execute(text(f"SET LOCAL ROLE {ANALYST}"))
            with pytest.raises(Exception, match=r"permission denied|must be owner|cannot (update|insert)"):
                connection.execute(text(statement))


def test_no_view_shows_a_secret_column(engine: Engine):
    query = text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'analytics'")
    with engine.connect() as connection:
        columns = [tuple(row) for row in connection.execute(query)]
    words = ("hash", "secret", "credential", "password", "body", "headers", "email", "ip", "token", "fingerprint")
    assert [column for column in columns if any(word in column[1].split("_") for word in words)] == []
    assert len(columns) > 100


def test_a_start_that_changes_nothing_costs_one_query(engine: Engine, statements: list[str]):
    make_views(engine)
    assert len(statements) == 1
    assert "obj_description" in statements[0]


def test_a_view_that_changes_its_shape_is_made_anew_with_what_rests_on_it(engine: Engine, own_files: Path):
    (own_files / "v_spend_cap.sql").write_text(
        "-- Shorter.\nCREATE VIEW analytics.v_spend_cap AS SELECT user_id, period, limit_usd, warn_percent,"
        " 90.0 AS used_percent, current_date AS starts_on FROM budgets;\n"
    )
    (own_files / "v_cache.sql").unlink()
    (own_files / "v_a_new_one.sql").write_text(
        "-- New, and named before what it reads from.\n"
        "CREATE VIEW analytics.v_a_new_one AS SELECT * FROM analytics.v_spend_cap;\n"
    )
    make_views(engine)
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL ROLE {ANALYST}"))
        result = connection.execute(text("SELECT * FROM analytics.v_a_new_one"))
        assert len(tuple(result.keys())) == 6
        connection.execute(text("SELECT * FROM analytics.v_admin_alerts"))
        there = connection.execute(text("SELECT viewname FROM pg_views WHERE schemaname = 'analytics'")).scalars().all()
    assert set(there) == {*view_files()}
    assert "v_cache" not in there


def test_a_file_that_is_wrong_leaves_the_views_as_they_were(engine: Engine, own_files: Path):
    (own_files / "v_cache.sql").write_text("-- Wrong.\nCREATE VIEW analytics.v_cache AS SELECT nothing FROM nowhere;\n")
    with pytest.raises(ProgrammingError, match="nowhere"):
        make_views(engine)
    with engine.connect() as connection:
        connection.execute(text("SELECT saved_usd FROM analytics.v_cache"))


def test_who_reads_for_long_holds_no_start_up(
    engine: Engine, own_files: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(analytics, "WAIT_SECONDS", 0.2)
    path = own_files / "v_cache.sql"
    path.write_text(path.read_text() + "\n-- changed\n")
    with engine.begin() as reader:
        reader.execute(text("SELECT count(*) FROM analytics.v_cache"))
        make_views(engine)
        assert "were not renewed" in caplog.text
    make_views(engine)
    with engine.connect() as connection:
        made_from = connection.execute(text("SELECT obj_description('analytics'::regnamespace, 'pg_namespace')"))
        assert made_from.scalar_one() == analytics._digest(view_files())


def test_starts_at_once_make_them_once(engine: Engine, own_files: Path, statements: list[str]):
    path = own_files / "v_cache.sql"
    path.write_text(path.read_text() + "\n-- changed\n")
    ready = threading.Barrier(4)

    def start(_: int) -> None:
        ready.wait()
        make_views(engine)

    with ThreadPoolExecutor(4) as starters:
        list(starters.map(start, range(4)))
    assert len([statement for statement in statements if "CREATE VIEW analytics.v_cache" in statement]) == 1


def test_without_the_right_to_make_roles_all_works_and_a_role_made_later_is_let_in(
    engine: Engine, own_files: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """The operator of a server of their own gives vidgen a plain account; roles belong to the whole server."""
    role, name = "vidgen_analyst_of_a_test", "test_plain_owner"
    monkeypatch.setattr(analytics, "_STATE", text(str(analytics._STATE).replace(ANALYST, role)))
    monkeypatch.setattr(analytics, "ANALYST", role)
    admin = engine.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE ROLE plain_owner LOGIN PASSWORD 'plain' NOSUPERUSER NOCREATEROLE"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER plain_owner"))
    address = make_url(engine.url).set(database=name, username="plain_owner", password="plain")
    plain = open_engine(address.render_as_string(hide_password=False), pooled=False)
    try:
        with caplog.at_level("INFO"):
            migrate(plain)
        assert "CREATE ROLE" in caplog.text
        with plain.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM analytics.v_cost_daily")).scalar_one() == 0
        with admin.connect() as connection:
            connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
        migrate(plain)
        with plain.connect() as connection:
            may = text("SELECT has_table_privilege(:role, 'analytics.v_cost_daily', 'SELECT')")
            assert connection.execute(may, {"role": role}).scalar_one() is True
    finally:
        plain.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(text(f"DROP ROLE IF EXISTS {role}"))
            connection.execute(text("DROP ROLE plain_owner"))

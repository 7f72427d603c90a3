"""`up` and `down` with the real programs, through the worst of days."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import Conflict, InvalidInput
from vidgen_pipeline.runtime import locks
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.account import account_for
from vidgen_pipeline.runtime.postgres.cluster import Cluster
from vidgen_pipeline.runtime.processes import find_process
from vidgen_pipeline.runtime.server import down, up

PATIENCE_SECONDS = 240
JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name } jobs { name } } } } }"
MODULE = "vidgen_pipeline_tests.runtime.tiny_definitions"

UP = """
import sys
from pathlib import Path
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.server import up
up(Home(Path(sys.argv[1])), port=int(sys.argv[2]), module=sys.argv[3], announce=lambda said: print(said, flush=True))
"""


class Running:
    """A process in which `up` runs, and what it says."""

    def __init__(self, home: Home, port: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", UP, str(home.root), str(port), MODULE],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._said: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())
        self._lines.put("(silence)")

    def hear(self, words: str) -> str:
        """The first line from here on that holds the words."""
        while True:
            line = self._lines.get(timeout=PATIENCE_SECONDS)
            self._said.append(line)
            if words in line:
                return line
            assert line != "(silence)", "\n".join(self._said)


@contextlib.contextmanager
def running(home: Home, port: int) -> Iterator[Running]:
    up_process = Running(home, port)
    try:
        yield up_process
    finally:
        up_process.process.kill()
        up_process.process.wait()
        down(home)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def graphql(port: int, question: str) -> object:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": question}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as reply:  # noqa: S310
        return json.load(reply)["data"]


def children(home: Home) -> list[int]:
    return [child["pid"] for child in json.loads((home.root / "up.json").read_text())["children"]]


def test_a_day_with_up_and_down(own_home: Home, open_folder: Path) -> None:
    port = free_port()
    with running(own_home, port) as first:
        first.hear(f"vidgen is up: http://127.0.0.1:{port}")
        location = {"location": {"name": "vidgen_pipeline"}, "jobs": [{"name": "tiny_job"}]}
        assert graphql(port, JOBS) == {"repositoriesOrError": {"nodes": [location]}}

        with pytest.raises(Conflict, match=f"already, at http://127.0.0.1:{port}"):
            up(own_home, port=free_port(), announce=print, module=MODULE)
        with pytest.raises(InvalidInput, match=rf"Port {port} .*another program uses it.* --port"):
            up(Home(open_folder / "another"), port=port, announce=print, module=MODULE)

        before = children(own_home)
        os.kill(before[1], signal.SIGKILL)
        first.hear("The daemon stopped (signal 9)")
        database = int((own_home.postgres / "data/postmaster.pid").read_text().split()[0])
        os.kill(database, signal.SIGKILL)
        first.hear("The database had stopped; it runs again.")

        first.process.kill()
        first.process.wait()
        orphans = [pid for pid in children(own_home) if find_process(pid)]
        assert {before[0], before[2]} <= set(orphans)
        assert down(own_home) is True
        assert [pid for pid in orphans if find_process(pid)] == []
        assert not Cluster(own_home.postgres, account_for(own_home.postgres / "data")).alive()
        assert down(own_home) is False

    with running(own_home, port) as second:
        second.hear("Loading the pipeline")
        assert down(own_home) is True
        second.hear("Stopped.")
        assert second.process.wait(PATIENCE_SECONDS) == 0
        assert not Cluster(own_home.postgres, account_for(own_home.postgres / "data")).alive()
        assert not (own_home.root / "up.json").exists()
    assert down(own_home) is False


def test_orphans_are_never_guessed(own_home: Home) -> None:
    """A record whose numbers belong to other processes by now."""
    own_home.create()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        try:
            long_gone = {"pid": stranger.pid, "started": "another time", "name": "python", "owner": os.geteuid()}
            record = {"up": long_gone, "address": "http://127.0.0.1:1", "children": [long_gone]}
            (own_home.root / "up.json").write_text(json.dumps(record))
            assert down(own_home) is False
            assert stranger.poll() is None
            assert not (own_home.root / "up.json").exists()
        finally:
            stranger.kill()


def test_down_without_a_home_makes_none(open_folder: Path) -> None:
    assert down(Home(open_folder / "none")) is False
    assert not (open_folder / "none").exists()


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [("127.0.0.1", 99999, "99999 is not a port"), ("no-such-host.invalid", 3000, "is not a name or address")],
)
def test_an_address_that_can_not_be(own_home: Home, host: str, port: int, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        up(own_home, host=host, port=port, announce=print, module=MODULE)
    lock = locks.try_exclusive(own_home.root / "up.lock")  # and nobody is left who seems to be up
    assert lock is not None
    os.close(lock)

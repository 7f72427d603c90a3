"""Ask the API of an installation that holds a million videos and ten million exchanges, as fast as it answers.

    .venv/bin/python benchmarks/load.py [--videos N] [--log-rows N] [--seconds S] [--connections N]

Needs wrk (`apt-get install wrk`). Makes a throwaway home with its own Postgres and fills it by INSERT ... SELECT,
starts the API as `vidgen up` does, and asks each thing over one connection and over several, as 500 users with a token
each. The API's limits (docs/api.md) stay as they are: they are by user, so that they hold none of this up. Printed: the
table of docs/performance.md. Ends with 1 when an answer was none of 2xx, or a promise is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import psutil
from load_requests import USERS, Crowd, Kind
from load_videos import fill_videos
from logs import fill as fill_logs
from sqlalchemy import Engine, text

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import dagster_environment, databases
from vidgen_pipeline.services.startup import prepare

DIFFERENT_REQUESTS = 2_000
WARM_UP_SECONDS = 1
SLOWEST_P95_MS = 100
"""Promised over one connection, except of texts that are nowhere: no index holds the words of texts."""

_HERE = Path(__file__).parent
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Measured:
    """What wrk saw. Latencies in ms."""

    requests: int
    seconds: float
    p50: float
    p95: float
    p99: float
    unwelcome: int
    a_status: int
    broken: int

    @classmethod
    def from_words(cls, said: str) -> Measured:
        """From what load.lua prints: times in microseconds."""
        words = next(line for line in said.splitlines() if line.startswith("measured ")).split()[1:]
        requests, micros, p50, p95, p99, unwelcome, a_status, broken = map(int, words)
        return cls(requests, micros / 1e6, p50 / 1e3, p95 / 1e3, p99 / 1e3, unwelcome, a_status, broken)


def fill(engine: Engine, videos: int, log_rows: int) -> None:
    """Make the data, and say how much that is."""
    prepare(engine)
    began = time.perf_counter()
    fill_logs(engine, log_rows, USERS)
    fill_videos(engine, videos, USERS)
    seconds = time.perf_counter() - began
    with engine.connect() as connection:
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    what = f"{videos:,} videos and {log_rows:,} exchanges of {USERS} users"
    print(f"{what}: {size / 1e9:.1f} GB, made in {seconds:.0f} s", flush=True)


@contextlib.contextmanager
def serving(home: Home, environment: Mapping[str, str]) -> Iterator[str]:
    """The API as `vidgen up` starts it; gives its address."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = probe.getsockname()[1]
    address, log = f"http://{_HOST}:{port}", home.root / "api.log"
    command = [sys.executable, "-m", "vidgen_pipeline.api", "--host", _HOST, "--port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
    try:
        while not _answers(address):
            if server.poll() is not None:
                raise SystemExit(f"The API did not start:\n{log.read_text()}")
            time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def measure(wrk: str, file: Path, crowd: Crowd, kind: Kind, *, seconds: int, connections: int) -> Measured:
    """Have wrk ask for so long, after a moment that is not counted. Latencies are those that the client sees."""
    asked = [kind.draw() for _ in range(DIFFERENT_REQUESTS)]
    file.write_text("".join(f"{crowd.tokens[user]} {path}\n" for user, path in asked))

    def ask(for_seconds: int) -> Measured:
        command = [wrk, "-t1", f"-c{connections}", f"-d{for_seconds}s", "--timeout", "30s"]
        command += ["-s", str(_HERE / "load.lua"), crowd.address, "--", str(file)]
        return Measured.from_words(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    ask(WARM_UP_SECONDS)
    return ask(seconds)


def report(rows: Sequence[tuple[Kind, Measured, Measured]], connections: int) -> bool:
    """Print the table; whether everything was answered, and every promise kept."""
    print(f"| | one connection: requests/s | p50, p95, p99 | {connections} connections: requests/s | p50, p95, p99 |")
    print("|---|---|---|---|---|")
    for kind, *both in rows:
        cells = [f"{one.requests / one.seconds:.0f} | {one.p50:.0f}, {one.p95:.0f}, {one.p99:.0f} ms" for one in both]
        print(f"| {kind.name} | {' | '.join(cells)} |")
    kept = True
    for kind, alone, together in rows:
        for one in (alone, together):
            if one.unwelcome or one.broken:
                kept = False
                print(f"{kind.name}: {one.unwelcome} answers not of 2xx (one: {one.a_status}), {one.broken} broken")
        if kind.promised and alone.p95 >= SLOWEST_P95_MS:
            kept = False
            print(f"{kind.name}: p95 was promised below {SLOWEST_P95_MS} ms")
    print(f"machine: {psutil.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description="The API under load.")
    parser.add_argument("--videos", type=int, default=1_000_000)
    parser.add_argument("--log-rows", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=int, default=10, help="for each kind of request and number of connections")
    parser.add_argument("--connections", type=int, default=16)
    options = parser.parse_args()
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is not installed, and it makes the load. Debian has it: apt-get install wrk")
    os.environ.pop("VIDGEN_DATABASE_URL", None)
    folder = Path(tempfile.mkdtemp(prefix="vidgen-load-"))
    folder.chmod(0o711)  # as root, Postgres runs under another account
    home = Home(folder / "home")
    try:
        with databases(home) as addresses:
            engine = open_engine(addresses.vidgen_url)
            try:
                fill(engine, options.videos, options.log_rows)
                with serving(home, dagster_environment(addresses, home)) as address:
                    crowd = Crowd(engine, address)
                    ask = partial(measure, wrk, folder / "requests", crowd, seconds=options.seconds)
                    rows = [
                        (kind, ask(kind, connections=1), ask(kind, connections=options.connections))
                        for kind in crowd.kinds()
                    ]
            finally:
                engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if report(rows, options.connections) else 1


if __name__ == "__main__":
    sys.exit(main())

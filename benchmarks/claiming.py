"""Claim 10,000 videos that are due at once for 500 users, with a stub in the place of the engine.

    .venv/bin/python benchmarks/claiming.py [videos] [users] [places]

Each tick is a real `claim_due` on a real Postgres (a throwaway one in a temporary home); what it claims is finished at
once, so that the next tick finds all places free. Printed: whether each video was claimed once, how long a tick takes,
and how evenly the first 1,000 starts were spread over the users. Ends with 1 when a promise is broken.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import databases
from vidgen_pipeline.services.scheduling import MOST_AT_A_TIME, claim_due
from vidgen_pipeline.services.startup import prepare

FIRST_STARTS = 1_000
LONGEST_TICK_SECONDS, UNFAIREST = 1.0, 1.5

_USERS = "INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, :users) AS n"
_VIDEOS = """
    INSERT INTO videos (user_id, title, request, scheduled_at)
    SELECT chosen.id, 'video ' || n, '{"language": "en", "script_text": "Cats purr."}',
        now() - random() * interval '1 day'
    FROM generate_series(0, :videos - 1) AS n
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM users WHERE name LIKE 'user %') AS chosen
        ON chosen.place = n % :users
"""


@dataclass
class Measured:
    """What the ticks did."""

    videos: list[UUID] = field(default_factory=list)
    users: list[UUID] = field(default_factory=list)
    tick_seconds: list[float] = field(default_factory=list)
    largest_tick: int = 0

    def percentile(self, share: float) -> float:
        return sorted(self.tick_seconds)[min(len(self.tick_seconds) - 1, int(share * len(self.tick_seconds)))]

    def unfairness(self, users: int) -> float:
        """Most starts of a user over fewest, among the first ones; infinite when somebody had none."""
        started = Counter(self.users[:FIRST_STARTS])
        fewest = min(started.values()) if len(started) == users else 0
        return max(started.values()) / fewest if fewest else float("inf")


def fill(engine: Engine, videos: int, users: int, places: int) -> None:
    """Users and their due videos, the tables' statistics as they are in daily use."""
    with engine.begin() as connection:
        connection.execute(text(_USERS), {"users": users})
        connection.execute(text(_VIDEOS), {"videos": videos, "users": users})
        connection.execute(text("UPDATE pipeline_settings SET generations_at_once = :places"), {"places": places})
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))


def run_ticks(engine: Engine) -> Measured:
    """Tick until nothing is due."""
    measured = Measured()
    while True:
        began = time.perf_counter()
        claims = claim_due(engine)
        measured.tick_seconds.append(time.perf_counter() - began)
        if not claims.launches:
            return measured
        measured.largest_tick = max(measured.largest_tick, len(claims.launches))
        measured.videos += [launch.video_id for launch in claims.launches]
        measured.users += [launch.user_id for launch in claims.launches]
        with engine.begin() as connection:
            connection.execute(text("UPDATE videos SET status = 'completed' WHERE status = 'queued'"))


def report(measured: Measured, videos: int, users: int, places: int) -> bool:
    """Print the table; whether every promise was kept."""
    once = len(measured.videos) == len(set(measured.videos)) == videos
    unfairness, p95 = measured.unfairness(users), measured.percentile(0.95)
    rows = (
        ("claimed, each exactly once", f"{len(set(measured.videos)):,} of {videos:,}", once),
        ("most in a tick", f"{measured.largest_tick}", measured.largest_tick <= min(places, MOST_AT_A_TIME)),
        ("ticks", f"{len(measured.tick_seconds):,}", True),
        ("tick, median", f"{measured.percentile(0.5) * 1000:.0f} ms", True),
        ("tick, p95", f"{p95 * 1000:.0f} ms", p95 < LONGEST_TICK_SECONDS),
        ("tick, slowest", f"{max(measured.tick_seconds) * 1000:.0f} ms", True),
        (f"most over fewest starts of a user, first {FIRST_STARTS:,}", f"{unfairness:.2f}", unfairness <= UNFAIREST),
    )
    table = Table(title=f"{videos:,} videos due at once, {users} users, {places} places")
    for name in ("what", "measured", "as promised"):
        table.add_column(name)
    for what, value, kept in rows:
        table.add_row(what, value, "yes" if kept else "NO")
    Console().print(table)
    return all(kept for _, _, kept in rows)


def main() -> int:
    videos, users, places = (int(given) for given in (*sys.argv[1:], *("10000", "500", "25")[len(sys.argv) - 1 :]))
    os.environ.pop("VIDGEN_DATABASE_URL", None)
    folder = Path(tempfile.mkdtemp(prefix="vidgen-claiming-"))
    folder.chmod(0o711)  # as root, Postgres runs under another account
    try:
        with databases(Home(folder / "home")) as addresses:
            engine = open_engine(addresses.vidgen_url)
            try:
                prepare(engine)
                fill(engine, videos, users, places)
                kept = report(run_ticks(engine), videos, users, places)
            finally:
                engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

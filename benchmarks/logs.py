"""Fill the log of exchanges with millions of rows over 30 days, then read, search and write it.

    .venv/bin/python benchmarks/logs.py [rows] [users]

A throwaway Postgres in a temporary home, 2,000,000 rows and 500 users unless said otherwise. The rows go in by
INSERT ... SELECT, a day at a time, with every index and the trigger that keeps the sums by the hour. Printed: the time
of each way to read (50 times, each for another user, video or provider) and how many rows a second are written in
batches with their bodies. Ends with 1 when a promise is broken.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.api_logs import LogFilter, add_logs
from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import databases
from vidgen_pipeline.services.logs import search_logs, show_log
from vidgen_pipeline.services.reports import make_report
from vidgen_pipeline.services.startup import prepare
from vidgen_pipeline.services.usage import fold_usage

DAYS = 30
TIMES = 50
SLOWEST_PAGE_MS, SLOWEST_COST_MS, SLOWEST_TEXT_SEARCH_MS = 100, 150, 1_000
FEWEST_ROWS_A_SECOND = 2_000
BATCH_ROWS, BATCHES = 200, 100

_USERS = """
    INSERT INTO users (id, name)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'user ' || n FROM generate_series(1, :users) AS n
"""
_ROWS = """
    INSERT INTO api_request_logs (created_at, user_id, video_id, provider, model, host, endpoint, method, phase,
        generation_step, attempt, call_id, status_code, duration_ms, error_code, error_message, cost_amount,
        cost_currency)
    SELECT CAST(:day AS timestamptz) + n * interval '1 day' / :rows,
        lpad(to_hex(n / 25 % :users + 1), 32, '0')::uuid,
        lpad(to_hex(n / 25 + :first), 32, '0')::uuid,
        (ARRAY['openai_gpt', 'elevenlabs', 'pexels', 'runway', 'luma'])[n % 5 + 1],
        (ARRAY['gpt', 'v3', NULL, 'gen4', 'ray'])[n % 5 + 1],
        'api.vendor.test',
        (ARRAY['/v1/responses', '/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb/with-timestamps', '/search/photos',
            '/v1/tasks/7f3c0000-0000-4000-8000-000000000001', '/v1/generations/7f3c0000'])[n % 5 + 1],
        'POST', (ARRAY['submit', 'submit', 'read', 'poll', 'poll'])[n % 5 + 1],
        (ARRAY['script', 'voice', 'media', 'video_ai', 'video_ai'])[n % 5 + 1],
        1, gen_random_uuid(),
        CASE WHEN n % 50 = 0 THEN 429 WHEN n % 171 = 0 THEN NULL ELSE 200 END,
        (20 + 3000 * random() * random())::integer,
        CASE WHEN n % 50 = 0 THEN 'rate_limited' WHEN n % 171 = 0 THEN 'provider_down' END,
        CASE WHEN n % 50 = 0 THEN 'The vendor asks to wait ' || n % 60 || ' s.' WHEN n % 171 = 0 THEN 'No answer.' END,
        0.0012, 'USD'
    FROM generate_series(0, :rows - 1) AS n
"""
_PAID = """
    INSERT INTO provider_calls (user_id, step, attempt, inputs_hash, provider, model, base_url, status, cost_amount,
        created_at, finished_at)
    SELECT lpad(to_hex(n / 3 % :users + 1), 32, '0')::uuid, (ARRAY['script', 'voice', 'video_ai'])[n % 3 + 1], 1,
        n::text, (ARRAY['openai_gpt', 'elevenlabs', 'runway'])[n % 3 + 1], (ARRAY['gpt', 'v3', 'gen4'])[n % 3 + 1],
        'https://api.vendor.test', 'done', 0.01, moment, moment
    FROM generate_series(0, :calls - 1) AS n
    CROSS JOIN LATERAL (SELECT CAST(:day AS timestamptz) + n * interval '1 day' / :calls AS moment) AS times
"""
_A_VIDEO = "SELECT video_id, id FROM api_request_logs WHERE created_at >= :at ORDER BY created_at LIMIT 1"
_HEALTH = "SELECT * FROM analytics.v_provider_health WHERE day >= current_date - 1"


@dataclass(frozen=True)
class Way:
    """A way to read, what it took each time (ms), and the promise, if there is one."""

    name: str
    took: list[float]
    promised_ms: float | None

    def percentile(self, share: float) -> float:
        return sorted(self.took)[min(len(self.took) - 1, int(share * len(self.took)))]

    @property
    def kept(self) -> bool:
        return self.promised_ms is None or self.percentile(0.95) < self.promised_ms


def fill(engine: Engine, rows: int, users: int) -> float:
    """Make the rows; returns seconds. The tables' statistics are as they are in daily use."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with engine.begin() as connection:
        connection.execute(text(_USERS), {"users": users})
    began = time.perf_counter()
    a_day = rows // DAYS
    for number in range(DAYS):
        day = midnight - timedelta(days=DAYS - number)
        with engine.begin() as connection:
            connection.execute(text("SELECT create_log_partition(:day)"), {"day": day.date()})
            connection.execute(text(_ROWS), {"day": day, "rows": a_day, "users": users, "first": number * a_day})
    seconds = time.perf_counter() - began
    for number in range(DAYS):
        with engine.begin() as connection:
            day = midnight - timedelta(days=DAYS - number)
            connection.execute(text(_PAID), {"day": day, "calls": a_day * 3 // 25, "users": users})
    while fold_usage(engine):
        pass
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return seconds


def read(engine: Engine, users: int) -> list[Way]:
    """Every way to read, each 50 times."""
    chance = random.Random(4)  # noqa: S311 - the same choices each time
    now = datetime.now(UTC)

    def moment() -> datetime:
        return now - timedelta(seconds=chance.uniform(86_400, (DAYS - 1) * 86_400))

    def user() -> uuid.UUID:
        return uuid.UUID(int=chance.randint(1, users))

    def some_row() -> tuple[uuid.UUID, uuid.UUID]:
        with engine.connect() as connection:
            row = connection.execute(text(_A_VIDEO), {"at": moment()}).one()
            return row[0], row[1]

    def ask(query: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(query)).all()

    def deep_page() -> None:
        wanted, place = LogFilter(user_id=user()), None
        for _ in range(3):
            place = search_logs(engine, wanted, after=place).next
        search_logs(engine, wanted, after=place)

    samples = [some_row() for _ in range(TIMES)]
    pick = iter(samples * 2)
    provider = ("openai_gpt", "elevenlabs", "pexels", "runway", "luma")
    step = ("script", "voice", "media", "video_ai")
    ways: dict[str, Callable[[], object]] = {
        "newest page, everybody's": lambda: search_logs(engine, LogFilter()),
        "newest page, one user's": lambda: search_logs(engine, LogFilter(user_id=user())),
        "four pages one after the other, one user's": deep_page,
        "a video's": lambda: search_logs(engine, LogFilter(video_id=next(pick)[0])),
        "a provider's, until some day": lambda: search_logs(
            engine, LogFilter(provider=chance.choice(provider), until=moment())
        ),
        "a step's": lambda: search_logs(engine, LogFilter(step=chance.choice(step))),
        "a step that called nobody": lambda: search_logs(engine, LogFilter(step="subtitles")),
        "a status (429)": lambda: search_logs(engine, LogFilter(status_code=429, until=moment())),
        "a status nobody gave (418)": lambda: search_logs(engine, LogFilter(status_code=418)),
        "an error code": lambda: search_logs(engine, LogFilter(error_code="provider_down", until=moment())),
        "errors of a provider": lambda: search_logs(
            engine, LogFilter(provider=chance.choice(provider), errors_only=True, until=moment())
        ),
        "errors of a user": lambda: search_logs(engine, LogFilter(user_id=user(), errors_only=True)),
        "a text in errors, found often": lambda: search_logs(engine, LogFilter(text=f"wait {chance.randint(0, 59)} s")),
        "a text in errors, found nowhere": lambda: search_logs(engine, LogFilter(text="purple")),
        "one exchange by its id": lambda: show_log(engine, None, str(next(pick)[1])),
        "a user's cost by day, 30 days, from the sums": lambda: make_report(engine, "cost", by="day", user_id=user()),
        "everybody's cost by day, 30 days, from the sums": lambda: make_report(engine, "cost", by="day"),
        "health of all providers, two days, from the sums": lambda: ask(_HEALTH),
    }
    promised = {
        "four pages one after the other, one user's": 4 * SLOWEST_PAGE_MS,
        "a text in errors, found often": SLOWEST_TEXT_SEARCH_MS,
        "a text in errors, found nowhere": SLOWEST_TEXT_SEARCH_MS,
        "a user's cost by day, 30 days, from the sums": SLOWEST_COST_MS,
        "everybody's cost by day, 30 days, from the sums": SLOWEST_COST_MS,
        "health of all providers, two days, from the sums": None,
    }
    return [
        Way(name, [_timed(way) for _ in range(TIMES)], promised.get(name, SLOWEST_PAGE_MS))
        for name, way in ways.items()
    ]


def write(engine: Engine) -> float:
    """Rows a second that are written in batches of 200, each with its bodies, as the log's thread does it."""
    began = time.perf_counter()
    for _ in range(BATCHES):
        rows = [_row() for _ in range(BATCH_ROWS)]
        bodies = [
            {
                "created_at": row["created_at"],
                "id": row["id"],
                "request_headers": {"content-type": "application/json"},
                "request_body": {"text": "Cats purr when they are content. " * 20},
                "response_headers": {"content-type": "application/json", "request-id": "req-1"},
                "response_body": {"audio": {"type": "audio/mpeg", "size_bytes": 51_234}},
            }
            for row in rows
        ]
        with Session(engine) as session, session.begin():
            add_logs(session, rows, bodies)
    return BATCHES * BATCH_ROWS / (time.perf_counter() - began)


def _row() -> dict[str, object]:
    return {
        "created_at": datetime.now(UTC), "id": uuid.uuid4(), "user_id": uuid.UUID(int=1), "video_id": uuid.uuid4(),
        "generation_step": "voice", "attempt": 1, "scene": 1, "call_id": uuid.uuid4(), "provider": "elevenlabs",
        "model": "v3", "host": "api.vendor.test", "endpoint": "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb/with-timestamps",
        "method": "POST", "phase": "submit", "try_number": 1, "status_code": 200,
        "duration_ms": random.randint(20, 3000), "vendor_request_id": "req-1", "usage": {"characters": 640},  # noqa: S311
        "cost_amount": None, "cost_currency": "USD", "error_code": None, "error_message": None, "test_mode": False,
    }  # fmt: skip


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def report(rows: int, filled: float, size: int, ways: list[Way], rate: float) -> bool:
    """Print the tables; whether every promise was kept."""
    console = Console(width=120)
    table = Table(title=f"{rows:,} exchanges over {DAYS} days, {size / 1e9:.1f} GB with indexes")
    for name in ("what", "median ms", "p95 ms", "as promised"):
        table.add_column(name)
    for way in ways:
        verdict = "-" if way.promised_ms is None else "yes" if way.kept else "NO"
        table.add_row(way.name, f"{way.percentile(0.5):.1f}", f"{way.percentile(0.95):.1f}", verdict)
    console.print(table)
    console.print(f"filled in {filled:.0f} s ({rows / filled:,.0f} rows/s by INSERT ... SELECT)")
    console.print(
        f"written in batches of {BATCH_ROWS} with bodies: {rate:,.0f} rows/s (promised: {FEWEST_ROWS_A_SECOND:,})"
    )
    console.print(f"machine: {psutil.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    return all(way.kept for way in ways) and rate >= FEWEST_ROWS_A_SECOND


def main() -> int:
    rows, users = (int(given) for given in (*sys.argv[1:], *("2000000", "500")[len(sys.argv) - 1 :]))
    os.environ.pop("VIDGEN_DATABASE_URL", None)
    folder = Path(tempfile.mkdtemp(prefix="vidgen-logs-"))
    folder.chmod(0o711)  # as root, Postgres runs under another account
    try:
        with databases(Home(folder / "home")) as addresses:
            engine = open_engine(addresses.vidgen_url)
            try:
                prepare(engine)
                filled = fill(engine, rows, users)
                ways = read(engine, users)
                rate = write(engine)
                with engine.connect() as connection:
                    size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
                kept = report(rows, filled, size, ways, rate)
            finally:
                engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())

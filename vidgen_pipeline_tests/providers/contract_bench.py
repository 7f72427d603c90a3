"""A provider at work against its double, with the real ledger and the real log; and everything that bears witness."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import LogSink, WorkContext
from vidgen_pipeline.providers.remote import RemoteProvider
from vidgen_pipeline.providers.wire import Credentials
from vidgen_pipeline.services.api_logging import ApiLog
from vidgen_pipeline_tests.providers.canary import CANARY, SPELLINGS
from vidgen_pipeline_tests.providers.contract import JOB_POLLS, LOOKED_OVER, REMOTE, SETTINGS, TRADES, Trade
from vidgen_pipeline_tests.providers.vendor_double import FakeTime
from vidgen_pipeline_tests.sandbox.desk import Desk
from vidgen_pipeline_tests.services.paying import CrashingLedger, House

Error = TypeVar("Error", bound=BaseException)

KEY, BAD, BROKE, LIMITED = (f"{word}-{CANARY}" for word in ("sandbox", "bad", "broke", "limited"))
"""All hold the canary."""

METADATA_HOST = "169.254.169.254"
"""Where the sandbox redirects to when it is told to."""


class HookedTime(FakeTime):
    """Waits take no time, or pass `speed` times as fast as asked for; `on_wait` is called at each."""

    def __init__(self) -> None:
        super().__init__()
        self.speed = 1.0
        self.on_wait: Callable[[], Awaitable[None]] | None = None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self.now += seconds * (self.speed - 1)
        if self.on_wait is not None:
            await self.on_wait()
            await asyncio.sleep(0)  # whoever was cancelled hears of it here


@dataclass
class Bench:
    """One case: a provider, a user, a video and an attempt of its own."""

    name: str
    desk: Desk
    house: House
    log: ApiLog
    spool: Path
    caplog: pytest.LogCaptureFixture
    clock: HookedTime = field(default_factory=HookedTime)
    runs: int = 0

    @property
    def trade(self) -> Trade:
        return TRADES[REMOTE[self.name].category]

    def fault(self, kind: str, phase: str = "any", **order: Any) -> None:
        """Order a fault, in which the vendor repeats the key; one for the paid route lets free requests to it pass."""
        aim: dict[str, Any] = {"phase": phase, "after": LOOKED_OVER.get(self.name, 0) if phase == "submit" else 0}
        if phase == "poll":
            aim["path"] = JOB_POLLS.get(self.name, "*")
        self.desk.fault(kind, provider=self.name, echo=True, **aim, **order)

    def work(self, **how: Any) -> Any:
        """Do the work, look at what was made, and give it."""
        made = self.run(self.trade.work, **how)
        self.trade.look_at(made)
        return made

    def check_key(self, **how: Any) -> Any:
        """Ask about the key."""

        async def ask(ready: RemoteProvider, _: Path) -> Any:
            return await ready.ask_about_key()

        return self.run(ask, **how)

    def fails(
        self, kind: type[Error], doing: Callable[..., Any] | None = None, *, named: bool = True, **how: Any
    ) -> Error:
        """The error that the work (or what else is done) ends with; of exactly this class, with nothing secret."""
        with pytest.raises(BaseException) as caught:  # noqa: PT011 - its class is looked at below
            (doing or self.work)(**how)
        error = caught.value
        assert type(error) is kind, "".join(traceback.format_exception(error))
        assert_no_key("".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + str(vars(error)))
        if isinstance(error, VidgenError):
            assert error.provider == self.name or not named, error
            assert "?" not in error.message
        return error

    def run(
        self,
        work: Callable[[Any, Path], Awaitable[Any]],
        *,
        key: str = KEY,
        crash: str = "",
        timeout_seconds: float | None = None,
        url: str | None = None,
        log: LogSink | None = None,
    ) -> Any:
        """Work in a process of its own, so to speak: a new connection, a new attempt, a new folder."""
        self.runs += 1
        if self.runs > 1:
            self.house.next_attempt()
        scratch = self.house.scratch / f"scratch-{self.runs}"
        scratch.mkdir()
        network = Network(log=log or self.log, sandbox_url=url or self.desk.url, timing=self.clock.timing())
        settings = {**SETTINGS.get(self.name, {}), **({"timeout_seconds": timeout_seconds} if timeout_seconds else {})}
        provider = type(REMOTE[self.name])(**settings)
        attempt = self.house.attempt
        context = WorkContext(
            user_id=attempt.user_id, video_id=attempt.video_id, step=self.trade.step, attempt=attempt.number
        )
        ledger = CrashingLedger(
            self.house.engine, self.house.store, attempt, self.trade.step, scratch,
            test_mode=True, waits_seconds=(0.0, 0.0, 0.0), crash=crash,
        )  # fmt: skip

        async def connect() -> Any:
            credentials = Credentials({"key": key})
            async with provider.connected(credentials, network=network, context=context, ledger=ledger) as ready:
                return await work(ready, scratch)

        return asyncio.run(connect())

    def requests(self, phase: str = "") -> list[dict[str, Any]]:
        return self.desk.requests(provider=self.name, **({"phase": phase} if phase else {}))

    def until_the_double_is_through(self) -> None:
        """Wait until it knows what became of every request: who does not wait for its answer may be ahead of it."""
        ends_at = time.monotonic() + 10
        while any(visit["outcome"] == "pending" for visit in self.requests()) and time.monotonic() < ends_at:
            time.sleep(0.01)

    def submits(self) -> int:
        """How many paid requests the double has seen."""
        return len(self.requests("submit")) - LOOKED_OVER.get(self.name, 0) * self.runs

    def settles(self, *states: str, charges: int = 0, unseen: int = 0) -> None:
        """What must be true after each case: money, ledger, log, and no key anywhere.

        `states` are the ledger's rows. `unseen` is how many requests are logged that never reached the double.
        """
        self.log.flush()
        taken = self.desk.charges(provider=self.name)
        assert len(taken) == charges, taken
        assert self.house.statuses() == list(states)
        self._assert_logged(unseen)
        self._assert_no_key_is_left()

    def log_rows(self) -> list[dict[str, Any]]:
        """The rows of this video, each with its bodies."""
        joined = text(
            "SELECT * FROM api_request_logs JOIN api_request_log_bodies USING (created_at, id)"
            " WHERE video_id = :video ORDER BY created_at"
        )
        with self.house.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(joined, {"video": self.house.video_id})]

    def _assert_logged(self, unseen: int) -> None:
        rows, seen = self.log_rows(), self.requests()
        logged = Counter((row["method"], unquote(row["endpoint"])) for row in rows)
        asked = Counter((visit["method"], f"/{self.name}{visit['path']}") for visit in seen)
        assert not asked - logged, (asked - logged, logged)
        assert sum((logged - asked).values()) == unseen, (logged - asked, asked)
        calls = {row["id"] for row in self.house.rows()}
        for row in rows:
            self._assert_complete(row, calls)

    def _assert_complete(self, row: dict[str, Any], calls: set[Any]) -> None:
        assert (row["provider"], row["generation_step"], row["test_mode"]) == (self.name, self.trade.step, True)
        assert (row["user_id"], row["video_id"]) == (self.house.user_id, self.house.video_id)
        assert row["attempt"] >= 1
        assert row["host"] in {urlsplit(self.desk.url).hostname, METADATA_HOST}
        assert row["endpoint"].startswith("/")
        assert "?" not in row["endpoint"]
        assert row["try_number"] >= 1
        assert row["duration_ms"] >= 0
        assert row["status_code"] or row["error_code"], row
        assert (row["error_code"] is None) == (row["error_message"] is None)
        assert row["response_headers"] or row["error_code"]
        if row["phase"] == "submit":
            assert row["call_id"] in calls
            assert row["model"]
            assert row["request_body"]
        if row["phase"] in {"submit", "check"} and row["error_code"] is None:
            assert row["response_body"] is not None
        if row["phase"] in {"submit", "poll", "check", "cancel"}:
            self._assert_key_is_masked(row["request_headers"])

    def _assert_key_is_masked(self, headers: dict[str, str]) -> None:
        shown = {name.lower(): value for name, value in headers.items()}
        for place in type(REMOTE[self.name]).key_places:
            if place.header and place.fits(Credentials({"key": KEY})):
                assert shown[place.header.lower()].endswith(f"***{CANARY[-4:]}"), shown

    def _assert_no_key_is_left(self) -> None:
        assert not tables_with_key(self.house.engine)
        assert_no_key(self.caplog.text)
        files = [path for folder in (self.house.scratch, self.spool) for path in folder.rglob("*") if path.is_file()]
        for path in files:
            content = path.read_bytes()
            assert not [spelling for spelling in SPELLINGS if spelling.encode() in content], path


def assert_no_key(written: str) -> None:
    for spelling in SPELLINGS:
        assert spelling not in written, written[:2_000]


def tables_with_key(engine: Engine) -> list[str]:
    """The tables with the key in any column of any row."""
    with engine.connect() as connection:
        tables = connection.scalars(
            text(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
                " AND relnamespace = 'public'::regnamespace"
            )
        ).all()
        assert {"api_request_logs", "api_request_log_bodies", "provider_calls", "videos"} <= set(tables)
        found = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table} AS line WHERE line::text LIKE ANY (:spellings))"  # noqa: S608 - names of our own tables
            for table in tables
        )
        patterns = [f"%{spelling}%" for spelling in SPELLINGS]
        return list(connection.scalars(text(found), {"spellings": patterns}))


def forget_logs(engine: Engine) -> None:
    """Drop the log's rows, so that the next case searches its own only."""
    with engine.begin() as connection:
        for table in ("api_request_log_bodies", "api_request_logs"):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - one of the two above


def keep_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Have every logger write down all it knows, but for the sandbox's access log, which is off but in pytest."""
    caplog.set_level(logging.CRITICAL, logger="uvicorn.access")
    caplog.set_level(logging.DEBUG)  # the last call is also what is kept of all loggers


class LateListener:
    """A port that refuses connections until it is opened; it then leads to the sandbox."""

    def __init__(self, sandbox_url: str) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._port = urlsplit(sandbox_url).port
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen from now on."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, sock=self._socket)

    def close(self) -> None:
        self._socket.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(_pour(reader, onward_writer), _pour(onward_reader, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(65_536):
            writer.write(block)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()

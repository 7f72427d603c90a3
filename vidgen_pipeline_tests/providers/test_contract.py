"""The contract of all remote providers, over real sockets: what each does when its vendor is well, and when it is not.

After every case, money, ledger and log are looked at, and the key is searched for everywhere (`Bench.settles`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, make_url, text

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    MediaRejected,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    RateLimited,
    ResultExpired,
    SubmitUnknown,
)
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.providers.network.retrying import PATIENCE, READABLE_TRIES
from vidgen_pipeline.providers.wire import Phase
from vidgen_pipeline.runtime.postgres.databases import Databases
from vidgen_pipeline.sandbox.app import LIMITED_SECONDS
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.services.api_logging import ApiLog
from vidgen_pipeline_tests.providers.contract import (
    AT_ONCE,
    CANCELS,
    CLIPS,
    DOUBLES,
    FOUND_AGAIN,
    JOBS,
    MODERATES,
    PAID,
    PROVIDERS,
    REMOTE,
    RENDERS,
    SENT_AGAIN,
    SERVES_WITH_KEY,
    STOCK,
)
from vidgen_pipeline_tests.providers.contract_bench import (
    BAD,
    BROKE,
    LIMITED,
    Bench,
    LateListener,
    assert_no_key,
    forget_logs,
    keep_everything,
)
from vidgen_pipeline_tests.sandbox.desk import Desk
from vidgen_pipeline_tests.services.paying import Crash, House, settle_older_calls

GARBLED = ("garbage", "wrong_schema", "html", "empty")
UNREADABLE = ("html", "empty", "gzip_bomb", "redirect_to_private")
SMALL_TIMEOUT = 0.25
ASK_NO_PATIENCE = frozenset({"pixabay", "unsplash"})
"""These say nothing of 20 seconds to a key that is limited: theirs is a window, and its end is told or not."""


@pytest.fixture(scope="module")
def contract_engine(server: Databases) -> Iterator[Engine]:
    """One database for all cases: each has a user and a video of its own."""
    admin = open_engine(server.dagster_url, pooled=False).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE test_contract TEMPLATE vidgen"))
    address = make_url(server.vidgen_url).set(database="test_contract")
    engine = open_engine(address.render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE test_contract WITH (FORCE)"))


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="module")
def contract_log(contract_engine: Engine, spool: Path) -> Iterator[ApiLog]:
    with ApiLog(contract_engine, spool) as log:
        yield log


@pytest.fixture(scope="module")
def contract_desk() -> Iterator[Desk]:
    with running_sandbox() as url:
        desk = Desk(url)
        yield desk
        desk.client.close()


@pytest.fixture
def bench(
    name: str,
    contract_desk: Desk,
    contract_engine: Engine,
    contract_log: ApiLog,
    spool: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> Bench:
    contract_desk.control("reset")
    forget_logs(contract_engine)
    settle_older_calls(contract_engine)
    keep_everything(caplog)
    return Bench(name, contract_desk, House(contract_engine, tmp_path), contract_log, spool, caplog)


def each(names: list[str] | tuple[str, ...], **cases: tuple[str, ...]) -> pytest.MarkDecorator:
    """A test for each provider and each case; of several cases a renderer, which takes a second, does the first."""
    combined = list(product(*cases.values()))
    every = [(name, *case) for name in names for case in (combined[:1] if name in RENDERS else combined)]
    return pytest.mark.parametrize(("name", *cases), every)


def charges_of(bench: Bench) -> int:
    """How often a finished piece of this work is charged."""
    return 1 if bench.name in PAID else 0


def settles_done(bench: Bench, **more: Any) -> None:
    bench.settles(*(["done"] if bench.name in PAID else []), charges=charges_of(bench), **more)


def settles_unknown(bench: Bench, error: SubmitUnknown, *, charges: int) -> None:
    """Nobody knows: it is said, and it is not sent again by whoever comes next."""
    assert error.reference == str(bench.house.rows()[0]["id"])
    assert bench.submits() == 1
    bench.settles("unknown", charges=charges)
    again = bench.fails(SubmitUnknown, named=False)
    assert again.reference == error.reference
    assert bench.submits() == 1
    bench.settles("unknown", charges=charges)


def loses_submit(bench: Bench, *, accepted: bool, **how: Any) -> None:
    """The answer to the paid request is lost: only who can find out goes on."""
    if bench.name in (FOUND_AGAIN if accepted else SENT_AGAIN):
        bench.work(**how)
        settles_done(bench)
    else:
        error = bench.fails(SubmitUnknown, **how)
        bench.until_the_double_is_through()
        settles_unknown(bench, error, charges=int(accepted))


@each(PROVIDERS)
def test_the_work_is_done_paid_once_and_remembered(bench: Bench):
    made = bench.work()
    settles_done(bench)
    if bench.name in PAID:
        (row,) = bench.house.rows()
        assert (row["provider"], row["model"]) == (bench.name, made.model)
        assert (row["cost_amount"], row["usage"] or {}) == (made.cost.amount, dict(made.cost.usage))
        assert row["base_url"] == f"{bench.desk.url}/{bench.name}"
        assert bool(row["job_id"]) == (bench.name in JOBS)
        logged = [line["cost_amount"] or 0 for line in bench.log_rows()]
        assert sum(logged) == made.cost.amount
    again = bench.work()
    assert (again.cost, again.model) == (made.cost, made.model)
    assert bench.submits() == charges_of(bench)
    settles_done(bench)


@each(PROVIDERS)
def test_a_good_key_is_told_from_a_bad_one_for_free(bench: Bench):
    assert bench.check_key().valid
    assert bench.fails(AuthFailed, bench.check_key, key=BAD).message
    assert [visit["phase"] for visit in bench.requests()] == ["read", "read"]
    bench.settles()


@each(PROVIDERS)
def test_a_bad_key_is_tried_once(bench: Bench):
    bench.fails(AuthFailed, key=BAD)
    seen = bench.requests()
    assert 1 <= len(seen) <= AT_ONCE.get(bench.name, 1), seen
    bench.settles(*failed_if_it_came_to_that(bench))


def failed_if_it_came_to_that(bench: Bench) -> list[str]:
    return ["failed"] if bench.requests("submit") and bench.submits() else []


@each(PAID)
def test_without_credit_nothing_is_made(bench: Bench):
    bench.fails(OutOfCredit, key=BROKE)
    assert bench.submits() == 1
    bench.settles("failed")


@each(PROVIDERS)
def test_a_limit_is_waited_for_as_long_as_the_budget_lasts(bench: Bench):
    bench.fails(RateLimited, key=LIMITED)
    seen = bench.requests()
    phase = Phase(seen[-1]["phase"])
    at_once, waits = AT_ONCE.get(bench.name, 1), bench.clock.waits
    assert len(waits) + 1 <= len(seen) <= len(waits) + at_once
    assert sum(waits) <= PATIENCE[phase].total_wait * at_once
    if bench.name not in ASK_NO_PATIENCE:
        assert set(waits) == {LIMITED_SECONDS + 0.5}
        assert sum(waits) + 2 * (LIMITED_SECONDS + 0.5) > PATIENCE[phase].total_wait
    bench.settles(*failed_if_it_came_to_that(bench))


@each(PROVIDERS, wait=("told", "untold"))
def test_too_many_requests_are_sent_again_later(bench: Bench, wait: str):
    phase = "submit" if bench.name in PAID else "read"
    bench.fault("rate_limited", phase, retry_after=7 if wait == "told" else None)
    bench.work()
    assert [visit["fault"] for visit in bench.requests(phase)].count("rate_limited") == 1
    if wait == "told":
        assert max(bench.clock.waits) >= 7.5  # longer where the vendor's own header says so
    assert bench.clock.waits
    settles_done(bench)


@each(PROVIDERS, kind=("status", "close_before_reading", "cut_short"))
def test_a_free_question_is_asked_again(bench: Bench, kind: str):
    bench.fault(kind, "read", status=503 if kind == "status" else None)
    assert bench.check_key().valid
    assert len(bench.requests("read")) == PATIENCE[Phase.CHECK].tries
    bench.settles()


@each(PROVIDERS, kind=UNREADABLE)
def test_a_free_answer_that_cannot_be_read_is_refused(bench: Bench, kind: str):
    bench.fault(kind, "read", times=None, size_bytes=6_000_000)
    bench.fails(BadReply, bench.check_key)
    assert 1 <= len(bench.requests("read")) <= PATIENCE[Phase.CHECK].tries
    bench.settles()


@each(PAID)
def test_what_never_left_is_sent_again(bench: Bench):
    listener = LateListener(bench.desk.url)
    bench.clock.on_wait = listener.open
    try:
        bench.work(url=listener.url)
    finally:
        listener.close()
    assert bench.submits() == 1
    settles_done(bench, unseen=AT_ONCE.get(bench.name, 1))


@each(PAID)
def test_a_paid_request_that_meets_a_broken_vendor_is_not_repeated(bench: Bench):
    bench.fault("status", "submit", status=500)
    loses_submit(bench, accepted=False)


@each(PAID, kind=GARBLED)
def test_a_paid_answer_that_cannot_be_read_is_not_asked_for_again(bench: Bench, kind: str):
    bench.fault(kind, "submit")
    loses_submit(bench, accepted=True)


@each(PAID, kind=("close_after_accepting", "close_before_reading", "cut_short"))
def test_a_paid_request_whose_connection_ends_is_not_repeated(bench: Bench, kind: str):
    bench.fault(kind, "submit")
    loses_submit(bench, accepted=kind != "close_before_reading")


@each(PAID, kind=("stall_after_accepting", "stall_before_accepting"))
def test_a_paid_request_without_an_answer_is_not_repeated(bench: Bench, kind: str):
    bench.fault(kind, "submit")
    loses_submit(bench, accepted=kind == "stall_after_accepting", timeout_seconds=SMALL_TIMEOUT)


@each(MODERATES)
def test_what_is_against_the_policy_is_told_as_such(bench: Bench):
    bench.fault("moderation", "submit")
    bench.fails(ContentRejected)
    assert bench.submits() == 1
    charges = len(bench.desk.charges(provider=bench.name))
    assert charges <= 1
    # A model that refuses has answered, and is paid for that; the answer is kept.
    bench.settles("done" if REMOTE[bench.name].category is Category.SCRIPT else "failed", charges=charges)


@each(CLIPS)
def test_a_clip_that_is_refused_when_it_is_made_is_told_as_such(bench: Bench):
    bench.fault("moderation", "poll")
    bench.fails(ContentRejected)
    assert bench.submits() == 1
    bench.settles("failed", charges=1)


@each(JOBS)
def test_trouble_while_a_job_runs_is_sat_out(bench: Bench):
    for kind, order in (
        ("status", {"status": 500}),
        ("rate_limited", {"retry_after": 9}),
        ("html", {}),
        ("close_before_reading", {}),
        ("garbage", {}),
        ("cut_short", {}),
    ):
        bench.fault(kind, "poll", **order)
    bench.work()
    assert bench.submits() == 1
    assert len([visit for visit in bench.requests("poll") if visit["fault"]]) == 6
    settles_done(bench)


@each(JOBS)
def test_a_job_is_gone_on_with_after_answers_that_cannot_be_read(bench: Bench):
    bench.fault("html", "poll", times=READABLE_TRIES)
    bench.fails(BadReply)
    job_id = bench.house.rows()[0]["job_id"]
    assert job_id
    bench.settles("accepted", charges=1)
    bench.work()
    assert bench.house.rows()[0]["job_id"] == job_id
    assert bench.submits() == 1
    settles_done(bench)


@each(PAID, crash=("after accepted", "before sent", "before done"))
def test_after_a_crash_nothing_is_paid_again(bench: Bench, crash: str):
    if crash == "after accepted" and bench.name not in JOBS:
        crash = "after done"
    bench.fails(Crash, crash=crash)
    (row,) = bench.house.rows()
    if bench.name not in JOBS and crash == "before done":
        assert row["status"] == "sent"
        bench.fails(SubmitUnknown, named=False)
        bench.settles("unknown", charges=1)
        return
    bench.work()
    assert bench.submits() == 1
    assert bench.house.rows()[0]["id"] == row["id"]
    settles_done(bench)


@each(JOBS)
def test_a_job_that_fails_is_told_with_the_vendors_words(bench: Bench):
    bench.fault("job_failed", "submit")
    error = bench.fails(ProviderError)
    assert REMOTE[bench.name].facts.name in error.message
    assert bench.submits() == 1
    bench.settles("failed", charges=1)


@each(JOBS)
def test_a_job_that_never_ends_is_remembered(bench: Bench):
    bench.clock.speed = 40
    bench.fault("job_stuck", "submit")
    bench.fails(ProviderDown)
    assert bench.house.rows()[0]["job_id"]
    assert len(bench.requests("poll")) >= 2
    bench.settles("accepted", charges=1)
    bench.fails(ProviderDown)
    assert bench.submits() == 1
    bench.settles("accepted", charges=1)


@each(JOBS)
def test_a_result_whose_address_ran_out_is_asked_for_once_more(bench: Bench):
    bench.fault("expired_url")
    bench.work()
    assert bench.submits() == 1
    if bench.name not in SERVES_WITH_KEY:
        assert next(visit["status"] for visit in bench.requests("download")) == 403
    settles_done(bench)


@each([name for name in JOBS if name not in SERVES_WITH_KEY])
def test_a_result_that_is_gone_is_told_and_its_job_kept(bench: Bench):
    bench.fault("expired_url", times=None)
    bench.fails(ResultExpired)
    assert bench.submits() == 1
    assert bench.house.rows()[0]["job_id"]
    bench.settles("accepted", charges=1)


@each(JOBS)
def test_a_file_that_breaks_off_is_gone_on_with(bench: Bench):
    bench.fault("cut_short", "download")
    bench.fault("status", "download", status=503)
    bench.work()
    assert bench.submits() == 1
    settles_done(bench)


@each(JOBS)
def test_a_file_that_is_none_is_refused_and_fetched_later(bench: Bench):
    bench.fault("html", "download")
    bench.fails(BadReply)
    bench.settles("accepted", charges=1)
    bench.work()
    assert bench.submits() == 1
    settles_done(bench)


@each(JOBS)
def test_who_stops_waiting_cancels_the_job_or_finds_it_again(bench: Bench):
    bench.desk.control("jobs", pending_polls=5)

    async def stop() -> None:
        task = asyncio.current_task()
        if task is not None and bench.house.statuses() == ["accepted"]:
            bench.clock.on_wait = None
            task.cancel()

    bench.clock.on_wait = stop
    bench.fails(asyncio.CancelledError)
    if bench.name in CANCELS:
        assert len(bench.requests("cancel")) == 1
        assert bench.house.rows()[0]["error_code"] == "cancelled"
        bench.settles("failed", charges=1)
    else:
        bench.settles("accepted", charges=1)
        bench.work()
        assert bench.submits() == 1
        settles_done(bench)


@each(STOCK, kind=GARBLED)
def test_a_search_that_cannot_be_read_is_given_up(bench: Bench, kind: str):
    bench.fault(kind, "read", times=None)
    bench.fails(BadReply)
    assert len(bench.requests("read")) == READABLE_TRIES
    bench.settles()


@each(STOCK, kind=("status", "close_before_reading", "cut_short"))
def test_a_search_is_made_again(bench: Bench, kind: str):
    bench.fault(kind, "read", status=500 if kind == "status" else None)
    bench.work()
    bench.settles()


@each([name for name in STOCK if name != "unsplash"])  # whose addresses last
def test_an_asset_whose_address_ran_out_is_looked_up_again(bench: Bench):
    bench.fault("expired_url")
    bench.work()
    assert [visit["status"] for visit in bench.requests("download")] == [403, 200]
    bench.settles()


@each(STOCK)
def test_an_asset_that_breaks_off_is_gone_on_with(bench: Bench):
    bench.fault("cut_short", "download")
    bench.fault("status", "download", status=503)
    bench.work()
    bench.settles()


@each(STOCK, kind=("html", "empty", "redirect_to_private"))
def test_an_asset_that_is_none_is_refused(bench: Bench, kind: str):
    bench.fault(kind, "download")
    bench.fails(MediaRejected)
    bench.settles(unseen=int(kind == "redirect_to_private"))


@each(PROVIDERS)
def test_what_is_spooled_while_the_database_is_away_holds_no_key(bench: Bench, tmp_path: Path):
    away = open_engine("postgresql+psycopg://nobody@127.0.0.1:9/nothing", pooled=False)
    folder = tmp_path / "spooled"
    with ApiLog(away, folder) as log:
        bench.check_key(log=log)
    (file,) = folder.iterdir()
    written = file.read_text(encoding="utf-8")
    assert f'"provider":"{bench.name}"' in written
    assert_no_key(written)


def test_every_remote_provider_has_a_double():
    assert set(REMOTE) == DOUBLES

"""Buckets of tokens, also when many reach into one at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from vidgen_pipeline.services.rate_limits import Decision, forget_tries, network_of, rate_limit
from vidgen_pipeline_tests.services.whole_database import everything_in

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_bucket_empties_and_fills_again(engine: Engine):
    def ask(seconds: float) -> Decision:
        return rate_limit(engine, "read", "alice", 0.5, 3, now=after(seconds))

    assert [ask(0).remaining for _ in range(3)] == [2, 1, 0]
    refused = ask(0)
    assert refused == Decision(allowed=False, limit=3, remaining=0, reset_s=6, retry_after_s=2)
    assert not ask(1.9).allowed
    assert ask(2).allowed  # being refused took nothing
    assert not ask(2).allowed
    full = ask(1000)
    assert (full.allowed, full.remaining, full.reset_s, full.retry_after_s) == (True, 2, 2, 0)
    assert ask(999).remaining == 1  # a clock that goes back gives nothing and takes nothing


def test_buckets_and_people_are_apart(engine: Engine):
    for bucket, key in (("read", "a"), ("write", "a"), ("read", "b")):
        assert rate_limit(engine, bucket, key, 1, 1, now=NOW).allowed
    assert not rate_limit(engine, "read", "a", 1, 1, now=NOW).allowed
    forget_tries(engine, "read", "a")
    assert rate_limit(engine, "read", "a", 1, 1, now=NOW).allowed
    assert not rate_limit(engine, "write", "a", 1, 1, now=NOW).allowed


def test_whoever_is_limited_is_not_written_down_in_clear(engine: Engine):
    rate_limit(engine, "login", "alice@example.org", 1, 5)
    assert "alice" not in everything_in(engine)


def test_of_fifty_at_once_as_many_get_through_as_there_is(engine: Engine):
    with ThreadPoolExecutor(50) as people:
        asked = list(people.map(lambda _: rate_limit(engine, "read", "all", 0.001, 10), range(50)))
    assert sum(decision.allowed for decision in asked) == 10
    assert sorted(decision.remaining for decision in asked if decision.allowed) == list(range(10))


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.9", "203.0.113.9"),
     ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:203.0.113.9", "203.0.113.9"),
     ("fe80::1%eth0", "fe80::/64"), ("", "unknown"), ("testclient", "unknown")],
)  # fmt: skip
def test_one_customer_is_one_address(address: str, network: str):
    assert network_of(address) == network

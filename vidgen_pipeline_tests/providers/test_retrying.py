"""The table of retries, row by row, and the circuit breaker."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    NoSuchJob,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.providers.network.addresses import ForbiddenAddress
from vidgen_pipeline.providers.network.breaker import OPENS_AFTER, PROBE_EVERY_SECONDS, Breakers
from vidgen_pipeline.providers.network.failures import (
    Failure,
    Judge,
    Loss,
    Lost,
    error_of_kind,
    failure_of_error,
    failure_of_loss,
    kind_of_status,
)
from vidgen_pipeline.providers.network.retrying import PATIENCE, End, Retrying
from vidgen_pipeline.providers.wire import Phase, WireReply, WireRequest

NEVER_LEFT = failure_of_loss(Lost(Loss.NO_CONNECTION, left=False), "Acme")
LOST = failure_of_loss(Lost(Loss.TIMEOUT, left=True), "Acme")
BROKEN_OFF = failure_of_loss(Lost(Loss.BROKEN, left=True), "Acme")
UNREADABLE = failure_of_error(BadReply("no JSON"))
DOWN = failure_of_error(ProviderDown("503"))
REFUSED = failure_of_error(ProviderDown("overloaded", refused=True))
LIMITED = failure_of_error(RateLimited("429"))
AGAIN, UNKNOWN, NEVER = "again", End.UNKNOWN, End.GIVE_UP

TABLE: list[tuple[str, Failure, object, object]] = [
    ("no connection", NEVER_LEFT, AGAIN, AGAIN),
    ("no connection in time", failure_of_loss(Lost(Loss.TIMEOUT, left=False), "Acme"), AGAIN, AGAIN),
    ("answer late", LOST, AGAIN, UNKNOWN),
    ("connection lost", BROKEN_OFF, AGAIN, UNKNOWN),
    ("vendor broken", DOWN, AGAIN, UNKNOWN),
    ("vendor broken, nothing made", REFUSED, AGAIN, AGAIN),
    ("too many requests", LIMITED, AGAIN, AGAIN),
    ("unreadable", UNREADABLE, AGAIN, UNKNOWN),
    ("unreadable encoding", failure_of_loss(Lost(Loss.UNREADABLE, left=True), "Acme"), AGAIN, UNKNOWN),
    ("too much", failure_of_loss(Lost(Loss.TOO_BIG, left=True), "Acme"), NEVER, UNKNOWN),
    ("can't prove who it is", failure_of_loss(Lost(Loss.NO_TRUST, left=False), "Acme"), NEVER, NEVER),
    ("not a public address", failure_of_loss(Lost(Loss.FORBIDDEN, left=False), "Acme"), NEVER, NEVER),
    ("not an address", failure_of_error(ForbiddenAddress("no")), NEVER, NEVER),
    ("can't be put together", failure_of_loss(Lost(Loss.UNSENDABLE, left=False), "Acme"), NEVER, NEVER),
    ("bad key", failure_of_error(AuthFailed("401")), NEVER, NEVER),
    ("no money", failure_of_error(OutOfCredit("402")), NEVER, NEVER),
    ("content", failure_of_error(ContentRejected("no")), NEVER, NEVER),
    ("refused", failure_of_error(ProviderError("422")), NEVER, NEVER),
]


@pytest.mark.parametrize(("failure", "free", "paid"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_row_of_the_table(failure: Failure, free: object, paid: object):
    for phase in Phase:
        following = Retrying(phase, paid=False, patience=PATIENCE[phase]).after(failure, 0.5)
        assert (AGAIN if isinstance(following, float) else following) == free, phase
    following = Retrying(Phase.SUBMIT, paid=True, patience=PATIENCE[Phase.SUBMIT]).after(failure, 0.5)
    assert (AGAIN if isinstance(following, float) else following) == paid


def _waits(retrying: Retrying, failure: Failure, jitter: float) -> list[float]:
    waits: list[float] = []
    while isinstance(wait := retrying.after(failure, jitter), float):
        waits.append(wait)
    return waits


def test_waits_double_up_to_the_longest_and_are_spread_by_chance():
    patience = PATIENCE[Phase.DOWNLOAD]
    assert _waits(Retrying(Phase.DOWNLOAD, paid=False, patience=patience), DOWN, 1.0) == [1, 2, 4, 8, 16]
    assert _waits(Retrying(Phase.DOWNLOAD, paid=False, patience=patience), DOWN, 0.0) == [0.5, 1, 2, 4, 8]


def test_what_can_not_be_read_is_tried_three_times_in_a_row():
    assert len(_waits(Retrying(Phase.POLL, paid=False, patience=PATIENCE[Phase.POLL]), UNREADABLE, 0.5)) == 2
    mixed = Retrying(Phase.POLL, paid=False, patience=PATIENCE[Phase.POLL])
    for failure in (UNREADABLE, UNREADABLE, DOWN, UNREADABLE, UNREADABLE):
        assert isinstance(mixed.after(failure, 0.5), float)
    assert mixed.after(UNREADABLE, 0.5) is End.GIVE_UP


def test_limits_are_waited_for_without_counting_as_failures():
    retrying = Retrying(Phase.SUBMIT, paid=True, patience=PATIENCE[Phase.SUBMIT])
    limited = failure_of_error(RateLimited("429", retry_after=20))
    waits = _waits(retrying, limited, 0.5)
    assert len(waits) == 14
    assert sum(waits) <= PATIENCE[Phase.SUBMIT].total_wait
    assert retrying.failed_tries == 0


def test_polls_outlast_an_outage_within_their_patience():
    waits = _waits(Retrying(Phase.POLL, paid=False, patience=PATIENCE[Phase.POLL]), DOWN, 0.5)
    assert sum(waits) > 1700
    assert max(waits) <= 60


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, None), (204, None), (301, BadReply), (400, ProviderError), (401, AuthFailed), (402, OutOfCredit),
        (403, AuthFailed), (404, ProviderError), (408, ProviderDown), (409, ProviderError), (425, ProviderDown),
        (429, RateLimited), (500, ProviderDown), (502, ProviderDown), (503, ProviderDown), (504, ProviderDown),
        (529, ProviderDown),
    ],
)  # fmt: skip
def test_what_a_status_mostly_means(status: int, kind: type[VidgenError] | None):
    assert kind_of_status(status, WireRequest(method="GET", path="/", phase=Phase.READ)) is kind


def test_a_job_that_is_not_known_may_become_known():
    assert kind_of_status(404, WireRequest(method="GET", path="/", phase=Phase.POLL)) is NoSuchJob


def test_errors_say_who_what_and_what_to_do():
    reply = WireReply(status=402, content=b'{"message": "Balance is 0"}')
    error = error_of_kind(OutOfCredit, reply, "Acme")
    assert error.message == "Your Acme account has no credit left. It says: Balance is 0."
    assert error.remedy == "Top it up at Acme, or choose another provider."
    request = WireRequest(method="GET", path="/", phase=Phase.READ)
    limited = Judge("Acme", lambda _: None).error_in(WireReply(status=429, headers={"retry-after": "9"}), request)
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 9
    assert error_of_kind(ProviderError, WireReply(status=409), "Acme").message == "Acme refused the request. (HTTP 409)"


def test_the_vendors_own_reading_comes_first_but_not_for_addresses_it_handed_out():
    judge = Judge("Acme", lambda reply: ContentRejected if reply.at("no") else None)
    at_vendor = WireRequest(method="GET", path="/", phase=Phase.READ)
    elsewhere = WireRequest(method="GET", url="https://cdn.test/", phase=Phase.DOWNLOAD)
    refusal = WireReply(status=200, content=b'{"no": 1}')
    assert isinstance(judge.error_in(refusal, at_vendor), ContentRejected)
    assert judge.error_in(refusal, elsewhere) is None
    assert judge.error_in(WireReply(status=200, content=b"{}"), at_vendor) is None


def test_the_breaker_opens_after_five_failures_and_lets_one_try_a_minute_through():
    now = 0.0
    breaker = Breakers(lambda: now).of("acme", "account")
    for _ in range(OPENS_AFTER - 1):
        breaker.note(well=False)
    breaker.note(well=True)
    for _ in range(OPENS_AFTER):
        assert breaker.wait_seconds() == 0
        breaker.note(well=False)
    assert breaker.wait_seconds() == PROBE_EVERY_SECONDS
    now = 59.0
    assert breaker.wait_seconds() == 1
    now = 60.0
    assert breaker.wait_seconds() == 0
    assert breaker.wait_seconds() == PROBE_EVERY_SECONDS
    breaker.note(well=False)
    now = 119.0
    assert breaker.wait_seconds() == 1
    now = 120.0
    assert breaker.wait_seconds() == 0
    breaker.note(well=True)
    assert breaker.wait_seconds() == 0
    assert breaker.wait_seconds() == 0


def test_breakers_are_kept_apart():
    breakers = Breakers(lambda: 0.0)
    for _ in range(OPENS_AFTER):
        breakers.of("acme", "one").note(well=False)
    assert breakers.of("acme", "one").wait_seconds() > 0
    assert breakers.of("acme", "two").wait_seconds() == 0
    assert breakers.of("other", "one").wait_seconds() == 0

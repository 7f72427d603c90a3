"""Notices on their way out: everybody is told of what they chose, again where it failed, never by two at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from vidgen_pipeline.database import deliveries as rows
from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.domain.notifications import Channel, NotificationType
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.notice_delivery import FAILURES_BEFORE_OFF, WAITS_SECONDS, Report, deliver_notices
from vidgen_pipeline.services.notifications import list_notifications, set_channel, set_email
from vidgen_pipeline.services.vault import open_vault
from vidgen_pipeline.services.webhooks import WebhookSecret, add_webhook, list_webhooks, remove_webhook, try_webhook
from vidgen_pipeline_tests.providers.vendor_double import (
    Behaviour,
    Vendor,
    Visit,
    answers,
    drips_headers,
    says_nothing,
    vendor,
)
from vidgen_pipeline_tests.services.smtp_double import mail_double

READY, FAILED = NotificationType.VIDEO_READY_TO_POST, NotificationType.VIDEO_GENERATION_FAILED


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("VIDGEN_SMTP_URL", "VIDGEN_APPRISE_URLS", "VIDGEN_MASTER_KEY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("VIDGEN_ALLOW_LOCAL_WEBHOOKS", "1")
    monkeypatch.setenv("VIDGEN_SMTP_FROM", "vidgen@example.org")


class Desk:
    """One user's notices and what is done about them."""

    def __init__(self, engine: Engine, user_id: UUID, home: Home) -> None:
        self.engine = engine
        self.user_id = user_id
        self.home = home

    def tell(self, once: str = "one", kind: NotificationType = READY, *, user_id: UUID | None = None) -> None:
        with Session(self.engine) as session, session.begin():
            add_notification(
                session, user_id or self.user_id, kind,
                title=f"“{once}” is ready", body="See it.", once_key=once, data={"once": once},
            )  # fmt: skip

    def hook(self, url: str, *types: str, user_id: UUID | None = None) -> WebhookSecret:
        return add_webhook(self.engine, user_id or self.user_id, open_vault(self.home), url, types=types)

    async def deliver(self, **limits: Any) -> Report:
        return await deliver_notices(self.engine, self.home, **{"send_seconds": 2, "chance": lambda: 0.5, **limits})

    def stranger(self) -> UUID:
        return UUID(str(self.ask("INSERT INTO users (name) VALUES ('b') RETURNING id")[0]["id"]))

    def ask(self, statement: str) -> list[dict[str, Any]]:
        with self.engine.begin() as connection:
            result = connection.execute(text(statement))
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    def deliveries(self) -> list[dict[str, Any]]:
        return self.ask(
            "SELECT d.*, round(extract(epoch FROM d.next_try_at - now())) AS wait FROM notification_deliveries d"
            " JOIN notifications n ON n.id = d.notification_id ORDER BY n.created_at, d.channel"
        )

    def make_due(self) -> None:
        self.ask("UPDATE notification_deliveries SET next_try_at = now() WHERE status = 'pending'")


@pytest.fixture
def desk(engine: Engine, user_id: UUID, home: Home) -> Desk:
    return Desk(engine, user_id, home)


def at_double(work: Callable[[Vendor], Awaitable[None]], *script: Behaviour) -> Vendor:
    async def run() -> Vendor:
        async with vendor(*script) as double, asyncio.timeout(60):
            await work(double)
            return double

    return asyncio.run(run())


def test_a_notice_of_any_kind_goes_out_once_over_every_channel(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    async def work(at: Vendor) -> None:
        async with mail_double() as mail:
            monkeypatch.setenv("VIDGEN_SMTP_URL", f"smtp://127.0.0.1:{mail.port}")
            set_email(desk.engine, desk.user_id, "me@example.org")
            made = desk.hook(at.url)
            for kind in [*NotificationType, *NotificationType]:  # the same things happen twice, and are told once
                desk.tell(kind, kind)
                await desk.deliver()
        notices = list_notifications(desk.engine, desk.user_id)[::-1]
        assert [notice.type for notice in notices] == list(NotificationType)
        for notice, seen, sent in zip(notices, at.seen, mail.messages, strict=True):
            content = Webhook(made.secret).verify(seen.body, seen.headers)
            told = {"type": notice.type, "timestamp": notice.created_at.isoformat(), "data": {"once": notice.type}}
            assert content == told
            assert seen.headers["webhook-id"] == str(notice.id)
            assert (sent["Subject"], sent["To"]) == (notice.title, "me@example.org")
            assert sent["Message-ID"] == f"<{notice.id}@example.org>"
            assert sent.get_content().splitlines()[0] == "See it."

    at_double(work, answers({}))
    assert {row["status"] for row in desk.deliveries()} == {"sent"}


def test_each_channel_is_told_of_what_was_chosen(desk: Desk):
    async def work(at: Vendor) -> None:
        all_of_them, only_failed = desk.hook(f"{at.url}/all"), desk.hook(f"{at.url}/failed", FAILED)
        set_email(desk.engine, desk.user_id, "me@example.org")
        set_channel(desk.engine, desk.user_id, Channel.EMAIL, [])
        desk.tell("1", READY)
        desk.tell("2", FAILED)
        desk.tell("3", READY, user_id=desk.stranger())
        await desk.deliver()
        assert sorted((seen.target, seen.json()["data"]["once"]) for seen in at.seen) == [
            ("/all", "1"), ("/all", "2"), ("/failed", "2"),
        ]  # fmt: skip
        assert all_of_them.secret != only_failed.secret

        at.seen.clear()
        set_channel(desk.engine, desk.user_id, Channel.WEBHOOK, [READY])
        desk.tell("4", FAILED)
        desk.tell("5", READY)
        set_channel(desk.engine, desk.user_id, Channel.EMAIL, None)
        await desk.deliver()
        assert [(seen.target, seen.json()["data"]["once"]) for seen in at.seen] == [("/all", "5")]

    at_double(work, answers({}))
    assert [row["channel"] for row in desk.deliveries()].count("email") == 2


def test_a_failed_one_is_sent_again_with_the_same_id_and_body(desk: Desk):
    async def work(at: Vendor) -> None:
        made = desk.hook(at.url)
        desk.tell()
        report = await desk.deliver()
        assert report.problems == ("webhook: Its server answered with HTTP 500.",)
        [row] = desk.deliveries()
        assert (row["status"], row["tries"], row["wait"]) == ("pending", 1, 60)
        await desk.deliver()  # it is not due yet
        assert len(at.seen) == 1
        desk.make_due()
        await desk.deliver()
        first, second = at.seen
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        Webhook(made.secret).verify(second.body, second.headers)

    at_double(work, answers({}, status=500), answers({}))
    [row] = desk.deliveries()
    assert (row["status"], row["tries"], row["last_error"]) == ("sent", 2, "")
    assert list_webhooks(desk.engine, desk.user_id)[0].failures_in_a_row == 0


def test_after_eight_tries_in_a_day_it_is_given_up(desk: Desk):
    waits: list[int] = []

    async def work(at: Vendor) -> None:
        desk.hook(at.url)
        desk.tell()
        for _ in range(10):
            await desk.deliver()
            [row] = desk.deliveries()
            if row["status"] == "pending":
                waits.append(int(row["wait"]))
            desk.make_due()

    assert at_double(work, answers({}, status=503)).connections == 8
    assert waits == list(WAITS_SECONDS)
    assert 23 * 3600 < sum(waits) < 25 * 3600
    [row] = desk.deliveries()
    assert (row["status"], row["last_error"]) == ("dead", "Its server answered with HTTP 503.")


def test_waits_are_not_all_the_same(desk: Desk):
    async def work(at: Vendor) -> None:
        desk.hook(at.url)
        for once, chance in (("low", 0.0), ("high", 1.0)):
            desk.tell(once)
            await desk.deliver(chance=lambda chance=chance: chance)

    at_double(work, answers({}, status=503))
    assert [int(row["wait"]) for row in desk.deliveries()] == [54, 66]


def test_a_webhook_that_is_gone_is_switched_off_and_its_owner_told(desk: Desk):
    async def work(at: Vendor) -> None:
        made = desk.hook(f"{at.url}/gone").webhook
        desk.tell("1")
        await desk.deliver()
        [hook] = list_webhooks(desk.engine, desk.user_id)
        assert (hook.enabled, hook.disabled_reason) == (False, "Its server says that it is gone for good (HTTP 410).")
        [newest, _] = list_notifications(desk.engine, desk.user_id)
        assert newest.type is NotificationType.WEBHOOK_DISABLED
        assert f"vidgen webhooks test {str(made.id)[:8]}" in newest.body
        desk.tell("2")
        await desk.deliver()
        assert at.connections == 1  # nothing goes there any more, and the notice about it goes nowhere else

        tried = await try_webhook(desk.engine, desk.user_id, open_vault(desk.home), str(made.id))
        assert (tried.enabled, tried.disabled_reason) == (True, "")
        desk.tell("3")
        await desk.deliver()
        assert at.seen[-1].json()["data"] == {"once": "3"}

    at_double(work, answers({}, status=410), answers({}))


def test_twenty_failures_in_a_row_switch_a_webhook_off_and_drop_what_waits(desk: Desk):
    async def work(at: Vendor) -> None:
        desk.hook(at.url)
        for number in range(FAILURES_BEFORE_OFF + 5):
            desk.tell(f"{number}")
        await desk.deliver(most=FAILURES_BEFORE_OFF - 1)
        [hook] = list_webhooks(desk.engine, desk.user_id)
        assert (hook.enabled, hook.failures_in_a_row) == (True, FAILURES_BEFORE_OFF - 1)
        await desk.deliver()
        [hook] = list_webhooks(desk.engine, desk.user_id)
        assert not hook.enabled
        assert hook.disabled_reason == "It failed 20 times in a row; the last: Its server answered with HTTP 500."

    at_double(work, answers({}, status=500))
    assert {row["status"] for row in desk.deliveries()} == {"dead"}
    told = [notice.type for notice in list_notifications(desk.engine, desk.user_id, limit=100)]
    assert told.count(NotificationType.WEBHOOK_DISABLED) == 1


def test_of_a_webhook_that_is_switched_off_the_owner_hears_by_mail(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    async def work(at: Vendor) -> None:
        async with mail_double() as mail:
            monkeypatch.setenv("VIDGEN_SMTP_URL", f"smtp://127.0.0.1:{mail.port}")
            set_email(desk.engine, desk.user_id, "me@example.org")
            set_channel(desk.engine, desk.user_id, Channel.EMAIL, [NotificationType.WEBHOOK_DISABLED])
            desk.hook(at.url)
            desk.tell()
            await desk.deliver()
            await desk.deliver()
            assert [sent["Subject"] for sent in mail.messages] == ["The webhook at 127.0.0.1 was switched off"]

    at_double(work, answers({}, status=410))


def test_two_programs_at_once_send_everything_once(desk: Desk, database_url: str):
    async def work(at: Vendor) -> None:
        desk.hook(at.url)
        for number in range(30):
            desk.tell(f"{number}")
        other = open_engine(database_url)
        try:
            reports = await asyncio.gather(
                desk.deliver(), deliver_notices(other, desk.home), desk.deliver(), deliver_notices(other, desk.home)
            )
        finally:
            other.dispose()
        assert sum(report.dispatched for report in reports) == 30
        while (await desk.deliver()).counts:
            pass
        assert sorted(int(seen.json()["data"]["once"]) for seen in at.seen) == list(range(30))

    at_double(work, answers({}))


def test_what_one_program_is_sending_another_leaves_alone(desk: Desk):
    arrived, released = asyncio.Event(), asyncio.Event()

    async def answers_later(visit: Visit) -> None:
        await visit.read()
        arrived.set()
        await released.wait()
        await visit.head(204, {})

    async def work(at: Vendor) -> None:
        desk.hook(at.url)
        desk.tell()
        first = asyncio.create_task(desk.deliver(send_seconds=10))
        await arrived.wait()
        assert not (await desk.deliver()).counts
        released.set()
        assert (await first).counts == {"sent": 1}
        assert at.connections == 1

    at_double(work, answers_later)


def test_a_claim_is_a_lease_and_who_lost_it_changes_nothing(desk: Desk):
    desk.hook("https://hooks.example.org")
    desk.tell()

    def claim() -> list[rows.Due]:
        with Session(desk.engine) as session, session.begin():
            rows.write_deliveries(session, operator=False, most=10)
            return rows.claim_due(session, most=10, lease=timedelta(seconds=120))

    [first] = claim()
    assert claim() == []
    desk.make_due()  # the lease has run out: its holder was killed
    [second] = claim()
    assert (second.id, second.tries) == (first.id, 2)
    with Session(desk.engine) as session, session.begin():
        assert not rows.mark_sent(session, first)
        assert not rows.give_up(session, first, "late")
        assert rows.mark_sent(session, second)
    [row] = desk.deliveries()
    assert (row["status"], row["last_error"]) == ("sent", "")


def test_one_who_hangs_does_not_keep_others_waiting(desk: Desk):
    async def work(at: Vendor) -> None:
        async with vendor(says_nothing) as hanging:
            desk.hook(hanging.url)
            stranger = desk.stranger()
            desk.hook(at.url, user_id=stranger)
            for number in range(30):
                desk.tell(f"{number}")
            desk.tell("mine", user_id=stranger)
            report = await desk.deliver(most=31, send_seconds=0.3, round_seconds=0.5)
            assert [seen.json()["data"]["once"] for seen in at.seen] == ["mine"]
            assert report.counts["sent"] == 1
            assert report.counts["left for the next round"] > 0

    at_double(work, answers({}))
    assert all(row["tries"] <= 1 for row in desk.deliveries())


def test_what_can_not_end_in_time_is_not_begun_and_counts_no_try(desk: Desk):
    async def work(at: Vendor) -> None:
        desk.hook(at.url)
        desk.tell()
        report = await desk.deliver(send_seconds=10, round_seconds=5)
        assert report.counts == {"left for the next round": 1}
        assert at.connections == 0
        await desk.deliver()
        assert at.connections == 1

    at_double(work, answers({}))
    [row] = desk.deliveries()
    assert (row["status"], row["tries"]) == ("sent", 1)


def test_a_slow_drip_is_cut_by_the_deadline(desk: Desk):
    async def work(at: Vendor) -> None:
        desk.hook(at.url)
        desk.tell()
        report = await desk.deliver(send_seconds=0.3)
        assert report.problems == ("webhook: Its server did not answer within 0.3 s.",)

    at_double(work, drips_headers)


def test_a_secret_that_can_not_be_read_stops_nobody_else(desk: Desk):
    async def work(at: Vendor) -> None:
        spoiled = desk.hook(f"{at.url}/spoiled").webhook
        desk.hook(f"{at.url}/sound")
        desk.ask(f"UPDATE webhooks SET secret = '\\x00' WHERE id = '{spoiled.id}'")  # noqa: S608
        desk.tell()
        report = await desk.deliver()
        assert [seen.target for seen in at.seen] == ["/sound"]
        [problem] = report.problems
        assert "can't be read" in problem

    at_double(work, answers({}))


def test_what_was_on_its_way_to_a_removed_receiver_is_dropped(desk: Desk):
    async def work(at: Vendor) -> None:
        made = desk.hook(at.url).webhook
        set_email(desk.engine, desk.user_id, "me@example.org")
        desk.tell()
        await desk.deliver(round_seconds=0)
        remove_webhook(desk.engine, desk.user_id, str(made.id))
        set_email(desk.engine, desk.user_id, None)
        await desk.deliver()
        assert at.connections == 0

    at_double(work, answers({}))
    [row] = desk.deliveries()
    assert (row["channel"], row["status"]) == ("email", "dead")


def test_mail_that_is_not_set_up_says_what_to_set(desk: Desk):
    set_email(desk.engine, desk.user_id, "me@example.org")
    desk.tell()
    report = asyncio.run(desk.deliver())
    assert report.problems == ("email: E-mail is not set up. Name a mail server in VIDGEN_SMTP_URL.",)
    [row] = desk.deliveries()
    assert (row["status"], row["tries"]) == ("pending", 1)


def test_nothing_to_do_is_said(desk: Desk):
    assert str(asyncio.run(desk.deliver())) == "Nobody is to be told of anything."

"""Notices on their way out of the product: at least once, again where it failed, and given up after a day.

What goes where is committed before anything is sent. Any number of programs may deliver at once: a delivery is claimed
by a lease, so that no two send it at the same time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import deliveries as rows
from vidgen_pipeline.database import webhooks
from vidgen_pipeline.database.deliveries import Due
from vidgen_pipeline.database.notification_tables import Webhook
from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.domain.notifications import Channel, NotificationType, Undelivered
from vidgen_pipeline.providers.network.pool import Resolver
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.mail import send_mail
from vidgen_pipeline.services.operator_channel import operator_urls, tell_operator
from vidgen_pipeline.services.vault import Vault, open_vault
from vidgen_pipeline.services.webhook_sending import WebhookMessage, send_webhook
from vidgen_pipeline.services.webhooks import signing_secrets

WAITS_SECONDS = (60, 300, 1_800, 7_200, 14_400, 25_200, 36_000)
"""Before the second try, the third and so on: eight tries in about a day."""

FAILURES_BEFORE_OFF = 20
ROUND_SECONDS = 20.0
SEND_SECONDS = 10.0
MOST_AT_ONCE = {Channel.WEBHOOK: 10, Channel.EMAIL: 4, Channel.OPERATOR: 1}
LEASE = timedelta(seconds=120)


@dataclass(frozen=True)
class Report:
    """What one round did. `problems` are sentences, each once, that say why something did not arrive."""

    dispatched: int
    counts: Counter[str] = field(default_factory=Counter)
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.dispatched and not self.counts:
            return "Nobody is to be told of anything."
        what = ", ".join(f"{number} {outcome}" for outcome, number in sorted(self.counts.items()))
        return f"{self.dispatched} new notices; deliveries: {what or 'none'}."


async def deliver_notices(
    engine: Engine,
    home: Home,
    *,
    resolver: Resolver | None = None,
    most: int = 50,
    round_seconds: float = ROUND_SECONDS,
    send_seconds: float = SEND_SECONDS,
    chance: Callable[[], float] = random.random,
) -> Report:
    """Send what is due, at most so many and within `round_seconds`. Raises when the database is away."""
    round_ = _Round(engine, home, resolver, time.monotonic() + round_seconds, send_seconds, chance)
    return await round_.run(most)


class _Round:
    def __init__(
        self,
        engine: Engine,
        home: Home,
        resolver: Resolver | None,
        ends_at: float,
        send_seconds: float,
        chance: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._home = home
        self._resolver = resolver
        self._ends_at = ends_at
        self._send_seconds = send_seconds
        self._chance = chance
        self._places = {channel: asyncio.Semaphore(number) for channel, number in MOST_AT_ONCE.items()}
        self._counts: Counter[str] = Counter()
        self._problems: dict[str, None] = {}

    async def run(self, most: int) -> Report:
        dispatched, due = await asyncio.to_thread(self._claim, most)
        # Each records its own end, and one that can't must not take the others with it.
        ends = await asyncio.gather(*(self._deliver(one) for one in due), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end
        return Report(dispatched, self._counts, tuple(self._problems))

    def _claim(self, most: int) -> tuple[int, list[Due]]:
        with Session(self._engine) as session, session.begin():
            dispatched = rows.write_deliveries(session, operator=bool(operator_urls()), most=most)
        with Session(self._engine) as session, session.begin():
            return dispatched, rows.claim_due(session, most=most, lease=LEASE)

    async def _deliver(self, due: Due) -> None:
        async with self._places[due.channel]:
            if time.monotonic() + self._send_seconds > self._ends_at:  # it could not end in time
                await asyncio.to_thread(self._hand_back, due)
                return
            try:
                await self._send(due)
            except Undelivered as error:
                failure = error
            except VidgenError as error:
                failure = Undelivered(str(error))
            except Exception as error:  # noqa: BLE001 - one bad notice never stops the others
                # Its text may hold anything, also a secret; its class says where to look.
                failure = Undelivered(f"An error that was not foreseen ({type(error).__name__}).")
            else:
                await asyncio.to_thread(self._note_sent, due)
                return
        await asyncio.to_thread(self._note_failure, due, failure)

    async def _send(self, due: Due) -> None:
        match due.channel:
            case Channel.EMAIL:
                if due.email is None:
                    raise Undelivered("There is no e-mail address any more.", final=True)
                await send_mail(
                    due.email,
                    due.title,
                    f"{due.body}\n{_FOOTER}".lstrip(),
                    message_id=str(due.notification_id),
                    deadline_seconds=self._send_seconds,
                )
            case Channel.OPERATOR:
                body = f"{due.body}\nUser: {due.user_name}".strip()
                await tell_operator(due.title, body, deadline_seconds=self._send_seconds)
            case Channel.WEBHOOK:
                await self._send_webhook(due)

    async def _send_webhook(self, due: Due) -> None:
        if due.target is None:
            raise Undelivered("The webhook is switched off.", final=True)
        message = WebhookMessage(id=due.notification_id, type=due.type, happened_at=due.created_at, data=due.data)
        await send_webhook(
            due.target.url,
            signing_secrets(self._vault, due.user_id, due.target),
            message,
            resolver=self._resolver,
            deadline_seconds=self._send_seconds,
        )

    @cached_property
    def _vault(self) -> Vault:
        return open_vault(self._home)

    def _hand_back(self, due: Due) -> None:
        with Session(self._engine) as session, session.begin():
            rows.hand_back(session, due)
        self._counts["left for the next round"] += 1

    def _note_sent(self, due: Due) -> None:
        with Session(self._engine) as session, session.begin():
            if (
                due.target
            ):  # the webhook's row before the delivery's, here as below: the order keeps them from a deadlock
                webhooks.note_success(session, due.user_id, due.target.webhook_id)
            rows.mark_sent(session, due)
        self._counts["sent"] += 1

    def _note_failure(self, due: Due, failure: Undelivered) -> None:
        reason = str(failure)
        dead = failure.final or due.tries > len(WAITS_SECONDS)
        with Session(self._engine) as session, session.begin():
            if due.target and _count_against_webhook(session, due, due.target.webhook_id, failure):
                dead = True  # and so is all else on its way there
            if dead:
                rows.give_up(session, due, reason)
            else:
                wait = WAITS_SECONDS[due.tries - 1] * (0.9 + 0.2 * self._chance())
                rows.put_off(session, due, reason, timedelta(seconds=wait))
        self._counts["given up" if dead else "to be tried again"] += 1
        self._problems[f"{due.channel}: {reason}"] = None


def _count_against_webhook(session: Session, due: Due, webhook_id: UUID, failure: Undelivered) -> bool:
    """Note a failure of the webhook's own. True when it was switched off for it, which its owner is told."""
    too_many = f"It failed {FAILURES_BEFORE_OFF} times in a row; the last: {failure}"
    off = webhooks.note_failure(
        session,
        due.user_id,
        webhook_id,
        reason=str(failure) if failure.gone else too_many,
        most=FAILURES_BEFORE_OFF,
        at_once=failure.gone,
    )
    if off is not None:
        _tell_of_webhook(session, off, due)
    return off is not None


def _tell_of_webhook(session: Session, webhook: Webhook, due: Due) -> None:
    short = str(webhook.id)[:8]
    add_notification(
        session,
        webhook.user_id,
        NotificationType.WEBHOOK_DISABLED,
        title=f"The webhook at {urlsplit(webhook.url).hostname} was switched off",
        body=f"{webhook.disabled_reason} When it works again, switch it on with: vidgen webhooks test {short}",
        data={"webhook_id": str(webhook.id)},
        once_key=f"webhook:{webhook.id}:{due.id}",
    )


_FOOTER = """
--
Your videos are made by vidgen. To get no more of these: vidgen notifications --email none
"""

"""Notices and webhooks on the command line."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.domain.notifications import NotificationType
from vidgen_pipeline_tests.cli.conftest import Run
from vidgen_pipeline_tests.providers.vendor_double import Vendor, answers, vendor


@pytest.fixture
def receiver() -> Iterator[Vendor]:
    """A server that runs beside the command: it answers 410 first, then well."""
    ready, done = threading.Event(), threading.Event()
    found: list[Vendor] = []

    async def serve() -> None:
        async with vendor(answers({}, status=410), answers({})) as double:
            found.append(double)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(10)
    yield found[0]
    done.set()
    thread.join(10)


def tell(engine: Engine, user_id: UUID, *titles: str) -> None:
    for title in titles:
        with Session(engine) as session, session.begin():
            add_notification(
                session, user_id, NotificationType.VIDEO_READY_TO_POST, title=title, body="See it.", once_key=title
            )


def test_notices_are_listed_newest_first_and_marked_as_read(run: Run, engine: Engine, user_id: UUID):
    assert run("notifications").stdout == "There are no notifications yet.\n"
    tell(engine, user_id, "“Bees” is ready", "“\x1b[2J[red]Cats\nhiss” is ready")
    lines = run("notifications").stdout.splitlines()
    assert lines[0].startswith("* ")
    assert lines[0].endswith("“ [2J[red]Cats hiss” is ready")
    assert lines[2].endswith("“Bees” is ready")
    assert lines[-1] == "2 of 2 unread."
    listed = json.loads(run("notifications", "--limit", "1", "--mark-read", "--json").stdout)
    assert (listed["total"], listed["unread"], len(listed["notifications"])) == (2, 1, 1)
    unread = json.loads(run("notifications", "--unread", "--json").stdout)["notifications"]
    assert [notice["title"] for notice in unread] == ["“Bees” is ready"]


def test_it_can_be_said_where_to_be_told_of_what(run: Run):
    ran = run(
        "notifications", "--email", "me@example.org", "--tell", "email=video_ready_to_post", "--tell", "webhook=none"
    )
    assert ran.stdout.splitlines() == [
        "e-mail address: me@example.org",
        "email     is told of video_ready_to_post",
        "webhook   is told of nothing",
        "operator  is told of all",
    ]
    assert "e-mail address: none" in run("notifications", "--email", "none", "--tell", "email=all").stdout
    for wrong, phrase in (("email", "--tell email=all"), ("mail=all", "Did you mean 'email'"), ("email=x", "kind of")):
        ran = run("notifications", "--tell", wrong)
        assert ran.exit_code == 2
        assert phrase in ran.stderr


def test_a_webhook_from_its_first_day_to_its_last(run: Run, receiver: Vendor):
    assert "There are no webhooks" in run("webhooks", "list").stdout
    ran = run("webhooks", "add", receiver.url)
    assert ran.exit_code == 2
    assert "https://" in ran.stderr
    os.environ["VIDGEN_ALLOW_LOCAL_WEBHOOKS"] = "1"
    made = run("webhooks", "add", receiver.url, "--types", "video_ready_to_post, budget_threshold").stdout
    secret = made.split("secret: ")[1].split()[0]
    [listed] = json.loads(run("webhooks", "list", "--json").stdout)
    assert (listed["url"], listed["types"]) == (receiver.url, ["video_ready_to_post", "budget_threshold"])
    assert secret not in run("webhooks", "list").stdout + run("webhooks", "list", "--json").stdout
    short = listed["id"][:8]

    ran = run("webhooks", "test", short)
    assert ran.exit_code == 1
    assert "gone for good" in ran.stderr
    assert run("webhooks", "test", short).stdout == f"It arrived: {receiver.url}\n"
    rotated = run("webhooks", "rotate", short).stdout
    assert "valid beside it until" in rotated
    assert secret not in rotated
    assert "Encrypted anew: the secrets of 1 webhooks." in run("keys", "rotate").stdout
    assert run("webhooks", "test", short).exit_code == 0
    for key in (secret, rotated.split("secret: ")[1].split()[0]):
        Webhook(key).verify(receiver.seen[-1].body, receiver.seen[-1].headers)

    assert run("webhooks", "remove", short).stdout == f"Removed: {receiver.url}\n"
    ran = run("webhooks", "test", short)
    assert ran.exit_code == 2
    assert "vidgen webhooks list" in ran.stderr


def test_doctor_says_what_notices_need(run: Run):
    os.environ["VIDGEN_SMTP_URL"] = "smtps://me:secret@mail.example.org"
    os.environ["VIDGEN_SMTP_FROM"] = "vidgen@example.org"
    shown = run("doctor").stdout
    assert "e-mail over mail.example.org" in shown
    assert "secret" not in shown

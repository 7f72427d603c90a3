"""Signed webhooks: what is sent, to whom it is not, and whose they are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook, WebhookVerificationError

from vidgen_pipeline.database.deliveries import Target
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound
from vidgen_pipeline.domain.notifications import Undelivered
from vidgen_pipeline.services.vault import SecretUnreadable, Vault
from vidgen_pipeline.services.webhook_sending import WebhookMessage, check_webhook_url, send_webhook
from vidgen_pipeline.services.webhooks import (
    MOST_PER_USER,
    add_webhook,
    list_webhooks,
    reencrypt_webhooks,
    remove_webhook,
    rotate_webhook,
    signing_secrets,
    try_webhook,
)
from vidgen_pipeline_tests.providers.vendor_double import (
    Behaviour,
    Seen,
    Vendor,
    answers,
    closes_after_reading,
    drips,
    drips_headers,
    never_stops,
    speaks_no_http,
    vendor,
)

SECRET = "whsec_" + "c2VjcmV0" * 5 + "MTIzNDU2Nzg5MA=="
VAULT = Vault([b"k" * 32])
PUBLIC = "https://hooks.example.org/vidgen"


@pytest.fixture(autouse=True)
def _local_ones_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_ALLOW_LOCAL_WEBHOOKS", "1")


def message() -> WebhookMessage:
    return WebhookMessage(
        id=uuid4(), type="video_ready_to_post", happened_at=datetime.now(UTC), data={"title": "Ünïcode ✓"}
    )


def at_double(work: Callable[[Vendor], Awaitable[None]], *script: Behaviour) -> Vendor:
    async def run() -> Vendor:
        async with vendor(*script) as double, asyncio.timeout(30):
            await work(double)
            return double

    return asyncio.run(run())


def verified(seen: Seen, secret: str) -> object:
    return Webhook(secret).verify(seen.body, seen.headers)


def test_a_receiver_can_verify_it():
    sent = message()
    double = at_double(lambda at: send_webhook(f"{at.url}/hook?token=1", [SECRET], sent), answers({}))
    [seen] = double.seen
    assert (seen.method, seen.target) == ("POST", "/hook?token=1")
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["webhook-id"] == str(sent.id)
    content = verified(seen, SECRET)
    assert content == {"type": sent.type, "timestamp": sent.happened_at.isoformat(), "data": {"title": "Ünïcode ✓"}}
    with pytest.raises(WebhookVerificationError):
        verified(seen, "whsec_" + "b3RoZXI=" * 5)
    seen.body = seen.body.replace(b"ready", b"Ready")
    with pytest.raises(WebhookVerificationError):
        verified(seen, SECRET)


def test_while_rotating_either_secret_verifies():
    other = "whsec_" + "b3RoZXI=" * 5
    [seen] = at_double(lambda at: send_webhook(at.url, [SECRET, other], message()), answers({})).seen
    assert verified(seen, SECRET) == verified(seen, other)


@pytest.mark.parametrize(
    ("behaviour", "phrase", "gone"),
    [
        (answers({}, status=500), "HTTP 500", False),
        (answers({}, status=404), "HTTP 404", False),
        (answers({}, status=410), "gone for good", True),
        (answers({}, status=302, headers={"Location": "http://169.254.169.254/"}), "redirect", False),
        (answers({}, status=307, headers={"Location": "/other"}), "redirect", False),
        (closes_after_reading, "broke off", False),
        (speaks_no_http, "broke off|can't be read", False),
        (drips_headers, r"did not answer within 0\.5 s", False),
    ],
)
def test_what_is_no_success_says_why(behaviour: Behaviour, phrase: str, gone: bool):
    async def work(at: Vendor) -> None:
        with pytest.raises(Undelivered, match=phrase) as caught:
            await send_webhook(f"{at.url}/secret-path", [SECRET], message(), deadline_seconds=0.5)
        assert caught.value.gone is gone
        assert "secret-path" not in str(caught.value)

    assert at_double(work, behaviour).connections == 1


@pytest.mark.parametrize("behaviour", [drips, never_stops])
def test_a_body_without_end_takes_neither_memory_nor_more_time_than_there_is(behaviour: Behaviour):
    double = at_double(lambda at: send_webhook(at.url, [SECRET], message(), deadline_seconds=0.5), behaviour)
    assert len(double.seen) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["fd00::1"],
        ["64:ff9b::7f00:1"], ["93.184.216.34", "192.168.0.1"], [],
    ],
)  # fmt: skip
def test_a_name_that_leads_to_a_private_address_is_not_connected_to(addresses: list[str]):
    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == ("hooks.example.org", 443)
        return addresses

    with pytest.raises(Undelivered, match="public network"):
        asyncio.run(send_webhook(PUBLIC, [SECRET], message(), resolver=resolve))


REFUSED = [
    "http://hooks.example.org", "https://hooks.example.org:8443/", "https://user@hooks.example.org", "https://127.0.0.1/",
    "https://localhost/", "https://2130706433/", "https://0x7f.1/", "https://[::1]/", "https://10.0.0.1/",
    "ftp://hooks.example.org", "https://hooks.example.org/a b", "https://hooks.example.org/\r\nHost: x", "javascript:1",
    "", "http://localhost:80/", "http://127.0.0.2:80/", "http://127.0.0.1.example.org/", "http://[::1]:80/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_is_not_public_https_is_refused(url: str):
    with pytest.raises(InvalidInput, match="https://"):
        check_webhook_url(url)
    with pytest.raises(Undelivered, match="https://"):  # also one that came into the table in another way
        asyncio.run(send_webhook(url, [SECRET], message()))


def test_it_is_refused_when_it_is_added(engine: Engine, user_id: UUID):
    with pytest.raises(InvalidInput, match="https://"):
        add_webhook(engine, user_id, VAULT, "https://10.0.0.1/")
    assert list_webhooks(engine, user_id) == []


def test_a_local_one_is_refused_unless_the_environment_allows_it(monkeypatch: pytest.MonkeyPatch):
    check_webhook_url("http://127.0.0.1:8080/hook")
    monkeypatch.delenv("VIDGEN_ALLOW_LOCAL_WEBHOOKS")

    async def work(at: Vendor) -> None:
        with pytest.raises(Undelivered, match="https://"):
            await send_webhook(at.url, [SECRET], message())

    assert at_double(work, answers({})).connections == 0


def test_a_secret_is_shown_once_and_stored_encrypted(engine: Engine, user_id: UUID):
    made = add_webhook(engine, user_id, VAULT, PUBLIC, types=["budget_threshold"])
    assert made.secret.startswith("whsec_")
    assert made.secret not in repr(made)
    [listed] = list_webhooks(engine, user_id)
    assert listed == made.webhook
    assert listed.types == ("budget_threshold",)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM webhooks")).mappings().one()
    assert made.secret.encode() not in row["secret"]
    target = Target(webhook_id=listed.id, url=PUBLIC, secret=row["secret"], old_secret=None)
    assert signing_secrets(VAULT, user_id, target) == [made.secret]


def test_swapped_rows_sign_nothing(engine: Engine, user_id: UUID):
    first, second = (add_webhook(engine, user_id, VAULT, PUBLIC).webhook for _ in range(2))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE webhooks SET secret = (SELECT secret FROM webhooks WHERE id = :other) WHERE id = :one"),
            {"one": first.id, "other": second.id},
        )
    with pytest.raises(SecretUnreadable):
        asyncio.run(try_webhook(engine, user_id, VAULT, str(first.id)))


def test_a_new_secret_leaves_the_old_one_valid_for_a_day(engine: Engine, user_id: UUID):
    async def work(at: Vendor) -> None:
        made = add_webhook(engine, user_id, VAULT, at.url)
        rotated = rotate_webhook(engine, user_id, VAULT, str(made.webhook.id)[:8])
        assert rotated.secret != made.secret
        assert rotated.webhook.old_secret_until is not None
        await try_webhook(engine, user_id, VAULT, str(made.webhook.id))
        verified(at.seen[0], made.secret)
        verified(at.seen[0], rotated.secret)
        assert json.loads(at.seen[0].body)["type"] == "webhook_test"

        with engine.begin() as connection:
            connection.execute(text("UPDATE webhooks SET old_secret_until = now() - interval '1 s'"))
        await try_webhook(engine, user_id, VAULT, str(made.webhook.id))
        verified(at.seen[1], rotated.secret)
        with pytest.raises(WebhookVerificationError):
            verified(at.seen[1], made.secret)

    at_double(work, answers({}))


def test_a_stranger_finds_no_webhook_of_mine(engine: Engine, user_id: UUID):
    made = add_webhook(engine, user_id, VAULT, PUBLIC).webhook
    with engine.begin() as connection:
        stranger = connection.execute(text("INSERT INTO users (name) VALUES ('b') RETURNING id")).scalar_one()
    assert list_webhooks(engine, stranger) == []
    for written in (str(made.id), str(uuid4())):
        with pytest.raises(NotFound, match="No webhook"):
            remove_webhook(engine, stranger, written)
        with pytest.raises(NotFound, match="No webhook"):
            rotate_webhook(engine, stranger, VAULT, written)
        with pytest.raises(NotFound, match="No webhook"):
            asyncio.run(try_webhook(engine, stranger, VAULT, written))
    assert list_webhooks(engine, user_id) == [made]
    remove_webhook(engine, user_id, str(made.id)[:6])
    assert list_webhooks(engine, user_id) == []
    with pytest.raises(NotFound):
        remove_webhook(engine, user_id, "%")


def test_there_is_a_limit(engine: Engine, user_id: UUID):
    for _ in range(MOST_PER_USER):
        add_webhook(engine, user_id, VAULT, PUBLIC)
    with pytest.raises(Conflict, match=str(MOST_PER_USER)):
        add_webhook(engine, user_id, VAULT, PUBLIC)
    with pytest.raises(InvalidInput, match="Did you mean 'video_ready_to_post'"):
        add_webhook(engine, user_id, VAULT, PUBLIC, types=["video_ready"])


def test_a_new_master_key_takes_over_every_secret(engine: Engine, user_id: UUID):
    made = [add_webhook(engine, user_id, VAULT, PUBLIC) for _ in range(3)]
    rotate_webhook(engine, user_id, VAULT, str(made[0].webhook.id))
    both = Vault([b"n" * 32, b"k" * 32])
    assert reencrypt_webhooks(engine, both) == 3
    assert reencrypt_webhooks(engine, both) == 0
    only_new = Vault([b"n" * 32])
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, secret, old_secret FROM webhooks ORDER BY created_at")).all()
    targets = [Target(webhook_id=row[0], url=PUBLIC, secret=row[1], old_secret=row[2]) for row in rows]
    shown = [signing_secrets(only_new, user_id, target) for target in targets]
    assert [secrets[-1] for secrets in shown] == [one.secret for one in made]
    assert [len(secrets) for secrets in shown] == [2, 1, 1]

"""People's own keys: encrypted, shown to nobody, bound to their owner and provider, and used before anyone else's."""

from __future__ import annotations

import asyncio
import json
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import InvalidInput, NotFound, ProviderRetired, ProviderUnavailable
from vidgen_pipeline.providers.base import BaseProvider
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.script.anthropic import AnthropicProvider
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.services.accounts import set_disabled
from vidgen_pipeline.services.credentials import SANDBOX_KEY, KeySource, credentials_for, keys_at_hand
from vidgen_pipeline.services.integrations import (
    CheckOutcome,
    KeyCheckResult,
    adopt_old_openai,
    check_key,
    list_integrations,
    reencrypt_integrations,
    remove_integration,
    set_integration,
    show_integration,
    switch_integration,
)
from vidgen_pipeline.services.vault import SecretUnreadable, Vault, add_master_key, drop_old_keys, open_vault
from vidgen_pipeline_tests.providers.canary import spellings
from vidgen_pipeline_tests.providers.vendor_double import Behaviour, answers, vendor
from vidgen_pipeline_tests.services.people import somebody
from vidgen_pipeline_tests.services.whole_database import everything_in

CANARY = "sk-canary-4711-of-the-owner-9f3a"
OPERATORS = "sk-canary-0815-of-the-operator-77b2"
ANTHROPIC, KLING = catalogue()["anthropic"], catalogue()["kling"]


@pytest.fixture(autouse=True)
def _no_keys_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in catalogue().values():
        for written in provider.key_variables:
            monkeypatch.delenv(written.rpartition("=")[2], raising=False)
    for name in ("VIDGEN_SHARE_KEYS", "VIDGEN_MASTER_KEY", "VIDGEN_SANDBOX_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def own(tmp_path: Path) -> Home:
    """A home with a master key of its own."""
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def vault(own: Home) -> Vault:
    return open_vault(own)


def key_of(engine: Engine, own: Home, user_id: UUID, provider: str = "anthropic") -> str:
    return credentials_for(engine, own, user_id, catalogue()[provider]).parts["key"]


def test_a_key_goes_in_and_comes_out_only_to_work_with(engine: Engine, own: Home, vault: Vault, user_id: UUID):
    view = set_integration(engine, user_id, vault, "anthropic", {"key": f"  {CANARY}\n"})
    assert (view.ending, view.name, view.enabled, view.last_used_at, view.check_outcome) == (
        "***9f3a", ANTHROPIC.name, True, None, None,
    )  # fmt: skip
    assert CANARY not in repr(view)
    dump = everything_in(engine)
    assert "9f3a" in dump
    assert not [spelling for spelling in spellings(CANARY) if spelling in dump]
    credentials = credentials_for(engine, own, user_id, ANTHROPIC)
    assert dict(credentials.parts) == {"key": CANARY}
    assert CANARY not in repr(credentials)
    used = show_integration(engine, user_id, "anthropic")
    assert used.last_used_at is not None
    assert used.fingerprint == credentials.account
    assert len(used.fingerprint) == 12
    key_of(engine, own, user_id)
    assert show_integration(engine, user_id, "anthropic").last_used_at == used.last_used_at  # once a minute


def test_a_new_key_takes_the_place_of_the_old_with_a_clean_slate(
    engine: Engine, own: Home, vault: Vault, user_id: UUID
):
    set_integration(engine, user_id, vault, "anthropic", {"key": "sk-first-00000001"})
    key_of(engine, own, user_id)
    switch_integration(engine, user_id, "anthropic", on=False)
    view = set_integration(engine, user_id, vault, "anthropic", {"key": CANARY})
    assert (view.enabled, view.last_used_at, view.ending) == (True, None, "***9f3a")
    assert key_of(engine, own, user_id) == CANARY
    assert len(list_integrations(engine, user_id)) == 1


def test_a_row_that_was_moved_or_changed_can_not_be_read(engine: Engine, own: Home, vault: Vault, user_id: UUID):
    alice = somebody(engine, "alice")
    set_integration(engine, user_id, vault, "anthropic", {"key": CANARY})
    set_integration(engine, user_id, vault, "pexels", {"key": "pexels-key-000000001"})
    set_integration(engine, alice, vault, "anthropic", {"key": "sk-of-alice-0000001"})
    for other_user, other_provider in ((user_id, "pexels"), (alice, "anthropic")):
        with engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE integrations SET credentials = other.credentials FROM integrations AS other"
                    " WHERE integrations.user_id = :user_id AND integrations.provider = 'anthropic'"
                    " AND other.user_id = :other_user AND other.provider = :other_provider"
                ),
                {"user_id": user_id, "other_user": other_user, "other_provider": other_provider},
            )
        with pytest.raises(SecretUnreadable) as refused:
            credentials_for(engine, own, user_id, ANTHROPIC)
        assert "sk-of-alice" not in "".join(traceback.format_exception(refused.value))
    assert key_of(engine, own, alice) == "sk-of-alice-0000001"


def test_rotation_keeps_every_key_readable_while_others_come_in(engine: Engine, own: Home, vault: Vault, user_id: UUID):
    people = [user_id, *(somebody(engine, f"user{number}") for number in range(9))]
    providers = [provider.id for provider in catalogue().values() if provider.needs_key and provider.retired_on is None]
    for person in people:
        for provider in providers[:6]:
            parts = {"key": f"key-of-{person}-{provider}"}
            set_integration(engine, person, vault, provider, parts)
    with engine.connect() as connection:
        before = set(connection.execute(text("SELECT credentials FROM integrations")).scalars())
    newer = add_master_key(own)
    with ThreadPoolExecutor(2) as workers:
        # A program that was started earlier still writes with the key of before.
        late = workers.submit(set_integration, engine, user_id, vault, providers[7], {"key": CANARY})
        changed = workers.submit(reencrypt_integrations, engine, newer).result()
        late.result()
    drop_old_keys(own)
    with engine.connect() as connection:
        after = set(connection.execute(text("SELECT credentials FROM integrations")).scalars())
    assert 60 <= changed <= 61
    assert not before & after
    for person in people:
        for provider in providers[:6]:
            assert key_of(engine, own, person, provider) == f"key-of-{person}-{provider}"
    assert key_of(engine, own, user_id, providers[7]) == CANARY
    newest = add_master_key(own)
    assert reencrypt_integrations(engine, newest) == 61
    assert reencrypt_integrations(engine, newest) == 0
    drop_old_keys(own)
    assert key_of(engine, own, user_id, providers[7]) == CANARY


def test_the_old_openai_becomes_the_one_that_writes_scripts(engine: Engine, own: Home, vault: Vault, user_id: UUID):
    alice = somebody(engine, "alice")
    with engine.begin() as connection:
        for person in (user_id, alice):
            plain = json.dumps({"key": f"old-{person}"}).encode()
            connection.execute(
                text(
                    "INSERT INTO integrations (user_id, provider, credentials, ending, fingerprint)"
                    " VALUES (:user_id, 'openai', :stored, '***', 'aaaaaaaaaaaa')"
                ),
                {"user_id": person, "stored": vault.encrypt(plain, user_id=person, purpose="integration:openai")},
            )
    set_integration(engine, alice, vault, "openai_gpt", {"key": "newer-key-of-alice"})
    assert adopt_old_openai(engine, vault) == 1
    assert adopt_old_openai(engine, vault) == 0
    assert key_of(engine, own, user_id, "openai_gpt") == f"old-{user_id}"
    assert key_of(engine, own, alice, "openai_gpt") == "newer-key-of-alice"
    for person in (user_id, alice):
        assert [view.provider for view in list_integrations(engine, person)] == ["openai_gpt"]


def test_ones_own_key_comes_before_the_operators(
    engine: Engine, own: Home, vault: Vault, user_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(ProviderUnavailable) as none:
        credentials_for(engine, own, user_id, ANTHROPIC)
    for words in (f"no key for {ANTHROPIC.name}", "vidgen keys set anthropic", "ANTHROPIC_API_KEY", ANTHROPIC.key_url):
        assert words in str(none.value)
    monkeypatch.setenv("ANTHROPIC_API_KEY", OPERATORS)
    assert keys_at_hand(engine, user_id).source(ANTHROPIC) is KeySource.OPERATOR
    assert key_of(engine, own, user_id) == OPERATORS
    set_integration(engine, user_id, vault, "anthropic", {"key": CANARY})
    assert keys_at_hand(engine, user_id).source(ANTHROPIC) is KeySource.OWN
    assert key_of(engine, own, user_id) == CANARY
    # Switched off is off: nobody else's key is silently used in its place.
    switch_integration(engine, user_id, "anthropic", on=False)
    with pytest.raises(ProviderUnavailable, match="vidgen keys enable anthropic"):
        credentials_for(engine, own, user_id, ANTHROPIC)
    remove_integration(engine, user_id, "anthropic")
    assert key_of(engine, own, user_id) == OPERATORS
    assert credentials_for(engine, own, user_id, catalogue()["hibari"]).parts == {}


def test_the_operators_key_is_for_one_user_alone_unless_it_is_shared(
    engine: Engine, own: Home, user_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ANTHROPIC_API_KEY", OPERATORS)
    alice = somebody(engine, "alice")
    for person in (user_id, alice):
        assert keys_at_hand(engine, person).source(ANTHROPIC) is KeySource.MISSING
        with pytest.raises(ProviderUnavailable) as refused:
            credentials_for(engine, own, person, ANTHROPIC)
        assert "ANTHROPIC_API_KEY" not in str(refused.value)  # setting it would not help
    monkeypatch.setenv("VIDGEN_SHARE_KEYS", "1")
    assert [key_of(engine, own, person) for person in (user_id, alice)] == [OPERATORS] * 2
    monkeypatch.setenv("VIDGEN_SHARE_KEYS", "0")
    set_disabled(engine, alice, disabled=True)
    assert key_of(engine, own, user_id) == OPERATORS
    with pytest.raises(ProviderUnavailable):
        credentials_for(engine, own, alice, ANTHROPIC)


def test_in_test_mode_no_real_key_is_used(engine: Engine, own: Home, vault: Vault, user_id: UUID):
    set_integration(engine, user_id, vault, "anthropic", {"key": CANARY})
    assert credentials_for(engine, own, user_id, ANTHROPIC, test_mode=True).parts == {"key": SANDBOX_KEY}
    assert show_integration(engine, user_id, "anthropic").last_used_at is None


def test_a_key_of_two_parts_is_kept_whole(engine: Engine, own: Home, vault: Vault, user_id: UUID):
    parts = {"access_key": "kling-access-0001", "secret_key": CANARY}
    view = set_integration(engine, user_id, vault, "kling", parts)
    assert view.ending == "***0001"
    assert dict(credentials_for(engine, own, user_id, KLING).parts) == parts
    set_integration(engine, user_id, vault, "kling", {"key": "kling-key-00000001"})
    assert dict(credentials_for(engine, own, user_id, KLING).parts) == {"key": "kling-key-00000001"}


@pytest.mark.parametrize(
    ("provider", "parts", "phrase"),
    [
        ("kling", {"access_key": CANARY}, "access key and secret key together"),
        ("anthropic", {}, "needs a key"),
        ("anthropic", {"key": ""}, "too short"),
        ("anthropic", {"key": "k" * 5000}, "too short or too long"),
        ("anthropic", {"secret_key": CANARY}, "part of a key"),
        ("anthropic", {"key": f"{CANARY} {CANARY}"}, "characters that no key has"),
        ("anthropic", {"key": f"{CANARY}\u200b"}, "characters that no key has"),
        ("hibari", {"key": CANARY}, "takes no key"),
        ("antropic", {"key": CANARY}, "'anthropic'"),
    ],
)
def test_what_can_be_no_key_is_refused_and_not_repeated(
    engine: Engine, vault: Vault, user_id: UUID, provider: str, parts: dict[str, str], phrase: str
):
    with pytest.raises(InvalidInput) as refused:
        set_integration(engine, user_id, vault, provider, parts)
    assert phrase in str(refused.value)
    shown = "".join(traceback.format_exception(refused.value)) + repr(vars(refused.value))
    assert CANARY not in shown
    assert list_integrations(engine, user_id) == []


def test_no_key_is_taken_for_a_provider_that_ended(engine: Engine, vault: Vault, user_id: UUID):
    with pytest.raises(ProviderRetired):
        set_integration(engine, user_id, vault, "playht", {"key": CANARY})


def test_a_strangers_key_is_no_key(engine: Engine, vault: Vault, user_id: UUID):
    alice = somebody(engine, "alice")
    set_integration(engine, alice, vault, "anthropic", {"key": CANARY})
    assert list_integrations(engine, user_id) == []
    for reach in (
        lambda: show_integration(engine, user_id, "anthropic"),
        lambda: remove_integration(engine, user_id, "anthropic"),
        lambda: switch_integration(engine, user_id, "anthropic", on=False),
    ):
        with pytest.raises(NotFound):
            reach()
    assert show_integration(engine, alice, "anthropic").enabled


def _checked(
    engine: Engine, own: Home, user_id: UUID, *script: Behaviour, deadline_seconds: float = 20
) -> KeyCheckResult:
    """What a check shows where the vendor behaves so."""

    async def check() -> KeyCheckResult:
        async with vendor(*script) as double:
            configured: dict[str, BaseProvider] = {"anthropic": AnthropicProvider(base_url=double.url)}
            result = await check_key(
                engine, own, user_id, "anthropic", configured=configured, deadline_seconds=deadline_seconds
            )
            assert any(CANARY in str(seen.headers) for seen in double.seen)
            return result

    return asyncio.run(check())


def test_a_check_asks_the_vendor_is_logged_and_is_kept(engine: Engine, own: Home, vault: Vault, user_id: UUID):
    set_integration(engine, user_id, vault, "anthropic", {"key": CANARY})
    rejected = answers({"error": {"type": "authentication_error", "message": f"bad key {CANARY}"}}, status=401)
    models = answers({"id": ANTHROPIC.recommended_model, "type": "model", "display_name": "Claude"})

    async def never(visit: object) -> None:
        await visit.read()  # type: ignore[attr-defined]
        await asyncio.sleep(30)

    for behaviour, outcome, deadline in (
        (rejected, CheckOutcome.REJECTED, 20.0),
        (models, CheckOutcome.WORKS, 20.0),
        (never, CheckOutcome.UNCLEAR, 0.5),
    ):
        result = _checked(engine, own, user_id, behaviour, deadline_seconds=deadline)
        assert (result.outcome, result.source) == (outcome, KeySource.OWN), result.message
        view = show_integration(engine, user_id, "anthropic")
        assert (view.check_outcome, view.check_message) == (outcome, result.message)
        assert view.checked_at is not None
        assert timedelta(0) <= view.checked_at - view.added_at
    dump = everything_in(engine)
    assert "/v1/models" in dump  # the exchange is in the log
    assert not [spelling for spelling in spellings(CANARY) if spelling in dump]
    kept = [path.read_bytes() for path in own.root.rglob("*") if path.is_file()]
    assert not [content for content in kept if CANARY.encode() in content]
    fresh = set_integration(engine, user_id, vault, "anthropic", {"key": "sk-another-00000001"})
    assert fresh.check_outcome is None


def test_a_check_in_test_mode_says_nothing_of_the_real_key(engine: Engine, own: Home, vault: Vault, user_id: UUID):
    set_integration(engine, user_id, vault, "anthropic", {"key": CANARY})
    with running_sandbox() as url:
        result = asyncio.run(check_key(engine, own, user_id, "anthropic", sandbox_url=url))
    assert (result.outcome, result.source) == (CheckOutcome.WORKS, KeySource.NOT_NEEDED)
    assert show_integration(engine, user_id, "anthropic").check_outcome is None

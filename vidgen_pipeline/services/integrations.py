"""A person's own accounts at providers: keys go in, and never come out again but through the door.

What can be seen of a key is its last four characters and a fingerprint that tells nothing of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import integrations as rows
from vidgen_pipeline.database.account_tables import Integration
from vidgen_pipeline.domain.errors import InvalidInput, NotFound, ProviderError, ProviderRetired
from vidgen_pipeline.domain.providers import Provider
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.text import one_line
from vidgen_pipeline.providers.base import BaseProvider
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.providers.masking import ending
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import WorkContext
from vidgen_pipeline.providers.remote import RemoteProvider
from vidgen_pipeline.providers.wire import Credentials, places_for
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.api_logging import ApiLog
from vidgen_pipeline.services.credentials import KeySource, credentials_for, keys_at_hand, parts_of, purpose_of
from vidgen_pipeline.services.vault import Vault

OLD_OPENAI, OPENAI_HEIR = "openai", "openai_gpt"
CHECK_SECONDS = 30.0

_SHORTEST_PART, _LONGEST_PART = 8, 4000
_LONGEST_MESSAGE = 500


class CheckOutcome(StrEnum):
    """What a provider's free check showed of a key; `unclear` when the provider could not be asked."""

    WORKS = "works"
    REJECTED = "rejected"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class KeyCheckResult:
    """What a check showed, in words for a person, and whose key it was."""

    outcome: CheckOutcome
    message: str
    source: KeySource


@dataclass(frozen=True, kw_only=True)
class IntegrationView:
    """A person's own account at a provider, as they see it. `ending` is the key's last four characters."""

    provider: str
    name: str
    ending: str
    fingerprint: str
    enabled: bool
    added_at: datetime
    last_used_at: datetime | None
    checked_at: datetime | None
    check_outcome: CheckOutcome | None
    check_message: str


def set_integration(
    engine: Engine, user_id: UUID, vault: Vault, provider: str, parts: Mapping[str, str]
) -> IntegrationView:
    """Keep the user's credentials for this provider: mostly `{"key": …}`. They replace what was there.

    Raises InvalidInput, which never repeats what was given, and ProviderRetired.
    """
    facts = _keyed(provider)
    if facts.retired_on is not None:
        raise ProviderRetired(
            f"{facts.name} ended on {facts.retired_on:%d %B %Y}.",
            remedy=f"Choose {facts.replacement or 'another provider'}.",
            provider=facts.id,
        )
    credentials = _checked(facts, parts)
    plain = json.dumps(dict(credentials.parts), sort_keys=True).encode()
    shown = next(credentials.parts[part] for part in parts_of(facts) if part in credentials.parts)
    stored = vault.encrypt(plain, user_id=user_id, purpose=purpose_of(facts.id))
    with Session(engine) as session, session.begin():
        rows.put_integration(
            session,
            user_id,
            facts.id,
            credentials=stored,
            ending=ending(shown),
            fingerprint=credentials.account,
        )
        return _view(_existing(session, user_id, facts.id))


def list_integrations(engine: Engine, user_id: UUID) -> Sequence[IntegrationView]:
    """The user's own accounts, by provider."""
    with Session(engine) as session:
        return [_view(row) for row in rows.integrations_of(session, user_id)]


def show_integration(engine: Engine, user_id: UUID, provider: str) -> IntegrationView:
    """The user's own account at this provider. Raises NotFound."""
    with Session(engine) as session:
        return _view(_existing(session, user_id, provider))


def remove_integration(engine: Engine, user_id: UUID, provider: str) -> None:
    """Forget the user's key. Raises NotFound."""
    with Session(engine) as session, session.begin():
        if not rows.delete_integration(session, user_id, provider):
            raise _none(provider)


def switch_integration(engine: Engine, user_id: UUID, provider: str, *, on: bool) -> IntegrationView:
    """Use the user's key from now on, or leave it alone. While it is off, nobody's key is used. Raises NotFound."""
    with Session(engine) as session, session.begin():
        if not rows.switch_integration(session, user_id, provider, on=on):
            raise _none(provider)
        return _view(_existing(session, user_id, provider))


async def check_key(
    engine: Engine,
    home: Home,
    user_id: UUID,
    provider: str,
    *,
    sandbox_url: str | None = None,
    configured: Mapping[str, BaseProvider] | None = None,
    deadline_seconds: float = CHECK_SECONDS,
) -> KeyCheckResult:
    """Make the provider's free request with the key that the user's work would use; it is logged like any other.

    What it shows of an own key is kept with it. `configured` are the providers as the operator set them up. Raises
    InvalidInput for a provider that takes no key, ProviderUnavailable when there is none.
    """
    facts = _keyed(provider)
    adapter = ProviderFactory(configured).get_provider(facts.id, RemoteProvider)
    test_mode = sandbox_url is not None
    credentials = await asyncio.to_thread(credentials_for, engine, home, user_id, facts, test_mode=test_mode)
    source = KeySource.NOT_NEEDED if test_mode else await asyncio.to_thread(_source, engine, user_id, facts)
    with ApiLog(engine, home.logs / "exchanges") as log:
        network = Network(log=log, sandbox_url=sandbox_url)
        try:
            async with (
                asyncio.timeout(deadline_seconds),
                adapter.connected(credentials, network=network, context=WorkContext(user_id=user_id)) as ready,
            ):
                check = await ready.validate_key()
            outcome = CheckOutcome.WORKS if check.valid else CheckOutcome.REJECTED
            message = check.message
        except ProviderError as error:
            outcome, message = CheckOutcome.UNCLEAR, str(error)
        except TimeoutError:
            outcome = CheckOutcome.UNCLEAR
            message = f"{facts.name} did not answer within {deadline_seconds:g} s."
    message = one_line(message, _LONGEST_MESSAGE)
    if source is KeySource.OWN:
        await asyncio.to_thread(_note_check, engine, user_id, facts.id, credentials.account, outcome, message)
    return KeyCheckResult(outcome=outcome, message=message, source=source)


def reencrypt_integrations(engine: Engine, vault: Vault) -> int:
    """Encrypt all users' credentials with the present master key; returns how many that changed.

    Raises SecretUnreadable, at the first that can't be read; those before it are done.
    """
    changed = 0
    with Session(engine) as session:
        stored = rows.credentials_of_all(session)
    for old in stored:
        if vault.is_current(old.credentials):
            continue
        new = vault.rotate(old.credentials, user_id=old.user_id, purpose=purpose_of(old.provider))
        with Session(engine) as session, session.begin():
            changed += rows.exchange_credentials(session, old, new)
    return changed


def adopt_old_openai(engine: Engine, vault: Vault) -> int:
    """Keys for the one `openai` of old become keys for `openai_gpt`; returns how many were kept.

    They are encrypted anew, since a key is bound to its provider. Where the user has a newer key, that stays.
    """
    kept = 0
    with Session(engine) as session:
        stored = rows.credentials_of_all(session, provider=OLD_OPENAI)
    for old in stored:
        plain = vault.decrypt(old.credentials, user_id=old.user_id, purpose=purpose_of(OLD_OPENAI))
        new = vault.encrypt(plain, user_id=old.user_id, purpose=purpose_of(OPENAI_HEIR))
        with Session(engine) as session, session.begin():
            kept += rows.rename_provider(session, old, OPENAI_HEIR, new)
    return kept


def _source(engine: Engine, user_id: UUID, facts: Provider) -> KeySource:
    return keys_at_hand(engine, user_id).source(facts)


def _note_check(
    engine: Engine, user_id: UUID, provider: str, fingerprint: str, outcome: CheckOutcome, message: str
) -> None:
    with Session(engine) as session, session.begin():
        rows.note_check(session, user_id, provider, fingerprint=fingerprint, outcome=outcome, message=message)


def _keyed(provider: str) -> Provider:
    facts = catalogue().get(provider)
    if facts is None:
        raise unknown("provider", one_line(provider, 50), [name for name, one in catalogue().items() if one.needs_key])
    if not facts.needs_key:
        raise InvalidInput(f"{facts.name} takes no key.")
    return facts


def _checked(facts: Provider, parts: Mapping[str, str]) -> Credentials:
    """The credentials, if they have the form of some: what they open, only the provider knows."""
    known = parts_of(facts)
    for name, secret in parts.items():
        if name not in known:
            raise unknown("part of a key", one_line(name, 50), known)
        if not _SHORTEST_PART <= len(secret.strip()) <= _LONGEST_PART:
            raise InvalidInput(
                f"What was given as {name.replace('_', ' ')} is too short or too long to be one.",
                remedy="Copy it from the provider again.",
                provider=facts.id,
            )
    credentials = Credentials(parts)
    adapter = ProviderFactory().get_provider(facts.id, RemoteProvider)
    if not credentials.parts or not places_for(adapter.key_places, credentials):
        ways = " or ".join(_ways(known))
        raise InvalidInput(f"{facts.name} needs {ways}.", remedy=facts.key_url, provider=facts.id)
    return credentials


def _ways(parts: Sequence[str]) -> list[str]:
    others = [part.replace("_", " ") for part in parts if part != "key"]
    return [*(["a key"] if "key" in parts else []), *([f"{' and '.join(others)} together"] if others else [])]


def _existing(session: Session, user_id: UUID, provider: str) -> Integration:
    found = rows.find_integration(session, user_id, provider)
    if found is None:
        raise _none(provider)
    return found


def _none(provider: str) -> NotFound:
    return NotFound(f"You have no key for '{one_line(provider, 50)}'.", remedy="See yours with: vidgen keys list")


def _view(row: Integration) -> IntegrationView:
    facts = catalogue().get(row.provider)
    return IntegrationView(
        provider=row.provider,
        name=facts.name if facts else row.provider,
        ending=row.ending,
        fingerprint=row.fingerprint,
        enabled=row.enabled,
        added_at=row.set_at,
        last_used_at=row.last_used_at,
        checked_at=row.checked_at,
        check_outcome=CheckOutcome(row.check_outcome) if row.check_outcome else None,
        check_message=row.check_message,
    )

"""Whose key a provider is used with. A key goes from here into the door and is seen nowhere else.

A person's own key (see `integrations`) comes first. Without one it is the operator's, from the environment: on a
machine that only one person uses, or where the operator shares their keys with everybody by VIDGEN_SHARE_KEYS=1.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import integrations as rows
from vidgen_pipeline.database.accounts import enabled_users
from vidgen_pipeline.domain.errors import ProviderUnavailable
from vidgen_pipeline.domain.providers import Provider
from vidgen_pipeline.providers.wire import Credentials
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.vault import open_vault

SANDBOX_KEY = "sandbox-vidgen"
SHARE_VARIABLE = "VIDGEN_SHARE_KEYS"


class KeySource(StrEnum):
    """Whose key a provider would be used with."""

    NOT_NEEDED = "no key needed"
    OWN = "your key"
    OPERATOR = "operator's key"
    SWITCHED_OFF = "your key is switched off"
    MISSING = "no key"


@dataclass(frozen=True)
class KeysAtHand:
    """Which providers a person can use as far as keys go; no key is in it.

    `own` says of each provider where they have a key whether it is switched on; `shared` whether they may use the
    operator's.
    """

    own: Mapping[str, bool] = field(default_factory=dict)
    shared: bool = True

    def source(self, provider: Provider) -> KeySource:
        """Whose key the provider would be used with."""
        if not provider.needs_key:
            return KeySource.NOT_NEEDED
        if provider.id in self.own:
            # A key that its owner switched off is not silently replaced by one that somebody else pays for.
            return KeySource.OWN if self.own[provider.id] else KeySource.SWITCHED_OFF
        return KeySource.OPERATOR if self.shared and operators_parts(provider) else KeySource.MISSING

    def usable(self, provider: Provider) -> bool:
        """Whether the provider can be used as far as keys go."""
        return self.source(provider) not in {KeySource.SWITCHED_OFF, KeySource.MISSING}

    def require(self, provider: Provider) -> KeySource:
        """Whose key it is. Raises ProviderUnavailable, saying how to add one, where there is none to use."""
        source = self.source(provider)
        if source is KeySource.SWITCHED_OFF:
            raise ProviderUnavailable(
                f"Your key for {provider.name} is switched off.",
                remedy=f"Switch it on (vidgen keys enable {provider.id}).",
                provider=provider.id,
            )
        if source is KeySource.MISSING:
            raise _no_key(provider, shared=self.shared)
        return source


def keys_at_hand(engine: Engine, user_id: UUID) -> KeysAtHand:
    """Which providers the user can use as far as keys go."""
    with Session(engine) as session:
        own = {row.provider: row.enabled for row in rows.integrations_of(session, user_id)}
        return KeysAtHand(own, shared=_may_use_operators(session, user_id))


def credentials_for(
    engine: Engine, home: Home, user_id: UUID, provider: Provider, *, test_mode: bool = False
) -> Credentials:
    """The credentials with which the user's work at this provider is done; own ones are marked as used.

    In test mode always those that the sandbox takes, so that no real key goes there. Raises ProviderUnavailable,
    saying how to add one, when there is none, and SecretUnreadable for one that can't be decrypted.
    """
    if test_mode:
        return Credentials({"key": SANDBOX_KEY})
    if keys_at_hand(engine, user_id).require(provider) is not KeySource.OWN:
        return Credentials(operators_parts(provider))
    with Session(engine) as session, session.begin():
        found = rows.find_integration(session, user_id, provider.id)
        if found is None:
            raise _no_key(provider, shared=False)
        rows.note_use(session, user_id, provider.id)
        stored = found.credentials
    plain = open_vault(home).decrypt(stored, user_id=user_id, purpose=purpose_of(provider.id))
    return Credentials(json.loads(plain))


def purpose_of(provider: str) -> str:
    """What credentials are bound to beside their owner: those of one provider can't be read as another's."""
    return f"integration:{provider}"


def parts_of(provider: Provider) -> tuple[str, ...]:
    """The names of what its credentials can consist of: mostly just `key`."""
    return tuple(dict.fromkeys(part for part, _ in _variables(provider))) or ("key",)


def operators_parts(provider: Provider) -> dict[str, str]:
    """The parts that are set in the environment."""
    parts: dict[str, str] = {}
    for part, variable in _variables(provider):
        if value := os.environ.get(variable, "").strip():
            parts.setdefault(part, value)
    return parts


def operator_shares_keys() -> bool:
    """Whether the operator lets everybody use their keys."""
    return os.environ.get(SHARE_VARIABLE, "").strip() == "1"


def _may_use_operators(session: Session, user_id: UUID) -> bool:
    return operator_shares_keys() or list(enabled_users(session, 2)) == [user_id]


def _variables(provider: Provider) -> list[tuple[str, str]]:
    """Parts and variables. One is written `NAME`, or `part=NAME` for a part that is not the `key`."""
    split = [written.rpartition("=") for written in provider.key_variables]
    return [(part or "key", variable) for part, _, variable in split]


def _no_key(provider: Provider, *, shared: bool) -> ProviderUnavailable:
    where = f" A key is made at {provider.key_url}." if provider.key_url else ""
    variable = next((variable for _, variable in _variables(provider)), "")
    or_variable = f", or set {variable}" if shared and variable else ""
    return ProviderUnavailable(
        f"There is no key for {provider.name}.",
        remedy=f"Add yours (vidgen keys set {provider.id}{or_variable}).{where}",
        provider=provider.id,
    )

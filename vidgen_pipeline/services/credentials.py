"""The operator's keys, from the environment. A key goes from here into the door and is seen nowhere else."""

from __future__ import annotations

import os

from vidgen_pipeline.domain.errors import ProviderUnavailable
from vidgen_pipeline.domain.providers import Provider
from vidgen_pipeline.providers.wire import Credentials

SANDBOX_KEY = "sandbox-vidgen"


def has_key(provider: Provider) -> bool:
    """Whether the provider can be used as far as keys go."""
    return not provider.needs_key or bool(_parts(provider))


def credentials_for(provider: Provider, *, test_mode: bool = False) -> Credentials:
    """The provider's credentials; in test mode always one that the sandbox takes, so that no real key goes there.

    Raises ProviderUnavailable, naming the variable to set, when there is none.
    """
    if test_mode:
        return Credentials({"key": SANDBOX_KEY})
    parts = _parts(provider)
    if provider.needs_key and not parts:
        variable = provider.key_variables[0].rpartition("=")[2] if provider.key_variables else "its key"
        where = f" A key is made at {provider.key_url}." if provider.key_url else ""
        raise ProviderUnavailable(
            f"There is no key for {provider.name}.", remedy=f"Set {variable}.{where}", provider=provider.id
        )
    return Credentials(parts)


def _parts(provider: Provider) -> dict[str, str]:
    """The parts that are set. A variable is written `NAME`, or `part=NAME` for a part that is not the `key`."""
    parts: dict[str, str] = {}
    for written in provider.key_variables:
        part, _, variable = written.rpartition("=")
        if value := os.environ.get(variable, "").strip():
            parts.setdefault(part or "key", value)
    return parts

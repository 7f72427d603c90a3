"""What all doors of a process share, and where each provider is found."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.providers import Provider
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.network.breaker import Breakers
from vidgen_pipeline.providers.network.pool import Resolver
from vidgen_pipeline.providers.network.records import LogSink, NoLog
from vidgen_pipeline.providers.network.retrying import Timing


@dataclass(frozen=True, kw_only=True)
class Network:
    """The log, the clock and the circuit breakers. With `sandbox_url` all go to the sandbox's doubles: test mode."""

    log: LogSink = field(default_factory=NoLog)
    catalogue: Mapping[str, Provider] = field(default_factory=catalogue)
    sandbox_url: str | None = None
    timing: Timing = field(default_factory=Timing)
    resolver: Resolver | None = None
    breakers: Breakers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "breakers", Breakers(self.timing.clock))

    @property
    def test_mode(self) -> bool:
        """Whether everything goes to the sandbox and nothing costs money."""
        return self.sandbox_url is not None

    def base_url(self, provider: str, own: str, override: str | None) -> str:
        """Where a provider is found: in test mode the sandbox, else where the operator says, else its own address.

        Raises InvalidInput for an override that would send a key over the network in the clear.
        """
        if self.sandbox_url is not None:
            return f"{self.sandbox_url.rstrip('/')}/{provider}"
        if override is None:
            return own.rstrip("/")
        parts = urlsplit(override)
        if not parts.hostname or parts.query or parts.fragment or parts.username is not None:
            raise InvalidInput(f"The base URL of '{provider}' is not a plain web address.")
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_this_machine(parts.hostname)):
            raise InvalidInput(f"The base URL of '{provider}' must begin with https, so that its key stays secret.")
        return override.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

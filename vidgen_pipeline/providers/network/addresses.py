"""Which addresses may be fetched from when a vendor hands one out: public ones, whatever the spelling."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from vidgen_pipeline.domain.errors import BadReply

# Named one by one: `is_global` is wrong for several of them in the Python versions we run on.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_PUBLIC_6 = IPv6Network("2000::/3")  # all that was ever handed out; what lies outside is local, mapped or reserved
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NUMERIC = re.compile(r"(0x[0-9a-f]*|\d+)", re.IGNORECASE)


class ForbiddenAddress(BadReply):
    """A provider sent an address that is not fetched from. Asking again gives no better one."""


def is_public(address: str) -> bool:
    """Whether this IP address, as a resolver gives it, is a public one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not any(parsed in network for network in _NOT_PUBLIC_4)
    return (
        parsed.scope_id is None  # one with a zone is this network's own
        and parsed.is_global
        and parsed in _PUBLIC_6
        and not any(parsed in network for network in _NOT_PUBLIC_6)
    )


def check_address(url: str, *, allowed_hosts: Sequence[str] | None = None, trusted_origin: str | None = None) -> str:
    """The address, if it may be fetched from. Raises ForbiddenAddress when not.

    It is https on port 443, names a host (matching one of `allowed_hosts`, such as `*.pexels.com`, when given) and no
    user. Only `trusted_origin`, the sandbox's own in test mode, is excepted. What the host resolves to is checked when
    the connection is made.
    """
    parts, port = _split(url)
    host = (parts.hostname or "").rstrip(".").lower()
    if trusted_origin is not None and origin_of(url) == trusted_origin:
        return url
    if parts.scheme != "https" or not host or parts.username is not None or parts.password is not None:
        raise _refused("it is not a plain https address")
    if port not in {None, 443}:
        raise _refused("it names an unusual port")
    if not _is_sound_host(host):
        raise _refused("its host is not written as a public name or address")
    if allowed_hosts is not None and not any(fnmatchcase(host, pattern) for pattern in allowed_hosts):
        raise _refused("its host is not one this provider's files come from")
    return url


def origin_of(url: str) -> str | None:
    """Scheme, host and port of an address, or None when it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}" if host and port else None


def _is_sound_host(host: str) -> bool:
    """A name with a letter in its last part, or an IP address in its one proper spelling, and then a public one."""
    if ":" in host:
        return is_public(host)
    last = host.rpartition(".")[2]
    if _NUMERIC.fullmatch(last):  # 2130706433, 0x7f.1, 127.1 and 0177.0.0.1 are all this machine to some resolvers
        return is_public(host)
    return bool(re.fullmatch(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}", host))


def _split(url: str) -> tuple[SplitResult, int | None]:
    if len(url) > 8192 or any(
        character.isspace() or not character.isprintable() or character == "\\" for character in url
    ):
        raise _refused("it is not written as one")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("it is not written as one") from None
    return parts, port


def _refused(why: str) -> ForbiddenAddress:
    return ForbiddenAddress(f"The provider sent an address that is not fetched from: {why}.")

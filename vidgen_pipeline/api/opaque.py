"""Bytes as letters that an address may hold: what a client keeps for us and can't read."""

from __future__ import annotations

import base64


def in_letters(data: bytes) -> str:
    """The bytes as base64 for addresses, without the padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_letters(written: str) -> bytes:
    """The bytes again. Raises ValueError for anything but what `in_letters` gave."""
    data = base64.b64decode(written.encode("ascii") + b"=" * (-len(written) % 4), altchars=b"-_", validate=True)
    if in_letters(data) != written:  # the last letter may hold bits that no byte has
        raise ValueError("not what was written")
    return data

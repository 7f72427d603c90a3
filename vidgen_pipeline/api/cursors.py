"""Where a list goes on: an opaque, signed mark that is good for one user's one list, with the filters it was made for.

It is encrypted like other secrets, and bound to its owner and its list: changed, or used elsewhere, it can't be read.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from vidgen_pipeline.api.errors import InvalidCursor
from vidgen_pipeline.api.opaque import from_letters, in_letters
from vidgen_pipeline.services.vault import SecretUnreadable, Vault


def purpose_of(listing: str, **filters: Any) -> str:
    """What a cursor is for: a list, as it was asked for."""
    asked = json.dumps({name: str(value) for name, value in filters.items() if value is not None}, sort_keys=True)
    return f"cursor:{listing}:{hashlib.sha256(asked.encode()).hexdigest()}"


def write_cursor(vault: Vault, user_id: UUID, purpose: str, place: tuple[datetime, UUID]) -> str:
    """The cursor for what follows this place."""
    plain = json.dumps([place[0].isoformat(), str(place[1])]).encode()
    return in_letters(vault.encrypt(plain, user_id=user_id, purpose=purpose))


def read_cursor(vault: Vault, user_id: UUID, purpose: str, written: str | None) -> tuple[datetime, UUID] | None:
    """The place a cursor stands for; None without one. Raises InvalidCursor."""
    if written is None:
        return None
    try:
        moment, identity = json.loads(vault.decrypt(from_letters(written), user_id=user_id, purpose=purpose))
        return datetime.fromisoformat(moment), UUID(identity)
    except (ValueError, SecretUnreadable):
        raise InvalidCursor(
            "This cursor is not one of this list's.", remedy="Begin without one, or ask as you did when you got it."
        ) from None

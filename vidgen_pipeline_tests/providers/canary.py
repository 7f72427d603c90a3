"""A key that must be seen nowhere, and a way to look for it."""

from __future__ import annotations

import base64
import html
import json
import traceback
from dataclasses import asdict
from urllib.parse import quote, quote_plus

from vidgen_pipeline.providers.network.records import ExchangeRecord

CANARY = "canary/7Q+xk=9Zr&Lw2Vt8"


def spellings(secret: str) -> tuple[str, ...]:
    """The secret as it might stand somewhere, whatever stands around it."""
    raw, escaped = secret.encode(), json.dumps(secret)[1:-1]
    ways = [
        secret,
        secret[::-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        quote_plus(secret, safe="/"),
        html.escape(secret),
        escaped,
        json.dumps(escaped)[1:-1],  # JSON is kept within JSON
        raw.hex(),
        raw[::-1].hex(),
    ]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):  # what stands before it shifts it; only letters that its neighbours have no part in
            encoded = encode(b"x" * before + raw).decode()
            ways.append(encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6])
    return tuple(dict.fromkeys(ways))


SPELLINGS = (*spellings(CANARY), CANARY[:-4])


def assert_no_canary(text: str) -> None:
    for spelling in SPELLINGS:
        assert spelling not in text, f"{spelling} in {text[:2000]}"


def assert_record_clean(record: ExchangeRecord) -> None:
    assert_no_canary(json.dumps(asdict(record), default=str, ensure_ascii=False))
    assert_no_canary(repr(record))
    assert "?" not in record.endpoint


def assert_error_clean(error: BaseException) -> None:
    """Neither the error nor anything it carries along holds the canary, or an address with a query."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error.__dict__)
    assert_no_canary(shown)
    assert "?" not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None

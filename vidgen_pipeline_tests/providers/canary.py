"""A key that must be seen nowhere, and a way to look for it."""

from __future__ import annotations

import base64
import json
import traceback
from dataclasses import asdict
from urllib.parse import quote, quote_plus

from vidgen_pipeline.providers.network.records import ExchangeRecord

CANARY = "canary/7Q+xk=9Zr&Lw2Vt8"
SPELLINGS = (
    CANARY,
    quote(CANARY, safe=""),
    quote_plus(CANARY),
    base64.b64encode(CANARY.encode()).decode()[:-4],
    base64.b64encode(f"user:{CANARY}".encode()).decode()[8:-4],
    CANARY[::-1],
    CANARY[:-4],
)


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

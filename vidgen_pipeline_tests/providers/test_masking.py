from __future__ import annotations

import base64
import html
import json
import string
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidgen_pipeline.providers.masking import MAX_BODY_BYTES, Masker, ending, is_secret_name
from vidgen_pipeline_tests.providers.canary import CANARY, assert_no_canary

LETTERS = string.ascii_letters + string.digits + "-_./+=~!$&'()*,;:@%#?[]{}|^\"<>`\\"
SECRETS = st.text(alphabet=LETTERS, min_size=12, max_size=60)
WORDS = st.text(max_size=40)


def _spellings(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        base64.b64encode(b"user:" + raw + b":x").decode(),
        raw.hex(),
        secret[::-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        json.dumps(secret)[1:-1].replace("/", "\\/"),  # as PHP writes it
        json.dumps(json.dumps(secret))[3:-3],
    ]


@given(secret=SECRETS, spelling=st.integers(0, 12), before=WORDS, after=WORDS)
@settings(max_examples=400, deadline=None)
def test_no_spelling_of_a_secret_survives_in_a_text(secret: str, spelling: int, before: str, after: str):
    written = _spellings(secret)[spelling]
    masked = Masker([secret]).text(before + written + after)
    assert secret not in masked
    assert quote(secret, safe="") not in masked
    middle = written if spelling != 6 else written[8:-5]  # without the letters that the neighbours share
    assert middle not in masked
    masked.encode("utf-8")
    assert "\x00" not in masked


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("@")
    | st.binary(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10) | st.just("@"), inner, max_size=4),
    max_leaves=25,
)


def _planted(value: Any, secret: str) -> Any:
    if isinstance(value, dict):
        return {_planted(name, secret): _planted(item, secret) for name, item in value.items()}
    if isinstance(value, list):
        return [_planted(item, secret) for item in value]
    return value.replace("@", f"a {secret} b") if isinstance(value, str) else value


@given(value=JSON, secret=SECRETS)
@settings(max_examples=300, deadline=None)
def test_no_secret_survives_in_any_structure_and_all_of_it_can_be_stored(value: Any, secret: str):
    masked = Masker([secret]).json_body(_planted(value, secret))
    written = json.dumps(masked, ensure_ascii=False, allow_nan=False)
    assert json.dumps(secret, ensure_ascii=False)[1:-1] not in written
    assert secret not in str(masked)
    written.encode("utf-8")
    assert "\\u0000" not in written


@given(
    content=st.binary(max_size=2000), media_type=st.sampled_from(["", "application/json", "text/html", "audio/mpeg"])
)
@settings(max_examples=300, deadline=None)
def test_any_body_becomes_something_a_database_keeps(content: bytes, media_type: str):
    masked = Masker(["a secret of some length"]).body(content, media_type)
    written = json.dumps(masked, allow_nan=False)
    assert "\\u0000" not in written
    assert "\\ud8" not in written


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("use sk-proj-abcdefghijklmnop1234 now", "use ***1234 now"),
        ("sk_0123456789abcdef0123", "***0123"),
        ("Authorization: Bearer abc.def-ghi_jkl", "Authorization: Bearer ***_jkl"),
        ("Client-ID AbCdEfGhIjKlMnOp", "Client-ID ***MnOp"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl end", "token ***dXJl end"),
        ("AIzaSyA0123456789abcdefghijklmnopqrstuv", "***stuv"),
        ("key 12345678-0123456789abcdef012345678 bad", "key ***5678 bad"),
        ("see https://cdn.test/a.mp4?Signature=abc&Expires=1 now", "see https://cdn.test/a.mp4?*** now"),
        ("https://user:pass@host.test/x", "https://***@host.test/x"),
        ('{\\"api_key\\": \\"abcdefgh12345678\\"}', '{\\"api_key\\": \\"***5678\\"}'),
        ("password=hunter2hunter2", "password=***ter2"),
        ("a fox that asks? yes", "a fox that asks? yes"),
        ("max_tokens: 16000, out_tokens: 123456", "max_tokens: 16000, out_tokens: 123456"),
        ("the secret of bees", "the secret of bees"),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_what_does_not_is_left(text: str, masked: str):
    assert Masker().text(text) == masked


def test_names_decide_however_they_are_written():
    secret = """Authorization x-api-key xi-api-key API-KEY x-goog-api-key apiKey client_secret secretKey AWSAccessKeyId
        X-Amz-Security-Token accessToken Cookie password"""
    assert [name for name in secret.split() if not is_secret_name(name)] == []
    plain = "max_tokens total_tokens key keywords author next_page_token_count monkey id"
    assert [name for name in plain.split() if is_secret_name(name)] == []


def test_secret_fields_are_masked_to_their_depths():
    value = {
        "data": [{"api_key": "abcdefghijklmnop", "n": 1}, {"credentials": {"user": "x", "pin": [1, 2]}}],
        "token": None,
        "password": 12345678,
        "usage": {"input_tokens": 430},
    }
    assert Masker().value(value) == {
        "data": [{"api_key": "***mnop", "n": 1}, {"credentials": "***"}],
        "token": None,
        "password": "***",
        "usage": {"input_tokens": 430},
    }
    headers = {"Authorization": "Bearer abcdefghijklmnop", "Accept": "application/json"}
    assert Masker().headers(headers) == {"Authorization": "Bearer ***mnop", "Accept": "application/json"}
    assert Masker().query({"key": "12345678901234567890", "q": "fox", "page": "2"}) == {
        "key": "***7890",
        "q": "fox",
        "page": "2",
    }


def test_what_remains_around_a_mask_does_not_read_like_the_secret_again():
    secret = "ab" * 8
    for length in range(8, 40):
        assert secret not in Masker([secret]).text("ab" * length)


def test_short_secrets_show_nothing():
    assert ending("12345678901") == "***"
    assert ending("123456789012") == "***9012"
    assert Masker(["abcd1"]).text("abcd1 x") == "*** x"


def test_large_and_binary_bodies_are_described():
    masker = Masker([CANARY])
    sound = masker.body(b"ID3" + bytes(range(256)) * 100, "audio/mpeg")
    assert sound["size_bytes"] == 25603
    assert len(sound["sha256"]) == 64
    speech = masker.body(json.dumps({"audio_base64": "QUJD" * 5_000_000, "ok": 1}).encode(), "application/json")
    assert speech["audio_base64"]["size_bytes"] == 20_000_000
    assert speech["ok"] == 1
    big = masker.json_body({"lines": [f"line {number} {'words ' * 50}" for number in range(1900)], "key_used": CANARY})
    assert big["cut"] is True
    assert big["size_bytes"] > MAX_BODY_BYTES
    assert len(big["beginning"].encode()) <= MAX_BODY_BYTES
    page = masker.body(("<p>words</p>" * 100_000).encode(), "text/html")
    assert len(page) < MAX_BODY_BYTES
    assert page.endswith("(cut: 1200000 in all)")
    assert masker.body(b"", "application/json") is None
    assert masker.body(b'{"not json', "application/json") == '{"not json'


def test_a_secret_across_the_place_where_a_text_is_cut_does_not_show_half():
    masker = Masker([CANARY])
    for shift in range(40):
        page = "x" * (MAX_BODY_BYTES - 40 + shift) + CANARY + "y" * 50_000
        assert_no_canary(masker.body(page.encode(), "text/plain"))


def test_content_that_is_kept_loses_the_exact_secret_only():
    content = f'{{"a": "{CANARY}", "note": "password=abcdefgh"}}'.encode()
    assert Masker([CANARY]).content(content) == b'{"a": "***2Vt8", "note": "password=abcdefgh"}'


def test_endless_and_recursive_structures_end():
    deep: Any = "bottom"
    for _ in range(200):
        deep = [deep]
    assert "nested deeper" in json.dumps(Masker().value(deep))
    circle: list[Any] = []
    circle.append(circle)
    assert "nested deeper" in json.dumps(Masker().value(circle))
    wide = Masker().value({"items": list(range(5000))})
    assert len(wide["items"]) == 2001
    assert wide["items"][-1] == "… 3000 more"
    assert Masker().value({"a": object()}) == {"a": "(object)"}
    assert repr(Masker([CANARY])) == "Masker()"

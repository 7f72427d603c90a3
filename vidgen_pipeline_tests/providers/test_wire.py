from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vidgen_pipeline.domain.errors import BadReply, InvalidInput
from vidgen_pipeline.providers.wire import (
    BEARER,
    Credentials,
    FilePart,
    KeyPlace,
    Phase,
    WireModel,
    WireReply,
    WireRequest,
    places_for,
    segment,
)


class Clip(WireModel):
    url: str
    seconds: float
    tags: tuple[str, ...] = ()


def reply(content: bytes = b"", status: int = 200, **headers: Any) -> WireReply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return WireReply(
        status=status, headers=named, content=content, received_at=datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
    )


def post(**fields: Any) -> WireRequest:
    return WireRequest(**{"method": "POST", "path": "/v1/x", "phase": Phase.SUBMIT, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "", "url": ""},
        {"url": "https://a.test/"},
        {"path": "v1/x"},
        {"path": "/v1/../x"},
        {"path": "/v1/./x"},
        {"path": "/v1/x?key=1"},
        {"path": "/v1/x#y"},
        {"path": "/v1/a b"},
        {"path": "/v1/ü"},
        {"json": {}, "content": b"x"},
        {"json": {}, "form": {"a": "b"}},
        {"json": {}, "files": {"a": FilePart(file_name="a", media_type="b", content=b"")}},
        {"paid": True, "phase": Phase.POLL},
    ],
)
def test_a_request_that_makes_no_sense_is_refused_where_it_is_made(fields: dict[str, Any]):
    with pytest.raises(ValueError, match=r"request|paid"):
        post(**fields)


def test_a_request_shows_nothing_of_what_it_carries():
    shown = repr(post(json={"api_key": "SECRET"}, query={"key": "SECRET"}, headers={"A": "SECRET"}))
    assert shown == "WireRequest(POST /v1/x, submit)"
    assert "signed" not in repr(WireRequest(method="GET", url="https://a.test/x?signed=1", phase=Phase.DOWNLOAD))


def test_a_fingerprint_says_what_is_made_and_nothing_else():
    same = post(json={"b": 1, "a": "ü"}, headers={"Ai-Trace-Id": "1"}, timeout_seconds=5)
    assert same.fingerprint("acme") == post(json={"a": "ü", "b": 1}).fingerprint("acme")
    others = [
        post(json={"a": "ü", "b": 2}), post(path="/v1/y", json={"a": "ü", "b": 1}), post(form={"a": "ü"}),
        post(query={"a": 1}, json={"a": "ü", "b": 1}), post(json={"a": "ü", "b": 1}, model="m"), post(content=b"x"),
        post(content=b"y"), post(files={"f": FilePart(file_name="f", media_type="m", content=b"z")}),
    ]  # fmt: skip
    prints = {request.fingerprint("acme") for request in [same, *others]} | {same.fingerprint("other")}
    assert len(prints) == len(others) + 2


def test_a_body_is_read_into_a_model_and_what_is_new_in_it_is_ignored():
    clip = reply(b'{"url": "https://a.test/c.mp4", "seconds": 5, "brand_new": true}').read(Clip)
    assert clip == Clip(url="https://a.test/c.mp4", seconds=5.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"  <!doctype html>", "but a web page"),
        (b"{", "not JSON"),
        (b'{"url": "u"}', r"seconds: Field required"),
        (b'{"url": {"secret": "s"}, "seconds": 1}', r"url: Input should be a valid string"),
        (b'{"url": "u", "seconds": 1, "tags": ["a", 5]}', r"tags.1"),
        (b"[]", "the whole"),
        (b'{"url": "u", "seconds": Infinity}', "not JSON"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested too deep"),
        (b"1" * 5000, "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
    ],
)
def test_a_bad_body_is_a_bad_reply_that_says_what_is_wrong_and_shows_no_value(content: bytes, words: str):
    with pytest.raises(BadReply, match=words) as caught:
        reply(content).read(Clip)
    assert "secret" not in str(caught.value)


def test_parts_of_a_body_are_found_or_none():
    answer = reply(b'{"error": {"code": "x", "details": [1]}}')
    assert answer.at("error", "code") == "x"
    assert answer.at("error", "missing") is None
    assert answer.at("error", "details", "deeper") is None
    assert reply(b"not json").at("error") is None
    assert reply(b"[1]").at("error") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"error": {"message": "Too long.", "type": "x"}}', "Too long."),
        (b'{"error": "plain words"}', "plain words"),
        (b'{"detail": {"message": "No such voice", "status": "voice_not_found"}}', "No such voice"),
        (
            b'{"detail": [{"loc": ["body"], "msg": "Field required"}, {"msg": "Too short"}]}',
            "Field required; Too short",
        ),
        (b'{"errors": ["OAuth error: The access token is invalid"]}', "OAuth error: The access token is invalid"),
        (b'{"base_resp": {"status_code": 1004}}', ""),
        (b'{"hint": "Check\\nthe \\u0007key"}', "Check the key"),
        (b"[ERROR 400] Invalid or missing API key", "[ERROR 400] Invalid or missing API key"),
        (b"<html><head><style>b{}</style><title>502 Bad Gateway</title></head><body>nginx</body>", "502 Bad Gateway"),
        (b"<Error><Code>AccessDenied</Code> <Message>expired</Message></Error>", "AccessDenied expired"),
        (b"", ""),
        (b"\xff\xff\x00", "\ufffd\ufffd"),
    ],
)
def test_the_vendors_own_words_are_found(content: bytes, said: str):
    assert reply(content, 400).problem() == said


def test_the_vendors_words_are_kept_short():
    said = reply(b'{"message": "' + b"word " * 500 + b'"}', 400).problem()
    assert len(said) <= 300
    assert said.endswith("…")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "30"}, 30),
        ({"retry_after": " 1.5 "}, 1.5),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"openai_poll_after_ms": "2000"}, 2),
        ({"retry_after": "Tue, 24 Nov 2026 12:01:00 GMT"}, 60),
        ({"retry_after": "Tue, 24 Nov 2026 12:01:00 GMT", "date": "Tue, 24 Nov 2026 12:00:50 GMT"}, 10),
        ({"retry_after": "Tue, 24 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "1e9"}, None),
        ({"retry_after": "9" * 30}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_every_form(headers: dict[str, Any], seconds: float | None):
    assert reply(**headers).retry_after() == seconds


def test_foreign_text_in_a_path_stays_one_segment():
    assert segment("a/b?c#d") == "a%2Fb%3Fc%23d"
    assert segment("Ünï") == "%C3%9Cn%C3%AF"
    for bad in ("", ".", ".."):
        with pytest.raises(InvalidInput):
            segment(bad)


def test_keys_go_to_the_places_that_their_parts_fill():
    signed = KeyPlace(header="authorization", make=lambda parts, now: f"{parts['ak']}@{now:.0f}", needs=("ak", "sk"))
    user = KeyPlace(header="X-User-Id", template="{user}")
    places = (BEARER, signed, user, KeyPlace(query="key"))
    one = Credentials({"key": " k1 "})
    assert [place.value(one, 0) for place in places_for(places, one)] == ["Bearer k1", "k1"]
    two = Credentials({"ak": "a", "sk": "s", "user": "u", "key": ""})
    assert [place.value(two, 5) for place in places_for(places, two)] == ["a@5", "u"]
    assert places_for(places, Credentials({})) == ()


def test_credentials_show_nothing_and_name_their_account():
    one, other = Credentials({"key": "SECRET-1"}), Credentials({"key": "SECRET-2"})
    assert repr(one) == "Credentials(key)"
    assert one.account != other.account
    assert one.account == Credentials({"key": "SECRET-1 "}).account
    assert "SECRET" not in one.account
    for bad in ("two words", "line\nbreak", "ümlaut", "nul\x00"):
        with pytest.raises(InvalidInput, match="characters that no key has"):
            Credentials({"key": bad})

"""Each kind of fault: what the client meets, what the sandbox saw, and whether the work was done and charged."""

from __future__ import annotations

import base64
import contextlib
import zlib
from typing import Any

import httpx
import pytest

from vidgen_pipeline.sandbox.faults import FaultKind
from vidgen_pipeline_tests.sandbox.desk import FILM, KEY, Desk, account

BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


def submit(desk: Desk, **request: Any) -> httpx.Response:
    return desk.toy("POST", "/v1/films", json=FILM, **request)


def films(desk: Desk) -> int:
    return len(desk.toy("GET", "/v1/films").json())


def assert_nothing_was_made(desk: Desk) -> None:
    assert (films(desk), desk.charges()) == (0, [])


def assert_one_was_made_and_charged(desk: Desk) -> None:
    (charge,) = desk.charges()
    assert charge["job"] == desk.toy("GET", "/v1/films").json()[0]["id"]
    assert films(desk) == 1


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (400, "invalid"), (401, "unauthorised"), (402, "out_of_credit"), (403, "forbidden"), (404, "not_found"),
        (408, "invalid"), (409, "conflict"), (422, "invalid"), (429, "rate_limited"), (500, "server_error"),
        (502, "server_error"), (503, "overloaded"), (529, "overloaded"),
    ],
)  # fmt: skip
def test_a_status_comes_with_the_vendors_own_body(desk: Desk, status: int, problem: str):
    desk.fault("status", status=status)
    answer = submit(desk)
    assert (answer.status_code, answer.json()["oops"]) == (status, problem)
    assert answer.json()["request"] == answer.headers["toy-request"]
    (request,) = desk.requests()
    assert (request["status"], request["fault"]) == (status, "status")
    assert_nothing_was_made(desk)
    assert submit(desk).status_code == 201


def test_a_broken_server_may_have_done_the_work(desk: Desk):
    desk.fault("status", status=502, accepted=True)
    assert submit(desk).status_code == 502
    assert_one_was_made_and_charged(desk)


@pytest.mark.parametrize(("wait", "header"), [(1.5, "1.5"), (30, "30"), (None, None)])
def test_too_many_requests_with_and_without_a_time_to_wait(desk: Desk, wait: float | None, header: str | None):
    desk.fault("rate_limited", retry_after=wait)
    answer = submit(desk)
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, header)
    assert_nothing_was_made(desk)


@pytest.mark.parametrize(("kind", "status"), [("unauthorised", 401), ("out_of_credit", 402)])
def test_a_good_key_may_stop_being_one(desk: Desk, kind: str, status: int):
    film = desk.film()
    desk.fault(kind, phase="poll")
    assert desk.toy("GET", f"/v1/films/{film['id']}").status_code == status
    assert desk.look(film)["state"] == "waiting"


def test_a_line_closed_before_reading_leaves_nothing_behind(desk: Desk):
    desk.fault("close_before_reading")
    with pytest.raises(BROKEN):
        submit(desk)
    request = desk.last_request("closed")
    assert (request["status"], request["body"]["bytes"]) == (None, 0)
    assert_nothing_was_made(desk)


def test_a_line_closed_after_accepting_leaves_a_job_and_a_charge(desk: Desk):
    desk.fault("close_after_accepting")
    with pytest.raises(BROKEN):
        submit(desk)
    request = desk.last_request("closed")
    assert request["body"]["bytes"] > 0
    assert_one_was_made_and_charged(desk)


@pytest.mark.parametrize(("kind", "made"), [("stall_before_accepting", 0), ("stall_after_accepting", 1)])
def test_an_answer_that_never_comes(desk: Desk, kind: str, made: int):
    desk.fault(kind)
    with pytest.raises(httpx.ReadTimeout):
        submit(desk, timeout=0.5)
    desk.last_request("left without an answer")
    assert (films(desk), len(desk.charges())) == (made, made)


def test_an_answer_cut_short(desk: Desk):
    desk.fault("cut_short")
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|peer closed"):
        submit(desk)
    assert_one_was_made_and_charged(desk)


def test_a_file_cut_short_can_be_gone_on_with(desk: Desk):
    url = desk.finished(desk.film())["url"]
    whole = desk.client.get(url)
    desk.fault("cut_short", phase="download")
    beginning = bytearray()

    def read() -> None:
        with desk.client.stream("GET", url) as answer:
            for part in answer.iter_raw():
                beginning.extend(part)

    with pytest.raises(BROKEN):
        read()
    assert 0 < len(beginning) < len(whole.content)
    etag = whole.headers["etag"]
    rest = desk.client.get(url, headers={"range": f"bytes={len(beginning)}-", "if-range": etag})
    assert rest.status_code == 206
    assert bytes(beginning) + rest.content == whole.content


def test_garbage(desk: Desk):
    desk.fault("garbage")
    answer = submit(desk)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert_one_was_made_and_charged(desk)


def test_another_schema(desk: Desk):
    desk.fault("wrong_schema")
    assert "id" not in submit(desk).json()
    assert_one_was_made_and_charged(desk)


def test_a_web_page_where_json_was_promised(desk: Desk):
    desk.fault("html", status=403, accepted=False)
    answer = submit(desk)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert_nothing_was_made(desk)


def test_nothing(desk: Desk):
    desk.fault("empty")
    answer = submit(desk)
    assert (answer.status_code, answer.content) == (200, b"")
    assert_one_was_made_and_charged(desk)


def test_one_byte_after_the_other(desk: Desk):
    desk.fault("slow_drip")
    with desk.client.stream("POST", "/toy/v1/films", json=FILM, headers=_headers()) as answer:
        assert int(answer.headers["content-length"]) > 90
        parts = answer.iter_raw()
        assert [next(parts) for _ in range(3)] == [b"{", b'"', b"i"]
    assert_one_was_made_and_charged(desk)


def test_a_body_without_end(desk: Desk):
    desk.fault("huge_body", size_bytes=30_000_000)
    with desk.client.stream("POST", "/toy/v1/films", json=FILM, headers=_headers()) as answer:
        received = sum(len(part) for part in answer.iter_raw())
    assert received > 30_000_000
    assert_one_was_made_and_charged(desk)


def test_a_small_body_that_unpacks_to_a_large_one(desk: Desk):
    desk.fault("gzip_bomb", size_bytes=20_000_000)
    with desk.client.stream("POST", "/toy/v1/films", json=FILM, headers=_headers()) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        packed = b"".join(answer.iter_raw())
    assert len(packed) < 100_000
    assert len(zlib.decompress(packed, 47)) > 20_000_000


@pytest.mark.parametrize("kind", ["unauthorised", "garbage", "wrong_schema", "html", "redirect_to_private"])
def test_a_vendor_may_repeat_the_key(desk: Desk, kind: str):
    desk.fault(kind, echo=True)
    answer = submit(desk)
    said = answer.headers.get("location", "").encode() + answer.content
    assert KEY.encode() in said
    assert [answer.headers["x-trace-id"], KEY in answer.headers["link"]] == [KEY, True]
    assert base64.b64decode(answer.headers["authorization"].partition(" ")[2]).decode() == f"user:{KEY}"
    desk.fault(kind)
    assert KEY not in str(submit(desk).headers)


def test_a_job_that_fails_may_repeat_the_key(desk: Desk):
    desk.fault("job_failed", echo=True)
    answer = submit(desk)
    assert (answer.status_code, answer.headers["x-trace-id"]) == (201, KEY)


def test_a_redirect_into_the_private_network(desk: Desk):
    url = desk.finished(desk.film())["url"]
    desk.fault("redirect_to_private", phase="download")
    answer = desk.client.get(url)
    assert (answer.status_code, answer.headers["location"]) == (302, "http://169.254.169.254/latest/meta-data/")
    desk.fault("redirect_to_private", phase="download", status=307, location="https://[fd00::1]/x")
    answer = desk.client.get(url)
    assert (answer.status_code, answer.headers["location"]) == (307, "https://[fd00::1]/x")


def test_an_address_that_has_run_out(desk: Desk):
    url = desk.finished(desk.film())["url"]
    desk.fault("expired_url")
    answer = desk.client.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/xml")
    assert "Request has expired" in answer.text
    assert desk.client.get(url).status_code == 200


def test_a_job_that_never_ends(desk: Desk):
    desk.fault("job_stuck")
    film = desk.film()
    assert {desk.look(film)["state"] for _ in range(12)} == {"waiting", "filming"}
    assert desk.look(film)["progress"] <= 0.5
    assert len(desk.charges()) == 1


def test_a_job_that_fails_is_given_back(desk: Desk):
    desk.fault("job_failed")
    film = desk.finished(desk.film())
    assert (film["state"], film["url"]) == ("broken", None)
    (charge,) = desk.charges()
    assert charge["refunded_at"]


def test_a_fault_may_hit_a_job_that_is_under_way(desk: Desk):
    first, second = desk.film(), desk.film()
    desk.fault("job_failed", phase="poll")
    assert desk.finished(first)["state"] == "broken"
    assert desk.finished(second)["state"] == "done"


def test_moderation_refuses_a_prompt_at_once(desk: Desk):
    desk.fault("moderation", phase="submit")
    answer = submit(desk)
    assert (answer.status_code, answer.json()["oops"]) == (451, "moderation")
    assert_nothing_was_made(desk)


def test_moderation_refuses_what_was_made(desk: Desk):
    film = desk.film()
    desk.fault("moderation", phase="poll")
    assert desk.finished(film)["state"] == "refused"
    assert desk.charges()[0]["refunded_at"]


def test_the_word_that_is_against_every_policy(desk: Desk):
    answer = desk.toy("POST", "/v1/films", json={"prompt": "A fox, Sandbox-Refuse, in the snow"})
    assert answer.json()["oops"] == "moderation"


def test_how_often_and_after_how_many(desk: Desk):
    desk.fault("status", status=503, after=1, times=2)
    assert [submit(desk).status_code for _ in range(4)] == [201, 503, 503, 201]
    (order,) = desk.client.get("/_control/faults").json()["faults"]
    assert (order["passed"], order["met"]) == (1, 2)
    desk.fault("empty", times=None)
    assert [submit(desk).content for _ in range(3)] == [b""] * 3


def test_whose_requests_and_which(desk: Desk):
    film = desk.film()
    desk.fault("empty", phase="poll")
    assert submit(desk).status_code == 201
    desk.fault("empty", path="/v1/fi*", account=account("sandbox-other"))
    assert submit(desk).status_code == 201
    assert submit(desk, key="sandbox-other").content == b""
    desk.fault("empty", provider="elevenlabs", times=None)
    desk.fault("empty", path="/v2/*", times=None)
    assert submit(desk).status_code == 201
    assert desk.toy("GET", f"/v1/films/{film['id']}").content == b""


def test_one_fault_after_the_other(desk: Desk):
    desk.fault("status", status=500)
    desk.fault("rate_limited")
    assert [submit(desk).status_code for _ in range(3)] == [500, 429, 201]


def test_faults_of_the_work_wait_for_requests_they_can_hit(desk: Desk):
    desk.fault("job_failed")
    assert desk.toy("GET", "/v1/films").status_code == 200
    assert desk.finished(desk.film())["state"] == "broken"


@pytest.mark.parametrize("kind", list(FaultKind))
def test_the_next_request_is_answered_as_if_nothing_had_been(desk: Desk, kind: FaultKind):
    film = desk.film()
    desk.fault(kind, phase="poll")
    with contextlib.suppress(httpx.HTTPError):
        path = f"/toy/v1/films/{film['id']}"
        with desk.client.stream("GET", path, headers=_headers(), timeout=0.3) as answer:
            next(answer.iter_raw(), b"")
    assert desk.look(film)["state"] in {"waiting", "filming"}


def _headers() -> dict[str, str]:
    return {"authorization": "Bearer sandbox-tests-0001", "toy-version": "1"}

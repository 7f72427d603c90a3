"""The control desk: the ledger, the requests, and starting afresh."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from decimal import Decimal

from vidgen_pipeline_tests.sandbox.desk import FILM, KEY, Desk, account


def test_a_charge_says_who_what_how_much_and_for_which_job(desk: Desk):
    film = desk.film(seconds=2, name="ours-17")
    (charge,) = desk.charges()
    assert charge["provider"] == "toy"
    assert charge["account"] == account(KEY)
    assert charge["operation"] == "film"
    assert charge["units"] == {"seconds": 2}
    assert charge["amount_usd"] == "0.50"
    assert (charge["job"], charge["reference"]) == (film["id"], "ours-17")
    assert charge["refunded_at"] is None
    assert datetime.fromisoformat(charge["time"]).tzinfo


def test_what_is_refused_is_not_charged(desk: Desk):
    for body in (
        {},
        {**FILM, "seconds": 3},
        {**FILM, "seconds": "1"},
        {**FILM, "extra": 1},
        {"prompt": "sandbox-refuse"},
    ):
        assert desk.toy("POST", "/v1/films", json=body).status_code >= 400
    assert not desk.charges()


def test_the_total_counts_what_was_not_given_back(desk: Desk):
    desk.film()
    desk.fault("job_failed")
    desk.finished(desk.film(seconds=2))
    ledger = desk.client.get("/_control/ledger").json()
    assert [charge["amount_usd"] for charge in ledger["charges"]] == ["0.25", "0.50"]
    assert Decimal(ledger["total_usd"]) == Decimal("0.25")


def test_every_request_is_written_down(desk: Desk):
    sent = json.dumps(FILM).encode()
    answer = desk.toy("POST", "/v1/films", content=sent, headers={"content-type": "application/json"})
    desk.look(answer.json())
    desk.toy("GET", "/v1/films?limit=5")
    desk.toy("DELETE", f"/v1/films/{answer.json()['id']}")
    desk.toy("GET", "/v9/nowhere")
    desk.toy("PATCH", "/v1/films")
    seen = desk.requests()
    assert [request["phase"] for request in seen] == ["submit", "poll", "read", "cancel", "", ""]
    assert [request["status"] for request in seen] == [201, 200, 200, 200, 404, 405]
    assert {request["outcome"] for request in seen} == {"answered"}
    assert seen[0]["body"] == {"bytes": len(sent), "sha256": hashlib.sha256(sent).hexdigest()}
    assert (seen[2]["method"], seen[2]["path"], seen[2]["query"]) == ("GET", "/v1/films", "limit=5")
    assert seen[0]["request_id"] == answer.headers["toy-request"]
    assert len(desk.requests(phase="submit")) == 1
    assert not desk.requests(provider="elevenlabs")


def test_unknown_paths_are_answered_in_the_vendors_words(desk: Desk):
    answer = desk.toy("GET", "/v9/nowhere")
    assert answer.json()["oops"] == "not_found"
    assert desk.client.get("/no_such_vendor/v1").status_code == 404


def test_a_fault_of_the_double_itself_is_a_server_error(desk: Desk):
    answer = desk.toy("GET", "/v1/broken")
    assert (answer.status_code, answer.json()["oops"]) == (500, "server_error")


def test_a_header_that_the_vendor_wants_is_checked_after_the_key(desk: Desk):
    answer = desk.toy("GET", "/v1/films", headers={"toy-version": "2"})
    assert (answer.status_code, answer.json()["about"]) == (400, "toy-version")
    assert desk.toy("GET", "/v1/films", key="bad-1", headers={"toy-version": "2"}).status_code == 401


def test_a_reset_forgets_everything(desk: Desk):
    film = desk.finished(desk.film())
    desk.toy("PUT", "/v1/uploads", content=b"12345")
    desk.fault("html", times=None)
    desk.control("clock", advance_seconds=1e6)
    desk.control("jobs", pending_polls=0)
    desk.control("reset")
    assert not desk.charges()
    assert not desk.requests()
    assert desk.client.get("/_control/faults").json() == {"faults": []}
    assert desk.toy("GET", "/v1/films").json() == []
    assert desk.client.get(film["url"]).status_code == 404
    assert desk.toy("PUT", "/v1/uploads", content=b"1").json()["sizes"] == [1]
    assert desk.look(desk.film())["state"] == "waiting"


def test_a_wrong_order_is_explained(desk: Desk):
    for name, order, said in (
        ("faults", {"provider": "toy", "kind": "earthquake"}, "kind"),
        ("faults", {"provider": "toy", "kind": "html", "tiems": 2}, "tiems"),
        ("clock", {"now": "soon"}, "now"),
        ("jobs", {"pending_polls": -1}, "pending_polls"),
    ):
        answer = desk.client.post(f"/_control/{name}", json=order)
        assert answer.status_code == 422
        assert answer.text.startswith(said)


def test_the_front_page_names_the_doubles(desk: Desk):
    assert desk.client.get("/").json()["providers"] == ["elevenlabs", "toy"]

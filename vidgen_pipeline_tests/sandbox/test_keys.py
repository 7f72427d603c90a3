"""Who is asking: accounts by their keys, and keys that are shown nowhere."""

from __future__ import annotations

import pytest

from vidgen_pipeline_tests.sandbox.desk import FILM, KEY, Desk, account


@pytest.mark.parametrize("key", ["bad-key-0000001", "sk-ant-a-real-one", "sandboxed-0001", "SANDBOX-0001"])
def test_an_unknown_key_is_refused_in_the_vendors_words(desk: Desk, key: str):
    answer = desk.toy("POST", "/v1/films", key=key, json=FILM)
    assert answer.status_code == 401
    assert answer.json()["oops"] == "unauthorised"
    assert not desk.charges()


def test_a_missing_key_is_told_from_a_wrong_one(desk: Desk):
    answer = desk.client.get("/toy/v1/films", headers={"toy-version": "1"})
    assert (answer.status_code, answer.json()["oops"]) == (401, "no_key")


@pytest.mark.parametrize("value", ["sandbox-tests-0001", "Basic sandbox-tests-0001", "Bearer"])
def test_a_key_in_another_form_than_the_vendors_is_none(desk: Desk, value: str):
    answer = desk.client.get("/toy/v1/films", headers={"toy-version": "1", "authorization": value})
    assert (answer.status_code, answer.json()["oops"]) == (401, "no_key")


def test_a_broke_account_may_look_but_not_buy(desk: Desk):
    assert desk.toy("GET", "/v1/films", key="broke-0001").status_code == 200
    answer = desk.toy("POST", "/v1/films", key="broke-0001", json=FILM)
    assert (answer.status_code, answer.json()["oops"]) == (402, "out_of_credit")
    assert desk.toy("GET", "/v1/films", key="broke-0001").json() == []
    assert not desk.charges()


def test_a_limited_account_is_asked_to_wait(desk: Desk):
    answer = desk.toy("GET", "/v1/films", key="limited-0001")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_accounts_do_not_see_each_others_jobs_and_money(desk: Desk):
    film = desk.film()
    other = "sandbox-tests-0002"
    assert desk.toy("GET", f"/v1/films/{film['id']}", key=other).status_code == 404
    assert desk.toy("DELETE", f"/v1/films/{film['id']}", key=other).status_code == 404
    assert desk.toy("GET", "/v1/films", key=other).json() == []
    assert len(desk.charges(account=account(KEY))) == 1
    assert not desk.charges(account=account(other))


def test_no_key_is_kept_anywhere(desk: Desk):
    canary = "sandbox-canary-k3y-5f19"
    desk.toy("POST", f"/v1/films?token={canary}", key=canary, json=FILM)
    desk.toy("GET", "/v1/films", key=canary, headers={"x-forwarded-key": f"also {canary}", "cookie": "session=1"})
    for page in ("ledger", "requests", "faults"):
        assert canary not in desk.client.get(f"/_control/{page}").text
    first, second = desk.requests()
    assert first["headers"]["authorization"] == "***5f19"
    assert first["query"] == "token=***5f19"
    assert second["headers"]["x-forwarded-key"] == "***5f19"
    assert "session" not in second["headers"]["cookie"]
    assert first["account"] == second["account"] == account(canary)

"""A person at the sandbox: asks a double over a real socket and reads the control desk."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx

from vidgen_pipeline.sandbox.keys import account_of

KEY = "sandbox-tests-0001"
FILM = {"prompt": "A fox in the snow"}


class Desk:
    def __init__(self, url: str) -> None:
        self.url = url
        self.client = httpx.Client(base_url=url, timeout=30, follow_redirects=False)

    def toy(self, method: str, path: str, *, key: str = KEY, **request: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}", "toy-version": "1", **request.pop("headers", {})}
        return self.client.request(method, f"/toy{path}", headers=headers, **request)

    def film(self, *, key: str = KEY, **fields: Any) -> dict[str, Any]:
        answer = self.toy("POST", "/v1/films", key=key, json={**FILM, **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def look(self, film: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.toy("GET", f"/v1/films/{film['id']}").json())

    def finished(self, film: Mapping[str, Any]) -> dict[str, Any]:
        for _ in range(20):
            found = self.look(film)
            if found["state"] not in {"waiting", "filming"}:
                return found
        raise AssertionError("it never ends")

    def fault(self, kind: str, *, provider: str = "toy", **order: Any) -> None:
        answer = self.client.post("/_control/faults", json={"provider": provider, "kind": kind, **order})
        assert answer.status_code == 201, answer.text

    def control(self, name: str, **order: Any) -> dict[str, Any]:
        answer = self.client.post(f"/_control/{name}", json=order)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def charges(self, **query: str) -> list[dict[str, Any]]:
        return list(self.client.get("/_control/ledger", params=query).json()["charges"])

    def requests(self, **query: str) -> list[dict[str, Any]]:
        return list(self.client.get("/_control/requests", params=query).json()["requests"])

    def last_request(self, outcome: str) -> dict[str, Any]:
        """The newest request, once the sandbox has seen what became of it: we may hear of a broken line first."""
        deadline = time.monotonic() + 10
        while (found := self.requests()[-1])["outcome"] != outcome and time.monotonic() < deadline:
            time.sleep(0.01)
        return found


def account(key: str = KEY) -> str:
    return account_of(key).id

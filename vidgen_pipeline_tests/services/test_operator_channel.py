"""The operator's channel: apprise is an extra, so here once without it and once with a stand-in for it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool
from vidgen_pipeline.domain.notifications import Undelivered
from vidgen_pipeline.services.operator_channel import check_operator_channel, tell_operator

STAND_IN = """
import asyncio
told = []
class Apprise:
    def __init__(self): self.urls = []
    def add(self, url):
        self.urls.append(url)
        return url.startswith("json://")
    async def async_notify(self, *, title, body):
        if "hangs" in self.urls[0]: await asyncio.sleep(3600)
        told.append((self.urls, title, body))
        return "refuses" not in self.urls[0]
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "apprise.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "apprise", raising=False)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # how Python itself notes a package as missing


def tell(urls: str, monkeypatch: pytest.MonkeyPatch, *, seconds: float = 5) -> None:
    monkeypatch.setenv("VIDGEN_APPRISE_URLS", urls)
    asyncio.run(tell_operator("“Bees” failed", "Why.", deadline_seconds=seconds))


def test_the_operator_is_told_at_every_address(stand_in: None, monkeypatch: pytest.MonkeyPatch):
    tell(" json://one \n json://two?a=1,2 ", monkeypatch)
    told = sys.modules["apprise"].told  # type: ignore[attr-defined]
    assert told == [(["json://one", "json://two?a=1,2"], "“Bees” failed", "Why.")]
    check_operator_channel()


def test_what_did_not_arrive_is_said_without_the_address(stand_in: None, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(Undelivered, match="did not take the notice"):
        tell("json://refuses/token", monkeypatch)
    with pytest.raises(Undelivered, match=r"not done within 0\.1 s"):
        tell("json://hangs/token", monkeypatch, seconds=0.1)
    with pytest.raises(Undelivered, match="Address 2 in VIDGEN_APPRISE_URLS") as caught:
        tell("json://one nonsense://token", monkeypatch)
    assert "token" not in str(caught.value)
    with pytest.raises(InvalidInput, match="Address 2"):
        check_operator_channel()


def test_a_missing_package_is_named(without: None, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(Undelivered, match="the package apprise is not installed"):
        tell("json://one", monkeypatch)
    with pytest.raises(MissingTool, match="pip install apprise"):
        check_operator_channel()


def test_nobody_misses_it_who_does_not_use_it(without: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VIDGEN_APPRISE_URLS", raising=False)
    check_operator_channel()

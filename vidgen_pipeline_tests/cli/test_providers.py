"""Vendors on the command line: which there are, test mode without a key, and what the log keeps."""

from __future__ import annotations

import json
import os

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import elevenlabs
from vidgen_pipeline_tests.cli.conftest import Run

CANARY = "sandbox-canary-4711-secret"


@pytest.fixture(autouse=True)
def _no_keys_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in catalogue().values():
        for written in provider.key_variables:
            monkeypatch.delenv(written.rpartition("=")[2], raising=False)
    monkeypatch.delenv("VIDGEN_SANDBOX_URL", raising=False)


def test_every_provider_is_listed_with_its_state(run: Run):
    rows = {row["id"]: row for row in json.loads(run("providers", "--json").stdout)}
    assert set(rows) == set(catalogue())
    assert (rows["hibari"]["state"], rows["hibari"]["price"]) == ("ready", "free")
    assert rows["anthropic"]["state"] == "needs a key"
    assert rows["playht"]["state"] == "retired"
    assert rows["unsplash"]["state"] == "switched off"
    os.environ["ANTHROPIC_API_KEY"] = CANARY
    ran = run("providers", "--json")
    assert {row["id"]: row["state"] for row in json.loads(ran.stdout)}["anthropic"] == "ready (operator's key)"
    assert CANARY not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("arguments", "phrases"),
    [
        (("--voice-provider", "playht"), ["ended on", "31 December 2025"]),
        (("--media-provider", "unsplash"), ["switched off"]),
        (("--media-provider", "pexels"), ["no key for Pexels", "PEXELS_API_KEY"]),
        (("--media-provider", "pexls"), ["media provider", "'pexels'"]),
        (("--assembly-provider", "hibari"), ["no assembly provider called 'hibari'"]),
    ],
)
def test_a_provider_that_cannot_be_used_is_refused_before_any_work(
    arguments: tuple[str, ...], phrases: list[str], run: Run, engine: Engine
):
    with open("a.txt", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("Cats purr.")
    ran = run("make", "--script", "a.txt", *arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    for phrase in phrases:
        assert phrase in ran.stderr
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM videos")).scalar_one() == 0


def test_checking_without_a_key_says_so(run: Run):
    assert "No key is set" in run("providers", "check").stdout
    ran = run("providers", "check", "anthropic")
    assert ran.exit_code == 2
    assert "ANTHROPIC_API_KEY" in ran.stderr


def test_the_voices_of_an_account_are_listed_with_a_place_to_hear_them(run: Run):
    with running_sandbox(vendors=[elevenlabs.VENDOR]) as url:
        os.environ["VIDGEN_SANDBOX_URL"] = url
        listed = run("providers", "voices", "elevenlabs").stdout
    assert "JBFqnCBsd6RMkjVDRZzb" in listed
    assert "George" in listed
    assert "http://" in listed
    del os.environ["VIDGEN_SANDBOX_URL"]
    assert "heart" in run("providers", "voices", "hibari").stdout
    for arguments, words in (((), "Whose voices"), (("kling",), "no voice provider called 'kling'")):
        refused = run("providers", "voices", *arguments)
        assert (refused.exit_code, words in refused.stderr) == (2, True), refused.stderr


def test_a_prompt_becomes_a_video_in_test_mode_and_every_exchange_is_kept_masked(run: Run, engine: Engine):
    os.environ["ANTHROPIC_API_KEY"] = CANARY
    ran = run(
        "make", "How bees find their way home", "--sandbox", "--length", "8", "--aspect-ratio", "1:1",
        "--script-provider", "anthropic", "--music", "none", "--out", "bees.mp4", "--json",
    )  # fmt: skip
    assert ran.exit_code == 0, ran.stderr
    made = json.loads(ran.stdout)
    assert (made["test_mode"], made["cost_usd"]) == (True, 0)
    assert made["steps"][0]["provider"] == "anthropic"
    assert 5_000 < made["duration_ms"] < 14_000

    [exchange] = json.loads(run("logs", "--video", made["video_id"], "--json").stdout)
    assert (exchange["provider"], exchange["method"], exchange["status_code"]) == ("anthropic", "POST", 200)
    assert exchange["endpoint"].endswith("/v1/messages")
    whole = run("log", exchange["id"][:8]).stdout
    assert "How bees find their way home" in whole
    assert json.loads(whole)["request_headers"]["Authorization"].startswith("Bearer ***")
    assert CANARY not in whole + ran.stderr
    listed = run("logs").stdout
    for shown in (exchange["id"][:8], "anthropic", "200", "POST", exchange["endpoint"]):
        assert shown in listed, listed
    assert run("logs", "--errors").stdout.startswith("No exchanges")
    with engine.connect() as connection:
        calls = connection.execute(text("SELECT status, test_mode FROM provider_calls")).all()
    assert [tuple(call) for call in calls] == [("done", True)]

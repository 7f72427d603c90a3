"""Keys, settings, tokens and users, as typed."""

from __future__ import annotations

import io
import json
import os
import re

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.services.tokens import caller_of_token
from vidgen_pipeline_tests.cli.conftest import Ran, Run
from vidgen_pipeline_tests.providers.canary import spellings
from vidgen_pipeline_tests.services.whole_database import everything_in

CANARY = "sk-canary-4711-of-the-owner-9f3a"


@pytest.fixture(autouse=True)
def _no_keys_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in catalogue().values():
        for written in provider.key_variables:
            monkeypatch.delenv(written.rpartition("=")[2], raising=False)
    for name in ("VIDGEN_SHARE_KEYS", "VIDGEN_SANDBOX_URL", "VIDGEN_MASTER_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def piped(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run_with_input(typed: str, *arguments: str) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return run(*arguments)

    return run_with_input


def test_a_key_from_its_first_day_to_its_last(run: Run, piped: Run, engine: Engine):
    assert "You have no keys" in run("keys", "list").stdout
    ran = piped(f"{CANARY}\n", "keys", "set", "anthropic")
    assert ran.exit_code == 0, ran.stderr
    shown = [ran, run("keys", "list"), run("keys", "list", "--json"), run("doctor"), run("providers", "--json")]
    assert "***9f3a" in shown[0].stdout
    assert "***9f3a" in shown[1].stdout
    assert "yours: anthropic" in shown[3].stdout
    states = {row["id"]: row["state"] for row in json.loads(shown[4].stdout)}
    assert states["anthropic"] == "ready (your key)"
    assert "Encrypted anew: 1 keys for providers." in run("keys", "rotate").stdout
    assert not [one for one in shown if CANARY in one.stdout + one.stderr]
    dump = everything_in(engine)
    assert not [spelling for spelling in spellings(CANARY) if spelling in dump]

    assert "switched off" in run("keys", "disable", "anthropic").stdout
    assert (
        "Your key for Anthropic Claude is switched off" in run("make", "Bees", "--script-provider", "anthropic").stderr
    )
    assert "switched on" in run("keys", "enable", "anthropic").stdout
    assert "forgotten" in run("keys", "remove", "anthropic").stdout
    ran = run("keys", "remove", "anthropic")
    assert (ran.exit_code, "vidgen keys list" in ran.stderr) == (2, True)


def test_a_key_of_two_parts_is_read_line_by_line(run: Run, piped: Run):
    ran = piped(f"access_key=kling-access-0001\nsecret_key={CANARY}\n", "keys", "set", "kling")
    assert "***0001" in ran.stdout, ran.stderr
    for typed, words in (("", "no key on standard input"), ("one\ntwo", "access_key="), ("short", "too short")):
        ran = piped(typed, "keys", "set", "kling")
        assert (ran.exit_code, words in ran.stderr) == (2, True), ran.stderr
    assert piped("x", "keys", "set", "hibari").exit_code == 2


def test_a_key_is_checked_with_the_providers_free_request(run: Run, piped: Run):
    piped(f"{CANARY}\n", "keys", "set", "anthropic")
    with running_sandbox() as url:
        os.environ["VIDGEN_SANDBOX_URL"] = url
        ran = run("keys", "check", "anthropic")
        assert ran.exit_code == 0, ran.stderr
        assert ran.stdout.startswith("anthropic: ")
    os.environ["VIDGEN_SANDBOX_URL"] = ""


def test_the_operators_key_is_named_as_such(run: Run):
    os.environ["PEXELS_API_KEY"] = "pexels-of-the-operator"
    assert "the operator's, used because nobody else uses this machine: pexels" in run("doctor").stdout
    run("users", "add", "alice")
    assert "none (vidgen keys set PROVIDER adds one)" in run("doctor").stdout
    os.environ["VIDGEN_SHARE_KEYS"] = "1"
    assert "the operator's, shared with all users: pexels" in run("doctor").stdout


def test_settings_are_shown_and_set(run: Run):
    shown = run("settings").stdout
    assert re.search(r"^subtitle_style +modern$", shown, re.MULTILINE)
    assert re.search(r"^voice_provider +hibari \(the first that can be used here\)$", shown, re.MULTILINE)
    assert "No key is set that could write a script" in shown
    for key, value in (
        ("voice_provider", "espeak"), ("subtitle-style", "bold"), ("voice.hibari", "heart"), ("music", "none"),
    ):  # fmt: skip
        ran = run("settings", "set", key, value)
        assert ran.stdout == "Saved.\n", ran.stderr
    plain = json.loads(run("settings", "show", "--json").stdout)
    assert (plain["subtitle_style"], plain["voices"], plain["music_mood"]) == ("bold", {"hibari": "heart"}, "none")
    assert plain["effective_providers"]["voice"]["reason"] == "your default"
    assert plain["version"] == 5
    run("settings", "set", "voice_provider", "none")
    assert json.loads(run("settings", "show", "--json").stdout)["default_voice_provider"] is None
    for key, value, words in (
        ("voice_provider", "espek", "'espeak'"), ("colour", "red", "There is no setting"), ("voices", "x", "setting"),
        ("video_ai_provider", "kling", "vidgen keys set kling"),
    ):  # fmt: skip
        ran = run("settings", "set", key, value)
        assert (ran.exit_code, words in ran.stderr) == (2, True), ran.stderr


def test_a_video_is_planned_as_the_settings_say(run: Run, engine: Engine):
    run("settings", "set", "aspect_ratio", "1:1")
    with open("a.txt", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("Cats purr.")
    ran = run("plan", "--script", "a.txt", "--json")
    assert ran.exit_code == 0, ran.stderr
    with engine.connect() as connection:
        ratio = connection.execute(text("SELECT request ->> 'aspect_ratio' FROM videos")).scalar_one()
    assert ratio == "1:1"


def test_tokens_are_made_listed_and_revoked(run: Run, engine: Engine):
    assert "There are no tokens" in run("tokens", "list").stdout
    ran = run("tokens", "create", "laptop", "--scope", "videos:read", "--scope", "videos:write", "--days", "3")
    token = ran.stdout.strip()
    assert caller_of_token(engine, token).scopes == {"videos:read", "videos:write"}
    listed = run("tokens", "list").stdout
    assert token[:16] in listed
    assert token not in listed
    [plain] = json.loads(run("tokens", "list", "--json").stdout)
    assert (plain["name"], plain["scopes"], plain["is_expired"]) == ("laptop", ["videos:read", "videos:write"], False)
    assert "Revoked" in run("tokens", "revoke", token[:10]).stdout
    assert run("tokens", "revoke", token[:10]).exit_code == 2
    assert run("tokens", "create", "laptop", "--scope", "videos:reed").exit_code == 2


def test_users_are_added_and_changed(run: Run):
    ran = run("users", "add", "alice", "--email", "alice@example.org")
    assert re.fullmatch(r"[\w-]{43}\n", ran.stdout)
    assert run("users", "link", "ALICE@example.org").stdout != ran.stdout
    assert run("users", "role", "alice", "admin").stdout == "alice: admin.\n"
    assert run("users", "disable", "alice").stdout == "alice is disabled.\n"
    listed = run("users").stdout
    assert re.search(r"^local +admin +has no password yet", listed, re.MULTILINE)
    assert re.search(r"^alice +alice@example.org +admin +disabled", listed, re.MULTILINE)
    assert "let in again" in run("users", "enable", "alice").stdout
    for arguments in (("role", "alice", "king"), ("link", "bob"), ("add", "a b"), ("add", "Alice")):
        assert run("users", *arguments).exit_code in {1, 2}

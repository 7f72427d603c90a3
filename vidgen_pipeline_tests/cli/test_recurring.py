"""Plans that recur, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidgen_pipeline_tests.cli.conftest import Run

PROMPT = "A fact about {topic} for {weekday}"


def test_a_plan_is_added_shown_stopped_started_and_removed(run: Run):
    Path("topics.txt").write_text("bees\n\n  tea \n", encoding="utf-8")
    arguments = ("--every", "weekday", "--at", "09:00", "--zone", "Europe/Berlin", "--topics", "topics.txt")
    ran = run("recurring", "add", "facts", PROMPT, *arguments, "--sandbox")
    assert ran.exit_code == 0, ran.stderr
    assert "09:00 Europe/Berlin" in ran.stdout
    (plan,) = json.loads(run("recurring", "--json").stdout)
    assert (plan["name"], plan["cron"], plan["topics_left"], plan["enabled"]) == ("facts", "0 9 * * 1-5", 2, True)
    assert "stopped" in run("recurring", "stop", "facts").stdout
    assert "stopped" in run("recurring").stdout
    assert "goes on" in run("recurring", "start", "facts").stdout
    assert "removed" in run("recurring", "remove", "facts").stdout
    assert json.loads(run("recurring", "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (("--every", "someday"), "which days"),
        (("--at", "25:00"), "no time of day"),
        (("--cron", "* * * * *"), "more often than"),
        (("--zone", "Europe/Berlln"), "Europe/Berlin"),
        (("--topics", "nowhere.txt"), "can't be read"),
        ((), "no list of topics"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(arguments: tuple[str, ...], phrase: str, run: Run):
    ran = run("recurring", "add", "facts", PROMPT, *arguments, "--sandbox")
    assert ran.exit_code == 2
    assert phrase in ran.stderr
    assert json.loads(run("recurring", "--json").stdout) == []

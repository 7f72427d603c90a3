"""Limits and the pause, as typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidgen_pipeline_tests.cli.conftest import Run


def test_a_limit_is_set_shown_and_lifted(run: Run):
    assert "No limit is set" in run("budget").stdout
    shown = run("budget", "set", "month", "20", "--warn-at", "75").stdout
    assert [word in shown for word in ("month (you)", "20.00", "0.00", "75 %")] == [True] * 4
    assert "day (all together)" in run("budget", "set", "day", "7.50", "--for-all").stdout
    assert "lifted" in run("budget", "remove", "month").stdout
    assert "no such limit" in run("budget", "remove", "month").stdout


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (("set", "week", "20"), "day"),
        (("set", "month", "much"), "no amount"),
        (("set", "month", "9999999"), "can't be"),
    ],
)
def test_a_limit_that_is_none_is_refused(arguments: tuple[str, ...], phrase: str, run: Run):
    ran = run("budget", *arguments)
    assert ran.exit_code == 2
    assert phrase in ran.stderr


def test_while_paused_nothing_is_made(run: Run):
    assert "Paused" in run("pause", "the invoice is odd").stdout
    Path("bees.txt").write_text("Bees dance. They tell where flowers are.", encoding="utf-8")
    ran = run("make", "--script", "bees.txt")
    assert ran.exit_code == 1
    assert "Generation is paused: the invoice is odd" in ran.stderr
    assert "goes on" in run("resume").stdout

"""Run the command in this process, as a person's shell would run it in its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vidgen_pipeline.cli import main
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Databases


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Ran]


@pytest.fixture
def run(
    tmp_path: Path,
    home: Home,
    server: Databases,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """The `vidgen` command, in an empty working folder, on this test's own database."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    # The command adds variables to this process's environment; the copy is thrown away with the test.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    os.environ["VIDGEN_HOME"] = str(home.root)
    os.environ["VIDGEN_DATABASE_URL"] = database_url
    os.environ["VIDGEN_DAGSTER_DATABASE_URL"] = server.dagster_url

    def run_command(*arguments: str | Path) -> Ran:
        before = signal.getsignal(signal.SIGINT)
        monkeypatch.setattr("sys.argv", ["vidgen", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            signal.signal(signal.SIGINT, before)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run_command

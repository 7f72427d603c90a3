"""`vidgen test`: everything a change must pass, the quick checks first and the tests last."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from vidgen_pipeline.domain.errors import MissingTool

CHECKOUT = Path(__file__).resolve().parents[2]
FAULTS = "vidgen_pipeline_tests/faults"
MOST_PROCESSES = 4


def run_tests(arguments: Sequence[str], checkout: Path = CHECKOUT, *, faults: bool = False) -> int:
    """Run the checks, then pytest with `arguments`; paths in them start from the checkout.

    Every check is run, even after one has failed: one line if it passes, and all it has to say if not. Pytest comes
    last, so its summary is the last line; without arguments it runs all tests, in several processes. With `faults`
    pytest alone is run, over the fault tests and all of their cases. Returns 0 if all went well. Raises MissingTool
    where there is no checkout, and so no tests: in a package installed from a wheel.
    """
    if not (checkout / "vidgen_pipeline_tests").is_dir():
        raise MissingTool("The tests are not here: an installed package has none.", remedy="Run them in a checkout.")
    if faults:
        command = [sys.executable, "-m", "pytest", FAULTS, *_all_at_once(), *arguments]
        return subprocess.run(command, cwd=checkout, check=False, env={**os.environ, "VIDGEN_FAULTS": "all"}).returncode
    with _caches(checkout) as caches:
        failed = [name for name, command in _checks(caches).items() if not _passes(name, command, checkout)]
    command = [sys.executable, "-m", "pytest", *(arguments or _all_at_once())]
    pytest = subprocess.run(command, cwd=checkout, check=False)
    return pytest.returncode or int(bool(failed))


def _all_at_once() -> Sequence[str]:
    """All tests in several processes, each with a database server of its own and about 1.2 GB."""
    return ("-n", str(min(os.cpu_count() or 1, MOST_PROCESSES)), "--dist", "worksteal")


@contextmanager
def _caches(checkout: Path) -> Iterator[Path]:
    """Where the checks remember what they saw: the checkout or, if it can't be written, a folder for this once."""
    if os.access(checkout, os.W_OK):
        yield checkout
    else:
        with TemporaryDirectory(prefix="vidgen-test-") as folder:
            yield Path(folder)


def _checks(caches: Path) -> Mapping[str, Sequence[str]]:
    ruff_cache = ("--cache-dir", str(caches / ".ruff_cache"))
    lint_imports = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return {
        "ruff check": ("-m", "ruff", "check", "--quiet", *ruff_cache),
        "ruff format": ("-m", "ruff", "format", "--check", *ruff_cache),
        "mypy": ("-m", "mypy", "--cache-dir", str(caches / ".mypy_cache")),
        "lint-imports": ("-c", lint_imports, "--no-logo", "--cache-dir", str(caches / ".import_linter_cache")),
    }


def _passes(name: str, command: Sequence[str], checkout: Path) -> bool:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=checkout,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    passed = done.returncode == 0
    typer.echo(f"{name}: {'passed' if passed else 'FAILED'}")
    if not passed:
        typer.echo(done.stdout)
    return passed

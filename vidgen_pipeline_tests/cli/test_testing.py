"""`vidgen test` over a small checkout of its own: the real tools, and what a developer reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vidgen_pipeline.cli.testing import run_tests
from vidgen_pipeline.domain.errors import MissingTool
from vidgen_pipeline_tests.plain_user import read_only, without_roots_rights

SETTINGS = """
[tool.ruff.lint]
select = ["F"]

[tool.mypy]
strict = true
packages = ["shop"]

[tool.pytest.ini_options]
testpaths = ["vidgen_pipeline_tests"]

[tool.importlinter]
root_package = "shop"

[[tool.importlinter.contracts]]
name = "The shelf does not know the till"
type = "forbidden"
source_modules = ["shop.shelf"]
forbidden_modules = ["shop.till"]
"""

TESTS = """from shop.till import total


def test_total():
    assert total([2, 3]) == 5


def test_nothing_bought():
    assert total([]) == 0
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    files = {
        "shop/__init__.py": "",
        "shop/shelf.py": "PRICES = [2, 3]\n",
        "shop/till.py": "def total(prices: list[int]) -> int:\n    return sum(prices)\n",
        "vidgen_pipeline_tests/test_till.py": TESTS,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_clean_checkout_is_a_line_for_each_check_and_then_pytest(checkout: Path, capfd: pytest.CaptureFixture[str]):
    assert run_tests([], checkout) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[:4] == ["ruff check: passed", "ruff format: passed", "mypy: passed", "lint-imports: passed"]
    assert "test session starts" in lines[4]
    assert "2 passed" in lines[-1]


def test_the_checks_pass_in_a_checkout_that_cannot_be_written(checkout: Path):
    program = (
        "import sys, pathlib, vidgen_pipeline.cli.testing as t; sys.exit(t.run_tests([], pathlib.Path(sys.argv[1])))"
    )
    before = set(checkout.iterdir())
    with read_only(checkout):
        done = subprocess.run(
            [sys.executable, "-c", program, checkout],
            preexec_fn=without_roots_rights,
            check=False,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    assert set(checkout.iterdir()) == before


def test_every_check_that_fails_is_shown_and_pytest_still_has_the_last_word(
    checkout: Path, capfd: pytest.CaptureFixture[str]
):
    (checkout / "shop/shelf.py").write_text("import os\nfrom shop.till import total\nPRICES: int = total( [2] ) + ''\n")
    assert run_tests(["-q"], checkout) != 0
    output = capfd.readouterr().out
    for said in (
        "ruff check: FAILED\nF401 [*] `os` imported but unused",
        "ruff format: FAILED\nunformatted: File would be reformatted\n",
        "mypy: FAILED\nshop/shelf.py:3: error: Unsupported operand types",
        "lint-imports: FAILED\n",
        "The shelf does not know the till BROKEN",
    ):
        assert said in output
    assert "2 passed" in output.splitlines()[-1]


def test_arguments_go_to_pytest_and_its_status_comes_back(checkout: Path, capfd: pytest.CaptureFixture[str]):
    (checkout / "shop/till.py").write_text("def total(prices: list[int]) -> int:\n    return 5\n")
    assert run_tests(["vidgen_pipeline_tests/test_till.py", "-k", "nothing"], checkout) == 1
    assert "1 failed, 1 deselected" in capfd.readouterr().out.splitlines()[-1]


def test_the_fault_tests_are_run_in_full_by_themselves(checkout: Path, capfd: pytest.CaptureFixture[str]):
    whole = "import os\n\n\ndef test_whole():\n    assert os.environ['VIDGEN_FAULTS'] == 'all'\n"
    (checkout / "vidgen_pipeline_tests/faults").mkdir()
    (checkout / "vidgen_pipeline_tests/faults/test_all.py").write_text(whole)
    assert run_tests(["-k", "whole"], checkout, faults=True) == 0
    said = capfd.readouterr().out
    assert "1 passed" in said.splitlines()[-1]
    assert "ruff" not in said


def test_without_a_checkout_it_says_that_the_tests_are_not_here(tmp_path: Path):
    with pytest.raises(MissingTool, match=r"an installed package has none\. Run them in a checkout"):
        run_tests([], tmp_path)

"""The two locks: complete, fixed to the byte, in step with pyproject.toml and tied to no package index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parent.parent
RUNTIME, DEV = PROJECT / "requirements.lock", PROJECT / "requirements-dev.lock"
PINS = re.compile(r"^(\S.*?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)


def _pins(lock: Path) -> dict[str, set[str]]:
    """The locked versions of each package, all Pythons and systems together."""
    pins: dict[str, set[str]] = {}
    for requirement in (Requirement(line) for line, _ in PINS.findall(lock.read_text())):
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        pins.setdefault(canonicalize_name(requirement.name), set()).add(specifier.version)
    return pins


def _wanted(*groups: str) -> list[Requirement]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    lists = [project["project"]["dependencies"], *(project["dependency-groups"][group] for group in groups)]
    return [Requirement(line) for lines in lists for line in lines]


@pytest.mark.parametrize("lock", [RUNTIME, DEV], ids=lambda lock: lock.name)
def test_a_lock_is_pins_hashes_and_comments_and_nothing_else(lock: Path):
    rest = re.sub(r"^ *#.*\n", "", PINS.sub("", lock.read_text()), flags=re.MULTILINE)
    assert rest == ""
    assert "://" not in lock.read_text()


@pytest.mark.parametrize(
    ("lock", "groups"), [(RUNTIME, ("build",)), (DEV, ("build", "dev", "vendors"))], ids=["runtime", "dev"]
)
def test_a_lock_holds_what_pyproject_asks_for(lock: Path, groups: tuple[str, ...]):
    pins = _pins(lock)
    unmet = [
        str(requirement)
        for requirement in _wanted(*groups)
        if not any(
            requirement.specifier.contains(version) for version in pins.get(canonicalize_name(requirement.name), ())
        )
    ]
    assert unmet == [], "pyproject.toml has changed: make both locks anew (CONTRIBUTING.md says how)"


def test_the_developers_lock_is_the_runtime_lock_and_more():
    runtime, dev = _pins(RUNTIME), _pins(DEV)
    assert {name: dev.get(name) for name in runtime} == runtime
    assert {"pytest", "mypy", "ruff", "openai"} <= dev.keys() - runtime.keys()

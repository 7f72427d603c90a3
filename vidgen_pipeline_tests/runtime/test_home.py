"""Where state lives, and what a person is told when it can't live there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.runtime.home import Home


def test_the_named_folder_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIDGEN_HOME", str(tmp_path / "mine"))
    assert Home.from_environment() == Home(tmp_path / "mine")


def test_a_relative_name_means_the_same_place_from_any_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIDGEN_HOME", "mine")
    assert Home.from_environment().root == tmp_path / "mine"


def test_root_and_users_have_their_own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIDGEN_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path / "jo"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert Home.from_environment().root == Path("/var/lib/vidgen_pipeline")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Home.from_environment().root == tmp_path / "jo/.local/share/vidgen_pipeline"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert Home.from_environment().root == tmp_path / "data/vidgen_pipeline"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert Home.from_environment().root == tmp_path / "jo/.local/share/vidgen_pipeline"


def test_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep/er/home")
    before = os.umask(0)
    try:
        home.create()
        home.create()
    finally:
        os.umask(before)
    for folder in (home.artifacts, home.scratch, home.dagster, home.cache, home.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for folder in (home.root, home.postgres):  # as root another account must get through, but may not look around
        assert stat.S_IMODE(folder.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    Home(tmp_path).create()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


@pytest.mark.parametrize("name", ["file", "file/below", "x" * 300])
def test_a_place_that_can_not_be_is_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput) as refused:
        Home(tmp_path / name).create()
    assert str(tmp_path / name) in str(refused.value)
    assert "VIDGEN_HOME" in str(refused.value)


def test_a_place_that_may_not_be_written_is_explained() -> None:
    with pytest.raises(InvalidInput, match=r"/proc/.* can't be written"):
        Home(Path("/proc/vidgen")).create()

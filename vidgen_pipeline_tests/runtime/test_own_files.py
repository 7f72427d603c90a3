from __future__ import annotations

from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.runtime.own_files import own_files, read_fields


def test_files_are_found_by_their_names_in_any_case_but_for_those_that_are_taken(tmp_path: Path) -> None:
    for name in ("Brand.toml", "modern.toml", "notes.txt"):
        (tmp_path / name).write_text("size = 3")
    (tmp_path / "folder.toml").mkdir()
    assert own_files(tmp_path, taken={"modern"}) == {"brand": tmp_path / "Brand.toml"}
    assert own_files(tmp_path / "none", taken=()) == own_files(None, taken=()) == {}
    assert read_fields(tmp_path / "Brand.toml", "style") == {"size": 3}


def test_a_file_that_can_not_be_read_is_told_without_its_folder_s_place(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_fields(tmp_path / "gone.toml", "look")
    assert f"The look file {tmp_path.name}/gone.toml can't be read" in refused.value.message
    assert str(tmp_path.parent) not in str(refused.value)

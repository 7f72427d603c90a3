"""Who is not at this machine names none of its files: not by planning, not by editing, not by a file of many."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.services.bulk_file import FileRow
from vidgen_pipeline.services.bulk_plan import BulkOptions, preview_rows
from vidgen_pipeline.services.planning import Wishes, plan
from vidgen_pipeline.services.revising import revise
from vidgen_pipeline.services.settings import Defaults, defaults_of
from vidgen_pipeline_tests.providers.assembly.builders import plain_photo

NAMED = "[image: cat.png]\nCats purr when they are happy."


@pytest.fixture
def defaults(engine: Engine, user_id: UUID) -> Defaults:
    return defaults_of(engine, user_id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture that the script names."""
    plain_photo(tmp_path / "cat.png", (200, 120, 40))
    return tmp_path


def test_here_a_script_names_its_pictures_and_from_afar_it_does_not(defaults: Defaults, folder: Path):
    here = Wishes(script_text=NAMED, script_folder=folder)
    assert plan(here, defaults).request.script_folder == str(folder.resolve())
    for wishes in (
        Wishes(script_text=NAMED, script_folder=folder),
        Wishes(script_text=NAMED),
        Wishes(script_text=f"[image: {folder / 'cat.png'}]\nCats purr."),
        Wishes(script_text="Cats purr.", media_folders=(folder,)),
    ):
        with pytest.raises(InvalidInput, match="can't be named here") as refused:
            plan(wishes, defaults, from_afar=True)
        assert str(folder) not in str(refused.value), "nor is told what is there"


def test_an_edit_from_afar_names_no_new_files_and_keeps_those_of_before(defaults: Defaults, folder: Path):
    before = plan(Wishes(script_text=NAMED, script_folder=folder), defaults).request
    kept = revise(before, {"music": "happy"}, defaults, from_afar=True).request
    assert (kept.script_text, kept.script_folder) == (before.script_text, before.script_folder)
    with pytest.raises(InvalidInput, match="can't be named here"):
        revise(before, {"script_text": NAMED}, defaults, from_afar=True)
    plain = revise(before, {"script_text": "Cats purr."}, defaults, from_afar=True).request
    assert (plain.script_text, plain.script_folder) == ("Cats purr.", None)


def test_no_row_of_a_file_from_afar_does_either(engine: Engine, user_id: UUID):
    rows = [FileRow(2, {"script": NAMED}), FileRow(3, {"script": "Cats purr."})]
    preview = preview_rows(engine, user_id, rows, BulkOptions(from_afar=True))
    assert [bool(row.errors) for row in preview.rows] == [True, False]
    assert "can't be named here" in preview.rows[0].errors[0]

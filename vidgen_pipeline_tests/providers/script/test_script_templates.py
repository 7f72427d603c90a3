"""The forms of scripts: ours, a person's own, and files that are no form."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.providers.script.script_templates import script_template, template_names, templates_digest

OWN = """
title = "Recipe"
description = "One dish, from the shop to the plate."
target_seconds = 40
tone = "hungry"
structure = ["Hook: the finished dish.", "The steps."]
"""


def test_ours_are_complete_and_differ():
    assert template_names() == ["explainer", "list", "news", "product", "quote", "story"]
    forms = [script_template(name) for name in template_names()]
    assert len({form.structure for form in forms}) == 6
    for form in forms:
        assert form.structure[0].startswith("Hook:")
        assert form.avoid
        assert 20 <= form.target_seconds <= 60
    assert script_template(None) == script_template(" Explainer ")


def test_a_persons_own_form_stands_beside_and_before_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
    before = templates_digest()
    (first / "recipe.toml").write_text(OWN)
    (second / "quote.toml").write_text(OWN.replace("Recipe", "My quote"))
    (second / "notes.txt").write_text("not a form")
    monkeypatch.setenv("VIDGEN_TEMPLATES_DIR", f"{first}{os.pathsep}{second}")
    assert script_template("recipe").target_seconds == 40
    assert script_template("quote").title == "My quote"
    assert "recipe" in template_names()
    assert "notes" not in template_names()
    assert templates_digest() != before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"title = ", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        (b'title = "Only a title"', "description: Field required"),
        (OWN.replace("40", "4000").encode(), "target_seconds"),
        (OWN.encode() + b'colour = "red"', "colour"),
        (b"# " + b"x" * 30_000, "larger than a template can be"),
    ],
)
def test_a_file_that_is_no_form_is_named_when_it_is_asked_for(
    content: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "mine.toml").write_bytes(content)
    monkeypatch.setenv("VIDGEN_TEMPLATES_DIR", str(tmp_path))
    with pytest.raises(InvalidInput, match=words) as caught:
        script_template("mine")
    assert "mine.toml" in caught.value.message
    assert script_template("story").title == "Story"
    assert templates_digest()


def test_a_name_nobody_knows_and_a_folder_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InvalidInput, match="Did you mean 'story'"):
        script_template("storry")
    with pytest.raises(InvalidInput):
        script_template("../explainer")
    monkeypatch.setenv("VIDGEN_TEMPLATES_DIR", str(tmp_path / "away"))
    with pytest.raises(InvalidInput, match="no folder"):
        script_template("story")

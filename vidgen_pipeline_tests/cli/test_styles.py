"""`vidgen styles`, and styles and highlights on the way from the command line into a request."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database.users import local_user_id
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.caption_styles import save_style
from vidgen_pipeline.services.planning import Wishes, plan
from vidgen_pipeline.services.settings import Defaults
from vidgen_pipeline.subtitles.styles import OwnStyles
from vidgen_pipeline_tests.cli.conftest import Run
from vidgen_pipeline_tests.subtitles.samples import like

OWN = """
font = "Roboto"
size = 30
colour = "#FFFFFF"
highlight = "pop"
highlight_colour = "#FF3366"
"""
DEFAULTS = Defaults(aspect_ratio="9:16", subtitle_style="modern", music="none")


@pytest.fixture
def own_style(home: Home) -> Path:
    home.styles.mkdir(exist_ok=True)
    path = home.styles / "brand.toml"
    path.write_text(OWN, encoding="utf-8")
    yield path
    path.unlink()
    home.styles.rmdir()


def test_styles_are_listed_with_ones_own(run: Run, own_style: Path):
    ran = run("styles")
    assert ran.exit_code == 0
    for told in (
        "classic",
        "modern",
        "bold",
        "minimal",
        "brand",
        "your file",
        "Anton for",
        "pop",
        str(own_style.parent),
    ):
        assert told in ran.stdout


def test_a_video_is_made_in_a_style_that_was_saved(run: Run, engine: Engine):
    assert run("styles").exit_code == 0
    with Session(engine) as session, session.begin():
        user_id = local_user_id(session)
    fields = {"font": "Impact", "size": 34, "colour": "#20E040", "highlight_colour": "#FF3366", "uppercase": True}
    save_style(engine, user_id, "saved", fields)
    assert "saved" in run("styles").stdout
    Path("tea.txt").write_text("Tea is hot.", encoding="utf-8")
    ran = run("make", "--script", "tea.txt", "--out", "a.mp4", "--subtitle-style", "Saved", "--music", "none")
    assert ran.exit_code == 0, ran.stderr
    ass = Path("a.ass").read_text(encoding="utf-8-sig")
    assert "Anton" in ass
    assert "HOT" in ass
    with av.open("a.mp4") as container:
        frames = [frame.to_ndarray(format="rgb24").astype(np.int16) for frame in container.decode(video=0)]
    assert like(frames[len(frames) // 2], "#20E040", 60).sum() > 500


def test_previews_are_drawn_into_a_folder(run: Run, own_style: Path, tmp_path: Path):
    ran = run("styles", "--preview", tmp_path / "seen", "--aspect-ratio", "1:1", "--text", "Hello you")
    assert ran.exit_code == 0
    names = {
        f"{style}-{side}.png"
        for style in ("classic", "modern", "bold", "minimal", "brand")
        for side in ("light", "dark")
    }
    assert {path.name for path in (tmp_path / "seen").iterdir()} == names
    for name in names:
        assert str(tmp_path / "seen" / name) in ran.stdout
        with Image.open(tmp_path / "seen" / name) as picture:
            assert picture.size == (540, 540)


def test_a_broken_style_is_told_and_the_others_are_still_listed(run: Run, own_style: Path):
    own_style.write_text("size = 0", encoding="utf-8")
    ran = run("styles")
    assert ran.exit_code == 1
    assert "minimal" in ran.stdout
    assert "styles/brand.toml" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_wrong_ratio_is_told(run: Run, tmp_path: Path):
    ran = run("styles", "--preview", tmp_path / "seen", "--aspect-ratio", "4:3")
    assert ran.exit_code == 2
    assert "9:16" in ran.stderr


@pytest.mark.parametrize("option", [("--highlight", "bounce"), ("--subtitle-style", "brandy")])
def test_a_wrong_style_or_highlight_is_refused_before_anything_is_made(
    run: Run, own_style: Path, option: tuple[str, str]
):
    Path("script.txt").write_text("Hello there.", encoding="utf-8")
    ran = run("make", "--script", "script.txt", *option)
    assert ran.exit_code == 2
    assert option[1] in ran.stderr


def test_the_request_has_the_style_and_the_highlight_that_were_asked_for(own_style: Path):
    def planned(**wishes: str):
        return plan(Wishes(script_text="Hello there.", **wishes), DEFAULTS, OwnStyles(folder=own_style.parent)).request

    assert (planned().subtitle_style, planned().caption_highlight) == ("modern", None)
    request = planned(subtitle_style=" Brand ", caption_highlight=" Karaoke ")
    assert (request.subtitle_style, request.caption_highlight) == ("brand", "karaoke")
    with pytest.raises(InvalidInput, match="none, word, karaoke, pop"):
        planned(caption_highlight="bounce")

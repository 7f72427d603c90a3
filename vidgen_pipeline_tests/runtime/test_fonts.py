from __future__ import annotations

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg
from vidgen_pipeline.runtime.fonts import (
    font_file,
    font_folders,
    missing_families,
    undrawable_letters,
    write_fonts_config,
)

HEAD = """[Script Info]
ScriptType: v4.00+
PlayResX: 640
PlayResY: 120

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, BorderStyle, Outline, Shadow, Alignment
Style: S,{family},60,&H00FFFFFF,{bold},1,0,0,7

[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:00.00,0:00:05.00,S,{text}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fonts_config(tmp_path_factory.mktemp("fonts"))


def draw(config: Path, folder: Path, text: str, family: str = "Inter", *, bold: bool = False) -> tuple[str, float]:
    """Burn `text`; the fonts libass says it chose, and how much of the picture is inked, in permille."""
    page, picture = folder / "page.ass", folder / "page.png"
    page.write_text(HEAD.format(family=family, bold=-bold, text=text), encoding="utf-8")
    source = ["-v", "info", "-f", "lavfi", "-i", "color=c=black:s=640x120"]
    drawing = ["-vf", f"ass={page}", "-frames:v", "1", "-y", file_url(picture)]
    said = asyncio.run(run_ffmpeg([*source, *drawing], fonts_config=config))
    chosen = " ".join(re.findall(r"fontselect: (.*)", said))
    return chosen, float(np.asarray(Image.open(picture).convert("L")).mean()) / 255 * 1000


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [
        ("Arial", "Arimo-Regular"),
        ("Helvetica", "Inter-Regular"),
        ("Helvetica Neue", "Inter-Regular"),
        ("Impact", "Anton-Regular"),
        ("Roboto", "Roboto-Regular"),
        ("Noto Sans", "NotoSans-Regular"),
    ],
)
def test_a_family_is_drawn_by_itself_or_its_stand_in(asked: str, drawn: str, config: Path, tmp_path: Path) -> None:
    chosen, ink = draw(config, tmp_path, "Hamburg", asked)
    assert chosen.endswith(drawn)
    assert ink > 10


@pytest.mark.parametrize("family", ["Inter", "Arimo", "Roboto"])
def test_bold_is_really_bolder(family: str, config: Path, tmp_path: Path) -> None:
    _, regular = draw(config, tmp_path, "Hamburg", family)
    chosen, bold = draw(config, tmp_path, "Hamburg", family, bold=True)
    assert chosen.endswith("-Bold")
    assert bold > regular * 1.2


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("مرحبا بالعالم", "NotoSansArabic"),
        ("नमस्ते दुनिया", "NotoSansDevanagari"),
        ("שלום", "NotoSansHebrew"),
        ("สวัสดี", "NotoSansThai"),
        ("😀👍", "NotoEmoji"),
    ],
)
@pytest.mark.parametrize("family", ["Inter", "A Family Nobody Has"])
def test_every_script_falls_back_to_a_font_that_has_it(
    text: str, drawn: str, family: str, config: Path, tmp_path: Path
) -> None:
    chosen, ink = draw(config, tmp_path, text, family)
    assert drawn in chosen
    assert "failed" not in chosen
    assert ink > 5
    assert undrawable_letters(text) == ""


def test_letters_that_no_font_has_are_named_beforehand(config: Path, tmp_path: Path) -> None:
    # Of a private area: no font of ours has them, and none of a system can be expected to.
    letters = "\U000f1234\U000f1235"
    assert undrawable_letters(f"Hello {letters}, hello") == letters
    chosen, _ = draw(config, tmp_path, letters)
    assert "failed to find any fallback" in chosen


def test_what_draws_nothing_of_its_own_is_not_called_missing() -> None:
    assert undrawable_letters("a\u200db\ufe0f \n\t\u00a0\u200f") == ""


def test_the_video_language_chooses_the_form_of_shared_chinese_characters(tmp_path: Path) -> None:
    firsts = {}
    for language in ("", "en", "zh", "zh-Hant", "zh-HK", "ja", "ko-KR"):
        text = write_fonts_config(tmp_path, language).read_text(encoding="utf-8")
        firsts[language] = re.findall(r"Noto Sans CJK (\w\w)", text)[0]
        assert sorted(re.findall(r"Noto Sans CJK (\w\w)", text)) == ["HK", "JP", "KR", "SC", "TC"]
    assert firsts == {"": "SC", "en": "SC", "zh": "SC", "zh-Hant": "TC", "zh-HK": "HK", "ja": "JP", "ko-KR": "KR"}


def test_families_are_judged_by_the_names_in_the_files() -> None:
    assert missing_families(["Arial", "Impact", "helvetica neue", "Comic Sans MS"]) == (
        "helvetica neue",
        "Comic Sans MS",
    )
    assert ImageFont.truetype(font_file("Helvetica")).getname() == ("Inter", "Regular")
    with pytest.raises(MissingTool, match="Comic Sans MS"):
        font_file("Comic Sans MS")


def test_an_own_folder_goes_first_even_with_signs_that_xml_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "mine & <yours>"
    own.mkdir()
    (own / "own.ttf").write_bytes(font_file("Roboto").read_bytes())
    monkeypatch.setenv("VIDGEN_FONTS_DIR", str(own))
    assert font_folders()[0] == own
    assert font_file("Roboto") == own / "own.ttf"
    chosen, _ = draw(write_fonts_config(tmp_path / "cache"), tmp_path, "Hamburg", "Roboto")
    assert str(own / "own.ttf") in chosen


def test_an_own_folder_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_FONTS_DIR", str(tmp_path / "absent"))
    with pytest.raises(InvalidInput, match="VIDGEN_FONTS_DIR"):
        write_fonts_config(tmp_path)


def test_writing_twice_changes_nothing_and_leaves_one_file(tmp_path: Path) -> None:
    first = write_fonts_config(tmp_path)
    written = first.stat().st_mtime_ns, first.read_bytes()
    assert write_fonts_config(tmp_path) == first
    assert (first.stat().st_mtime_ns, first.read_bytes()) == written
    assert [path.name for path in tmp_path.iterdir()] == ["fonts.conf"]
    assert first.is_absolute()


def test_a_cache_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput, match="can't be written"):
        write_fonts_config(tmp_path / "file" / "cache")

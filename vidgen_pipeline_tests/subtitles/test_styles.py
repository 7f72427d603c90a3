from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vidgen_pipeline.domain.captions import CaptionPosition, Highlight
from vidgen_pipeline.domain.errors import InvalidInput, MissingTool
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.runtime.fonts import font_file
from vidgen_pipeline.subtitles.layout import caption_area
from vidgen_pipeline.subtitles.styles import (
    STYLE_NAMES,
    OwnStyles,
    caption_style,
    check_font,
    style_from_fields,
    style_names,
)
from vidgen_pipeline_tests.subtitles.samples import LANDSCAPE, PORTRAIT, SQUARE


@pytest.mark.parametrize(
    ("name", "font", "drawn", "size", "colour", "outline", "width", "position", "background"),
    [
        ("classic", "Arial", "Arimo", 24, "#FFFFFF", "#000000", 2, "bottom", None),
        ("modern", "Helvetica Neue", "Inter", 28, "#FFFFFF", "#000000", 1, "bottom", ("#000000", 0.5)),
        ("bold", "Impact", "Anton", 32, "#FFFF00", "#000000", 3, "center", None),
        ("minimal", "Roboto", "Roboto", 22, "#FFFFFF", None, 0, "bottom", ("#000000", 0.7)),
    ],
)
def test_the_four_styles_are_those_of_the_plan(
    name: str,
    font: str,
    drawn: str,
    size: int,
    colour: str,
    outline: str | None,
    width: int,
    position: str,
    background: tuple[str, float] | None,
) -> None:
    style = caption_style(name)
    assert (style.font_asked, style.font, style.size, style.colour) == (font, drawn, size, colour)
    assert (style.outline_colour, style.outline_width) == (outline, width)
    assert style.position is CaptionPosition(position)
    box = (style.background_colour, style.background_opacity) if style.background_colour else None
    assert box == background
    assert style.highlight_colour != style.colour
    assert font_file(style.font).is_file()


def test_there_are_four_styles() -> None:
    assert STYLE_NAMES == ("classic", "modern", "bold", "minimal")


def test_a_style_is_found_whatever_its_case() -> None:
    assert caption_style(" Modern ").name == "modern"


def test_an_unknown_style_names_the_nearest_and_all_others() -> None:
    with pytest.raises(InvalidInput) as caught:
        caption_style("clasic")
    assert "'clasic'" in str(caught.value)
    assert "Did you mean 'classic'?" in str(caught.value)
    assert "classic, modern, bold, minimal" in str(caught.value)


def test_a_style_unlike_any_other_gets_no_guess() -> None:
    with pytest.raises(InvalidInput) as caught:
        caption_style("zzz")
    assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize("canvas", [PORTRAIT, LANDSCAPE, SQUARE])
def test_size_24_is_65_px_on_every_canvas_1080_px_across(canvas: Canvas) -> None:
    assert round(caption_area(canvas, caption_style("classic")).em) == 65


OWN = """
font = "Helvetica Neue"
size = 26
bold = true
uppercase = true
colour = "#fefefe"
highlight = "karaoke"
highlight_colour = "#FF3366"
outline_colour = "#101010"
outline_width = 1.5
background_colour = "#000000"
background_opacity = 0.4
position = "center"
"""
FIELDS: dict[str, Any] = {"font": "Inter", "size": 24, "colour": "#FFFFFF", "highlight_colour": "#FFD23F"}


def test_a_style_of_ones_own_is_a_file_and_is_used_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "Brand-2.toml").write_text(OWN, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no style", encoding="utf-8")
    assert style_names(OwnStyles(folder=tmp_path)) == (*STYLE_NAMES, "brand-2")
    style = caption_style(" BRAND-2 ", OwnStyles(folder=tmp_path))
    assert (style.name, style.font, style.font_asked) == ("brand-2", "Inter", "Helvetica Neue")
    assert (style.colour, style.highlight, style.position) == ("#FEFEFE", Highlight.KARAOKE, CaptionPosition.CENTER)
    assert (style.outline_width, style.background_opacity, style.bold, style.uppercase) == (1.5, 0.4, True, True)
    assert caption_style("modern", OwnStyles(folder=tmp_path)) == caption_style("modern")


def test_an_unknown_name_tells_ones_own_styles_too(tmp_path: Path) -> None:
    (tmp_path / "brand.toml").write_text(OWN, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"Did you mean 'brand'\?.*classic, modern, bold, minimal, brand"):
        caption_style("brant", OwnStyles(folder=tmp_path))
    with pytest.raises(InvalidInput):
        caption_style("../brand", OwnStyles(folder=tmp_path / "deeper"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"colour": "red"}, "'colour' must be a colour such as #FFD23F"),
        ({"colour": "#FFF"}, "'colour' must be a colour"),
        ({"highlight_colour": 12}, "'highlight_colour'"),
        ({"size": 0}, "'size' must be greater than or equal to 8"),
        ({"size": 400}, "'size' must be less than or equal to 80"),
        ({"size": float("nan")}, "'size'"),
        ({"size": "big"}, "'size' must be a valid number"),
        ({"outline_colour": "#000000", "outline_width": -1}, "'outline_width' must be greater"),
        ({"outline_width": 2}, "outline_width is set and outline_colour is not"),
        ({"background_colour": "#000000"}, "background_colour and background_opacity are set together"),
        ({"background_colour": "#000000", "background_opacity": 2}, "'background_opacity' must be less"),
        ({"highlight": "bounce"}, "'none', 'word', 'karaoke' or 'pop'"),
        ({"position": "top"}, "'bottom' or 'center'"),
        ({"font": ""}, "'font'"),
        ({"font": None}, "'font'"),
        ({"glow": 3}, "'glow' is no field of a style"),
        ({"name": "other"}, "'name' is no field of a style"),
        ({"font_asked": "Arial"}, "'font_asked' is no field of a style"),
    ],
)
def test_a_mistake_in_a_style_is_told_with_its_field(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        style_from_fields("brand", {**FIELDS, **change})
    assert told in str(caught.value)
    assert "brand" in str(caught.value)


@pytest.mark.parametrize("missing", FIELDS)
def test_what_a_style_must_say_is_told(missing: str) -> None:
    with pytest.raises(InvalidInput, match=f"'{missing}'"):
        style_from_fields("brand", {name: value for name, value in FIELDS.items() if name != missing})


def test_a_style_of_four_fields_is_enough_and_stands_at_the_bottom() -> None:
    style = style_from_fields("brand", FIELDS)
    assert (style.position, style.highlight, style.outline_width) == (CaptionPosition.BOTTOM, Highlight.WORD, 0)


def test_a_font_that_is_not_here_fails_loudly_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        style_from_fields("brand", {**FIELDS, "font": "Comic Sans MS"})
    for told in ("'Comic Sans MS'", "Arial", "Arimo", "Inter", "Noto Sans Thai", "VIDGEN_FONTS_DIR"):
        assert told in str(caught.value)
    gone = caption_style("classic").model_copy(update={"font": "Gone Sans"})
    with pytest.raises(MissingTool, match=r"Gone Sans.*classic.*Arimo"):
        check_font(gone)
    check_font(caption_style("classic"))
    assert style_from_fields("brand", {**FIELDS, "font": " noto  SANS thai "}).font == "Noto Sans Thai"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("brand", b"font = ", "is not TOML"),
        ("brand", b"\xff\xfe", "is not TOML"),
        ("brand", b"# " + b"x" * 30_000, "larger than"),
        ("bad name!", OWN.encode(), "a name that a style can't have"),
        ("a-name-of-more-than-twenty-letters", OWN.encode(), "a name that a style can't have"),
    ],
)
def test_a_file_that_is_no_style_is_named(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.toml").write_bytes(content)
    with pytest.raises(InvalidInput, match=told):
        caption_style(name, OwnStyles(folder=tmp_path))
    assert caption_style("bold", OwnStyles(folder=tmp_path)).name == "bold"


def test_the_four_names_are_taken(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'modern' is the name of a style of this product"):
        style_from_fields("modern", FIELDS)
    (tmp_path / "modern.toml").write_text(OWN, encoding="utf-8")
    assert caption_style("modern", OwnStyles(folder=tmp_path)) == caption_style("modern")
    assert style_names(OwnStyles(folder=tmp_path)) == STYLE_NAMES

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.captions import CaptionPosition
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.runtime.fonts import font_file
from vidgen_pipeline.subtitles.layout import caption_area
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style
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

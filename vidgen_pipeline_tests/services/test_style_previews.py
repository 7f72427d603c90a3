from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidgen_pipeline.domain.captions import CaptionStyle
from vidgen_pipeline.domain.errors import InvalidInput, MissingTool
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.services.style_previews import Background, StylePreviews
from vidgen_pipeline.subtitles.styles import HIGHLIGHT_NAMES, STYLE_NAMES, caption_style, with_highlight
from vidgen_pipeline_tests.subtitles.samples import Pixels, like


def pixels(path: Path) -> Pixels:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(np.int16)


def preview(
    folder: Path,
    style: CaptionStyle,
    *,
    ratio: AspectRatio = AspectRatio.PORTRAIT,
    background: Background = Background.DARK,
    text: str = "Look at this",
    language: str = "en",
) -> Path:
    previews = StylePreviews(folder)
    return asyncio.run(previews.preview(style, aspect_ratio=ratio, text=text, background=background, language=language))


@pytest.mark.parametrize("background", Background)
@pytest.mark.parametrize("style", STYLE_NAMES)
def test_a_preview_shows_the_style_with_a_word_being_spoken(style: str, background: Background, tmp_path: Path) -> None:
    look = caption_style(style)
    picture = pixels(preview(tmp_path, look, background=background))
    assert picture.shape == (960, 540, 3)
    assert like(picture, look.colour, 40).sum() > 100
    assert like(picture, look.highlight_colour, 40).sum() > 60
    brightness = picture[:40].mean()
    assert brightness > 180 if background is Background.LIGHT else brightness < 60


@pytest.mark.parametrize(
    ("ratio", "size"),
    [(AspectRatio.PORTRAIT, (540, 960)), (AspectRatio.LANDSCAPE, (960, 540)), (AspectRatio.SQUARE, (540, 540))],
)
def test_a_preview_has_half_the_size_of_the_video(ratio: AspectRatio, size: tuple[int, int], tmp_path: Path) -> None:
    with Image.open(preview(tmp_path, caption_style("classic"), ratio=ratio)) as picture:
        assert picture.size == size


def test_the_same_preview_is_drawn_once_and_any_change_makes_another(tmp_path: Path) -> None:
    modern = caption_style("modern")
    first = preview(tmp_path, modern)
    written = first.stat().st_ino
    assert preview(tmp_path, modern) == first
    assert first.stat().st_ino == written
    others = {
        preview(tmp_path, modern.model_copy(update={"highlight_colour": "#FF0000"})),
        preview(tmp_path, modern, background=Background.LIGHT),
        preview(tmp_path, modern, text="Look at that"),
        preview(tmp_path, modern, ratio=AspectRatio.SQUARE),
        *(preview(tmp_path, with_highlight(modern, way)) for way in HIGHLIGHT_NAMES),
    }
    assert len(others - {first}) == 7
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.is_file()) == [".png"] * 8


def test_the_oldest_make_room(tmp_path: Path) -> None:
    async def several(texts: list[str]) -> list[Path]:
        previews = StylePreviews(tmp_path, most_kept=2)
        return [await previews.preview(caption_style("bold"), text=text) for text in texts]

    made = asyncio.run(several(["One", "Two", "Three"]))
    assert {path for path in tmp_path.iterdir() if path.is_file()} == set(made[1:])
    assert pixels(made[2]).shape == (960, 540, 3)


def test_two_at_once_leave_one_whole_picture(tmp_path: Path) -> None:
    async def both() -> list[Path]:
        previews = StylePreviews(tmp_path)
        return list(await asyncio.gather(*(previews.preview(caption_style("bold")) for _ in range(3))))

    assert len(set(asyncio.run(both()))) == 1
    assert len([path for path in tmp_path.iterdir() if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("text", "language"), [("لا يُرى من القمر", "ar"), ("万里长城在月球上看不见", "zh"), ("Ja 😀!", "de")]
)
def test_any_language_can_be_previewed(text: str, language: str, tmp_path: Path) -> None:
    look = caption_style("modern")
    assert like(pixels(preview(tmp_path, look, text=text, language=language)), look.highlight_colour, 60).sum() > 15


def test_hostile_text_and_a_folder_of_any_name_are_just_that(tmp_path: Path) -> None:
    folder = tmp_path / "it's [odd], a:b;c"
    look = caption_style("minimal")
    drawn = preview(folder, look, text=r"{\\an8}Up {\\p1} m 0 0")
    picture = pixels(drawn)
    assert like(picture[: picture.shape[0] // 2], look.colour, 40).sum() == 0


@pytest.mark.parametrize("text", ["", "   ", "🎉", "word " * 200])
def test_a_text_that_says_nothing_or_too_much_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        preview(tmp_path, caption_style("classic"), text=text)
    assert not list(tmp_path.iterdir())


def test_a_font_that_is_not_here_is_no_picture(tmp_path: Path) -> None:
    gone = caption_style("classic").model_copy(update={"font": "Gone Sans"})
    with pytest.raises(MissingTool, match=r"Gone Sans.*There are:.*Inter"):
        preview(tmp_path, gone)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput, match="can't be written"):
        preview(tmp_path / "file", caption_style("classic"))

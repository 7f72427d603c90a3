"""Looks: those there are can all be used, one's own are data, and what a person says counts for more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.looks import PLAIN
from vidgen_pipeline.domain.timeline import CANVASES, Canvas, Corner, Logo
from vidgen_pipeline.domain.video import AspectRatio, MusicMood, VideoRequest
from vidgen_pipeline.services.looks import check_look, find_look, look_names, look_or_plain, place_logo
from vidgen_pipeline.services.planning import Wishes, plan
from vidgen_pipeline.services.settings import Defaults
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline.subtitles.styles import OwnStyles
from vidgen_pipeline_tests.providers.assembly.builders import artifact

DEFAULTS = Defaults(aspect_ratio="9:16", subtitle_style="modern", music="calm", caption_highlight="none")
TEXT = "The fox runs through the forest."


@pytest.fixture
def looks(tmp_path: Path) -> Path:
    """A folder with a look of one's own, and its logo beside it."""
    folder = tmp_path / "looks"
    folder.mkdir()
    Image.new("RGBA", (400, 100), (0, 0, 0, 0)).save(folder / "brand.png")
    (folder / "House.toml").write_text(
        """
        description = "Ours"
        motions = ["pan_left"]
        transitions = ["cut", "slide"]
        subtitle_style = "minimal"
        music = "happy"
        end_card = true
        end_text = "More at example.com"
        brand_colour = "#ff8800"
        [logo]
        file = "brand.png"
        position = "bottom_left"
        size = 20
        """
    )
    return folder


def requested(looks: Path, **wishes: Any) -> VideoRequest:
    return plan(
        Wishes(script_text=TEXT, language="en", **wishes), DEFAULTS, OwnStyles(folder=looks.with_name("styles"))
    ).request


def test_five_come_along_and_each_can_be_used() -> None:
    assert len(look_names()) == 5
    looks = [find_look(name) for name in look_names()]
    for look in looks:
        check_look(look)
        assert look.description.endswith(".")
    decided = {(look.motions, look.transitions, look.subtitle_style, look.music, look.title_card) for look in looks}
    assert len(decided) == 5
    assert {way for look in looks for way in look.transitions} == {"cut", "crossfade", "slide", "zoom"}


def test_a_look_of_ones_own_is_a_file_found_by_its_name(looks: Path, tmp_path: Path) -> None:
    look = find_look(" HOUSE ", looks)
    assert (look.name, look.motions, look.transitions) == ("house", ("pan_left",), ("cut", "slide"))
    assert (look.brand_colour, look.end_text, look.title_card) == ("#FF8800", "More at example.com", False)
    assert look_names(looks)[-1] == "house"
    logo = place_logo(look, ArtifactStore(tmp_path / "store"))
    assert logo is not None
    assert (logo.width, logo.height, logo.corner, logo.size) == (400, 100, Corner.BOTTOM_LEFT, 20)
    assert ArtifactStore(tmp_path / "store").path(logo.file).read_bytes() == (looks / "brand.png").read_bytes()


def test_without_a_look_videos_are_as_ever(tmp_path: Path) -> None:
    assert look_or_plain(None) is PLAIN
    assert place_logo(PLAIN, ArtifactStore(tmp_path)) is None
    request = requested(tmp_path / "looks")
    assert (request.look, request.subtitle_style, request.music_mood) == (None, "modern", MusicMood.CALM)


def test_what_is_said_counts_for_more_than_the_look_and_that_for_more_than_the_settings(looks: Path) -> None:
    request = requested(looks, look="House")
    assert (request.look, request.subtitle_style, request.music_mood) == ("house", "minimal", MusicMood.HAPPY)
    assert request.caption_highlight == "none", "the look says nothing of it"
    assert requested(looks, look="storybook").caption_highlight == "karaoke"
    said = requested(looks, look="house", subtitle_style="bold", caption_highlight="pop", music="none")
    assert (said.look, said.subtitle_style, said.caption_highlight) == ("house", "bold", "pop")
    assert said.music_mood is MusicMood.NONE


def test_an_unknown_look_names_those_there_are(looks: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        requested(looks, look="storybok")
    assert "storybook" in str(refused.value)
    assert "house" in str(refused.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('motion = ["zoom_in"]', "'motion' is no field of a look"),
        ('motions = ["spin"]', "'motions.0' must be 'none', 'zoom_in'"),
        ('motions = ["none", "zoom_in"]', "none stands alone or not at all"),
        ("transitions = []", "'transitions'"),
        ('transitions = ["wipe"]', "'transitions.0' must be 'cut', 'crossfade', 'slide' or 'zoom'"),
        ("transition_ms = 5000", "'transition_ms' must be less than or equal to 1500"),
        ('brand_colour = "red"', "'brand_colour' must be a colour such as #FFD23F"),
        ('music = "loud"', "'music' must be 'calm'"),
        ('[logo]\nposition = "top_left"', "'logo.file' is missing"),
        ('[logo]\nfile = "x.png"\nsize = 90', "'logo.size' must be less than or equal to 40"),
        ('[logo]\nfile = "x.png"\nborder = 1', "'logo.border' is no field of a look"),
        ("look = [", "is not TOML"),
        ("x = 1\n" * 4000, "is larger than"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_field(content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(content)
    with pytest.raises(InvalidInput) as refused:
        find_look("mine", tmp_path)
    assert told in refused.value.message
    assert f"{tmp_path.name}/mine.toml" in refused.value.message
    assert str(tmp_path.parent) not in refused.value.message, "where folders are is for this machine's owner to know"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("absent.png", None, "absent.png can't be read"),
        ("logo.svg", b"<svg/>", "logo.svg is none of .jpeg, .jpg, .png, .webp"),
        ("text.png", b"Just some text.", "text.png is not a photo that can be read"),
    ],
)
def test_a_logo_that_can_not_be_used_is_told_before_anything_is_made(
    name: str, content: bytes | None, told: str, tmp_path: Path
) -> None:
    folder = tmp_path / "looks"
    folder.mkdir()
    (folder / "mine.toml").write_text(f'[logo]\nfile = "{name}"')
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        requested(folder, look="mine")
    assert told in refused.value.message
    assert "The logo of the look 'mine'" in refused.value.message


def test_a_caption_style_that_is_not_there_is_told_with_the_look(looks: Path) -> None:
    (looks / "mine.toml").write_text('subtitle_style = "neon"')
    with pytest.raises(InvalidInput, match=r"In the look 'mine': .*neon"):
        requested(looks, look="mine")


@pytest.mark.parametrize("shape", list(AspectRatio))
@pytest.mark.parametrize("corner", list(Corner))
@pytest.mark.parametrize("size", [4, 14, 40])
def test_a_logo_stands_in_its_corner_whole_and_keeps_its_shape(
    shape: AspectRatio, corner: Corner, size: int, tmp_path: Path
) -> None:
    canvas: Canvas = CANVASES[shape]
    (tmp_path / "x").touch()
    logo = Logo(file=artifact(tmp_path / "x"), width=400, height=100, corner=corner, size=size)
    left, top, width, height = logo.box(canvas)
    assert max(width, height) == pytest.approx(size / 100 * canvas.short_side, abs=2)
    assert height == pytest.approx(width / 4, abs=2)
    assert 0 < left <= canvas.width - width
    assert 0 < top <= canvas.height - height
    assert all(side % 2 == 0 for side in (left, top, width, height))
    is_left, is_top = left + width / 2 < canvas.width / 2, top + height / 2 < canvas.height / 2
    assert corner == f"{'top' if is_top else 'bottom'}_{'left' if is_left else 'right'}"

"""What hosted renderers are told agrees with the timeline, whatever its lengths."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.timeline import CANVASES, Timeline
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.assembly.hosted_layout import (
    caption_box,
    hosted_shots,
    hosted_titles,
    lit_words,
    written_lines,
)
from vidgen_pipeline.subtitles.layout import caption_area
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style, with_highlight
from vidgen_pipeline_tests.providers.assembly.hosted import LINES, a_timeline, cue, with_clip_of


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    return a_timeline(tmp_path_factory.mktemp("timeline"))


def test_every_scene_is_seen_from_its_start_until_the_next_has_faded_in(timeline: Timeline):
    shots = hosted_shots(timeline)
    assert [shot.scene.index for shot in shots] == [0, 1, 2]
    assert [shot.start for shot in shots] == [0, 50 / 30, 85 / 30]
    assert [shot.seconds for shot in shots] == [60 / 30, 45 / 30, 35 / 30]
    assert [shot.fade_seconds for shot in shots] == [0, 10 / 30, 10 / 30]
    assert shots[-1].start + shots[-1].seconds == pytest.approx(timeline.duration_ms / 1000, abs=1e-9)


def test_a_timeline_with_a_hole_is_refused(timeline: Timeline):
    first, second, third = timeline.scenes
    late = third.model_copy(update={"start_frame": third.start_frame + 1})
    with pytest.raises(RenderFailed):
        hosted_shots(timeline.model_copy(update={"scenes": (first, second, late)}))


@pytest.mark.parametrize(
    ("clip_ms", "speed", "plays"),
    [
        (5000, 1.0, 1),
        (1500, 1.0, 1),
        (1300, pytest.approx(1.3 / 1.5), 1),
        (1200, pytest.approx(0.8), 1),
        (1000, 1.0, 2),
        (500, 1.0, 3),
        (400, 1.0, 4),
    ],
)
def test_a_clip_too_short_for_its_scene_is_slowed_a_little_or_played_again(
    timeline: Timeline, clip_ms: int, speed: float, plays: int
):
    shot = hosted_shots(with_clip_of(timeline, clip_ms))[1]
    assert (shot.speed, shot.plays) == (speed, plays)


def test_words_are_lit_one_after_another_without_a_gap():
    words = lit_words(cue(100, 1600, *LINES), caption_style("bold"), "en")
    assert [word.text for word in words] == ["EVERY", "HARBOUR", "WAKES", "<SLOWLY>."]
    assert [(word.start_ms, word.end_ms) for word in words] == [(100, 500), (500, 1000), (1000, 1400), (1400, 1600)]


def test_in_karaoke_a_word_is_lit_while_it_is_spoken():
    words = lit_words(cue(100, 1600, *LINES), with_highlight(caption_style("classic"), "karaoke"), "en")
    assert [(word.start_ms, word.end_ms) for word in words] == [(100, 300), (500, 700), (1000, 1200), (1400, 1600)]


def test_lines_are_written_as_the_style_has_them_and_where_they_break():
    lines = written_lines(cue(100, 1600, *LINES), caption_style("bold"), "en")
    assert lines == ("EVERY HARBOUR", "WAKES <SLOWLY>.")


def test_words_without_anything_to_be_seen_are_left_out():
    words = lit_words(cue(0, 1000, (("One", 0), ("\u200e\u202e", 300), ("two", 600))), caption_style("classic"), "en")
    assert [(word.text, word.start_ms, word.end_ms) for word in words if word.text.strip("\u200e")] == [
        ("One", 0, words[1].start_ms),
        ("two", 600, 1000),
    ]


@pytest.mark.parametrize("style", STYLE_NAMES)
@pytest.mark.parametrize("shape", list(AspectRatio))
def test_captions_stand_where_the_local_renderer_draws_them(style: str, shape: AspectRatio):
    canvas, look = CANVASES[shape], caption_style(style)
    area, box = caption_area(canvas, look), caption_box(canvas, look)
    assert box.em == area.em
    assert box.left + box.width / 2 == pytest.approx(area.centre_x)
    assert box.left >= 0
    assert box.bottom <= canvas.height
    if look.position == "bottom":
        assert area.y < box.bottom < area.y + area.em
    else:
        assert box.top + box.height / 2 == pytest.approx(area.y)


def test_a_title_is_seen_while_its_scene_is(timeline: Timeline):
    (title,) = hosted_titles(timeline)
    assert title.text == "Bees remember"
    assert title.start == pytest.approx(3.0)  # half of the fade after its scene's start
    assert title.start + title.seconds == pytest.approx(4.0)
    assert 0 < title.box.top < title.box.bottom < 240
    assert not title.from_the_right


def test_a_title_read_from_the_right_hangs_on_its_right_edge(timeline: Timeline):
    (title,) = hosted_titles(timeline.model_copy(update={"language": "ar"}))
    assert title.from_the_right
    assert (title.box.left, title.box.width) == (0, pytest.approx(0.88 * 270))

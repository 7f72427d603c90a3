from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidgen_pipeline.domain.captions import Captions, Highlight
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.subtitles.highlights import POP_PEAK_MS
from vidgen_pipeline.subtitles.styles import HIGHLIGHT_NAMES, STYLE_NAMES, caption_style, with_highlight
from vidgen_pipeline.subtitles.writers import to_ass
from vidgen_pipeline_tests.subtitles.samples import PORTRAIT, SMALL_PORTRAIT, Pixels, edges, ink, like, pictures
from vidgen_pipeline_tests.subtitles.test_writers import captioned, differing, text_events

LATIN = "Mind the gap"
ARABIC = "سور الصين العظيم"
MIXED = "لا يُرى Moon Base أبداً"
LINES = [("en", LATIN), ("ar", ARABIC), ("he", "החומה הגדולה של סין"), ("ar", MIXED), ("hi", "चीन की महान दीवार")]


def shown(line: str, highlight: str, style: str = "classic", language: str = "en", step_ms: int = 600) -> Captions:
    look = with_highlight(caption_style(style), highlight)
    return captioned(line, style=look, language=language, step_ms=step_ms)


def shots(captions: Captions, times_ms: list[int], folder: Path) -> list[Pixels]:
    return pictures(to_ass(captions, SMALL_PORTRAIT), SMALL_PORTRAIT, times_ms, folder, "3060A0")


def lit(picture: Pixels, captions: Captions) -> tuple[int, int, int, int]:
    return edges(like(picture, captions.style.highlight_colour, 60))


def test_there_are_four_ways_and_an_unknown_one_names_them() -> None:
    assert HIGHLIGHT_NAMES == ("none", "word", "karaoke", "pop")
    assert caption_style("modern").highlight is Highlight.WORD
    assert with_highlight(caption_style("modern"), " Pop ").highlight is Highlight.POP
    assert with_highlight(caption_style("modern"), None) == caption_style("modern")
    with pytest.raises(InvalidInput, match="none, word, karaoke, pop"):
        with_highlight(caption_style("modern"), "bounce")


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_none_draws_each_line_once_and_lights_nothing(style: str, tmp_path: Path) -> None:
    captions = shown(LATIN, "none", style)
    assert [(event.start, event.end) for event in text_events(to_ass(captions, PORTRAIT))] == [(0, 1800)]
    (shot,) = shots(captions, [700], tmp_path)
    assert like(shot, captions.style.highlight_colour, 40).sum() == 0
    assert like(shot, captions.style.colour, 60).sum() > 200


@pytest.mark.parametrize(("language", "line"), LINES)
def test_karaoke_runs_through_the_line_in_the_order_of_reading(language: str, line: str, tmp_path: Path) -> None:
    captions = shown(line, "karaoke", language=language)
    count = len(line.split(" "))
    times = [round(600 * count * share) for share in (0.02, 0.3, 0.55, 0.8, 0.999)]
    frames = shots(captions, times, tmp_path)
    (plain,) = shots(shown(line, "none", language=language), [0], tmp_path)
    amounts = [int(like(frame, captions.style.highlight_colour, 60).sum()) for frame in frames]
    assert amounts == sorted(amounts)
    assert amounts[0] < 0.12 * amounts[-1] < 0.5 * amounts[-1] < amounts[3] < amounts[-1]
    for frame in frames:
        assert differing(frame, plain) < 0.02  # shaped and placed as without it
    left, _, right, _ = lit(frames[1], captions)
    whole_left, _, whole_right, _ = edges(ink(plain))
    if language in {"ar", "he"}:
        assert whole_right - right < 12 < left - whole_left
    else:
        assert left - whole_left < 12 < whole_right - right


def test_karaoke_fills_the_share_of_a_word_that_was_spoken(tmp_path: Path) -> None:
    captions = shown("MMMMMMMM", "karaoke", step_ms=1000)
    full = lit(shots(captions, [980], tmp_path)[0], captions)
    for share in (0.25, 0.5, 0.75):
        here = lit(shots(captions, [round(1000 * share)], tmp_path)[0], captions)
        assert here[0] == full[0]
        assert (here[2] - here[0]) / (full[2] - full[0]) == pytest.approx(share, abs=0.05)


def test_karaoke_waits_in_a_pause_and_fills_no_second_line_early(tmp_path: Path) -> None:
    captions = captioned("one two", "three four", style=with_highlight(caption_style("classic"), "karaoke"))
    (cue,) = captions.cues
    first, second = cue.lines[0]
    quick = (first.model_copy(update={"end_ms": 100}), second)
    captions = captions.model_copy(update={"cues": (cue.model_copy(update={"lines": (quick, cue.lines[1])}),)})
    early, late, whole = (
        like(shot, captions.style.highlight_colour, 60) for shot in shots(captions, [134, 367, 1590], tmp_path)
    )
    assert early.sum() == late.sum() > 0
    middle = (edges(whole)[1] + edges(whole)[3]) // 2
    assert early[middle:].sum() == 0 < whole[middle:].sum()


@pytest.mark.parametrize("style", ["classic", "bold"])
@pytest.mark.parametrize(("language", "line"), LINES)
def test_a_popping_word_grows_for_a_moment_and_nothing_else_moves(
    style: str, language: str, line: str, tmp_path: Path
) -> None:
    calm, popping = shown(line, "word", style, language), shown(line, "pop", style, language)
    peaks = [600 * place + POP_PEAK_MS + 10 for place in range(len(line.split(" ")))]
    ends = [600 * place + 500 for place in range(len(line.split(" ")))]
    frames, still = shots(popping, peaks + ends, tmp_path), shots(calm, ends, tmp_path)
    for peak, settled, expected in zip(frames[: len(peaks)], frames[len(peaks) :], still, strict=True):
        assert differing(settled, expected) < 0.04
        large, small = lit(peak, popping), lit(expected, calm)
        assert small[2] - small[0] + 2 <= large[2] - large[0] <= 1.2 * (small[2] - small[0]) + 4
        assert small[3] - small[1] <= large[3] - large[1] <= 1.2 * (small[3] - small[1]) + 4
        assert abs((large[0] + large[2]) - (small[0] + small[2])) <= 6
        # All that stands well away from the word is as it was.
        away = np.ones(peak.shape[1], bool)
        away[large[0] - 12 : large[2] + 12] = False
        assert np.abs(peak[:, away] - expected[:, away]).max() <= 40


def test_a_pop_touches_neither_its_neighbours_nor_the_buttons_of_a_platform(tmp_path: Path) -> None:
    captions = shown("Incomprehensibilities", "pop", "modern")
    frames = shots(captions, [POP_PEAK_MS + 10, 500], tmp_path)
    assert edges(ink(frames[0]))[2] <= 0.885 * SMALL_PORTRAIT.width
    captions = shown("MMMM MMMM", "pop", "bold")
    (frame,) = shots(captions, [POP_PEAK_MS + 10], tmp_path)
    letters = np.flatnonzero(np.any(like(frame, "#FFFFFF", 60) | like(frame, "#FFFF00", 60), axis=0))
    assert np.diff(letters).max() >= 5


def test_a_word_broken_over_lines_is_swept_from_line_to_line(tmp_path: Path) -> None:
    long = "https://example.com/" + "mmmmmmmm/" * 6
    captions = shown(long, "karaoke", step_ms=2000)
    quarter, whole = (
        like(shot, captions.style.highlight_colour, 60) for shot in shots(captions, [400, 1990], tmp_path)
    )
    assert edges(quarter)[3] < edges(whole)[3] - 20
    assert 0.1 < quarter.sum() / whole.sum() < 0.3

"""Which of a site's items is shown, and which of its files is fetched."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.media import MediaKind
from vidgen_pipeline.providers.media.stock_ranking import best_rendition, good_enough, ranked, relevance
from vidgen_pipeline_tests.providers.media.stock_scene import item, scene

FULL_HD = scene(width=1080, height=1920, duration_ms=8_000)


def order(*items: object) -> list[str]:
    return [one.id for one in ranked(items, FULL_HD)]  # type: ignore[arg-type]  # items they are


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (item(1, "boats, harbour, dawn"), item(2, "kitten, sofa")),
        (item(1, "Harbours at the break of dawn"), item(2, "harbour")),
        (item(1), item(2, "harbour dawn", (1920, 1080))),
        (item(1), item(2, "harbour dawn", (540, 960))),
        (item(1), item(2, duration_ms=3_000)),
        (item(1), item(2, kind=MediaKind.PHOTO, duration_ms=None)),
        (item(1, "harbour dawn", (3840, 2160)), item(2, "kitten", (1080, 1920))),
        (item(1, ""), item(2, "kitten, sofa")),
        (item(1), item(2, "")),
        (item(1), item(2, "fishing boats")),
    ],
    ids=[
        *("words", "both words", "shape", "size", "length", "it moves", "words before shape"),
        *("nothing said, nothing wrong", "but told is better", "first term"),
    ],
)
def test_the_better_one_comes_first_wherever_the_site_has_it(better: object, worse: object):
    assert order(better, worse) == ["1", "2"]
    assert order(worse, better) == ["1", "2"]


def test_among_equals_the_site_decides_and_nothing_comes_twice():
    assert order(item(3), item(1), item(2), item(1)) == ["3", "1", "2"]


def test_what_is_shown_elsewhere_comes_last_however_well_it_fits_and_is_not_enough():
    fits, poor = [item(1), item(2), item(3)], item(4, "kitten", (360, 640))
    query = FULL_HD.model_copy(update={"avoid": frozenset({"clip/1", "clip/2"})})
    assert [one.id for one in ranked([*fits, poor], query)] == ["3", "4", "1", "2"]
    assert not good_enough([*fits, poor], query)
    assert good_enough([*fits, item(5), item(6)], query)


def test_words_of_another_language_say_nothing():
    german = scene("Hafen", narration="Boote", language="de")
    assert relevance(item(1, "harbour dawn"), german) is None
    assert relevance(item(1, "Hafen, Boote"), german) == pytest.approx(1.1)
    english = scene("Hafen", narration="Boote")
    assert relevance(item(1, "harbour dawn"), english) == 0


def test_words_match_across_endings_accents_and_case():
    assert relevance(item(1, "HARBOURS, Dawn"), scene("harbour dawn", narration="")) == pytest.approx(0.95)
    assert relevance(item(1, "Café"), scene("cafe", narration="")) == pytest.approx(1.0)
    assert relevance(item(1, "kitten"), scene("harbour", narration="")) == 0
    assert relevance(item(1, "12 !"), scene("harbour")) is None
    assert relevance(item(1, "Photo of the"), scene("harbour")) is None


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(3840, 2160), (1080, 1920), (2160, 3840), (540, 960)], (1080, 1920)),
        ([(1920, 1080), (3840, 2160), (1280, 720)], (3840, 2160)),  # cut to 1215 x 2160
        ([(1920, 1080), (1280, 720)], (1920, 1080)),
        ([(540, 960), (720, 1280), (1920, 1080)], (720, 1280)),
        ([(1080, 1919), (1440, 2560)], (1440, 2560)),
    ],
)
def test_the_smallest_file_that_fills_the_canvas_is_fetched(sizes: list[tuple[int, int]], chosen: tuple[int, int]):
    best = best_rendition(item(1, "", *sizes), 1080, 1920, most_bytes=10)
    assert best is not None
    assert (best.width, best.height) == chosen


def test_a_file_that_is_too_heavy_is_left_alone():
    clip = item(1, "", (1080, 1920))
    heavy = clip.model_copy(update={"renditions": (clip.renditions[0].model_copy(update={"size_bytes": 11}),)})
    assert best_rendition(heavy, 1080, 1920, most_bytes=10) is None


@pytest.mark.parametrize(
    ("third", "enough"),
    [
        (item(3), True),
        (item(3, ""), True),
        (item(1), False),
        (item(3, "kitten"), False),
        (item(3, "harbour dawn", (1920, 1080)), False),
        (item(3, "harbour dawn", (360, 640)), False),
        (item(3, duration_ms=7_999), False),
    ],
)
def test_three_good_ones_are_enough(third: object, enough: bool):
    assert good_enough([item(1), item(2), third], FULL_HD) is enough  # type: ignore[list-item]  # an item it is

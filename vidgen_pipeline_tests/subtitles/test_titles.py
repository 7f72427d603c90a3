from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import numpy as np
import pysubs2
import pytest

from vidgen_pipeline.domain.captions import Captions
from vidgen_pipeline.domain.media import Attribution, MediaAsset, MediaKind
from vidgen_pipeline.domain.timeline import Canvas, Card, Corner, Logo, Motion, OnScreenText, Timeline, TimelineScene
from vidgen_pipeline.domain.word_breaks import word_starts
from vidgen_pipeline.subtitles.styles import caption_style
from vidgen_pipeline.subtitles.titles import title_events
from vidgen_pipeline.subtitles.writers import to_ass
from vidgen_pipeline_tests.subtitles.samples import (
    SMALL_LANDSCAPE,
    SMALL_PORTRAIT,
    SMALL_SQUARE,
    edges,
    ink,
    like,
    pictures,
    some_file,
)

ACCENT = "#FF8040"
CANVASES = [SMALL_PORTRAIT, SMALL_LANDSCAPE, SMALL_SQUARE]
PHRASES = [
    ("Why cats purr", "en"),
    ("Oil", "en"),
    ("The great wall that nobody can ever see!", "en"),
    ("Rechtsschutzversicherungsgesellschaften", "de"),
    ("WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "en"),
    ("سور الصين العظيم لا يُرى من القمر أبدا", "ar"),
    ("החומה הגדולה של סין אינה נראית", "he"),
    ("चीन की महान दीवार चंद्रमा से नहीं दिखती", "hi"),
    ("万里长城在月球上看不见这是一个非常常见的错误很多人都相信但是事实并非如此的故事", "zh"),
    ("กำแพงเมืองจีนมองไม่เห็นจากดวงจันทร์", "th"),
    ("ສະບາຍດີມື້ນີ້ພວກເຮົາຈະເວົ້າກ່ຽວກັບເຜິ້ງ", "lo"),
    ("សួស្តីថ្ងៃនេះយើងនិយាយអំពីឃ្មុំ", "km"),
    ("မင်္ဂလာပါဒီနေ့ကျွန်တော်တို့ပျားအကြောင်းပြောမယ်", "my"),
    (r"{\p1}m 0 0 \N <b> C:\new 🚀 {\an8}", "en"),
]


def timeline_of(
    *phrases: str | None, canvas: Canvas = SMALL_PORTRAIT, language: str = "en", frames: int = 90, crossfade: int = 10
) -> Timeline:
    source = MediaAsset(
        kind=MediaKind.BACKDROP, file=some_file(), provider="test", width=1, height=1, attribution=Attribution()
    )
    scenes = tuple(
        TimelineScene(
            index=index,
            start_frame=index * frames,
            frames=frames,
            source=source,
            motion=Motion.NONE,
            transition_frames=crossfade if index else 0,
            narration=some_file(),
            on_screen_text=OnScreenText(text=phrase, accent_colour=ACCENT) if phrase is not None else None,
        )
        for index, phrase in enumerate(phrases)
    )
    captions = Captions(language=language, style=caption_style("classic"), cues=())
    return Timeline(title="test", language=language, canvas=canvas, scenes=scenes, captions=captions)


def ass_of(timeline: Timeline) -> str:
    return to_ass(timeline.captions, timeline.canvas, title_events(timeline))


@pytest.mark.parametrize("canvas", CANVASES)
@pytest.mark.parametrize(("phrase", "language"), PHRASES)
def test_any_phrase_fits_its_place(phrase: str, language: str, canvas: Canvas, tmp_path: Path) -> None:
    timeline = timeline_of(phrase, canvas=canvas, language=language)
    (shot,) = pictures(ass_of(timeline), canvas, [2000], tmp_path)
    left, top, right, bottom = edges(ink(shot))
    upright = canvas is SMALL_PORTRAIT
    assert left >= 0.07 * canvas.width
    assert right <= (0.89 if upright else 0.93) * canvas.width
    assert top >= (0.10 if upright else 0.12) * canvas.height - 2
    assert bottom <= (0.42 if upright else 0.45) * canvas.height
    (title,) = title_events(timeline)
    assert 1 <= len(title.lines) <= 4
    if language in {"th", "lo", "km", "my"}:
        ends = accumulate(len("".join(line)) for line in title.lines[:-1])
        assert set(ends) <= word_starts(phrase)


@pytest.mark.parametrize("canvas", CANVASES)
def test_the_title_is_large_and_its_bar_has_the_accent_colour(canvas: Canvas, tmp_path: Path) -> None:
    (shot,) = pictures(ass_of(timeline_of("Why cats purr", canvas=canvas)), canvas, [2000], tmp_path)
    text, bar = edges(like(shot, "#FFFFFF")), edges(like(shot, ACCENT))
    assert text[3] - text[1] > 0.08 * canvas.short_side
    assert bar[3] <= text[1]
    assert abs(bar[0] - 0.08 * canvas.width) <= 2
    assert abs(text[0] - bar[0]) <= 0.012 * canvas.short_side


@pytest.mark.parametrize(("phrase", "language"), [("سور الصين", "ar"), ("החומה הגדולה", "he")])
@pytest.mark.parametrize("canvas", CANVASES)
def test_what_is_read_from_the_right_stands_at_the_right(
    phrase: str, language: str, canvas: Canvas, tmp_path: Path
) -> None:
    (shot,) = pictures(ass_of(timeline_of(phrase, canvas=canvas, language=language)), canvas, [2000], tmp_path)
    text, bar = edges(like(shot, "#FFFFFF")), edges(like(shot, ACCENT))
    assert abs(text[2] - bar[2]) <= 0.02 * canvas.short_side
    assert text[2] > 0.85 * canvas.width
    assert bar[0] > text[0]


def test_the_first_title_is_the_largest() -> None:
    first, second = title_events(timeline_of("Why cats purr", "Why cats purr"))
    assert first.em > 1.2 * second.em


def test_it_comes_in_calmly_and_is_gone_when_the_next_scene_begins_to_show(tmp_path: Path) -> None:
    timeline = timeline_of("One", "Why cats purr", None)
    title = title_events(timeline)[1]
    assert (title.start_ms, title.end_ms) == (3167, 6000)
    times = [3170 + frame * 100 // 3 for frame in range(20)]
    shots = pictures(ass_of(timeline), SMALL_PORTRAIT, [3134, *times, 5700, 5967, 6010], tmp_path)
    texts = [shot[round(title.bar[3]) + 2 : SMALL_PORTRAIT.height // 2] for shot in shots]
    light = [int(text.sum()) for text in texts]
    before, entering, (standing, leaving, after) = light[0], light[1:-3], light[-3:]
    assert before == after == 0
    assert entering == sorted(entering)
    assert entering[-1] == standing
    assert entering[3] < 0.7 * standing
    assert leaving < 0.35 * standing
    tops = [edges(ink(text))[1] for text in texts[3:-3]]
    assert tops == sorted(tops, reverse=True)
    assert 2 <= tops[0] - tops[-1] <= 0.025 * SMALL_PORTRAIT.height
    lengths = [int(like(shot, ACCENT).any(axis=0).sum()) for shot in shots[1:-3]]
    assert lengths == sorted(lengths)
    assert lengths[1] < 0.6 * lengths[-1]


def test_nothing_moves_once_the_title_stands(tmp_path: Path) -> None:
    ass = ass_of(timeline_of("The great wall that nobody can see"))
    early, late = pictures(ass, SMALL_PORTRAIT, [900, 2700], tmp_path)
    assert np.array_equal(early, late)


def test_even_a_very_short_scene_shows_its_title(tmp_path: Path) -> None:
    ass = ass_of(timeline_of("One", "Two words", "Three", frames=18, crossfade=6))
    (shot,) = pictures(ass, SMALL_PORTRAIT, [967], tmp_path)
    assert like(shot, "#FFFFFF").sum() > 500


def test_a_very_long_word_is_hyphenated_at_the_end_of_a_line() -> None:
    (title,) = title_events(timeline_of("Sparkassenversicherungsgesellschaften heute", language="de"))
    assert title.text.replace("-\n", "").replace("\n ", " ").split() == [
        "Sparkassenversicherungsgesellschaften",
        "heute",
    ]
    assert all("-" not in line[:-1] for line in title.text.split("\n"))


def test_the_spaces_of_the_phrase_are_kept_and_none_are_added() -> None:
    for phrase in ("使用 Python 编程", "使用Python编程"):
        (title,) = title_events(timeline_of(phrase, canvas=SMALL_LANDSCAPE, language="zh"))
        assert title.text == phrase


def test_a_scene_without_a_phrase_has_no_title() -> None:
    assert title_events(timeline_of(None, "", " \u202e\x07 ")) == ()


def test_a_hostile_phrase_adds_no_event_and_no_command() -> None:
    phrase = "{\\p1}m 0 0 \\N\nDialogue: 0,0:00:00.00,0:00:09.00,Title,,0,0,0,,x"
    ass = ass_of(timeline_of(phrase))
    body = ass.split("[Events]\n", 1)[1].strip("\n").split("\n")
    assert all(line.startswith(("Dialogue: 2,", "Format: ")) for line in body)
    texts = [event.text for event in pysubs2.SSAFile.from_string(ass) if event.style == "Title"]
    assert not any("\\N" in text or "{\\p1}" in text.replace("\\{", "") for text in texts)
    assert any("\\{\\\u2060p1\\}m" in text for text in texts)


@pytest.mark.parametrize("canvas", CANVASES)
@pytest.mark.parametrize(("phrase", "language"), PHRASES)
def test_a_card_of_any_words_is_whole_and_can_be_read_on_its_plate(
    phrase: str, language: str, canvas: Canvas, tmp_path: Path
) -> None:
    timeline = timeline_of(None, canvas=canvas, language=language)
    for colour, ink_is_light in (("#1030A0", True), ("#F0E8C8", False)):
        card = Card(text=phrase, start_frame=0, frames=90, colour=colour)
        carded = timeline.model_copy(update={"cards": (card,)})
        (title,) = title_events(carded)
        assert title.plate is not None
        left, top, right, bottom = title.plate
        assert left > 0
        assert top > 0
        assert right < canvas.width
        assert bottom < 0.55 * canvas.height, "clear of captions"
        (shot,) = pictures(ass_of(carded), canvas, [2000], tmp_path)
        plate = shot[round(top) + 2 : round(bottom) - 2, round(left) + 8 : round(right) - 8].mean(axis=2)
        ground = np.median(plate)
        readable = (plate > ground + 60) if ink_is_light else (plate < ground - 60)
        assert readable.mean() > 0.01, "its words are there"
        outside = shot[round(bottom) + 2 :].astype(int)
        assert np.ptp(outside) <= 2, "and nowhere else"


def test_a_card_stands_for_its_time_and_below_a_logo() -> None:
    timeline = timeline_of(None, frames=90)
    card = Card(text="Hello", start_frame=10, frames=40, colour="#1030A0")
    logo = Logo(file=some_file(), width=100, height=100, corner=Corner.TOP_RIGHT, size=30)
    (free,) = title_events(timeline.model_copy(update={"cards": (card,)}))
    (below,) = title_events(timeline.model_copy(update={"cards": (card,), "logo": logo}))
    assert (free.start_ms, free.end_ms) == (333, 1667)
    box = logo.box(timeline.canvas)
    assert free.plate is not None
    assert below.plate is not None
    assert free.plate[1] < box.top + box.height <= below.plate[1]

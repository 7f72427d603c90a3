from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidgen_pipeline.domain.captions import Cue
from vidgen_pipeline.domain.narration import Narration, Word, frames_to_ms
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.providers.voice.script_words import letter_positions, script_words
from vidgen_pipeline.providers.voice.sound import Span
from vidgen_pipeline.providers.voice.word_times import timed_words
from vidgen_pipeline.subtitles.cues import build_cues
from vidgen_pipeline.subtitles.layout import caption_area, caption_typeface, shown
from vidgen_pipeline.subtitles.spacing import joined, may_break
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style
from vidgen_pipeline_tests.subtitles.samples import (
    LANDSCAPE,
    PORTRAIT,
    SQUARE,
    WALL,
    narrated,
    narration_of,
    scene_of,
    spoken,
)

GERMAN = "Die Geschwindigkeitsbegrenzung auf der Autobahn ist im Gegensatz zu anderen Ländern ungewöhnlich hoch."
CHINESE = "万里长城在月球上看不见，这是一个常见的错误，很多人都相信。但是事实并非如此。"
CANVASES = [PORTRAIT, LANDSCAPE, SQUARE]


def cues_of(
    narration: Narration, canvas: Canvas = PORTRAIT, style: str = "classic", language: str = "en"
) -> tuple[Cue, ...]:
    return build_cues(narration, language=language, canvas=canvas, style=caption_style(style))


def lines_of(cues: tuple[Cue, ...]) -> list[list[str]]:
    return [[joined(line) for line in cue.lines] for cue in cues]


def words_at(*spans: tuple[str, int, int]) -> tuple[Word, ...]:
    return tuple(
        Word(text=text, start_ms=start, end_ms=end, sentence_end=text.endswith(".")) for text, start, end in spans
    )


@pytest.mark.parametrize("canvas", CANVASES)
@pytest.mark.parametrize("style", STYLE_NAMES)
@pytest.mark.parametrize(("text", "language"), [(WALL, "en"), (GERMAN, "de"), (CHINESE, "zh")])
def test_every_word_is_in_one_cue_and_every_line_fits(canvas: Canvas, style: str, text: str, language: str) -> None:
    narration = narrated(text, text)
    cues = cues_of(narration, canvas, style, language)
    assert [word for cue in cues for word in cue.words] == list(narration.words)
    area, face = caption_area(canvas, caption_style(style)), caption_typeface(caption_style(style), language)
    for cue in cues:
        assert len(cue.lines) <= 2
        for line in cue.lines:
            drawn = shown(joined(line), caption_style(style), language)
            assert len(line) == 1 or face.width(drawn) * area.em <= area.width
    for sooner, later in pairwise(cues):
        assert sooner.end_ms <= later.start_ms


def test_upright_video_shows_a_few_words_at_once() -> None:
    cues = cues_of(narrated(WALL))
    counts = [len(cue.words) for cue in cues]
    assert max(counts) <= 6
    assert sum(2 <= count <= 5 for count in counts) >= 0.9 * len(counts)


def test_wide_video_shows_up_to_two_lines_of_about_forty_characters() -> None:
    lines = lines_of(cues_of(narrated(WALL), LANDSCAPE))
    assert any(len(cue) == 2 for cue in lines)
    assert max(len(line) for cue in lines for line in cue) <= 48
    assert len(lines) < len(cues_of(narrated(WALL))) / 2


@pytest.mark.parametrize("canvas", CANVASES)
def test_a_cue_starts_with_its_first_word_and_leaves_300_ms_after_its_last_or_when_it_is_read(canvas: Canvas) -> None:
    for cue in cues_of(narrated(WALL, WALL), canvas):
        assert cue.start_ms == cue.words[0].start_ms
        read = cue.start_ms + max(700, 1 + len(joined(cue.words)) * 1000 // 17)
        assert cue.words[-1].end_ms <= cue.end_ms <= max(cue.words[-1].end_ms + 300, read)


@pytest.mark.parametrize("canvas", CANVASES)
def test_cues_stay_within_their_scene(canvas: Canvas) -> None:
    narration = narrated(WALL, "Short.", WALL)
    scenes = list(zip(narration.start_frames, narration.scenes, strict=True))
    spans = [(frames_to_ms(start), frames_to_ms(start + scene.frames)) for start, scene in scenes]
    for cue in cues_of(narration, canvas):
        assert any(start <= cue.start_ms and cue.end_ms <= end for start, end in spans)


@pytest.mark.parametrize("canvas", CANVASES)
def test_sentences_share_a_cue_only_with_a_lone_short_word(canvas: Canvas) -> None:
    cues = cues_of(narrated(WALL), canvas)
    for cue in cues:
        sentences: list[list[Word]] = [[]]
        for word in cue.words:
            sentences[-1].append(word)
            if word.sentence_end:
                sentences.append([])
        parts = [part for part in sentences if part]
        assert len(parts) == 1 or any(len(part) == 1 for part in parts)
    assert [cue for cue in lines_of(cues) if "Yes." in cue[0]] == [["Yes. Really!"]]


def test_a_sentence_of_one_long_spoken_word_stands_alone() -> None:
    words = words_at(("Stop.", 0, 900), ("Look", 1300, 1600), ("both", 1620, 1900), ("ways.", 1920, 2400))
    assert lines_of(cues_of(narration_of(scene_of(words)))) == [["Stop."], ["Look both ways."]]


def test_a_short_gap_is_closed_and_a_long_one_leaves_the_picture_free() -> None:
    text = "Alpha bravo charlie. Delta echo foxtrot."
    for gap, left in ((80, 0), (119, 0), (300, 0), (350, 120), (900, 600)):
        words = list(spoken(text, start_ms=0))
        shift = words[2].end_ms + gap - words[3].start_ms
        words[3:] = [word.shifted(shift) for word in words[3:]]
        first, second = cues_of(narration_of(scene_of(words)))
        assert second.start_ms - first.end_ms == left


def test_no_cue_flashes_by_unless_speech_forces_it() -> None:
    for canvas in CANVASES:
        assert min(cue.end_ms - cue.start_ms for cue in cues_of(narrated(WALL), canvas)) >= 700
    words = words_at(("Go.", 0, 200), ("Onomatopoeia", 250, 900), ("continues", 920, 1500), ("here.", 1520, 2000))
    assert lines_of(cues_of(narration_of(scene_of(words))))[0][0].startswith("Go. Onomatopoeia")


def test_ordinary_speech_is_read_at_17_characters_a_second_or_less() -> None:
    for canvas in CANVASES:
        for cue in cues_of(narrated(WALL), canvas):
            assert len(joined(cue.words)) * 1000 <= 17 * (cue.end_ms - cue.start_ms)


def test_a_silence_within_a_sentence_parts_it() -> None:
    words = words_at(
        ("This", 0, 300), ("is", 320, 500), ("it", 520, 800),
        ("but", 2600, 2900), ("not", 2920, 3200), ("that.", 3220, 3700),
    )  # fmt: skip
    assert lines_of(cues_of(narration_of(scene_of(words)), LANDSCAPE)) == [["This is it"], ["but not that."]]


@pytest.mark.parametrize("canvas", CANVASES)
@pytest.mark.parametrize("style", STYLE_NAMES)
def test_phrases_are_kept_whole(canvas: Canvas, style: str) -> None:
    cues = cues_of(narrated(WALL), canvas, style)
    last_words = [line[-1].text for cue in cues for line in cue.lines]
    assert not {"The", "the", "of", "a", "and", "but", "In"} & set(last_words)


@pytest.mark.parametrize("canvas", CANVASES)
@pytest.mark.parametrize("style", STYLE_NAMES)
def test_no_line_is_a_lone_short_word(canvas: Canvas, style: str) -> None:
    for cue in cues_of(narrated(WALL), canvas, style):
        if len(cue.lines) == 2:
            assert all(len(line) > 1 or len(line[0].text) > 3 for line in cue.lines)


def test_chinese_has_no_spaces_and_no_line_starts_with_a_comma() -> None:
    for canvas in CANVASES:
        for style in STYLE_NAMES:
            lines = [line for cue in lines_of(cues_of(narrated(CHINESE), canvas, style, "zh")) for line in cue]
            assert "".join(lines) == CHINESE
            assert not any(line[0] in "，。" for line in lines)


def test_loose_punctuation_and_marks_do_not_begin_a_line() -> None:
    assert not may_break("错误", "，")
    assert not may_break("（", "中")
    assert not may_break("カ", "ー")
    assert not may_break("ก", "ำ")
    assert may_break("错", "误")
    assert may_break("wall", "is")


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["The", "wall", "is."], "The wall is."),
        (["你", "好", "，", "世", "界"], "你好，世界"),
        (["กำ", "แพง"], "กำแพง"),
        (["한국어", "말"], "한국어 말"),
        (["我", "用", "Python", "写"], "我用Python写"),
        (["ใช้", "Python"], "ใช้ Python"),
    ],
)
def test_where_spaces_are_not_known_words_meet_by_their_scripts(texts: list[str], line: str) -> None:
    assert joined(Word(text=text, start_ms=0, end_ms=0) for text in texts) == line


def read_out(text: str, language: str) -> tuple[Word, ...]:
    """The words of a text as a voice hands them on, three in a second."""
    words = script_words(text, language, letter_positions(text))
    return timed_words(words, [Span(333.0 * n, 333.0 * n + 300) for n in range(len(words))], [], 333.0 * len(words))


@pytest.mark.parametrize("canvas", CANVASES)
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("th", "กำแพงเมืองจีนมองไม่เห็นจากดวงจันทร์ นักบินอวกาศเห็นเมือง สนามบิน และทางหลวงได้ ใช้ Python เขียน2024นี้ก็ได้"),
        ("zh", "我们 用Python写， 用 Java 也行"),
        ("lo", "ສະບາຍດີ ມື້ນີ້ພວກເຮົາຈະເວົ້າກ່ຽວກັບເຜິ້ງ"),
        ("km", "សួស្តី ថ្ងៃនេះយើងនិយាយអំពីឃ្មុំ"),
        ("my", "မင်္ဂလာပါ ဒီနေ့ကျွန်တော်တို့ပျားအကြောင်းပြောမယ်"),
    ],
)
def test_spaces_are_shown_where_they_are_written_and_nowhere_else(canvas: Canvas, language: str, text: str) -> None:
    words = read_out(text, language)
    cues = cues_of(narration_of(scene_of(words)), canvas, language=language)
    position = 0
    for line in (line for cue in lines_of(cues) for line in cue):
        found = text.index(line, position)
        assert not text[position:found].strip()
        position = found + len(line)
    assert position == len(text)
    assert joined(words) == text


def test_where_lines_of_thai_meet_a_space_parts_them() -> None:
    assert joined([*read_out("สวัสดีครับ", "th"), *read_out("วันนี้", "th")]) == "สวัสดีครับ วันนี้"
    assert joined([*read_out("你好。", "zh"), *read_out("再见。", "zh")]) == "你好。再见。"


def test_a_cue_of_thai_rather_ends_at_a_space_than_in_a_phrase() -> None:
    text = "นักบินอวกาศเห็นเมืองใหญ่ สนามบินและทางหลวง กำแพงเมืองจีนนั้นแคบ"
    cues = cues_of(narration_of(scene_of(read_out(text, "th"))), SQUARE, language="th")
    assert len(cues) > 1
    assert {phrase for cue in cues for phrase in joined(cue.words).split(" ")} == set(text.split(" "))


def test_a_word_too_wide_for_a_line_stands_alone_in_its_cue() -> None:
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
    for canvas in (PORTRAIT, SQUARE):
        cues = cues_of(narrated(f"Die große {long} war hier."), canvas, language="de")
        assert [[word.text for word in cue.words] for cue in cues if long in [word.text for word in cue.words]] == [
            [long]
        ]


def test_an_emoji_stays_with_its_word() -> None:
    words = spoken("We launched the rocket 🚀 yesterday evening and everybody was happy 😀 about the launch.")
    for style in STYLE_NAMES:
        lines = [line for cue in cues_of(narration_of(scene_of(words)), style=style) for line in cue.lines]
        assert not any(line[0].text in "🚀😀" for line in lines)


def test_a_scene_without_words_has_no_cues() -> None:
    assert (
        cues_of(narration_of(scene_of([]), scene_of(spoken("Hello there."), 1)))[0].start_ms
        == 1000 * 1400 // 1000 + 200
    )


UGLY = st.text(st.sampled_from(list("aeW.,-{}\\<>&'\" \n\u202e\u200f😀漢，กاש")), min_size=0, max_size=12)


@given(
    st.lists(st.tuples(UGLY, st.integers(0, 900), st.integers(-50, 1500), st.booleans()), min_size=1, max_size=25),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_any_words_become_ordered_cues_that_lose_nothing(
    parts: list[tuple[str, int, int, bool]], data: st.DataObject
) -> None:
    words, time = [], 0
    for text, length, pause, over in parts:
        words.append(Word(text=text, start_ms=time, end_ms=time + length, sentence_end=over))
        time = max(0, time + length + pause)
    canvas, style = data.draw(st.sampled_from(CANVASES)), data.draw(st.sampled_from(STYLE_NAMES))
    cues = cues_of(narration_of(scene_of(words)), canvas, style, data.draw(st.sampled_from(["en", "ar", "zh", "hi"])))
    assert [word for cue in cues for word in cue.words] == words
    assert all(cue.start_ms < cue.end_ms and len(cue.lines) <= 2 and all(cue.lines) for cue in cues)
    assert all(sooner.end_ms <= later.start_ms for sooner, later in pairwise(cues))


COMMON = (
    "the of a to in is it you that he was for on are as with his they at be this have from or one had by but not what "
    "all were we when your can said there use each which she do how their if will up other about out many then them "
    "these so some her would make like him into time has look two more write go see no way could people than first "
    "water been call who oil its now find long down day did get come made may part over sound thing place year live "
    "very after name good sentence man think say great where help through much before line right too mean same tell "
    "boy follow came want show form three small set put end does another well large must big even such because turn "
    "here why ask went men read need land home us move try kind hand picture again change off play air away house"
)
SENTENCE = st.lists(st.sampled_from(COMMON.split()), min_size=1, max_size=24).map(lambda words: " ".join(words) + ".")
SCENES = st.lists(st.lists(SENTENCE, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=3)


@given(SCENES, st.sampled_from(CANVASES), st.sampled_from(STYLE_NAMES))
@settings(max_examples=150, deadline=None)
def test_everyday_speech_makes_cues_that_can_be_read(texts: list[str], canvas: Canvas, style: str) -> None:
    narration = narrated(*texts)
    edges = [
        frames_to_ms(start + scene.frames)
        for start, scene in zip(narration.start_frames, narration.scenes, strict=True)
    ]
    cues = cues_of(narration, canvas, style)
    followers = [cue.start_ms for cue in cues[1:]] + [edges[-1]]
    for cue, following in zip(cues, followers, strict=True):
        assert len(cue.lines) <= 2
        gap = following - cue.end_ms
        assert gap == 0 or gap >= 120 or cue is cues[-1]
        lasts = cue.end_ms - cue.start_ms
        text = joined(cue.words)
        # Nothing but the next words, or the end of the scene, takes it away sooner than it is read.
        unhurried = cue.end_ms != following and not any(0 <= edge - cue.end_ms < 240 for edge in edges)
        if unhurried:
            assert lasts >= 700
            assert len(text) * 1000 <= 17 * lasts
        assert len(text) * 1000 <= 18 * lasts or lasts < 700
        if len(cue.lines) == 2:
            assert all(len(line) > 1 or len(line[0].text.rstrip(".")) > 3 for line in cue.lines)


def test_a_quick_word_before_a_silence_stays_until_it_can_be_read() -> None:
    words = words_at(("No.", 0, 200), ("Nobody", 3000, 3400), ("came", 3420, 3700), ("today.", 3720, 4200))
    first, second = cues_of(narration_of(scene_of(words, frames=150)))
    assert (first.start_ms, first.end_ms) == (0, 700)
    assert second.end_ms == 4200 + 300
    hurried = words_at(("Extraordinarily", 0, 400), ("incomprehensible.", 410, 800))
    (cue,) = cues_of(narration_of(scene_of(hurried, frames=150)), LANDSCAPE)
    assert cue.end_ms == 1942  # 33 characters at 17 a second


def test_no_gap_under_120_ms_is_left_where_scenes_meet() -> None:
    for rest in (60, 120, 200, 330, 400, 500, 900):
        first = words_at(("Alpha", 0, 400), ("bravo.", 420, 1000 - rest))
        second = words_at(("Charlie", 20, 400), ("delta.", 420, 900))
        one, two = cues_of(narration_of(scene_of(first, 0, 30), scene_of(second, 1, 60)))
        assert one.end_ms <= 1000
        assert one.words[-1].end_ms <= one.end_ms
        assert two.start_ms - one.end_ms >= 120 or rest < 120


def test_sentences_of_a_few_quick_words_share_a_cue() -> None:
    words = words_at(
        ("Oh", 0, 120), ("no.", 130, 300), ("Not", 320, 500), ("again", 510, 800), ("please.", 810, 1300)
    )  # fmt: skip
    assert lines_of(cues_of(narration_of(scene_of(words)), LANDSCAPE)) == [["Oh no. Not again please."]]

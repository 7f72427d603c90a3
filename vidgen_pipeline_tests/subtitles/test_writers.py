from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from vidgen_pipeline.domain.captions import Captions, CaptionStyle, Cue, Highlight
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.runtime.ffmpeg import run_ffmpeg
from vidgen_pipeline.runtime.fonts import font_file
from vidgen_pipeline.subtitles.escape import WORD_JOINER
from vidgen_pipeline.subtitles.layout import caption_fonts
from vidgen_pipeline.subtitles.spacing import joined
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style
from vidgen_pipeline.subtitles.writers import to_ass, to_srt, to_vtt
from vidgen_pipeline_tests.subtitles.samples import (
    LANDSCAPE,
    PORTRAIT,
    SMALL_LANDSCAPE,
    SMALL_PORTRAIT,
    SMALL_SQUARE,
    SQUARE,
    WALL,
    Pixels,
    captions_of,
    edges,
    ink,
    like,
    pictures,
)

HOSTILE = r"{\p1}m 0 0 \N \n \h {\an8} <b>bold</b> 50%{x} 'a':b;c,[d] C:\new\home \{y\} \\ {} } { back\ {\1c&H0000FF&}"
OUR_TAGS = re.compile(
    r"(\\(an[25]|pos\([\d.,]+\)|[12]c&H[0-9A-F]{6}&|alpha&H(00|FF)&|kf?\d+|fn[A-Za-z ]+|fs[\d.]+|fsc[xy]100|b\d+"
    r"|t\(\d+,\d+,\\fscx\d+\\fscy\d+\)))+"
)
RULES = {ord(mark): None for mark in "\u200f" + WORD_JOINER}


def captioned(*lines: str, style: CaptionStyle | None = None, language: str = "en", step_ms: int = 400) -> Captions:
    """One cue of these lines, a word every `step_ms`."""
    texts = [line.split(" ") for line in lines]
    times = iter(range(0, 10**9, step_ms))
    rows = tuple(
        tuple(Word(text=text, start_ms=start, end_ms=start + step_ms) for text, start in zip(row, times, strict=False))
        for row in texts
    )
    end = step_ms * sum(map(len, texts))
    return Captions(
        language=language,
        style=style or caption_style("classic"),
        cues=(Cue(lines=rows, start_ms=0, end_ms=end),),
    )


def as_libass_reads(text: str) -> tuple[str, list[str]]:
    """An event's text as libass shows it, and the override blocks it obeys."""
    shown, blocks, position = "", [], 0
    while position < len(text):
        pair = text[position : position + 2]
        if pair in (r"\{", r"\}"):
            shown, position = shown + pair[1], position + 2
        elif pair in (r"\N", r"\n", r"\h"):
            shown, position = shown + "\n", position + 2
        elif text[position] == "{" and "}" in text[position:]:
            end = text.index("}", position)
            blocks.append(text[position + 1 : end])
            position = end + 1
        else:
            shown, position = shown + text[position], position + 1
    return shown.translate(RULES), blocks


def differing(one: Pixels, other: Pixels) -> float:
    """How much of the ink of two pictures stands in one of them only, whatever its colour."""
    first, second = ink(one), ink(other)
    return float((first != second).sum() / first.sum())


def text_events(ass: str) -> list[pysubs2.SSAEvent]:
    return [event for event in pysubs2.SSAFile.from_string(ass) if event.style == "Caption"]


def lit_at(ass: str, time_ms: int, highlight: str) -> str:
    """The text that is in the highlight's colour at this time."""
    tag = rf"\1c&H{highlight[5:7]}{highlight[3:5]}{highlight[1:3]}&"
    now = [event.text for event in text_events(ass) if event.start <= time_ms < event.end]
    return "".join(text.split(tag, 1)[1].lstrip("}").split("{", 1)[0] for text in now if tag in text).translate(RULES)


@pytest.mark.parametrize("canvas", [PORTRAIT, LANDSCAPE, SQUARE])
def test_the_ass_file_is_set_in_the_canvas_px(canvas: Canvas) -> None:
    file = pysubs2.SSAFile.from_string(to_ass(captions_of(WALL, canvas=canvas), canvas))
    assert (file.info["PlayResX"], file.info["PlayResY"]) == (str(canvas.width), str(canvas.height))
    assert file.info["ScaledBorderAndShadow"] == "yes"
    assert file.info["WrapStyle"] == "2"


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_at_every_moment_of_a_cue_the_word_being_spoken_is_lit(style: str) -> None:
    captions = captions_of(WALL, style=style)
    ass = to_ass(captions, PORTRAIT)
    for cue in captions.cues:
        for number, word in enumerate(cue.words):
            until = cue.words[number + 1].start_ms if number + 1 < len(cue.words) else cue.end_ms
            for time in (word.start_ms, (word.start_ms + until) // 2, until - 11):
                lit = lit_at(ass, time, captions.style.highlight_colour)
                assert lit.casefold() == word.text.casefold()
        assert not [e for e in text_events(ass) if e.start < cue.start_ms - 10 and e.end > cue.start_ms]


def test_one_line_has_one_event_for_each_word_and_a_second_line_waits_unlit() -> None:
    ass = to_ass(captioned("one two three"), PORTRAIT)
    assert [(event.start, event.end) for event in text_events(ass)] == [(0, 400), (400, 800), (800, 1200)]
    spans = sorted(
        (event.start, event.end) for event in text_events(to_ass(captioned("one two", "three four"), PORTRAIT))
    )
    assert spans == [(0, 400), (0, 800), (400, 800), (800, 1200), (800, 1600), (1200, 1600)]


@pytest.mark.parametrize("style", STYLE_NAMES)
@pytest.mark.parametrize("canvas", [SMALL_PORTRAIT, SMALL_LANDSCAPE, SMALL_SQUARE])
def test_captions_stand_in_the_safe_area(style: str, canvas: Canvas, tmp_path: Path) -> None:
    look = caption_style(style)
    lines = ("Visit", "https://www.example.com/a/very/long/path?and=on&then=some", "Wide WIDER mmmmmm")
    cues = tuple(
        Cue(lines=captioned(*rows).cues[0].lines, start_ms=start, end_ms=start + 1000)
        for start, rows in ((0, lines[:1]), (1000, lines[1:2]), (2000, lines[2:] * 2))
    )
    captions = Captions(language="en", style=look, cues=cues)
    shots = pictures(to_ass(captions, canvas), canvas, [500, 1500, 2500], tmp_path, background="B0B0B0")
    for shot in shots:
        left, top, right, bottom = edges(ink(shot))
        assert 0.03 * canvas.width <= left
        assert right <= 0.97 * canvas.width
        assert abs((left + right) / 2 - canvas.width / 2) < 6
        if canvas is SMALL_PORTRAIT:
            assert right <= 0.88 * canvas.width + 1
        if look.position == "center":
            assert 0.45 * canvas.height <= top
            assert bottom <= (0.70 if canvas is SMALL_PORTRAIT else 0.76) * canvas.height
        else:
            assert 0.55 * canvas.height <= top
            lowest = 0.765 if canvas is SMALL_PORTRAIT else 0.92
            assert (lowest - 0.035) * canvas.height <= bottom <= lowest * canvas.height


@pytest.mark.parametrize("style", STYLE_NAMES)
def test_the_lit_word_changes_colour_and_nothing_moves(style: str, tmp_path: Path) -> None:
    look = caption_style(style)
    ass = to_ass(captioned("Mind the", "gap now", style=look), SMALL_PORTRAIT)
    shots = pictures(ass, SMALL_PORTRAIT, [200, 600, 1000, 1400], tmp_path, background="3060A0")
    places = []
    for shot in shots:
        assert differing(shot, shots[0]) < 0.01
        lit = like(shot, look.highlight_colour)
        assert lit.sum() > 100
        places.append(edges(lit))
    mind, the, gap, now = places
    assert mind[2] < the[0]
    assert gap[2] < now[0]
    assert max(mind[3], the[3]) < min(gap[1], now[1])


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("ar", "سور الصين العظيم لا يُرى"),
        ("he", "החומה הגדולה של סין"),
        ("hi", "चीन की महान दीवार"),
        ("en", "party 😀 time ❤️ now"),
    ],
)
def test_lighting_a_word_keeps_shaping_and_order(language: str, line: str, tmp_path: Path) -> None:
    captions = captioned(line, language=language)
    ass = to_ass(captions, SMALL_PORTRAIT)
    plain = re.sub(r"\\1c&H[0-9A-F]{6}&", "", ass)
    times = [200 + 400 * number for number in range(len(line.split(" ")))]
    shots = pictures(ass, SMALL_PORTRAIT, times, tmp_path)
    unlit = pictures(plain, SMALL_PORTRAIT, times[:1], tmp_path)[0]
    lefts = []
    for shot in shots:
        assert differing(shot, unlit) < 0.02
        lefts.append(edges(like(shot, captions.style.highlight_colour, 60))[0])
    assert lefts == sorted(lefts, reverse=language in ("ar", "he"))


@pytest.mark.parametrize("style", STYLE_NAMES)
@pytest.mark.parametrize("text", HOSTILE.split(" "))
def test_hostile_text_is_plain_text_to_libass(style: str, text: str) -> None:
    look = caption_style(style)
    events = text_events(to_ass(captioned(f"a {text} b", style=look), PORTRAIT))
    assert len(events) == 3
    for event in events:
        shown, blocks = as_libass_reads(event.text)
        assert shown == (f"A {text} B".upper() if look.uppercase else f"a {text} b")
        assert all(OUR_TAGS.fullmatch(block) for block in blocks)


@pytest.mark.parametrize(
    "text",
    [
        r"{\p1}m 0 0 \N {\an8}\h",
        r"C:\new\home \{y\} \\ {} } {",
        "<b>bold</b> 50%{x} 'a':b;c,[d]",
        r"back\ {\1c&H0000FF&}",
    ],
)
def test_hostile_text_is_drawn_as_pillow_draws_it(text: str, tmp_path: Path) -> None:
    """Pillow knows no commands: it draws any text as it is, with the same font."""
    plain = caption_style("minimal").model_copy(
        update={"background_colour": None, "background_opacity": 0, "highlight_colour": "#FFFFFF"}
    )
    drawn = ink(pictures(to_ass(captioned(text, style=plain), PORTRAIT), PORTRAIT, [0], tmp_path)[0])
    font = ImageFont.truetype(font_file("Roboto"), plain.size * 1080 / 400)
    font.set_variation_by_axes([100, 400] if font.get_variation_axes()[0]["name"] == b"Width" else [400, 100])
    expected = Image.new("L", (1080, 400))
    ImageDraw.Draw(expected).text((20, 100), text, fill=255, font=font)
    wanted = np.array(expected) > 40
    (left, top, right, bottom), (x, y, x_end, y_end) = edges(drawn), edges(wanted)
    assert abs((right - left) - (x_end - x)) <= 4
    assert abs((bottom - top) - (y_end - y)) <= 2
    ours, theirs = drawn[top:bottom, left:right].sum(axis=0), wanted[y:y_end, x:x_end].sum(axis=0)
    width = min(len(ours), len(theirs))
    smooth = np.ones(7) / 7
    agreement = np.corrcoef(np.convolve(ours[:width], smooth), np.convolve(theirs[:width], smooth))[0, 1]
    assert agreement > 0.9


def test_a_background_is_one_calm_box_around_both_lines(tmp_path: Path) -> None:
    for style in ("modern", "minimal"):
        look = caption_style(style)
        captions = captioned("A short one", "and a much longer line", style=look)
        shot = pictures(to_ass(captions, SMALL_PORTRAIT), SMALL_PORTRAIT, [100], tmp_path, background="FFFFFF")[0]
        left, top, right, bottom = edges(ink(shot))
        inside = shot[top + 8 : bottom - 8, left + 9]
        assert np.ptp(inside) <= 2
        assert abs(int(inside[0, 0]) - 255 * (1 - look.background_opacity)) <= 3
        above = shot[top + 4, left + 20 : right - 20]
        assert np.ptp(above) <= 2
        assert np.all(shot[top, left] == 255)  # the corner is round


def test_control_characters_are_gone_everywhere() -> None:
    captions = captioned("a\u202eb\u2066c \x07\x1b[31md \ufeffe\u2028f")
    for written in (to_ass(captions, PORTRAIT), to_srt(captions), to_vtt(captions)):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u2028\ufeff]", written)
    assert "abc [31md e f" in to_srt(captions)


def test_turkish_and_greek_capitals_are_their_own() -> None:
    bold = caption_style("bold")
    assert "İSTANBUL" in to_ass(captioned("istanbul", style=bold, language="tr"), PORTRAIT)
    assert "ΑΘΗΝΑ" in to_ass(captioned("Αθήνα", style=bold, language="el"), PORTRAIT)


def test_the_fonts_of_captions_are_known_before_they_are_drawn() -> None:
    assert caption_fonts(captioned("Hello there 😀")) == {"Arimo", "Noto Emoji"}
    assert caption_fonts(captioned("万里", "長城", language="ja")) == {"Noto Sans CJK JP"}
    assert caption_fonts(captioned("привет", style=caption_style("bold"))) == {"Noto Sans"}


def test_what_cannot_be_seen_draws_nothing() -> None:
    assert text_events(to_ass(captioned("\u202e\x07 \u2066"), PORTRAIT)) == []
    assert to_srt(captioned("\u202e\x07")) == ""
    assert len(text_events(to_ass(captioned("\u200f"), PORTRAIT))) == 1


def srt_cues(srt: str) -> list[tuple[str, str]]:
    """Times and text of each cue, by the format's own rule: a number, a time line, text, an empty line."""
    cues = []
    for number, block in enumerate(srt.strip("\n").split("\n\n"), start=1):
        index, times, *text = block.split("\n")
        assert index == str(number)
        cues.append((times, "\n".join(text)))
    return cues


def test_srt_has_each_cue_once_with_its_lines() -> None:
    captions = captions_of(WALL, canvas=LANDSCAPE)
    cues = srt_cues(to_srt(captions))
    assert len(cues) == len(captions.cues)
    assert cues[0] == ("00:00:00,200 --> " + cues[0][0][17:], "The Great Wall of China\nis not visible from the Moon,")
    read = pysubs2.SSAFile.from_string(to_srt(captions))
    assert [(event.start, event.end) for event in read] == [(cue.start_ms, cue.end_ms) for cue in captions.cues]


@pytest.mark.parametrize(("suffix", "write"), [("srt", to_srt), ("vtt", to_vtt)])
def test_hostile_text_passes_through_ffmpeg_without_becoming_a_command(
    suffix: str, write: Callable[[Captions], str], tmp_path: Path
) -> None:
    lines = (HOSTILE, '<font color="red">x</font> {b}y{/b} {\\an8}z {c:$0000FF}q <i>k</i> a<b 1 --> 2')
    source, target = tmp_path / f"captions.{suffix}", tmp_path / "read.ass"
    source.write_text(write(captioned(*lines)), encoding="utf-8")
    asyncio.run(run_ffmpeg(["-i", str(source), "-y", str(target)]))
    (event,) = pysubs2.SSAFile.load(str(target))
    assert not [block for block in as_libass_reads(event.text)[1] if re.search(r"\\(?!kf)[a-z0-9]", block)]
    kept = re.sub(r"\{(\\kf\d+)?\}", "", event.text.replace(r"\{", "{").replace(r"\}", "}"))
    assert kept.translate(RULES).replace("{}", "") == r"\N".join(lines).replace("{}", "")


def test_vtt_tells_when_each_word_is_spoken() -> None:
    assert to_vtt(captioned("Mind the", "gap & <b>go</b>")) == (
        "WEBVTT\n\n1\n00:00:00.000 --> 00:00:02.000\n"
        "Mind <00:00:00.400>the\n<00:00:00.800>gap <00:00:01.200>&amp; <00:00:01.600>&lt;b&gt;go&lt;/b&gt;\n\n"
    )


def test_chinese_is_written_without_spaces() -> None:
    captions = captions_of("万里长城在月球上看不见，这是错误。", language="zh", canvas=LANDSCAPE)
    assert "万里长城在月球上看不见，这是错误。" in to_srt(captions).replace("\n", "")
    assert "万<00:00:00.390>里<00:00:00.580>长" in to_vtt(captions)


COMMANDS = [r"{\p1}", r"{\an8}", r"{\fs90}", r"\N", "<b>", "</i>", "-->", "{b}", "&lt;", "\n\n", "\\"]
SPECIAL = "\\{}<>&%':;,[]()!/-–NnhpbiB109\u200f\u200e\u202e\u2066\x00\x1b\n\r\t\x85\u2028漢ا😀"
NASTY = st.lists(
    st.one_of(st.sampled_from(SPECIAL), st.sampled_from(COMMANDS), st.characters()), min_size=1, max_size=14
).map("".join)


@given(st.lists(NASTY, min_size=1, max_size=8), st.sampled_from(STYLE_NAMES), st.sampled_from(Highlight), st.booleans())
@settings(max_examples=500, deadline=None)
def test_any_text_can_be_read_back_from_every_format_and_adds_nothing(
    texts: list[str], style: str, highlight: Highlight, split: bool
) -> None:
    look = caption_style(style).model_copy(update={"uppercase": False, "highlight": highlight})
    words = tuple(Word(text=text, start_ms=500 * n, end_ms=500 * n + 400) for n, text in enumerate(texts))
    middle = len(words) // 2 if split else 0
    lines = tuple(line for line in (words[:middle], words[middle:]) if line)
    cue = Cue(lines=lines, start_ms=0, end_ms=500 * len(words))
    captions = Captions(language="en", style=look, cues=(cue,))
    expected = [text for text in map(joined, lines) if text]
    unmarked = [line.translate(RULES) for line in expected]

    ass = to_ass(captions, PORTRAIT)
    body = ass.split("[Events]\n", 1)[1].strip("\n").split("\n")
    assert all(line.startswith("Dialogue: ") for line in body[1:])
    assert len([line for line in body[1:] if ",Box,," in line]) == (1 if look.background_colour and expected else 0)
    # In `pop` the word being spoken is drawn once more, around its own middle.
    whole = [event for event in text_events(ass) if not event.text.startswith(r"{\an5")]
    reads = [as_libass_reads(event.text) for event in whole if event.start == 0]
    assert len({blocks[0] for _, blocks in reads}) == len(reads)  # each line stands at a place of its own
    # A very wide word is broken over several lines, with a hyphen between two letters of it.
    seen = "".join(text for text, _ in reads)
    assert seen.replace(" ", "").replace("-", "") == "".join(unmarked).replace(" ", "").replace("-", "")
    for event in text_events(ass):
        assert all(OUR_TAGS.fullmatch(block) for block in as_libass_reads(event.text)[1])

    if not expected:
        assert to_srt(captions) == ""
        return
    ((_, text),) = srt_cues(to_srt(captions))
    assert text.translate(RULES) == "\n".join(unmarked)
    assert not re.search(r"<[a-zA-Z/!?]|\{[\\a-zA-Z]|-->", text)
    header, times, *vtt_lines = to_vtt(captions).removeprefix("WEBVTT\n\n").strip("\n").split("\n")
    assert (header, times) == ("1", f"00:00:00.000 --> 00:00:{len(words) / 2:06.3f}")
    read = html.unescape(re.sub(r"<\d\d:\d\d:\d\d\.\d{3}>", "", "\n".join(vtt_lines)))
    assert read.translate(RULES) == "\n".join(unmarked)

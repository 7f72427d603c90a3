"""A scene's key phrase, set large in the upper part of the picture; and cards, the same on a plate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

import pysubs2

from vidgen_pipeline.domain.narration import frames_to_ms
from vidgen_pipeline.domain.timeline import Canvas, Card, Corner, Timeline
from vidgen_pipeline.domain.word_breaks import is_in_word
from vidgen_pipeline.subtitles.drawing import (
    faded,
    filled,
    is_right_to_left,
    line_text,
    placed,
    rounded_rectangle,
    shape_style,
    shape_text,
    text_style,
)
from vidgen_pipeline.subtitles.escape import clean
from vidgen_pipeline.subtitles.layout import parts_of_word
from vidgen_pipeline.subtitles.phrases import break_penalty
from vidgen_pipeline.subtitles.spacing import may_break, separator
from vidgen_pipeline.subtitles.typefaces import Typeface

_FONT, _WEIGHT = "Inter", 800
_TRACKING = -0.03  # em; Inter's letters stand too far apart at this size
_COLOUR, _DARK_COLOUR = "#FFFFFF", "#14171C"
_FIRST_SIZE, _SIZE, _CARD_SIZE = 0.135, 0.108, 0.115  # the largest em, of the canvas's short side
_PLATE_OPACITY = 0.9
_PLATE_ROOM, _PLATE_RADIUS = 0.045, 0.03  # around the text, and of its corners; of the canvas's short side
_MOST_LINES = 4
_SMALLEST_WORD = 0.55  # a word that would come out smaller than this share of the largest size is broken
_BAR = (0.085, 0.0105, 0.036)  # length, height and the gap below it, of the canvas's short side

_FADE_IN_MS, _FADE_OUT_MS = 250, 200
_WORD_AFTER_WORD_MS = 50
_LATEST_WORD_MS = 350
_RISE = 0.02  # of the canvas's height
_LAYER, _PLATE_LAYER = 2, 0


@dataclass(frozen=True)
class TitleEvent:
    """A title laid out and timed. Times in ms from the start of the video, lengths in px.

    `x` is the left edge of the text and its bar, or the right edge where the language is read from the right. A card
    has a `plate` (left, top, right, bottom) behind it.
    """

    lines: tuple[tuple[str, ...], ...]
    start_ms: int
    end_ms: int
    language: str
    em: float
    x: float
    baselines: tuple[float, ...]
    bar: tuple[float, float, float, float]
    accent_colour: str
    rise: float
    fps: int
    colour: str = _COLOUR
    plate: tuple[float, float, float, float] | None = None
    plate_colour: str = _COLOUR

    @property
    def text(self) -> str:
        """The title as a person reads it, lines split by a newline."""
        return "\n".join("".join(line) for line in self.lines)


TITLE_STYLES = {
    "Title": text_style(Typeface(_FONT, _WEIGHT), 100.0, _COLOUR, None, 0.0),
    "Accent": shape_style(_COLOUR, 1.0),
    "Plate": shape_style(_COLOUR, _PLATE_OPACITY),
}


def title_events(timeline: Timeline) -> tuple[TitleEvent, ...]:
    """A title for each scene that has a text to show, gone when the scene after it begins to show; and every card."""
    layout = _Layout(timeline)
    titles = [
        layout.title(
            scene.on_screen_text.text,
            frames=(scene.start_frame + scene.transition_frames // 2, scene.start_frame + scene.frames),
            largest=_SIZE if scene.index else _FIRST_SIZE,
            accent_colour=scene.on_screen_text.accent_colour,
        )
        for scene in timeline.scenes
        if scene.on_screen_text and clean(scene.on_screen_text.text)
    ]
    cards = [layout.card(card) for card in timeline.cards if clean(card.text)]
    return (*titles, *cards)


def draw_title(title: TitleEvent) -> Iterator[pysubs2.SSAEvent]:
    """The title's ASS events: the bar grows, words fade in one after another while their line rises, all fades out.

    The plate of a card comes and goes with them.
    libass moves things at even speed only; what slows down is drawn frame by frame.
    """
    shown_ms = title.end_ms - title.start_ms
    haste = min(1.0, shown_ms / 3 / (_FADE_IN_MS + _LATEST_WORD_MS))
    delays = _word_delays(title.lines)
    if title.plate:
        radius = _PLATE_RADIUS / _PLATE_ROOM * (title.bar[1] - title.plate[1])
        tags = rf"\fad({round(_FADE_IN_MS * haste / 2)},{_fade_out_ms(title)})" + filled(title.plate_colour)
        shape = shape_text(rounded_rectangle(title.plate, radius), tags)
        yield _event(title, title.start_ms, title.end_ms, "Plate", shape, layer=_PLATE_LAYER)
    for line, baseline, line_delays in zip(title.lines, title.baselines, delays, strict=True):
        settled = (line_delays[-1] + _FADE_IN_MS) * haste
        for start, end, elapsed in _moments(title, settled):
            shares = [_eased((elapsed / haste - delay) / _FADE_IN_MS) for delay in line_delays]
            if shares[0]:
                fade = _fade_out(title, end)
                yield _event(title, start, end, "Title", _line(title, line, baseline, shares, fade))
    for start, end, elapsed in _moments(title, 1.4 * _FADE_IN_MS * haste):
        left, top, right, bottom = title.bar
        length = (right - left) * _eased(elapsed / (1.4 * _FADE_IN_MS * haste))
        box = (right - length, top, right, bottom) if title.x == right else (left, top, left + length, bottom)
        if length:
            tags = _fade_out(title, end) + filled(title.accent_colour)
            yield _event(title, start, end, "Accent", shape_text(rounded_rectangle(box, (bottom - top) / 2), tags))


@dataclass(frozen=True)
class _Layout:
    """Where titles stand in the picture of one video."""

    timeline: Timeline

    def title(self, text: str, *, frames: tuple[int, int], largest: float, accent_colour: str) -> TitleEvent:
        canvas, language = self.timeline.canvas, self.timeline.language
        from_the_right = is_right_to_left(language)
        left, top, right, bottom = _room(canvas, from_the_right)
        if self.timeline.logo and self.timeline.logo.corner in {Corner.TOP_LEFT, Corner.TOP_RIGHT}:
            beside = self.timeline.logo.box(canvas)
            top = max(top, beside.top + beside.height + 1.5 * _PLATE_ROOM * canvas.short_side)
        bar_length, bar_height, gap = (share * canvas.short_side for share in _BAR)
        text_top = top + bar_height + gap
        face = Typeface(_FONT, _WEIGHT, language)
        lines, em = _fitted(clean(text), face, language, right - left, bottom - text_top, largest * canvas.short_side)
        above, pitch = _heights(lines, face)
        bar_left = right - bar_length if from_the_right else left
        return TitleEvent(
            lines=lines,
            start_ms=frames_to_ms(frames[0]),
            end_ms=frames_to_ms(frames[1]),
            language=language,
            em=em,
            x=right if from_the_right else left,
            baselines=tuple(text_top + (above + number * pitch) * em for number in range(len(lines))),
            bar=(bar_left, top, bar_left + bar_length, top + bar_height),
            accent_colour=accent_colour,
            rise=_RISE * canvas.height,
            fps=canvas.fps,
        )

    def card(self, card: Card) -> TitleEvent:
        """Its words, light or dark, whichever can be read on its plate."""
        colour = _DARK_COLOUR if _brightness(card.colour) > 0.5 else _COLOUR
        frames = (card.start_frame, card.start_frame + card.frames)
        title = self.title(card.text, frames=frames, largest=_CARD_SIZE, accent_colour=colour)
        room = _PLATE_ROOM * self.timeline.canvas.short_side
        face = Typeface(_FONT, _WEIGHT, title.language)
        width = max(title.em * max(_width("".join(line), face) for line in title.lines), title.bar[2] - title.bar[0])
        left = title.x - width if is_right_to_left(title.language) else title.x
        plate = (left - room, title.bar[1] - room, left + width + room, title.baselines[-1] + 0.25 * title.em + room)
        return replace(title, colour=colour, plate=plate, plate_colour=card.colour)


def _brightness(colour: str) -> float:
    """How bright a colour looks, 0 to 1."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _room(canvas: Canvas, from_the_right: bool) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of where titles stand: clear of captions and of the platforms' buttons."""
    width, height = canvas.width, canvas.height
    if height > width:
        return 0.08 * width, 0.10 * height, 0.88 * width, 0.42 * height
    margin, length = 0.08 * width, (0.62 if width > height else 0.84) * width
    left = width - margin - length if from_the_right else margin
    return left, 0.12 * height, left + length, 0.45 * height


@dataclass(frozen=True)
class _Piece:
    """What is not broken any further. `text` begins with the space before it; a hyphenated part ends its line."""

    text: str
    ends_line: bool = False


def _fitted(
    text: str, face: Typeface, language: str, width: float, height: float, largest: float
) -> tuple[tuple[tuple[str, ...], ...], float]:
    """The lines, each as its words with the spaces before them, and the em (px) at which they fill the room best."""
    pieces = _pieces(text, face, width / (_SMALLEST_WORD * largest))
    fewest = 1 + sum(piece.ends_line for piece in pieces)
    best_score, best_em, best_lines = 0.0, 0.0, [[text]]
    for count in range(fewest, min(max(_MOST_LINES, fewest), len(pieces)) + 1):
        lines = _balanced(pieces, count, face, language)
        _, pitch = _heights(lines, face)
        em = min(largest, width / max(_width("".join(line), face) for line in lines), height / (pitch * count))
        score = em * (1 - 0.05 * count)  # of like sizes, the one of fewer lines
        if score > best_score:
            best_score, best_em, best_lines = score, em, lines
    return tuple(map(tuple, best_lines)), best_em


def _pieces(text: str, face: Typeface, widest: float) -> list[_Piece]:
    """The text cut wherever a line may end; a word wider than `widest` em is broken."""
    pieces: list[_Piece] = []
    most_parts = _MOST_LINES - (" " in text)
    for word in text.split(" "):
        cuts = [place for place in range(1, len(word)) if _may_end_within(word, place)]
        for start, end in pairwise([0, *cuts, len(word)]):
            space = " " if pieces and not start else ""
            parts = parts_of_word(word[start:end], min(most_parts, ceil(face.width(word[start:end]) / widest)))
            for number, part in enumerate(parts, start=1):
                pieces.append(_Piece(part if number > 1 else space + part, ends_line=number < len(parts)))
    return pieces


def _may_end_within(word: str, place: int) -> bool:
    left, right = word[:place], word[place:]
    return not separator(left, right) and may_break(left, right) and not is_in_word(word, place)


def _balanced(pieces: Sequence[_Piece], count: int, face: Typeface, language: str) -> list[list[str]]:
    """The pieces in `count` lines: as even as can be, parted between phrases where that costs little."""
    total = _width(_line_of(pieces), face)
    best: dict[tuple[int, int], tuple[float, int]] = {(0, 0): (0.0, 0)}
    for line in range(1, count + 1):
        for end in range(1, len(pieces) + 1):
            options = []
            for start in range(end - 1, -1, -1):
                if pieces[start].ends_line and start < end - 1:
                    break
                if (line - 1, start) in best:
                    uneven = _width(_line_of(pieces[start:end]), face) * count / total - 1
                    cost = uneven**2 + 0.03 * _parting(pieces, start, language)
                    options.append((best[line - 1, start][0] + cost, start))
            if options:
                best[line, end] = min(options)
    cuts = [len(pieces)]
    for line in range(count, 0, -1):
        cuts.append(best[line, cuts[-1]][1])
    cuts.reverse()
    lines = [[piece.text for piece in pieces[start:end]] for start, end in pairwise(cuts)]
    return [[line[0].lstrip(), *line[1:]] for line in lines]


def _line_of(pieces: Sequence[_Piece]) -> str:
    return "".join(piece.text for piece in pieces).lstrip()


def _parting(pieces: Sequence[_Piece], place: int, language: str) -> float:
    if not place or pieces[place - 1].ends_line:
        return 0.0
    return break_penalty(pieces[place - 1].text.lstrip(), pieces[place].text.lstrip(), language)


def _heights(lines: Sequence[Sequence[str]], face: Typeface) -> tuple[float, float]:
    """How far the first line's ink stands above its baseline, and the distance between baselines, in em."""
    scripts = [run.script for line in lines for run in face.runs("".join(line))]
    above, below = max(script.above for script in scripts), max(script.below for script in scripts)
    return above, max(1.04, above + below)


def _width(text: str, face: Typeface) -> float:
    return face.width(text) + (_TRACKING * len(text) if _tracked(text, face) else 0.0)


def _tracked(text: str, face: Typeface) -> bool:
    """Letters may only be set closer where they are letters apart: not in Arabic, not under Devanagari's bar."""
    return all(run.font == face.font for run in face.runs(text))


def _word_delays(lines: Sequence[Sequence[str]]) -> list[list[float]]:
    count = sum(len(line) for line in lines)
    step = min(_WORD_AFTER_WORD_MS, _LATEST_WORD_MS / max(count - 1, 1))
    delays, number = [], 0
    for line in lines:
        delays.append([(number + place) * step for place in range(len(line))])
        number += len(line)
    return delays


def _moments(title: TitleEvent, settled_ms: float) -> Iterator[tuple[int, int, float]]:
    """(start ms, end ms, ms since the title's start) of each frame until things are settled, then of all the rest."""
    frames = ceil(settled_ms * title.fps / 1000)
    times = [title.start_ms + round(frame * 1000 / title.fps) for frame in range(frames + 1)]
    for start, end in pairwise([time for time in times if time < title.end_ms] + [title.end_ms]):
        yield start, end, start - title.start_ms if end < title.end_ms else settled_ms


def _eased(share: float) -> float:
    """0 to 1, quick at first and then ever slower."""
    return 1 - (1 - min(max(share, 0.0), 1.0)) ** 3


def _fade_out(title: TitleEvent, end_ms: int) -> str:
    if end_ms < title.end_ms:
        return ""
    return rf"\fad(0,{_fade_out_ms(title)})"


def _fade_out_ms(title: TitleEvent) -> int:
    return min(_FADE_OUT_MS, (title.end_ms - title.start_ms) // 3)


def _line(title: TitleEvent, line: Sequence[str], baseline: float, shares: Sequence[float], fade: str) -> str:
    face = Typeface(_FONT, _WEIGHT, title.language)
    text = "".join(line)
    alignment = 3 if is_right_to_left(title.language) else 1
    place = placed(text, face, title.em, title.x, baseline + title.rise * (1 - shares[0]), alignment)
    tracking = rf"{{\fsp{_TRACKING * title.em:.2f}}}" if _tracked(text, face) else ""
    pieces = [(word, faded(share)) for word, share in zip(line, shares, strict=True)]
    drawn = line_text(pieces, face, title.em, style_em=100.0, style_look=faded(1.0))
    own = (filled(title.colour) if title.colour != _COLOUR else "") + fade
    return place + tracking + (f"{{{own}}}" if own else "") + drawn


def _event(
    title: TitleEvent, start_ms: int, end_ms: int, style: str, text: str, *, layer: int = _LAYER
) -> pysubs2.SSAEvent:
    return pysubs2.SSAEvent(
        start=start_ms - start_ms % 10, end=end_ms - end_ms % 10, layer=layer, style=style, text=text
    )

"""Words in time become cues: what is on screen at once, and how it is set in lines.

The words of a scene are cut into cues so that the sum of penalties is the smallest there is: for breaking a phrase, for
too much or too little at once, for reading speed, for cues that flash by or bridge a silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil, inf

from vidgen_pipeline.domain.captions import CaptionStyle, Cue
from vidgen_pipeline.domain.narration import Narration, Word, frames_to_ms
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.subtitles.escape import clean
from vidgen_pipeline.subtitles.layout import SMALLEST_SCALE, caption_area, caption_typeface, shown
from vidgen_pipeline.subtitles.phrases import break_penalty, is_short
from vidgen_pipeline.subtitles.spacing import between, ends_phrase, may_break
from vidgen_pipeline.subtitles.typefaces import Typeface

CLOSED_GAP_MS = 120
TAIL_MS = 300
SHORTEST_CUE_MS = 700
FASTEST_READING = 17
"""Characters a second."""

_NEVER = 1e9


@dataclass(frozen=True)
class _Taste:
    """What a canvas wants to show at once: characters (`ideal`, and what each more or less costs) and ms at most."""

    fewest: int
    most: int
    too_few: float
    too_many: float
    each_cue: float
    longest_ms: int


_UPRIGHT = _Taste(fewest=10, most=24, too_few=0.35, too_many=0.55, each_cue=1.0, longest_ms=3500)
_WIDE = _Taste(fewest=26, most=72, too_few=0.16, too_many=0.25, each_cue=3.0, longest_ms=6000)
_SQUARE = _Taste(fewest=14, most=40, too_few=0.25, too_many=0.4, each_cue=1.6, longest_ms=4500)


def build_cues(narration: Narration, *, language: str, canvas: Canvas, style: CaptionStyle) -> tuple[Cue, ...]:
    """Cut the narration's words into cues of one or two lines, timed in ms from the start of the video.

    Every word is in one cue, as it was given. A cue starts with its first word, never crosses a scene's edge, and joins
    two sentences only if one of them would be gone too soon by itself. A word far too wide for a line stands alone; the
    writers make it fit.
    """
    spoken: list[tuple[list[Word], int]] = []
    for start_frame, scene in zip(narration.start_frames, narration.scenes, strict=True):
        if scene.words:
            words = [word.shifted(frames_to_ms(start_frame)) for word in scene.words]
            spoken.append((words, frames_to_ms(start_frame + scene.frames)))
    followers = [*(words[0].start_ms for words, _ in spoken[1:]), None]
    return tuple(
        cue
        for (words, edge), following in zip(spoken, followers, strict=False)
        for cue in cues_of_words(words, edge, language=language, canvas=canvas, style=style, following_ms=following)
    )


def cues_of_words(
    words: Sequence[Word],
    edge_ms: int,
    *,
    language: str,
    canvas: Canvas,
    style: CaptionStyle,
    following_ms: int | None = None,
) -> tuple[Cue, ...]:
    """One scene's words as cues that are gone by `edge_ms`, when what follows is first spoken at `following_ms`."""
    area = caption_area(canvas, style)
    face = caption_typeface(style, language)
    shape = _UPRIGHT if canvas.height > canvas.width else _WIDE if canvas.width > canvas.height else _SQUARE
    scene = _Scene(words, edge_ms, following_ms, face, area.width / area.em, shape, style, language)
    return tuple(scene.cues())


class _Scene:
    """One scene's words, measured (widths in em)."""

    def __init__(
        self,
        words: Sequence[Word],
        edge_ms: int,
        following_ms: int | None,
        face: Typeface,
        line_width: float,
        taste: _Taste,
        style: CaptionStyle,
        language: str,
    ) -> None:
        self._words = words
        self._edge = edge_ms
        self._following = following_ms
        self._line_width = line_width
        self._taste = taste
        texts = [clean(word.text) for word in words]
        spaces = ["", *(between(left, right) for left, right in pairwise(words))]
        space = face.width(" ")
        self._spaces = [space if gap else 0.0 for gap in spaces]
        self._widths = [0.0]
        self._characters = [0]
        for text, gap in zip(texts, spaces, strict=True):
            width = face.width(shown(text, style, language)) + (space if gap else 0.0)
            self._widths.append(self._widths[-1] + width)
            self._characters.append(self._characters[-1] + len(text) + len(gap))
        self._texts = texts
        self._short = [is_short(text) for text in texts]
        self._breaks = [self._cost_of_break(place, language) for place in range(1, len(words))]
        self._line_ends = self._ends_of_lines()
        self._line_starts = self._starts_of_lines()
        self._sentence_ends = [0, *accumulate(self._walls())]

    def _cost_of_break(self, place: int, language: str) -> float:
        if ends_phrase(self._words[place - 1], self._words[place]):
            return 0.0
        left, right = self._texts[place - 1 : place + 1]
        return break_penalty(left, right, language) if may_break(left, right) else _NEVER

    def cues(self) -> list[Cue]:
        """The cheapest way to cut the scene, as cues."""
        count = len(self._words)
        best = [0.0] + [inf] * count
        cut_before = [0] * (count + 1)
        for first in range(count):
            for end in range(first + 1, self._end_of_second_line(first) + 1):
                if self._sentence_ends[end - 1] > self._sentence_ends[first]:
                    break
                cost = best[first] + self._cost(first, end)
                if cost < best[end]:
                    best[end], cut_before[end] = cost, first
        cuts = [count]
        while cuts[-1]:
            cuts.append(cut_before[cuts[-1]])
        cuts.reverse()
        cues: list[Cue] = []
        for first, end in pairwise(cuts):
            # Words that claim the very same time still leave each cue its turn.
            earliest = cues[-1].end_ms if cues else 0
            cues.append(self._cue(first, end, max(self._words[first].start_ms, earliest)))
        return cues

    def _walls(self) -> list[bool]:
        """For each word, whether a cue must end with it: a sentence ends, and neither it nor the next is too quick."""
        walls = [False] * len(self._words)
        first, quick_before = 0, True
        for index, word in enumerate(self._words):
            if word.sentence_end or index == len(self._words) - 1:
                quick = self._words[index].end_ms + TAIL_MS - self._words[first].start_ms < SHORTEST_CUE_MS
                if first:
                    walls[first - 1] = not (quick or quick_before)
                first, quick_before = index + 1, quick
        return walls

    def _ends_of_lines(self) -> list[int]:
        """For each word, the end of the fullest line that starts with it; a word too wide is a line of its own."""
        ends = []
        end = 0
        for first in range(len(self._words)):
            end = max(end, first + 1)
            while end < len(self._words) and self._width(first, end + 1) <= self._line_width:
                end += 1
            ends.append(end)
        return ends

    def _starts_of_lines(self) -> list[int]:
        """For each end, the start of the fullest line that ends there."""
        starts = [0]
        first = 0
        for end in range(1, len(self._words) + 1):
            while first < end - 1 and self._width(first, end) > self._line_width:
                first += 1
            starts.append(first)
        return starts

    def _end_of_second_line(self, first: int) -> int:
        """The last end of a cue that starts with this word. A word that must be broken shares its cue with no other."""
        end = self._line_ends[first]
        broken_from = self._line_width / SMALLEST_SCALE
        if end == len(self._words) or self._word_width(first) > broken_from or self._word_width(end) > broken_from:
            return end
        return self._line_ends[end]

    def _word_width(self, index: int) -> float:
        return self._width(index, index + 1)

    def _width(self, first: int, end: int) -> float:
        return self._widths[end] - self._widths[first] - self._spaces[first]

    def _ends_at(self, first: int, end: int) -> int:
        """When a cue of these words leaves the screen, ms."""
        start, spoken = self._words[first].start_ms, max(self._words[end - 1].end_ms, self._words[first].start_ms)
        limit = max(self._edge, start + 1)
        characters = self._characters[end] - self._characters[first]
        needed = start + max(SHORTEST_CUE_MS, ceil(characters * 1000 / FASTEST_READING))
        held = max(spoken + TAIL_MS, needed)
        following = self._words[end].start_ms if end < len(self._words) else self._following
        if following is None:
            return min(held, limit)
        if end < len(self._words) and (following - spoken <= TAIL_MS or needed > following - CLOSED_GAP_MS):
            return min(following, limit)
        return min(held, max(following - CLOSED_GAP_MS, spoken), limit)

    def _cost(self, first: int, end: int) -> float:
        taste = self._taste
        words = self._words
        characters = self._characters[end] - self._characters[first]
        duration = self._ends_at(first, end) - words[first].start_ms
        cost = taste.each_cue
        if end < len(words) and not words[end - 1].sentence_end:
            silence = words[end].start_ms - words[end - 1].end_ms
            cost += self._breaks[end - 1] * (0.5 if silence > 250 else 1.0)
        sentence_over = words[end - 1].sentence_end and (first == 0 or words[first - 1].sentence_end)
        if characters < taste.fewest and not sentence_over:
            cost += (taste.fewest - characters) * taste.too_few
        elif characters > taste.most:
            cost += (characters - taste.most) * taste.too_many
        if end > self._line_ends[first]:
            cost += self._cost_of_two_lines(first, end)
        if end - first == 1 and self._short[first] and not sentence_over:
            cost += 8.0
        # A cue of quick words can be held while it is silent, and still looks better with more in it.
        quick = min(duration, words[end - 1].end_ms + TAIL_MS - words[first].start_ms)
        if quick < SHORTEST_CUE_MS:
            cost += 8.0 + (SHORTEST_CUE_MS - quick) / 40
        elif duration > taste.longest_ms:
            cost += (duration - taste.longest_ms) / 250
        if characters * 1000 > FASTEST_READING * duration:
            cost += min(characters * 1000 / max(duration, 1) - FASTEST_READING, 20.0) * 1.2
        return cost + self._cost_within(first, end)

    def _cost_of_two_lines(self, first: int, end: int) -> float:
        # The second line may start from where the rest fits on it up to where the first is full.
        earliest, latest = max(self._line_starts[end], first + 1), min(self._line_ends[first], end - 1)
        cost = 1.0 + 0.8 * min(self._breaks[earliest - 1 : latest], default=_NEVER)
        if end - first == 2:
            cost += 2.0
        if latest < first + 1 + self._short[first] or earliest > end - 1 - self._short[end - 1]:
            cost += 12.0  # one of the lines would be a lone short word
        if self._word_width(first) > self._line_width or self._word_width(end - 1) > self._line_width:
            cost += 4.0  # the whole cue will be drawn smaller
        return cost

    def _cost_within(self, first: int, end: int) -> float:
        """For commas, silences and sentence ends that the cue bridges."""
        cost = 0.6 * self._breaks[first : end - 1].count(0.0)
        for index in range(first, end - 1):
            word = self._words[index]
            silence = self._words[index + 1].start_ms - word.end_ms
            if silence > 250:
                cost += (silence - 250) / 60
            if word.sentence_end:
                cost += 4.0 + (self._characters[end] - self._characters[first]) / 8
        return cost

    def _cue(self, first: int, end: int, start_ms: int) -> Cue:
        words = tuple(self._words[first:end])
        middle = self._line_break(first, end)
        return Cue(
            lines=(words[: middle - first], words[middle - first :]) if middle else (words,),
            start_ms=start_ms,
            end_ms=max(self._ends_at(first, end), start_ms + 1),
        )

    def _line_break(self, first: int, end: int) -> int:
        """The word that begins the second line; 0 when one line is enough."""
        if end - first == 1 or self._width(first, end) <= self._line_width:
            return 0
        return min(range(first + 1, end), key=lambda middle: self._line_break_cost(first, middle, end))

    def _line_break_cost(self, first: int, middle: int, end: int) -> float:
        upper, lower = self._width(first, middle), self._width(middle, end)
        cost = 8 * abs(upper - lower) / self._line_width + 1.6 * self._breaks[middle - 1]
        for width, begin, stop in ((upper, first, middle), (lower, middle, end)):
            if width > self._line_width:
                cost += 1000 * (width / self._line_width)
            if stop - begin == 1 and self._short[begin]:
                cost += 50
        return cost

"""How the word being spoken stands out in the picture: a caption's line as ASS events, one way for each Highlight.

Letters never move but in `pop`, where the one word that grows is drawn apart from its line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import pysubs2

from vidgen_pipeline.domain.captions import Captions, Cue, Highlight
from vidgen_pipeline.subtitles.drawing import (
    centred,
    faded,
    filled,
    filled_later,
    karaoke_filled,
    karaoke_skipped,
    line_text,
    placed,
)
from vidgen_pipeline.subtitles.escape import clean
from vidgen_pipeline.subtitles.layout import CaptionArea, DrawnCue, DrawnLine, Piece
from vidgen_pipeline.subtitles.typefaces import Typeface

POP_PEAK_MS = 90
"""How long after its start a popping word is largest."""

_POP_MS = 260
_POP_SCALE, _POP_ROOM = 0.18, 0.16  # it grows by this share, but by no more than this many em in width
_ASS_TICK_MS = 10
_HIDDEN, _SHOWN = faded(0.0), faded(1.0)
_AT_REST = _HIDDEN + r"\fscx100\fscy100"
# A letter with its marks; Arabic lam and alef are written as one.
_MARKS = (
    "[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08ca-\u08ff\u200c\u200d]*"
)
_CLUSTER = re.compile(f"\u0644{_MARKS}[\u0622\u0623\u0625\u0627]{_MARKS}|.{_MARKS}", re.DOTALL)


def caption_events(
    cue: Cue, drawn: DrawnCue, captions: Captions, area: CaptionArea, face: Typeface
) -> Iterator[pysubs2.SSAEvent]:
    """The events, in the style `Caption`, that draw the cue's lines for all of its time."""
    states = word_states(cue)
    for line in drawn.lines:
        writer = _Line(cue, line, drawn.em, captions, area, face)
        match captions.style.highlight:
            case Highlight.NONE:
                yield writer.unlit(tick(cue.start_ms), tick(cue.end_ms))
            case Highlight.WORD:
                yield from writer.lit(states)
            case Highlight.KARAOKE:
                yield writer.swept()
            case Highlight.POP:
                yield from writer.popping(states)


def word_states(cue: Cue) -> list[tuple[int, int, int]]:
    """(word, start ms, end ms) of each time in which one word of the cue is lit; without gaps over the cue's time."""
    starts = [tick(cue.start_ms)]
    for word in cue.words[1:]:
        starts.append(min(max(tick(word.start_ms), starts[-1]), tick(cue.end_ms)))
    ends = [*starts[1:], tick(cue.end_ms)]
    return [(index, start, end) for index, (start, end) in enumerate(zip(starts, ends, strict=True)) if start < end]


def tick(milliseconds: int) -> int:
    """The time as ASS can write it, never later."""
    return milliseconds - milliseconds % _ASS_TICK_MS


@dataclass(frozen=True)
class _Line:
    cue: Cue
    line: DrawnLine
    em: float
    captions: Captions
    area: CaptionArea
    face: Typeface

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.line.pieces)

    def unlit(self, start_ms: int, end_ms: int) -> pysubs2.SSAEvent:
        """The line in its own colour."""
        return self._whole(start_ms, end_ms, [(piece.text, self._plain) for piece in self.line.pieces])

    def lit(self, states: list[tuple[int, int, int]]) -> Iterator[pysubs2.SSAEvent]:
        """The line once for each of its states: only colours differ."""
        for word, start, end in self._states(states):
            looks = [
                (piece.text, self._bright if word is not None and piece.word == word else self._plain)
                for piece in self.line.pieces
            ]
            yield self._whole(start, end, looks)

    def swept(self) -> pysubs2.SSAEvent:
        """One event: each word is filled while it is spoken, by the format's own karaoke."""
        start, end = tick(self.cue.start_ms), tick(self.cue.end_ms)
        looks: list[tuple[str, str]] = []
        reached = 0  # hundredths of a second
        for piece in self.line.pieces:
            if piece.word is None:
                looks.append((piece.text, karaoke_skipped(0)))
                continue
            word = self.cue.words[piece.word]
            share_from, share_to = self._share_of_word(piece)
            lasts = max(word.end_ms - word.start_ms, 0)
            begins = max((word.start_ms + round(lasts * share_from) - start) // 10, reached)
            ends = max(min((word.start_ms + round(lasts * share_to) - start) // 10, (end - start) // 10), begins)
            if _reads_from_the_right(piece.text):
                looks += _letter_by_letter(piece.text, begins - reached, ends - begins)
            else:
                looks.append((piece.text, karaoke_skipped(begins - reached) + karaoke_filled(ends - begins)))
            reached = ends
        colours = filled(self.captions.style.highlight_colour) + filled_later(self.captions.style.colour)
        return self._whole(start, end, looks, tags=colours)

    def popping(self, states: list[tuple[int, int, int]]) -> Iterator[pysubs2.SSAEvent]:
        """Each state's line without its word, and over it the same line with nothing but that word, which grows.

        A line grows around its middle, so the middle of the word stays where it is; only unseen words move.
        """
        for word, start, end in self._states(states):
            apart = [piece.word == word and word is not None for piece in self.line.pieces]
            looks = [
                (piece.text, self._plain + (_HIDDEN if own else _SHOWN))
                for piece, own in zip(self.line.pieces, apart, strict=True)
            ]
            yield self._whole(start, end, looks, look=self._plain + _SHOWN)
            if any(apart):
                looks = [
                    (piece.text, self._bright + (_SHOWN + self._growth(piece, end - start) if own else _AT_REST))
                    for piece, own in zip(self.line.pieces, apart, strict=True)
                ]
                place = centred(self.text, self.face, self.em, self.area.centre_x, self.line.baseline)
                yield self._event(start, end, place + self._drawn(looks))

    @property
    def _plain(self) -> str:
        return filled(self.captions.style.colour)

    @property
    def _bright(self) -> str:
        return filled(self.captions.style.highlight_colour)

    def _states(self, states: list[tuple[int, int, int]]) -> Iterator[tuple[int | None, int, int]]:
        """The cue's states as this line has them: None while another line's words are spoken."""
        own = {piece.word for piece in self.line.pieces}
        for word, together in groupby(states, key=lambda state: state[0] if state[0] in own else None):
            span = list(together)
            yield word, span[0][1], span[-1][2]

    def _whole(
        self, start_ms: int, end_ms: int, looks: list[tuple[str, str]], *, tags: str = "", look: str | None = None
    ) -> pysubs2.SSAEvent:
        place = placed(self.text, self.face, self.em, self.area.centre_x, self.line.baseline)
        return self._event(start_ms, end_ms, place + (f"{{{tags}}}" if tags else "") + self._drawn(looks, look))

    def _growth(self, piece: Piece, lasts_ms: int) -> str:
        width = self.face.width(piece.text)
        largest = round(100 * (1 + min(_POP_SCALE, _POP_ROOM / max(width, 0.01))))
        haste = min(1.0, lasts_ms / _POP_MS)
        peak, settled = round(POP_PEAK_MS * haste), round(_POP_MS * haste)
        return rf"\t(0,{peak},\fscx{largest}\fscy{largest})\t({peak},{settled},\fscx100\fscy100)"

    def _drawn(self, looks: list[tuple[str, str]], look: str | None = None) -> str:
        return line_text(
            looks,
            self.face,
            self.em,
            style_em=self.area.em,
            style_look=look or self._plain,
        )

    def _share_of_word(self, piece: Piece) -> tuple[float, float]:
        """Which part of its word the piece is: a very wide word is broken over several lines."""
        if piece.word is None or not piece.broken:
            return 0.0, 1.0
        length = max(len(clean(self.cue.words[piece.word].text)), 1)
        return min(piece.offset / length, 1.0), min((piece.offset + len(piece.text)) / length, 1.0)

    @staticmethod
    def _event(start_ms: int, end_ms: int, text: str) -> pysubs2.SSAEvent:
        return pysubs2.SSAEvent(start=start_ms, end=end_ms, layer=1, style="Caption", text=text)


def _reads_from_the_right(text: str) -> bool:
    """Whether the first letter of the text is of Arabic, Hebrew or another script read from the right."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((kind in {"R", "AL"} for kind in kinds if kind in {"R", "AL", "L"}), False)


def _letter_by_letter(text: str, skipped: int, lasts: int) -> list[tuple[str, str]]:
    """A word filled from its first letter to its last: libass's own sweep only goes from left to right."""
    clusters = _CLUSTER.findall(text)
    edges = [round(lasts * place / len(clusters)) for place in range(len(clusters) + 1)]
    looks: list[tuple[str, str]] = []
    for cluster, begins, ends in zip(clusters, edges, edges[1:], strict=False):
        wait = karaoke_skipped(skipped) if begins == 0 and not looks else ""
        looks.append((cluster, wait + karaoke_filled(ends - begins)))
    return looks

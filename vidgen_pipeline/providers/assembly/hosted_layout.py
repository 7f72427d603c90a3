"""What every hosted renderer is told about a timeline, in seconds and px: the same as the local renderer is.

Times are given as they are, unrounded: a vendor that counts frames from a time rounded down starts a frame early.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from vidgen_pipeline.domain.captions import CaptionPosition, CaptionStyle, Cue, Highlight
from vidgen_pipeline.domain.media import MediaAsset, MediaKind
from vidgen_pipeline.domain.timeline import Canvas, Timeline, TimelineScene, Transition
from vidgen_pipeline.providers.assembly.clips import LONGEST_STRETCH
from vidgen_pipeline.providers.assembly.cropping import Covering, covering
from vidgen_pipeline.providers.assembly.segments import plan_segments
from vidgen_pipeline.subtitles.drawing import is_right_to_left
from vidgen_pipeline.subtitles.layout import caption_area, shown
from vidgen_pipeline.subtitles.spacing import joined, spaced
from vidgen_pipeline.subtitles.titles import title_events

TITLE_WEIGHT = 800
PLATE_OPACITY = 0.9
PLATE_ROOM = 0.35
"""Around a card's words, in em."""

_CAPTION_HEIGHT = 4.0  # em: two lines, and a third where a vendor's font runs wider than ours
_BELOW_BASELINE = 0.22  # em, for what hangs below the last line
_BOX_PADDING = 0.26  # em


@dataclass(frozen=True, kw_only=True)
class HostedShot:
    """A scene's picture: seen from `start` for `seconds`, over the one before; for `fade_seconds` it comes in.

    It stays until the next one has come in over it, so every scene starts where its narration does. `covering` is how
    it stands behind the canvas, where it isn't cut around its middle.
    """

    scene: TimelineScene
    start: float
    seconds: float
    fade_seconds: float
    covering: Covering | None = None

    @property
    def transition(self) -> Transition:
        """How it comes in."""
        return self.scene.transition if self.fade_seconds else Transition.CUT

    @property
    def is_clip(self) -> bool:
        return self.scene.source.kind is MediaKind.CLIP

    @property
    def clip_seconds(self) -> float | None:
        """How long its clip is, where that is known and it is one."""
        length = self.scene.source.duration_ms
        return length / 1000 if self.is_clip and length else None

    @property
    def speed(self) -> float:
        """How fast its clip is played: slower where it is a little too short, as the local renderer does."""
        length = self.clip_seconds
        return length / self.seconds if length and length < self.seconds <= length * LONGEST_STRETCH else 1.0

    @property
    def plays(self) -> int:
        """How often its clip is played to last."""
        length = self.clip_seconds
        return ceil(round(self.seconds * self.speed / length, 6)) if length else 1


@dataclass(frozen=True, kw_only=True)
class TextBox:
    """A place for text: left, top, width and height in px of the canvas; `em` is the size of its letters."""

    left: float
    top: float
    width: float
    height: float
    em: float

    @property
    def bottom(self) -> float:
        return self.top + self.height


@dataclass(frozen=True, kw_only=True)
class HostedTitle:
    """A scene's key phrase, or a card: its lines, when it is seen, and where.

    `line_height` is in em; `plate_colour` is that of what is behind a card.
    """

    text: str
    start: float
    seconds: float
    box: TextBox
    line_height: float
    from_the_right: bool
    colour: str = "#FFFFFF"
    plate_colour: str | None = None


@dataclass(frozen=True)
class LitWord:
    """A word of a cue, as the style writes it, and when it is lit, in ms from the start of the video."""

    text: str
    start_ms: int
    end_ms: int


def hosted_shots(timeline: Timeline) -> tuple[HostedShot, ...]:
    """The picture of each scene, in the video's order. Raises RenderFailed for a timeline that can't be rendered."""
    fps = timeline.canvas.fps
    return tuple(
        HostedShot(
            scene=segment.body.scene,
            start=segment.body.scene.start_frame / fps,
            seconds=segment.body.shown / fps,
            fade_seconds=segment.body.first / fps,
            covering=_covering(segment.body.scene.source, timeline.canvas),
        )
        for segment in plan_segments(timeline)
    )


def _covering(source: MediaAsset, canvas: Canvas) -> Covering | None:
    if source.focus is None:
        return None
    return covering(source.focus, source.width / source.height, canvas.width / canvas.height)


def hosted_titles(timeline: Timeline) -> tuple[HostedTitle, ...]:
    """The key phrases and cards in their order in time, broken into lines, at their places."""
    from_the_right = is_right_to_left(timeline.language)
    titles = []
    for title in sorted(title_events(timeline), key=lambda title: title.start_ms):
        first, last = title.baselines[0], title.baselines[-1]
        pitch = (last - first) / (len(title.baselines) - 1) if len(title.baselines) > 1 else 1.2 * title.em
        left, right = (0.0, title.x) if from_the_right else (title.x, float(timeline.canvas.width))
        titles.append(
            HostedTitle(
                text=title.text,
                start=title.start_ms / 1000,
                seconds=(title.end_ms - title.start_ms) / 1000,
                box=TextBox(
                    left=left,
                    top=first - title.em,
                    width=right - left,
                    height=last - first + 1.5 * title.em,
                    em=title.em,
                ),
                line_height=pitch / title.em,
                from_the_right=from_the_right,
                colour=title.colour,
                plate_colour=title.plate_colour if title.plate else None,
            )
        )
    return tuple(titles)


def caption_box(canvas: Canvas, style: CaptionStyle) -> TextBox:
    """The room for captions: they stand on its lower edge, or in its middle where the style wants them there."""
    area = caption_area(canvas, style)
    height = _CAPTION_HEIGHT * area.em
    padding = caption_padding(canvas, style)
    width = min(float(canvas.width), area.width + 2 * padding)
    below = _BELOW_BASELINE * area.em + padding
    at_bottom = style.position is CaptionPosition.BOTTOM
    top = area.y + below - height if at_bottom else area.y - height / 2
    return TextBox(left=area.centre_x - width / 2, top=top, width=width, height=height, em=area.em)


def caption_padding(canvas: Canvas, style: CaptionStyle) -> float:
    """The room between a caption's letters and the edge of its box, in px."""
    return _BOX_PADDING * caption_area(canvas, style).em if style.background_colour else 0.0


def lit_words(cue: Cue, style: CaptionStyle, language: str) -> tuple[LitWord, ...]:
    """The cue's words, each lit until the next one is spoken and the last to the cue's end.

    In karaoke a word is filled while it is spoken, so there it is lit no longer than that.
    """
    words = [cue.words[position] for position, _, _ in spaced(cue.words)]
    starts = [cue.start_ms]
    for word in words[1:]:
        starts.append(min(max(word.start_ms, starts[-1]), cue.end_ms))
    ends = [*starts[1:], cue.end_ms]
    if style.highlight is Highlight.KARAOKE:
        starts[:1] = [min(max(word.start_ms, cue.start_ms), cue.end_ms) for word in words[:1]]
        ends = [max(min(word.end_ms, end), start) for word, start, end in zip(words, starts, ends, strict=True)]
    return tuple(
        LitWord(shown(word.text, style, language), start, end)
        for word, start, end in zip(words, starts, ends, strict=True)
    )


def written_lines(cue: Cue, style: CaptionStyle, language: str) -> tuple[str, ...]:
    """The cue's lines as the style writes them, without those that have nothing to be seen."""
    lines = (shown(joined(line), style, language) for line in cue.lines)
    return tuple(line for line in lines if line)

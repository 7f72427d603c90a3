"""The name of a segment by everything that has a part in its pictures. Same name, same pictures.

Text counts as it is seen from the segment: by the frames that show it. A segment that only comes sooner or later in
the video, because a scene before it became longer, keeps its name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import PIL
import pysubs2

from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.segments import Segment, Shot
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary, ffmpeg_version
from vidgen_pipeline.runtime.fonts import font_folders

RECIPE = 1
"""To be raised whenever the same timeline would be rendered into other pictures than before."""

_MOVES = re.compile(r"\\(?:t\(|move|fad|[kK][fot]?\d)")

# Left out by name, so that whatever is added to a timeline counts until it is known not to be seen. Words are seen in
# the subtitles.
_NOT_SEEN = {"title", "scenes", "captions", "cards", "voice_clean_up", "music", "loudness_lufs", "true_peak_dbtp"}
_NOT_SEEN_OF_A_SCENE = {"index", "start_frame", "frames", "source", "narration", "on_screen_text"}
_NOT_SEEN_OF_A_SOURCE = {"file", "provider", "locator", "attribution", "width", "height"}


@dataclass(frozen=True)
class _Text:
    """A subtitle event, with what is needed to find who shows it."""

    start_ms: int
    end_ms: int
    moves: bool
    look: tuple[Any, ...]
    style: str


class SegmentKeys:
    """Names the segments of one video."""

    def __init__(self, timeline: Timeline, *, encoder: Encoder, subtitles: str) -> None:
        # How many threads encode has next to no part in the picture, and none in whether segments fit together.
        options = {name: value for name, value in encoder.options().items() if name != "threads"}
        self._canvas = timeline.canvas
        programs = [ffmpeg_version(ffmpeg_binary()), cv2.__version__, PIL.__version__]
        self._common = [RECIPE, timeline.model_dump(exclude=_NOT_SEEN), options, programs]
        parsed = pysubs2.SSAFile.from_string(subtitles, "ass")
        self._styles = {name: asdict(style) for name, style in parsed.styles.items()}
        self._texts = [
            _Text(event.start, event.end, bool(_MOVES.search(event.text)), _look(event), event.style)
            for event in parsed.events
        ]
        self._drawing = [dict(parsed.info), _fonts(font_folders())]

    def of(self, segment: Segment) -> str:
        """The segment's name: letters and digits."""
        texts = self._texts_in(segment)
        content = [*self._common, _seen(segment.body), _seen(segment.head)]
        if texts:
            styles = {text.style: self._styles.get(text.style) for text in texts}
            content += [self._drawing, styles, [self._as_seen(text, segment) for text in texts]]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    def _texts_in(self, segment: Segment) -> list[_Text]:
        start, end = self._time(segment.start_frame), self._time(segment.start_frame + segment.frames - 1)
        return [text for text in self._texts if text.start_ms <= end and text.end_ms > start]

    def _as_seen(self, text: _Text, segment: Segment) -> list[Any]:
        if text.moves:
            # What is drawn in a frame depends on its very time since the event began.
            start = segment.start_frame * 1000 / self._canvas.fps
            return [round(text.start_ms - start, 3), round(text.end_ms - start, 3), text.look]
        first = self._first_frame(text.start_ms) - segment.start_frame
        after = self._first_frame(text.end_ms) - segment.start_frame
        return [max(first, 0), min(after, segment.frames), text.look]

    def _time(self, frame: int) -> int:
        """The time, in ms, at which ffmpeg has text drawn on a frame; in its own arithmetic."""
        return int(frame * (1 / self._canvas.fps) * 1000)

    def _first_frame(self, time_ms: int) -> int:
        """The first frame that is drawn at this time or later."""
        frame = max(0, time_ms * self._canvas.fps // 1000 - 1)
        while self._time(frame) < time_ms:
            frame += 1
        return frame


def _look(event: pysubs2.SSAEvent) -> tuple[Any, ...]:
    margins = event.marginl, event.marginr, event.marginv
    return event.layer, event.style, event.name, event.effect, *margins, event.text


def _seen(shot: Shot | None) -> list[Any] | None:
    if shot is None:
        return None
    scene = shot.scene
    source = [scene.source.file.sha256, scene.source.model_dump(exclude=_NOT_SEEN_OF_A_SOURCE)]
    return [scene.model_dump(exclude=_NOT_SEEN_OF_A_SCENE), source, shot.shown, shot.first, shot.frames]


@lru_cache(maxsize=4)
def _fonts(folders: Sequence[Path]) -> list[tuple[str, int, int]]:
    """What fonts there are: a font that is replaced draws other letters."""
    found = []
    for folder in folders:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            status = file.stat()
            found.append((str(file.relative_to(folder)), status.st_size, status.st_mtime_ns))
    return found

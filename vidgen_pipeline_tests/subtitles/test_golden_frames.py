from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style
from vidgen_pipeline_tests.subtitles.golden import FOLDER, SHAPES, TEXTS, draw, kept, unlikeness
from vidgen_pipeline_tests.subtitles.samples import Pixels

MOST_ON_THE_WHOLE, MOST_ANYWHERE = 1.0, 30.0


def looks_the_same(one: Pixels, other: Pixels) -> bool:
    on_the_whole, anywhere = unlikeness(one, other)
    return on_the_whole <= MOST_ON_THE_WHOLE and anywhere <= MOST_ANYWHERE


@pytest.mark.parametrize("shape", SHAPES)
def test_captions_look_as_they_did_when_they_were_looked_at(shape: str, tmp_path: Path) -> None:
    drawn = draw(shape, tmp_path)
    assert len(drawn) == 20
    changed = {
        (style, text): unlikeness(frame, kept(style, shape)[text])
        for (style, text), frame in drawn.items()
        if not looks_the_same(frame, kept(style, shape)[text])
    }
    assert not changed


def test_sixty_frames_are_kept_in_small_files() -> None:
    files = sorted(FOLDER.iterdir())
    assert len(files) * len(TEXTS) == len(STYLE_NAMES) * len(SHAPES) * len(TEXTS) == 60
    assert max(path.stat().st_size for path in files) < 15_000


def test_what_a_person_would_notice_is_noticed(tmp_path: Path) -> None:
    """Another font, weight, size, colour, place, box; a letter missing: none passes for the same."""
    classic = caption_style("classic")
    before = kept("classic", "9x16")
    changes: tuple[dict[str, object], ...] = (
        {"font": "Anton"}, {"font": "Roboto", "bold": False}, {"size": classic.size * 1.08}, {"colour": "#FFFF00"},
        {"highlight_colour": "#FFFFFF"}, {"position": "center"}, {"uppercase": True},
        {"background_colour": "#000000", "background_opacity": 0.5}, {"outline_width": 0, "outline_colour": None},
    )  # fmt: skip
    for change in changes:
        frames = draw("9x16", tmp_path, classic.model_copy(update=change))
        assert not looks_the_same(frames["classic", "latin"], before["latin"]), change
    for text, frame in before.items():
        others = [other for name, other in before.items() if name != text]
        assert not any(looks_the_same(frame, other) for other in others)
        gone = frame.copy()
        rows, columns = np.nonzero(np.abs(frame - frame[0, 0]).max(axis=2) > 60)
        right = int(columns.max())
        gone[:, right - 9 : right + 2] = frame[0, 0]
        assert len(rows)
        assert not looks_the_same(frame, gone), text

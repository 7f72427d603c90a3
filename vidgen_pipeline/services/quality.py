"""What a viewer would notice first, checked on the finished file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vidgen_pipeline.domain.captions import Cue
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.narration import Narration

TARGET_LUFS = -14.0
LOUDNESS_TOLERANCE_LU = 1.0
LONGEST_DRIFT_MS = 80


@dataclass(frozen=True)
class QualityCheck:
    """One question about a finished video, and its answer."""

    name: str
    question: str
    passed: bool
    measured: dict[str, float | int | str]


QUESTIONS = {
    "duration_fits_narration": "Do picture and sound last as long as the narration, within 80 ms?",
    "loudness_on_target": "Is the integrated loudness -14 LUFS, within 1 LU?",
    "captions_present": "Is every spoken word in a caption, within the video?",
    "every_frame_is_there": "Is every planned frame in the file? Asked again from its page, the file is decoded whole.",
}


def check_quality(
    finished: FinishedVideo, narration: Narration, cues: Iterable[Cue], *, frames: int, counted_by: str
) -> tuple[QualityCheck, ...]:
    """Answer all questions. `frames` is how many the file has; `counted_by` says in words how that was found."""
    spoken = [word.text for word in narration.words]
    captioned = [word.text for cue in cues for word in cue.words]
    last_cue_ms = max((cue.end_ms for cue in cues), default=0)
    drift = max(abs(length - narration.duration_ms) for length in (finished.duration_ms, finished.audio_duration_ms))
    answers: dict[str, tuple[bool, dict[str, float | int | str]]] = {
        "duration_fits_narration": (
            drift <= LONGEST_DRIFT_MS,
            {
                "narration_ms": narration.duration_ms,
                "picture_ms": finished.duration_ms,
                "sound_ms": finished.audio_duration_ms,
            },
        ),
        "loudness_on_target": (
            abs(finished.loudness_lufs - TARGET_LUFS) <= LOUDNESS_TOLERANCE_LU,
            {"loudness_lufs": finished.loudness_lufs, "true_peak_dbtp": finished.true_peak_dbtp},
        ),
        "captions_present": (
            spoken == captioned and 0 < last_cue_ms <= finished.duration_ms + LONGEST_DRIFT_MS,
            {"spoken_words": len(spoken), "captioned_words": len(captioned), "last_cue_ends_ms": last_cue_ms},
        ),
        "every_frame_is_there": (
            frames == narration.frames,
            {"frames": frames, "planned_frames": narration.frames, "counted_by": counted_by},
        ),
    }
    return tuple(QualityCheck(name, QUESTIONS[name], *answer) for name, answer in answers.items())

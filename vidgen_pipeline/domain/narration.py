"""Speech with its words in time.

Scenes last whole frames, so that sound is placed by exact sample counts and never drifts from the picture. Times of
words are milliseconds from the start of their scene.
"""

from __future__ import annotations

from itertools import accumulate

from pydantic import BaseModel, ConfigDict, Field

from vidgen_pipeline.domain.artifact import Artifact

FRAMES_PER_SECOND = 30


def frames_to_ms(frames: int) -> int:
    """The time, in ms, at which frame number `frames` begins."""
    return round(frames * 1000 / FRAMES_PER_SECOND)


class TimingSegment(BaseModel):
    """Some text and when it is heard, in ms."""

    model_config = ConfigDict(frozen=True)

    text: str
    start_ms: int = Field(ge=0)
    end_ms: int = Field(ge=0)

    def shifted(self, by_ms: int) -> TimingSegment:
        """The same text, `by_ms` later."""
        return self.model_copy(update={"start_ms": self.start_ms + by_ms, "end_ms": self.end_ms + by_ms})


class Word(TimingSegment):
    """One written word, spelled as in the script, with the punctuation that touches it."""

    sentence_end: bool = False
    space_after: bool | None = Field(
        default=None, description="Whether the script has a space after it; None at a line's end, or where unknown."
    )

    def shifted(self, by_ms: int) -> Word:
        return self.model_copy(update={"start_ms": self.start_ms + by_ms, "end_ms": self.end_ms + by_ms})


class SceneNarration(BaseModel):
    """One scene's speech: mono 16-bit WAV of exactly `frames` video frames, and its words."""

    model_config = ConfigDict(frozen=True)

    scene_index: int
    audio: Artifact
    frames: int = Field(gt=0)
    words: tuple[Word, ...]
    word_times_from: str = Field(description="How the times were found: the provider's own, or which estimate.")
    word_times_error_ms: int | None = Field(
        default=None,
        description="How far the times, be they the voice's own or a word timer's, were from the sound at the words "
        "after pauses, before they were fitted to it: the worst line's median. None for estimates, which are made from "
        "the sound, and where nothing could be judged.",
    )

    @property
    def duration_ms(self) -> int:
        return frames_to_ms(self.frames)


class Narration(BaseModel):
    """The whole video's speech, scene by scene."""

    model_config = ConfigDict(frozen=True)

    scenes: tuple[SceneNarration, ...] = Field(min_length=1)
    provider: str
    voice: str

    @property
    def frames(self) -> int:
        return sum(scene.frames for scene in self.scenes)

    @property
    def duration_ms(self) -> int:
        return frames_to_ms(self.frames)

    @property
    def start_frames(self) -> tuple[int, ...]:
        """The frame at which each scene starts."""
        return tuple(accumulate((scene.frames for scene in self.scenes[:-1]), initial=0))

    @property
    def words(self) -> tuple[Word, ...]:
        """All words, timed from the start of the video."""
        return tuple(
            word.shifted(frames_to_ms(start))
            for start, scene in zip(self.start_frames, self.scenes, strict=True)
            for word in scene.words
        )

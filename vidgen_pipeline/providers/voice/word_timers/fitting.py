"""What an alignment engine says: checked against the sound, moved by what the engine is early, fitted to the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vidgen_pipeline.providers.voice.sound import Span
from vidgen_pipeline.providers.voice.word_timers.chain import CannotTime, HeardLine, TimedLine
from vidgen_pipeline.providers.voice.word_times import onset_error_ms, timed_words

_MOST_ODD = 0.2
_LEAST_COVERED = 0.65  # of the speech, by words. Right texts cover 0.69 to 1; half of the right text about 0.5.
_REST_MS = 150.0  # a silence this long parts words
_FAR_MS = 120.0  # an onset with no word this near is that of a breath or a click


@dataclass(frozen=True, slots=True)
class Earliness:
    """By how many ms an engine puts words before they are heard: mostly, at the least and at the most."""

    usual_ms: float
    least_ms: float
    most_ms: float


def fitted(line: HeardLine, spans: Sequence[Span | None], early: Earliness, method: str) -> TimedLine:
    """The line's words at these stretches, one for each word, None where nothing is said for it.

    Raises CannotTime when the stretches can't be of this sound.
    """
    shift = shift_ms(spans, line.speech, early)
    moved = [Span(span.start_ms + shift, span.end_ms + shift) if span else None for span in spans]
    if reason := misfit(moved, line.speech, len(line.words)):
        raise CannotTime(reason)
    return TimedLine(
        words=timed_words(line.words, moved, line.speech, line.duration_ms),
        method=method,
        error_ms=onset_error_ms(moved, line.speech),
    )


def misfit(spans: Sequence[Span | None], speech: Sequence[Span], words: int) -> str | None:
    """Why the stretches can't be those of so many words in this speech; None when they can."""
    if not speech:
        return "heard nothing"
    known = [span for span in spans if span is not None]
    if len(spans) != words or not known or words - len(known) > most_odd(words):
        return f"found {len(known)} of {words} words"
    outside = sum(_heard_ms(span, speech) < span.duration_ms / 2 for span in known)
    if outside > most_odd(len(known)):
        return f"put {outside} of {len(known)} words outside the speech"
    covered = sum(_heard_ms(span, speech) for span in known)
    if covered < _LEAST_COVERED * sum(span.duration_ms for span in speech):
        return "left much of the speech without words"
    return None


def most_odd(words: int) -> float:
    """How many of so many words may be unmatched, outside the speech or pressed before an alignment is not believed."""
    return max(1, _MOST_ODD * words)


def shift_ms(spans: Sequence[Span | None], speech: Sequence[Span], early: Earliness) -> float:
    """By how much to move the stretches later: the engine's usual earliness and what is seen after pauses, averaged.

    Earliness differs between voices, so the line itself is asked too: where sound begins, a word does.
    """
    starts = [span.start_ms for span in spans if span is not None]
    onsets = [*speech[:1], *(later for sooner, later in pairwise(speech) if later.start_ms - sooner.end_ms >= _REST_MS)]
    seen = [early.usual_ms]
    for onset in onsets if starts else ():
        nearest = min((onset.start_ms - start for start in starts), key=abs)
        if abs(nearest) <= _FAR_MS:
            seen.append(nearest)
    return min(max(sum(seen) / len(seen), early.least_ms), early.most_ms)


def _heard_ms(span: Span, speech: Sequence[Span]) -> float:
    return sum(max(min(span.end_ms, heard.end_ms) - max(span.start_ms, heard.start_ms), 0.0) for heard in speech)

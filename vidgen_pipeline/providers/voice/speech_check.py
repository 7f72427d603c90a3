"""Whether what a vendor's voice sent can be the text it was given: models leave out, add and answer now and then."""

from __future__ import annotations

from difflib import SequenceMatcher

from vidgen_pipeline.domain.errors import BadReply
from vidgen_pipeline.domain.text import estimate_ms, fold
from vidgen_pipeline.providers.base import Speech, SpeechRequest
from vidgen_pipeline.providers.voice.vendor_speech import Sound, vendor_speech

# Narration differs in pace, and numbers are written short and spoken long: only what is far off is refused.
_SHORTEST, _LONGEST, _LEEWAY_MS = 0.3, 3.0, 1500
_LEAST_ALIKE = 0.8


def checked_speech(sound: Sound, request: SpeechRequest) -> Speech:
    """The speech in the sound. Raises BadReply when it is silent, far too short or long, or in other words."""
    speech = vendor_speech(sound, request)
    expected = estimate_ms(request.text, request.language) / request.speed
    if not _SHORTEST * expected - _LEEWAY_MS <= speech.duration_ms <= _LONGEST * expected + _LEEWAY_MS:
        raise BadReply(
            f"The voice spoke for {speech.duration_ms / 1000:.1f} s where {expected / 1000:.1f} s were expected.",
            remedy="Try again, or choose another voice.",
        )
    if sound.transcript is not None and _likeness(sound.transcript, request.text) < _LEAST_ALIKE:
        raise BadReply("The voice spoke other words than it was given.", remedy="Try again, or choose another voice.")
    return speech


def _likeness(spoken: str, written: str) -> float:
    """How alike two texts are in their letters and digits, 0 to 1."""
    return SequenceMatcher(None, _letters(spoken), _letters(written), autojunk=False).ratio()


def _letters(text: str) -> str:
    return "".join(character for character in fold(text) if character.isalnum())

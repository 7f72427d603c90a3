"""How many words fit into a length of time, and what to say about a script that has too many or too few."""

from __future__ import annotations

from dataclasses import dataclass

TOLERANCE = 0.10
"""The share of the wished length by which a script may be longer or shorter."""

# Milliseconds a word takes by `domain.text.estimate_ms`, with its share of spaces and pauses. English and German are
# measured on narration, the others reckoned from how long the language's words mostly are. Only a first guess: whoever
# corrects a draft reckons with the draft's own pace.
_USUAL_WORD_MS = 420
_WORD_MS = {
    "en": 355, "fr": 370, "es": 375, "pt": 375, "it": 390, "nl": 405, "da": 400, "no": 400, "sv": 410, "de": 410,
    "cs": 430, "pl": 450, "uk": 450, "ru": 460, "hu": 460, "tr": 470, "et": 480, "he": 480, "ar": 490, "fi": 530,
    "ko": 560, "am": 720,
}  # fmt: skip
_CHARACTER_MS = {"zh": 270, "yue": 270, "ja": 195, "th": 105, "lo": 105, "km": 105, "my": 105}
"""The same for a character, in languages that part no words."""


@dataclass(frozen=True)
class WordBudget:
    """The room for words in `target_ms` of narration."""

    target_ms: int
    language: str

    @property
    def unit(self) -> str:
        """What the room is counted in: words, or characters where words are not parted."""
        return "characters" if self._tag in _CHARACTER_MS else "words"

    @property
    def amount(self) -> int:
        """How many words (or characters) there is room for."""
        return self.within(self.target_ms)

    def within(self, milliseconds: float) -> int:
        """How many words (or characters) can be said in that time; at least one."""
        one_ms = _CHARACTER_MS.get(self._tag) or _WORD_MS.get(self._tag, _USUAL_WORD_MS)
        return max(round(milliseconds / one_ms), 1)

    def off_by(self, spoken_ms: int) -> float:
        """How far a narration is from the wished length, as a share of it."""
        return abs(spoken_ms - self.target_ms) / self.target_ms

    def fits(self, spoken_ms: int) -> bool:
        """Whether a narration of this length may stay as it is."""
        return self.off_by(spoken_ms) <= TOLERANCE

    def advice(self, narration: str, spoken_ms: int) -> str:
        """A sentence for the writer of a narration that does not fit, reckoned with its own pace."""
        has = len("".join(narration.split())) if self.unit == "characters" else len(narration.split())
        wanted = max(round(has * self.target_ms / max(spoken_ms, 1)), 1)
        verb = "Shorten" if spoken_ms > self.target_ms else "Lengthen"
        return (
            f"The narration takes about {spoken_ms / 1000:.0f} seconds to speak; it must take "
            f"{self.target_ms / 1000:.0f}. It has {has} {self.unit}. {verb} it to {wanted} {self.unit}, hook included."
        )

    @property
    def _tag(self) -> str:
        return self.language.replace("_", "-").partition("-")[0].lower()

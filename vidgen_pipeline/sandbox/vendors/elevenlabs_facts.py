"""What ElevenLabs offers, as of 2026-11: plans, voices, models and sound formats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

USD_PER_CREDIT = Decimal("0.00008")
CREDITS = {"free": 10_000, "starter": 30_000, "creator": 121_000, "pro": 600_000}
AT_ONCE = {"free": 2, "starter": 3, "creator": 5, "pro": 10}  # flash models: twice as many
LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "fi", "cs", "el", "tr", "ro", "uk", "ru", "ar", "hi",
    "ja", "ko", "zh", "id", "ta", "bg", "fil", "hr", "ms", "sk",
)  # fmt: skip
VOICES = {
    "JBFqnCBsd6RMkjVDRZzb": ("George", "male", "british"),
    "EXAVITQu4vr4xnSDxMaL": ("Sarah", "female", "american"),
    "21m00Tcm4TlvDq8ikWAM": ("Rachel", "female", "american"),
    "CwhRBWXzGAHq8TQ4Fs17": ("Roger", "male", "american"),
    "FGY2WhTYpPnrIDTdsKH5": ("Laura", "female", "american"),
    "IKne3meq5aSn9XLyUdCD": ("Charlie", "male", "australian"),
    "Xb7hH8MSUJpSbSDYk0k2": ("Alice", "female", "british"),
    "XrExE9yKIg1WjnnlVkGX": ("Matilda", "female", "american"),
    "nPczCjzI2devNBz1zQrb": ("Brian", "male", "american"),
    "onwK4e9ZLuTAKqWW03F9": ("Daniel", "male", "british"),
    "pFZP5JQG7iQjIQuC4Bku": ("Lily", "female", "british"),
    "SharedLibraryVoice01": ("Library Voice", "female", "american"),
}
FROM_LIBRARY = "SharedLibraryVoice01"
_TAGS, _BREAKS = re.compile(r"\[[^\]\n]*\]"), re.compile(r"<break\b[^>]*>")
FORMAT = re.compile(
    r"(mp3)_(22050_32|24000_48|44100_(?:32|64|96|128|192))|(opus)_(48000_(?:32|64|96|128|192))|"
    r"(pcm|wav)_(8000|16000|22050|24000|32000|44100|48000)|(ulaw|alaw)_(8000)"
)
MEDIA_TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg", "wav": "audio/wav", "pcm": "audio/pcm"}


@dataclass(frozen=True)
class Model:
    """What a model takes. `refuses` are fields it does not know, `unspoken` is mark-up that is not read aloud."""

    longest: int
    rate: Decimal = Decimal(1)  # credits a character
    refuses: Sequence[str] = ()
    unspoken: re.Pattern[str] = _BREAKS
    honours_speed: bool = True


_CONTEXT = ("previous_text", "next_text", "previous_request_ids", "next_request_ids")
MODELS = {
    "eleven_multilingual_v2": Model(10_000, refuses=["language_code"]),
    "eleven_v4": Model(10_000, unspoken=_TAGS, honours_speed=False),
    "eleven_v3": Model(5_000, refuses=["language_code", *_CONTEXT], unspoken=_TAGS),
    "eleven_flash_v2_5": Model(40_000, Decimal("0.5")),
    "eleven_turbo_v2_5": Model(40_000, Decimal("0.5")),
}

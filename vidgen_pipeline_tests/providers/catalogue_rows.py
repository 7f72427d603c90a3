"""A catalogue for tests: rows as they are written in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from vidgen_pipeline.domain.providers import Provider


def catalogue_of(written: str) -> Mapping[str, Provider]:
    """The providers of this text."""
    return {name: Provider(id=name, **row) for name, row in tomllib.loads(written).items()}


ELEVENLABS = """
[elevenlabs]
name = "ElevenLabs"
category = "voice"
adapter = "voice.elevenlabs:ElevenLabsProvider"
recommended_model = "eleven_multilingual_v2"
needs_key = true
key_url = "https://elevenlabs.io/app/settings/api-keys"
key_variables = ["ELEVENLABS_API_KEY"]
languages = ["en", "ja", "zh", "de", "hi", "fr", "ko", "pt", "it", "es", "id", "nl", "tr", "fil", "pl", "sv", "bg",
    "ro", "ar", "cs", "el", "fi", "hr", "ms", "sk", "da", "ta", "uk", "ru"]
word_times = true
homepage = "https://elevenlabs.io"
note = "Expressive voices with the time of every word. The free plan needs a mention and allows no commercial use."
[[elevenlabs.models]]
name = "eleven_multilingual_v2"
[elevenlabs.models.price]
kind = "per_character"
amount = "0.08"
unit_size = 1000
as_of = 2026-10-06
source = "elevenlabs.io/pricing/api, as quoted by four public projects"
[[elevenlabs.models]]
name = "eleven_v4"
[elevenlabs.models.price]
kind = "per_character"
amount = "0.08"
unit_size = 1000
as_of = 2026-10-06
source = "elevenlabs.io/pricing/api, as quoted by four public projects"
[[elevenlabs.models]]
name = "eleven_flash_v2_5"
[elevenlabs.models.price]
kind = "per_character"
amount = "0.04"
unit_size = 1000
as_of = 2026-10-06
source = "elevenlabs.io/pricing/api, as quoted by two public projects"
"""

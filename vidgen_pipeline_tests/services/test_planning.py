"""What a person asked for becomes a request, with a note where it can't be quite what they asked for."""

from __future__ import annotations

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.services.planning import Plan, Wishes, all_voices, plan
from vidgen_pipeline.services.settings import Defaults

DEFAULTS = Defaults(aspect_ratio="9:16", subtitle_style="modern", music="none")


def _plan(voice_provider: str, **wishes: object) -> Plan:
    asked = Wishes(script_text="Cats purr.", providers={Category.VOICE: voice_provider}, test_mode=True, **wishes)  # type: ignore[arg-type]
    return plan(asked, DEFAULTS)


@pytest.mark.parametrize(
    ("provider", "wanted", "speed", "note"),
    [
        ("hibari", None, 1.0, ""),
        ("hibari", 2.0, 2.0, ""),
        ("espeak", 0.5, 0.5, ""),
        ("elevenlabs", 1.1, 1.1, ""),
        ("elevenlabs", 1.5, 1.2, "ElevenLabs can't speak at 1.5 times its pace; it speaks at 1.2."),
    ],
)
def test_the_voice_speaks_at_the_nearest_pace_it_has_and_the_person_is_told(
    provider: str, wanted: float | None, speed: float, note: str
):
    planned = _plan(provider, voice_speed=wanted)
    assert planned.request.voice_speed == speed
    assert planned.notes == ((note,) if note else ())


@pytest.mark.parametrize("wanted", [0.4, 2.1, -1.0, float("nan")])
def test_a_pace_nobody_speaks_at_is_refused(wanted: float):
    with pytest.raises(InvalidInput, match="times its pace"):
        _plan("hibari", voice_speed=wanted)


def test_a_language_the_vendor_does_not_list_is_refused_before_anything_is_asked():
    with pytest.raises(InvalidInput, match="No voice here speaks Icelandic"):
        _plan("elevenlabs", language="is")


def test_the_voices_of_this_machine_are_found_without_a_network():
    voices = all_voices()
    assert list(voices) == ["hibari", "espeak"]
    assert [voice.name for voice in voices["hibari"]] == ["heart"]
    assert len(voices["espeak"]) > 100

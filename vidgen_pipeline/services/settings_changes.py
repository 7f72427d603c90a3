"""Change a user's settings. What planning would refuse in a video is refused here, before it stops one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func
from sqlalchemy.orm import Session

from vidgen_pipeline.database.users import generation_settings
from vidgen_pipeline.domain.errors import InvalidInput, StaleVersion
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.text import one_line
from vidgen_pipeline.domain.video import AspectRatio, MusicMood, VoiceCleanUp, WhenClipRejected
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.script.script_templates import script_template
from vidgen_pipeline.services.credentials import KeysAtHand, keys_at_hand
from vidgen_pipeline.services.effective_providers import OWN_MEDIA, OWN_SCRIPT, check_provider
from vidgen_pipeline.services.language import resolve_language
from vidgen_pipeline.services.looks import check_look, look_or_plain, looks_beside, name_of
from vidgen_pipeline.services.planning import all_voices, choice, named_voice
from vidgen_pipeline.services.schedule_times import zone_called
from vidgen_pipeline.services.settings import GenerationSettings, view_of
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, OwnStyles, caption_style, check_font, with_highlight

SHORTEST_SECONDS, LONGEST_SECONDS = 5, 3600
LONGEST_DELAY_HOURS = 24 * 365

_PRODUCTS_OWN: dict[str, Any] = {
    "subtitle_style": "modern",
    "aspect_ratio": AspectRatio.PORTRAIT.value,
    "music_mood": MusicMood.CALM.value,
    "time_zone": "UTC",
    "when_clip_rejected": WhenClipRejected.FAIL.value,
    "voice_clean_up": VoiceCleanUp.NONE.value,
    "voices": {},
}
"""What is meant by taking a setting back that always says something. Of the others nothing is left."""

_LONGEST_VOICE, _LONGEST_STYLE, _LONGEST_TONE = 100, 100, 200


def update_settings(
    engine: Engine,
    user_id: UUID,
    changes: Mapping[str, Any],
    *,
    version: int | None = None,
    own_styles: OwnStyles | None = None,
) -> GenerationSettings:
    """Change the settings that `changes` names, by the names of GenerationSettings; None takes one back.

    `version` is the one the person saw; None changes whatever is there. `voices` are added to those that are set, and
    a voice that is None is taken out. All or none: raises StaleVersion, InvalidInput, ProviderUnavailable,
    ProviderRetired.
    """
    keys = keys_at_hand(engine, user_id)
    with Session(engine) as session, session.begin():
        row = generation_settings(session, user_id, for_update=True)
        if version is not None and row.version != version:
            raise StaleVersion(
                "The settings were changed meanwhile; nothing was saved.",
                remedy="Look at them again.",
            )
        new = {name: _checked(name, value, row.voices, keys, own_styles) for name, value in changes.items()}
        changed = {name: value for name, value in new.items() if value != getattr(row, name)}
        if not {"subtitle_style", "caption_highlight"}.isdisjoint(changed):
            _check_letters(changed.get("subtitle_style", row.subtitle_style), own_styles)
        for name, value in changed.items():
            setattr(row, name, value)
        if changed:
            row.version, row.updated_at = row.version + 1, func.now()
            session.flush()
            session.refresh(row)
        return view_of(session, row)


def setting_names() -> tuple[str, ...]:
    """The names of all that can be set."""
    return tuple(_CHECKS)


def _checked(name: str, value: Any, voices: Mapping[str, str], keys: KeysAtHand, own_styles: OwnStyles | None) -> Any:
    if name not in _CHECKS:
        raise unknown("setting", one_line(name, 60), _CHECKS)
    if value is None:
        return _PRODUCTS_OWN.get(name)
    if name == "voices":
        return _voices(value, voices)
    if name == "look":
        return _look(_text(name, value), own_styles)
    if name == "subtitle_style":
        return _short("subtitle style's name", caption_style(_text(name, value), own_styles).name, _LONGEST_STYLE)
    if name.startswith("default_"):
        return _provider(Category(name.removeprefix("default_").removesuffix("_provider")), value, keys)
    return _CHECKS[name](value)


def _check_letters(style: str, own_styles: OwnStyles | None) -> None:
    check_font(caption_style(style, own_styles))


def _look(written: str, own_styles: OwnStyles | None) -> str | None:
    look = look_or_plain(written, looks_beside(own_styles))
    check_look(look, own_styles)
    return name_of(look)


def _provider(category: Category, value: Any, keys: KeysAtHand) -> str:
    name = _text("provider", value).lower()
    facts = check_provider(category, name, keys)
    if name == OWN_SCRIPT:
        raise InvalidInput("Your own words are used whenever you give some.", remedy="Choose who writes from a prompt.")
    if name == OWN_MEDIA:
        raise InvalidInput("Your own media are used whenever you give some.", remedy="Choose what is shown otherwise.")
    return facts.id


def _voices(value: Any, present: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise InvalidInput("Voices are named by provider.", remedy='For example: {"hibari": "heart"}')
    voices = dict(present)
    for provider, voice in value.items():
        known = [one.id for one in catalogue().values() if one.category is Category.VOICE]
        if provider not in known:
            raise unknown("voice provider", one_line(str(provider), 50), known)
        if voice is None:
            voices.pop(provider, None)
        else:
            voices[provider] = _voice(provider, _text("voice", voice))
    return voices


def _voice(provider: str, written: str) -> str:
    """A voice's name. Which voices a vendor has, only the account knows; those of this machine are looked up."""
    if catalogue()[provider].needs_key:
        return _short("voice", written, _LONGEST_VOICE)
    return named_voice(written, {provider: all_voices()[provider]})[1].name


def _seconds(value: Any) -> int:
    return _number("target length", value, SHORTEST_SECONDS, LONGEST_SECONDS, "seconds")


def _hours(value: Any) -> int:
    return _number("delay", value, 1, LONGEST_DELAY_HOURS, "hours")


def _number(what: str, value: Any, least: int, most: int, unit: str) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:10])
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidInput(f"That is no {what}.", remedy=f"Give whole {unit}, from {least} to {most}.")
    return value


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"The {what.replace('_', ' ')} is no text.", remedy="Write its name.")
    return value.strip()


def _short(what: str, value: Any, most: int) -> str:
    line = one_line(_text(what, value), most + 1)
    if len(line) > most:
        raise InvalidInput(f"The {what} has more than {most} characters.", remedy="Say it in fewer words.")
    return line


def _template(value: Any) -> str:
    name = _text("template", value).lower()
    script_template(name)
    return name


def _highlight(value: Any) -> str:
    return str(with_highlight(caption_style(STYLE_NAMES[0]), _text("caption highlight", value)).highlight.value)


def _when_rejected(value: Any) -> str:
    written = _text("choice", value).replace("-", "_")
    return choice("choice for a rejected clip", written, WhenClipRejected).value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    **{f"default_{category}_provider": str for category in Category},
    "look": str,
    "subtitle_style": str,
    "caption_highlight": _highlight,
    "language": lambda value: _short("language", resolve_language(_text("language", value), "", ())[0], 35),
    "voices": dict,
    "aspect_ratio": lambda value: choice("aspect ratio", _text("aspect ratio", value), AspectRatio).value,
    "target_length_seconds": _seconds,
    "music_mood": lambda value: choice("music mood", _text("music mood", value), MusicMood).value,
    "tone": lambda value: _short("tone", value, _LONGEST_TONE),
    "template": _template,
    "when_clip_rejected": _when_rejected,
    "voice_clean_up": lambda value: choice("voice clean-up", _text("voice clean-up", value), VoiceCleanUp).value,
    "time_zone": lambda value: zone_called(_text("time zone", value)),
    "skip_later_than_hours": _hours,
}

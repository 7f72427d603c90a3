"""From what a person wrote to a request that can be carried out; everything that can be refused is refused here."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Brief, Script
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.video import AspectRatio, MusicMood, VideoRequest
from vidgen_pipeline.providers.base import MediaProvider, ScriptProvider, Voice, VoiceProvider
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.runtime.fonts import undrawable_letters
from vidgen_pipeline.services.language import resolve_language
from vidgen_pipeline.services.media_sources import open_sources
from vidgen_pipeline.services.settings import Defaults
from vidgen_pipeline.subtitles.styles import caption_style

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person asked for, as written. None means: as in the settings, or the product's own choice."""

    prompt: str | None = None
    script_text: str | None = None
    script_folder: Path | None = None
    media_folders: Sequence[Path] = ()
    title: str | None = None
    language: str | None = None
    voice: str | None = None
    aspect_ratio: str | None = None
    subtitle_style: str | None = None
    music: str | None = None
    fresh: bool = False


@dataclass(frozen=True)
class Plan:
    """A request that can be carried out, its title, and what the person should know before it starts."""

    request: VideoRequest
    title: str
    notes: tuple[str, ...]


def plan(wishes: Wishes, defaults: Defaults) -> Plan:
    """Check and complete the wishes. Raises InvalidInput or ProviderUnavailable with a sentence; changes nothing."""
    notes: list[str] = []
    style = caption_style(wishes.subtitle_style or defaults.subtitle_style).name
    ratio = _choice("aspect ratio", wishes.aspect_ratio or defaults.aspect_ratio, AspectRatio)
    mood = _choice("music mood", wishes.music or defaults.music, MusicMood)
    language, voice_provider, voice = _language_and_voice(wishes, notes)
    brief = Brief(topic=wishes.prompt, script_text=wishes.script_text, title=wishes.title or None, language=language)
    script = asyncio.run(ProviderFactory().get_provider("own_script", ScriptProvider).write(brief)).data
    _check_letters(script, notes)
    folders = [folder.expanduser().resolve() for folder in wishes.media_folders]
    media_provider = "local_folder" if folders else "backdrop"
    media = ProviderFactory().get_provider(media_provider, MediaProvider)
    notes += open_sources(media, script, folders, wishes.script_folder).warnings
    request = VideoRequest(
        title=wishes.title or None,
        prompt=wishes.prompt,
        script_text=wishes.script_text,
        script_folder=str(wishes.script_folder.resolve()) if wishes.script_folder else None,
        language=language,
        voice=voice,
        aspect_ratio=ratio,
        subtitle_style=style,
        music_mood=mood,
        media_folders=tuple(str(folder) for folder in folders),
        selected_providers={
            Category.SCRIPT: "own_script",
            Category.VOICE: voice_provider,
            Category.MEDIA: media_provider,
            Category.ASSEMBLY: "ffmpeg",
        },
        fresh=wishes.fresh,
    )
    return Plan(request, script.title, tuple(notes))


def all_voices() -> dict[str, Sequence[Voice]]:
    """The voices of every provider, by provider, preferred first."""
    factory = ProviderFactory()
    names = factory.get_providers_for_category(Category.VOICE)
    return {name: factory.get_provider(name, VoiceProvider).voices() for name in names}


def _language_and_voice(wishes: Wishes, notes: list[str]) -> tuple[str, str, str | None]:
    """The language, who speaks it, and the voice the person named (None: the provider's own choice)."""
    voices = all_voices()
    speakable = {tag for offered in voices.values() for voice in offered for tag in voice.languages}
    named = _named_voice(wishes.voice, voices) if wishes.voice else None
    asked = wishes.language
    if asked is None and named is not None and wishes.voice:
        asked = named[1].languages[0]
    language, recognised = resolve_language(asked, wishes.script_text or wishes.prompt or "", speakable)
    if recognised and language != "en":
        notes.append(f"The script's language was recognised: {language}. Say --language to choose another.")
    if named is not None:
        provider, voice = named
        if not _speaks(voice, language):
            raise InvalidInput(
                f"The voice '{voice.name}' speaks {', '.join(voice.languages)}, not {language}.",
                remedy="Leave out --voice, or choose one for that language (vidgen doctor --voices lists them).",
            )
        return language, provider, voice.name
    for provider, offered in voices.items():
        if any(_speaks(voice, language) for voice in offered):
            return language, provider, None
    raise unknown("language", language, sorted(speakable))


def _check_letters(script: Script, notes: list[str]) -> None:
    """Refuse a script whose captions would be empty boxes; mention single symbols that can't be drawn."""
    missing = undrawable_letters(script.title + "".join(scene.narration for scene in script.scenes))
    if any(unicodedata.category(character).startswith(("L", "M")) for character in missing):
        raise InvalidInput(
            f"No font here has these letters of the script: {' '.join(missing[:20])}",
            remedy="Put a font that has them into a folder and name it in VIDGEN_FONTS_DIR.",
        )
    if missing:
        notes.append(f"No font here can draw {' '.join(missing)}; captions show a box in their place.")


def _named_voice(written: str, voices: dict[str, Sequence[Voice]]) -> tuple[str, Voice]:
    for provider, offered in voices.items():
        for voice in offered:
            if voice.name.lower() == written.lower():
                return provider, voice
    raise unknown("voice", written, [voice.name for offered in voices.values() for voice in offered])


def _speaks(voice: Voice, language: str) -> bool:
    """Whether the voice speaks the language, in any of its regions."""
    return language.split("-", maxsplit=1)[0].lower() in {tag.split("-")[0].lower() for tag in voice.languages}


def _choice(what: str, written: str, kind: type[Choice]) -> Choice:
    try:
        return kind(written.strip().lower())
    except ValueError:
        raise unknown(what, written, [item.value for item in kind]) from None

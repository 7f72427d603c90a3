"""From what a person wrote to a request that can be carried out; everything that can be refused is refused here."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from textwrap import shorten
from typing import TypeVar

from vidgen_pipeline.domain.errors import InvalidInput, ProviderRetired, ProviderUnavailable
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Brief, Script
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.video import AspectRatio, MusicMood, VideoRequest
from vidgen_pipeline.providers.base import MediaProvider, ScriptProvider, Voice, VoiceProvider
from vidgen_pipeline.providers.catalogue import catalogue, providers_of
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.providers.script.script_templates import script_template
from vidgen_pipeline.runtime.fonts import undrawable_letters
from vidgen_pipeline.services.credentials import credentials_for, has_key
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
    audience: str | None = None
    tone: str | None = None
    platform: str | None = None
    template: str | None = None
    length_seconds: int | None = None
    language: str | None = None
    voice: str | None = None
    aspect_ratio: str | None = None
    subtitle_style: str | None = None
    music: str | None = None
    providers: Mapping[Category, str] = field(default_factory=dict)
    fresh: bool = False
    test_mode: bool = False


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
    if wishes.template is not None:
        script_template(wishes.template)
    for category, name in wishes.providers.items():
        _check_provider(category, name, test_mode=wishes.test_mode)
    language, voice_provider, voice = _language_and_voice(wishes, notes)
    folders = [folder.expanduser().resolve() for folder in wishes.media_folders]
    providers = {
        Category.SCRIPT: _script_provider(wishes),
        Category.VOICE: voice_provider,
        Category.MEDIA: "local_folder" if folders else "backdrop",
        Category.ASSEMBLY: "ffmpeg",
        **wishes.providers,
    }
    request = VideoRequest(
        title=wishes.title or None,
        prompt=wishes.prompt,
        script_text=wishes.script_text,
        script_folder=str(wishes.script_folder.resolve()) if wishes.script_folder else None,
        audience=wishes.audience,
        tone=wishes.tone,
        platform=wishes.platform,
        template=wishes.template,
        target_length_ms=wishes.length_seconds * 1000 if wishes.length_seconds else None,
        language=language,
        voice=voice,
        aspect_ratio=ratio,
        subtitle_style=style,
        music_mood=mood,
        media_folders=tuple(str(folder) for folder in folders),
        selected_providers=providers,
        test_mode=wishes.test_mode,
        fresh=wishes.fresh,
    )
    title = _check_script(request, notes) if wishes.script_text else _title_of_prompt(request)
    return Plan(request, title, tuple(notes))


def _script_provider(wishes: Wishes) -> str:
    """Who writes: the person themselves, or for a prompt the first vendor that has a key."""
    if wishes.script_text is not None or Category.SCRIPT in wishes.providers:
        return "own_script"
    writers = [provider for provider in providers_of(Category.SCRIPT) if provider.needs_key]
    ready = [provider.id for provider in writers if wishes.test_mode or has_key(provider)]
    if not ready:
        variables = " or ".join(provider.key_variables[0] for provider in writers if provider.key_variables)
        raise ProviderUnavailable(
            "No key is set that could write a script from a prompt.",
            remedy=f"Give your own words with --script FILE, or set {variables}.",
        )
    return ready[0]


def _check_provider(category: Category, name: str, *, test_mode: bool) -> None:
    """Refuse a provider that is none of its category, is retired or switched off, or has no key."""
    facts = next((provider for provider in providers_of(category) if provider.id == name), None)
    if facts is None:
        raise unknown(f"{category.replace('_', ' ')} provider", name, [one.id for one in providers_of(category)])
    if test_mode:
        return
    if facts.retired_on is not None:
        raise ProviderRetired(
            f"{facts.name} ended on {facts.retired_on:%d %B %Y}.",
            remedy=f"Choose {facts.replacement or 'another provider'}.",
            provider=name,
        )
    if not facts.enabled:
        raise ProviderUnavailable(f"{facts.name} is switched off.", remedy=facts.note, provider=name)
    credentials_for(facts)


def _check_script(request: VideoRequest, notes: list[str]) -> str:
    """Structure the person's own text once, to find now what would fail later; returns its title."""
    brief = Brief(script_text=request.script_text, title=request.title, language=request.language)
    script = asyncio.run(ProviderFactory().get_provider("own_script", ScriptProvider).write(brief)).data
    _check_letters(script, notes)
    media = ProviderFactory().get_provider(request.selected_providers[Category.MEDIA], MediaProvider)
    script_folder = Path(request.script_folder) if request.script_folder else None
    notes += open_sources(media, script, [Path(folder) for folder in request.media_folders], script_folder).warnings
    return script.title


def _title_of_prompt(request: VideoRequest) -> str:
    """What the video is called until its script is written."""
    return request.title or shorten(" ".join((request.prompt or "").split()), 60, placeholder=" …")


def all_voices() -> dict[str, Sequence[Voice]]:
    """The voices of every provider of this machine, by provider, preferred first."""
    factory = ProviderFactory()
    names = [provider.id for provider in providers_of(Category.VOICE) if not provider.needs_key]
    return {name: factory.get_provider(name, VoiceProvider).voices() for name in names}


def _language_and_voice(wishes: Wishes, notes: list[str]) -> tuple[str, str, str | None]:
    """The language, who speaks it, and the voice the person named (None: the provider's own choice)."""
    voices = all_voices()
    if (vendor := wishes.providers.get(Category.VOICE)) is not None and catalogue()[vendor].needs_key:
        # A vendor's voices are the account's own: which there are is known only to the vendor.
        languages = catalogue()[vendor].languages or [
            tag for one in voices.values() for v in one for tag in v.languages
        ]
        language, _ = resolve_language(wishes.language, wishes.script_text or wishes.prompt or "", languages)
        return language, vendor, wishes.voice
    if vendor is not None:
        voices = {vendor: voices[vendor]}
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

"""From what a person wrote to a request that can be carried out; everything that can be refused is refused here."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from textwrap import shorten
from typing import Any, TypeVar

from pydantic import ValidationError

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Brief, Script
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.video import (
    FASTEST_SPEECH,
    SLOWEST_SPEECH,
    AspectRatio,
    MusicMood,
    VideoRequest,
    VoiceCleanUp,
    WhenClipRejected,
)
from vidgen_pipeline.providers.base import MediaProvider, ScriptProvider, Voice, VoiceProvider
from vidgen_pipeline.providers.catalogue import catalogue, providers_of
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.providers.script.script_templates import script_template
from vidgen_pipeline.runtime.fonts import undrawable_letters
from vidgen_pipeline.services.effective_providers import EffectiveProvider, Reason, choose_providers
from vidgen_pipeline.services.language import resolve_language
from vidgen_pipeline.services.looks import check_look, look_or_plain, looks_beside, name_of
from vidgen_pipeline.services.media_sources import open_sources
from vidgen_pipeline.services.settings import Defaults
from vidgen_pipeline.subtitles.styles import OwnStyles, caption_style, check_font, with_highlight

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
    voice_speed: float | None = None
    aspect_ratio: str | None = None
    look: str | None = None
    subtitle_style: str | None = None
    caption_highlight: str | None = None
    music: str | None = None
    when_clip_rejected: str | None = None
    voice_clean_up: str | None = None
    providers: Mapping[Category, str] = field(default_factory=dict)
    fresh: bool = False
    test_mode: bool = False


@dataclass(frozen=True)
class Plan:
    """A request that can be carried out, its title, and what the person should know before it starts."""

    request: VideoRequest
    title: str
    notes: tuple[str, ...]


def plan(wishes: Wishes, defaults: Defaults, own_styles: OwnStyles | None = None, *, from_afar: bool = False) -> Plan:
    """Check and complete the wishes; a folder of `own_styles` has the person's own looks beside it.

    What is wished for counts for more than what the look says, and that for more than the settings. Who wishes it
    `from_afar` names no file or folder: it would be one of this machine's.

    Raises InvalidInput, ProviderUnavailable or MissingTool with a sentence; changes nothing.
    """
    notes: list[str] = []
    if from_afar and (wishes.script_folder or wishes.media_folders):
        raise _not_from_afar("A folder")
    look = look_or_plain(wishes.look or defaults.look, looks_beside(own_styles))
    check_look(look, own_styles)
    style = caption_style(wishes.subtitle_style or look.subtitle_style or defaults.subtitle_style, own_styles)
    check_font(style)
    highlight = wishes.caption_highlight or look.caption_highlight or defaults.caption_highlight
    if highlight is not None:
        highlight = with_highlight(style, highlight).highlight.value
    ratio = choice("aspect ratio", wishes.aspect_ratio or defaults.aspect_ratio, AspectRatio)
    mood = choice("music mood", wishes.music or look.music or defaults.music, MusicMood)
    when_rejected = (wishes.when_clip_rejected or defaults.when_clip_rejected).replace("-", "_")
    from_prompt = wishes.script_text is None
    template = wishes.template or (defaults.template if from_prompt else None)
    if template is not None:
        script_template(template)
    length_seconds = wishes.length_seconds or (defaults.length_seconds if from_prompt else None)
    folders = [folder.expanduser().resolve() for folder in wishes.media_folders]
    chosen = _providers(wishes, defaults)
    language, voice_provider, voice = _language_and_voice(wishes, defaults, chosen[Category.VOICE], notes)
    providers = {category: one.provider for category, one in chosen.items() if one.provider is not None}
    providers[Category.VOICE] = voice_provider
    request = _request(
        title=wishes.title or None,
        prompt=wishes.prompt,
        script_text=wishes.script_text,
        script_folder=str(wishes.script_folder.resolve()) if wishes.script_folder else None,
        audience=wishes.audience,
        tone=wishes.tone or (defaults.tone if from_prompt else None),
        platform=wishes.platform,
        template=template,
        target_length_ms=length_seconds * 1000 if length_seconds else None,
        language=language,
        voice=voice,
        voice_speed=_voice_speed(wishes.voice_speed, voice_provider, notes),
        aspect_ratio=ratio,
        look=name_of(look),
        subtitle_style=style.name,
        caption_highlight=highlight,
        voice_clean_up=choice("voice clean-up", wishes.voice_clean_up or defaults.voice_clean_up, VoiceCleanUp),
        music_mood=mood,
        when_clip_rejected=choice("choice for a rejected clip", when_rejected, WhenClipRejected),
        media_folders=tuple(str(folder) for folder in folders),
        selected_providers=providers,
        test_mode=wishes.test_mode,
        fresh=wishes.fresh,
    )
    own = bool(wishes.script_text)
    title = _check_script(request, notes, from_afar=from_afar) if own else title_of_prompt(request)
    return Plan(request, title, tuple(notes))


def _request(**fields: Any) -> VideoRequest:
    try:
        return VideoRequest(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = str(first["loc"][0]).replace("_", " ") if first["loc"] else "request"
        raise InvalidInput(f"The {name} can't be used: {first['msg'].lower()}.") from None


def _providers(wishes: Wishes, defaults: Defaults) -> dict[Category, EffectiveProvider]:
    """Who does each step. Raises what stands against the first that can't."""
    if wishes.voice and Category.VOICE not in wishes.providers and _local_voice(wishes.voice, all_voices()):
        # A voice of this machine was named: whose it is, is clear without the default.
        others: dict[Category, str] = {
            category: name for category, name in defaults.providers.items() if category != Category.VOICE
        }
        defaults = replace(defaults, providers=others)
    chosen = choose_providers(
        defaults,
        wishes.providers,
        own_script=wishes.script_text is not None,
        own_media=bool(wishes.media_folders),
        test_mode=wishes.test_mode,
    )
    for one in chosen.values():
        if one.problem is not None:
            raise one.problem
    return chosen


def _check_script(request: VideoRequest, notes: list[str], *, from_afar: bool) -> str:
    """Structure the person's own text once, to find now what would fail later; returns its title."""
    brief = Brief(script_text=request.script_text, title=request.title, language=request.language)
    script = asyncio.run(ProviderFactory().get_provider("own_script", ScriptProvider).write(brief)).data
    if from_afar and any(scene.image is not None for scene in script.scenes):
        raise _not_from_afar("A picture, by [image: …],")
    check_letters(script, notes)
    media = ProviderFactory().get_provider(request.selected_providers[Category.MEDIA], MediaProvider)
    script_folder = Path(request.script_folder) if request.script_folder else None
    notes += open_sources(media, script, [Path(folder) for folder in request.media_folders], script_folder).warnings
    return script.title


def _not_from_afar(what: str) -> InvalidInput:
    return InvalidInput(
        f"{what} can't be named here: it would be one of the machine that makes the video.",
        remedy="Leave it out, or plan the video at that machine.",
    )


def title_of_prompt(request: VideoRequest) -> str:
    """What the video is called until its script is written."""
    return request.title or shorten(" ".join((request.prompt or "").split()), 60, placeholder=" …")


def all_voices() -> dict[str, Sequence[Voice]]:
    """The voices of every provider of this machine, by provider, preferred first."""
    factory = ProviderFactory()
    names = [provider.id for provider in providers_of(Category.VOICE) if not provider.needs_key]
    return {name: asyncio.run(factory.get_provider(name, VoiceProvider).voices()) for name in names}


def _voice_speed(wanted: float | None, provider: str, notes: list[str]) -> float:
    """The pace of the voice, as near to the wanted one as its provider can speak."""
    if wanted is None:
        return 1.0
    if not SLOWEST_SPEECH <= wanted <= FASTEST_SPEECH:
        raise InvalidInput(
            f"A voice can't speak at {wanted:g} times its pace.",
            remedy=f"Choose a speed from {SLOWEST_SPEECH:g} to {FASTEST_SPEECH:g}.",
        )
    nearest = ProviderFactory().get_provider(provider, VoiceProvider).nearest_speed(wanted)
    if nearest != wanted:
        notes.append(
            f"{catalogue()[provider].name} can't speak at {wanted:g} times its pace; it speaks at {nearest:g}."
        )
    return nearest


def _language_and_voice(
    wishes: Wishes, defaults: Defaults, chosen: EffectiveProvider, notes: list[str]
) -> tuple[str, str, str | None]:
    """The language, who speaks it, and the voice that was named for it (None: the provider's own choice)."""
    voices = all_voices()
    vendor = None if chosen.reason is Reason.FIRST_AVAILABLE else chosen.provider
    if vendor is not None and catalogue()[vendor].needs_key:
        # A vendor's voices are the account's own: which there are is known only to the vendor.
        languages = catalogue()[vendor].languages or [
            tag for one in voices.values() for v in one for tag in v.languages
        ]
        language, _ = _language(wishes.language, wishes, defaults, languages)
        return language, vendor, wishes.voice or defaults.voices.get(vendor)
    if vendor is not None and chosen.reason is not Reason.DEFAULT:
        voices = {vendor: voices[vendor]}
    speakable = {tag for offered in voices.values() for voice in offered for tag in voice.languages}
    named = named_voice(wishes.voice, voices) if wishes.voice else None
    asked = wishes.language
    if asked is None and named is not None and wishes.voice:
        asked = named[1].languages[0]
    language, recognised = _language(asked, wishes, defaults, speakable)
    if recognised and language != "en":
        notes.append(f"The script's language was recognised: {language}. Name another if it is not that.")
    if named is not None:
        provider, voice = named
        if not _speaks(voice, language):
            raise InvalidInput(
                f"The voice '{voice.name}' speaks {', '.join(voice.languages)}, not {language}.",
                remedy="Leave out --voice, or choose one for that language (vidgen doctor --voices lists them).",
            )
        return language, provider, voice.name
    for provider, offered in voices.items() if vendor is None else [(vendor, voices[vendor])]:
        if any(_speaks(voice, language) for voice in offered):
            return language, provider, _usual_voice(provider, offered, language, defaults, notes)
    if vendor is not None:
        raise InvalidInput(
            f"{catalogue()[vendor].name}, your default voice provider, does not speak {language}.",
            remedy="Name another for this video, or set another default (vidgen settings set voice_provider NAME).",
        )
    raise unknown("language", language, sorted(speakable))


def _language(asked: str | None, wishes: Wishes, defaults: Defaults, speakable: Collection[str]) -> tuple[str, bool]:
    """The language as asked, else as recognised from the person's own text, else as in their settings.

    What a prompt is written in says little of what the video is to be in: there the settings come first.
    """
    text = wishes.script_text or wishes.prompt or ""
    if asked is None and defaults.language is not None:
        if wishes.script_text is not None:
            found = resolve_language(None, text, speakable)
            if found[1]:
                return found
        asked = defaults.language
    return resolve_language(asked, text, speakable)


def _usual_voice(
    provider: str, offered: Sequence[Voice], language: str, defaults: Defaults, notes: list[str]
) -> str | None:
    """The voice that the settings name for the provider, if it speaks the language."""
    usual = defaults.voices.get(provider)
    if usual is None:
        return None
    found = _local_voice(usual, {provider: offered})
    if found is not None and _speaks(found[1], language):
        return found[1].name
    where = catalogue()[provider].name
    notes.append(f"Your voice at {where}, {usual}, does not speak {language}; another one does.")
    return None


def check_letters(script: Script, notes: list[str]) -> None:
    """Refuse a script whose captions would be empty boxes; mention single symbols that can't be drawn."""
    missing = undrawable_letters(script.title + "".join(scene.narration for scene in script.scenes))
    if any(unicodedata.category(character).startswith(("L", "M")) for character in missing):
        raise InvalidInput(
            f"No font here has these letters of the script: {' '.join(missing[:20])}",
            remedy="Put a font that has them into a folder and name it in VIDGEN_FONTS_DIR.",
        )
    if missing:
        notes.append(f"No font here can draw {' '.join(missing)}; captions show a box in their place.")


def named_voice(written: str, voices: Mapping[str, Sequence[Voice]]) -> tuple[str, Voice]:
    """The voice of this name and its provider. Raises InvalidInput, naming what there is."""
    if (found := _local_voice(written, voices)) is not None:
        return found
    raise unknown("voice", written, [voice.name for offered in voices.values() for voice in offered])


def _local_voice(written: str, voices: Mapping[str, Sequence[Voice]]) -> tuple[str, Voice] | None:
    """The voice of this name, in whatever case, and its provider."""
    for provider, offered in voices.items():
        for voice in offered:
            if voice.name.lower() == written.lower():
                return provider, voice
    return None


def _speaks(voice: Voice, language: str) -> bool:
    """Whether the voice speaks the language, in any of its regions."""
    return language.split("-", maxsplit=1)[0].lower() in {tag.split("-")[0].lower() for tag in voice.languages}


def choice(what: str, written: str, kind: type[Choice]) -> Choice:
    """The one of `kind` that is written, in whatever case. Raises InvalidInput, naming what there is."""
    try:
        return kind(written.strip().lower())
    except ValueError:
        raise unknown(what, written, [item.value for item in kind]) from None

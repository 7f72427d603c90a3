"""Change some of what a video was asked for: back to wishes, the changes over them, and planned anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import VideoRequest
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.services.briefs import script_hash
from vidgen_pipeline.services.looks import NO_LOOK
from vidgen_pipeline.services.planning import Plan, Wishes, plan
from vidgen_pipeline.services.settings import Defaults
from vidgen_pipeline.subtitles.styles import OwnStyles

_OWN_MEDIA = frozenset({"local_folder", "backdrop"})


def wishes_of(request: VideoRequest) -> Wishes:
    """The wishes of which planning makes this very request."""
    return Wishes(
        prompt=request.prompt,
        script_text=request.script_text,
        script_folder=Path(request.script_folder) if request.script_folder else None,
        media_folders=tuple(Path(folder) for folder in request.media_folders),
        title=request.title,
        audience=request.audience,
        tone=request.tone,
        platform=request.platform,
        template=request.template,
        length_seconds=request.target_length_ms // 1000 if request.target_length_ms else None,
        language=request.language,
        voice=request.voice,
        voice_speed=request.voice_speed,
        aspect_ratio=request.aspect_ratio,
        look=request.look,
        subtitle_style=request.subtitle_style,
        caption_highlight=request.caption_highlight,
        when_clip_rejected=request.when_clip_rejected,
        voice_clean_up=request.voice_clean_up,
        music=request.music_mood,
        providers=dict(request.selected_providers),
        fresh=request.fresh,
        test_mode=request.test_mode,
    )


def revise(
    request: VideoRequest,
    changes: Mapping[str, Any],
    defaults: Defaults,
    own_styles: OwnStyles | None = None,
    *,
    from_afar: bool = False,
) -> Plan:
    """The request with `changes` (fields of `Wishes`, only those that were said; None takes a wish back), planned anew.

    What the product chose itself is chosen anew where the changes bear upon it: the voice's provider with the language
    and the voice, the language with the text, captions and music with the look, who writes with what there is to write.
    What was said otherwise in a written script's scenes stays, unless the changes have another script written.
    `providers` in the changes add to the present ones. With `from_afar` (see `plan`) a new text names no files; those
    of before stay. Raises InvalidInput and what planning raises; changes nothing.
    """
    unknown_names = changes.keys() - {field.name for field in fields(Wishes)}
    if unknown_names:
        raise InvalidInput(f"A video has no {', '.join(sorted(unknown_names))} that could be changed.")
    before, asked = wishes_of(request), dict(changes)
    defaults = defaults.for_changes([name for name, value in changes.items() if value is None])
    if asked.get("script_text") is not None:
        asked.setdefault("prompt", None)
    elif asked.get("prompt") is not None:
        asked |= {"script_text": None, "script_folder": None}
    if "look" in asked and (asked["look"] or defaults.look or NO_LOOK) != (request.look or NO_LOOK):
        # It brings its captions and music along, and the last one takes its own away.
        asked = {"subtitle_style": None, "caption_highlight": None, "music": None, **asked}
    new_text = any(name in asked and asked[name] != getattr(before, name) for name in ("script_text", "prompt"))
    named: Mapping[Category, str] = asked.pop("providers", None) or {}
    kept = {step: chosen for step, chosen in before.providers.items() if step not in _chosen_anew(request, asked)}
    from_afar = from_afar and asked.get("script_text") is not None
    if from_afar:
        asked["script_folder"] = None
    plan_anew = partial(_planned, request, defaults=defaults, own_styles=own_styles, from_afar=from_afar)
    wishes = replace(before, **asked, providers={**kept, **named})
    other_voice = wishes
    if not _needs_key(wishes.providers.get(Category.VOICE)):  # a vendor's voices speak many languages: it stays
        free: dict[Category, str] = {step: chosen for step, chosen in kept.items() if step is not Category.VOICE}
        other_voice = replace(wishes, voice=asked.get("voice"), providers=free | dict(named))
    if "language" in asked:
        same = asked["language"] is not None and _primary(asked["language"]) == _primary(request.language)
        return plan_anew(wishes if same else other_voice)
    if new_text:
        recognised = plan_anew(replace(other_voice, language=None))
        if _primary(recognised.request.language) != _primary(request.language):
            return recognised
    return plan_anew(wishes)


def _planned(
    before: VideoRequest, wishes: Wishes, *, defaults: Defaults, own_styles: OwnStyles | None, from_afar: bool
) -> Plan:
    """The plan, with the scene texts of before where it keeps the script that they are for."""
    planned = plan(wishes, defaults, own_styles, from_afar=from_afar)
    if not before.scene_texts or script_hash(planned.request) != script_hash(before):
        return planned
    return replace(planned, request=planned.request.model_copy(update={"scene_texts": before.scene_texts}))


def _chosen_anew(request: VideoRequest, asked: Mapping[str, Any]) -> set[Category]:
    """The steps whose present provider was chosen for what is changed now."""
    present, anew = request.selected_providers, set()
    if "voice" in asked and not _needs_key(present.get(Category.VOICE)):
        anew.add(Category.VOICE)
    was_own, is_own = request.script_text is not None, asked.get("script_text") is not None
    if asked.keys() & {"script_text", "prompt"} and (was_own or is_own):
        anew.add(Category.SCRIPT)
    if "media_folders" in asked and present.get(Category.MEDIA) in _OWN_MEDIA:
        anew.add(Category.MEDIA)
    return anew


def _needs_key(provider: str | None) -> bool:
    return provider is not None and provider in catalogue() and catalogue()[provider].needs_key


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()
